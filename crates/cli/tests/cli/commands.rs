//! Every command from end to end, small.

use crate::fixtures::{cifar10, class_folders, unlabelled_folder};
use crate::folder::Folder;

#[test]
fn what_a_run_learned_is_evaluated_three_ways_and_reported() {
    let folder = Folder::new();
    let ended = folder.bmae("pretrain --preset tiny.toml --method mae-k --k 1 --out runs/a --json").succeeds();
    let json = ended.json();
    assert_eq!(json["run"], "a");
    assert_eq!(json["stage"], "pretrain");
    assert!(json["loss"].as_f64().is_some_and(f64::is_finite), "{json}");
    for stage in ["finetune", "linprobe", "knn"] {
        let ended =
            folder.bmae(&format!("{stage} --preset tiny.toml --from runs/a --out runs/a-{stage} --json")).succeeds();
        let top1 = ended.json()["top1"].as_f64();
        assert!(top1.is_some_and(|top1| (0.0..=100.0).contains(&top1)), "{}", ended.story());
        let recipe = folder.read(&format!("runs/a-{stage}/config.toml"));
        assert!(recipe.contains("name = \"mae-k\""), "the method is carried over:\n{recipe}");
        assert!(!recipe.contains("[[runs]]"), "a single run has no plan:\n{recipe}");
    }
    let ended = folder.bmae("report runs --out report").succeeds();
    assert!(ended.stdout.contains("report/index.html"), "{}", ended.story());
    let results = folder.read("report/results.csv");
    let header = "run,method,k,wse,tau,slow_weight,evaluation,seed,epochs,top1,best_top1,images_per_s,wall_s";
    let of_lines = "directory,data,chance,above_chance,best";
    let first = results.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("{header},{of_lines}")), "{first}");
    for evaluation in ["finetune", "linprobe", "knn"] {
        assert!(results.contains(&format!("a,mae-k,1,,,,{evaluation},0,")), "{results}");
    }
}

#[test]
fn scratch_and_bare_weights_are_evaluated_too() {
    let folder = Folder::new();
    for stage in ["finetune", "linprobe", "knn"] {
        folder.bmae(&format!("{stage} --preset tiny.toml --from scratch --out s-{stage}")).succeeds();
        assert!(folder.read(&format!("s-{stage}/config.toml")).contains("name = \"scratch\""));
    }
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    let from_run = folder.bmae("knn --preset tiny.toml --from a --out k1 --json").succeeds().json();
    let from_file =
        folder.bmae("knn --preset tiny.toml --from a/checkpoints/last.safetensors --out k2 --json").succeeds().json();
    assert_eq!(from_run["top1"], from_file["top1"]);
}

#[test]
fn everything_that_a_recipe_can_ask_of_a_stage_runs() {
    let folder = Folder::new();
    let pretraining = "pretrain --preset tiny.toml --method mae-new --k 1 --set method.pixel_weight=0.5 --out a";
    folder.bmae(pretraining).succeeds();
    let published = "--set finetune.drop_path=0.1 --set finetune.randaugment=true --set finetune.random_erasing=0.25";
    let mixed = "--set finetune.mixup=0.8 --set finetune.cutmix=1.0 --set finetune.accumulate=2";
    folder.bmae(&format!("finetune --preset tiny.toml --from a --out f {published} {mixed}")).succeeds();
    // The head for pixels is none of the encoder's business.
    for stage in ["linprobe", "knn"] {
        folder.bmae(&format!("{stage} --preset tiny.toml --from a --out a-{stage}")).succeeds();
    }
}

#[test]
fn a_finished_run_is_recognised_and_not_repeated() {
    let folder = Folder::new();
    // A run that does not exist yet is started.
    folder.bmae("pretrain --preset tiny.toml --out a --resume").succeeds();
    let before = folder.read("a/metrics.jsonl");
    let ended = folder.bmae("pretrain --preset tiny.toml --out a --resume --json").succeeds();
    assert_eq!(ended.json()["already_finished"], true);
    assert_eq!(folder.read("a/metrics.jsonl"), before);
}

#[test]
fn reproduce_runs_the_whole_plan_and_a_second_time_nothing() {
    let folder = Folder::new();
    let first = folder.bmae("reproduce --preset tiny.toml --seeds 2").succeeds();
    assert!(first.stdout.contains("runs/tiny/report/index.html"), "{}", first.story());
    let results = folder.read("runs/tiny/report/results.csv");
    // Three runs, three evaluations, two seeds.
    assert_eq!(results.lines().count(), 1 + 3 * 3 * 2, "{results}");
    let again = folder.bmae("reproduce --preset tiny.toml --seeds 2").succeeds();
    assert_eq!(again.stderr.matches("finished earlier").count(), 2 * (3 * 4 - 1), "{}", again.story());
    assert_eq!(folder.read("runs/tiny/report/results.csv"), results);
}

#[test]
fn folders_of_images_are_trained_on() {
    let folder = Folder::new();
    class_folders(&folder);
    unlabelled_folder(&folder);
    let small = "--set pretrain.batch_size=4 --set finetune.batch_size=4 --set linprobe.batch_size=4";
    folder.bmae(&format!("pretrain --preset tiny.toml --data pile --out u {small}")).succeeds();
    folder.bmae(&format!("pretrain --preset tiny.toml --data photos --out p {small}")).succeeds();
    for stage in ["finetune", "linprobe", "knn"] {
        folder.bmae(&format!("{stage} --preset tiny.toml --from p --out p-{stage} {small}")).succeeds();
        // Pre-trained without labels, evaluated with others' labels.
        folder.bmae(&format!("{stage} --preset tiny.toml --from u --data photos --out u-{stage} {small}")).succeeds();
    }
}

#[test]
fn a_run_repeats_itself_whatever_the_number_of_threads() {
    let folder = Folder::new();
    for (out, threads) in [("a", 1), ("b", 4)] {
        folder
            .bmae(&format!("pretrain --preset tiny.toml --method mae-new --seed 5 --threads {threads} --out {out}"))
            .succeeds();
    }
    assert_eq!(losses(&folder, "a"), losses(&folder, "b"));
    folder.bmae("pretrain --preset tiny.toml --method mae-new --seed 6 --out c").succeeds();
    assert_ne!(losses(&folder, "a"), losses(&folder, "c"));
}

/// The losses of the steps of a run.
pub fn losses(folder: &Folder, run: &str) -> Vec<f64> {
    let losses: Vec<f64> = folder
        .read(&format!("{run}/metrics.jsonl"))
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line is JSON"))
        .filter(|line| line["kind"] == "step")
        .map(|line| line["loss"].as_f64().expect("a step has a loss"))
        .collect();
    assert!(!losses.is_empty(), "{run} logged no step");
    losses
}

#[test]
fn a_late_switch_is_a_warning_and_no_error() {
    let ended = Folder::new().bmae("pretrain --preset tiny.toml --method mae-k --k 9 --out a").succeeds();
    assert!(ended.stderr.contains("warning: mae-k: `method.k` is 9"), "{}", ended.story());
}

#[test]
fn data_info_describes_shapes_archives_and_folders() {
    let folder = Folder::new();
    let ended = folder.bmae("data info --preset tiny.toml").succeeds();
    assert!(ended.stdout.contains("64 images of 16x16 pixels"), "{}", ended.story());
    cifar10(&folder, 4);
    let json = folder.bmae("data info --data cifar --json").succeeds().json();
    assert_eq!((json["train"]["images"].as_u64(), json["test"]["images"].as_u64()), (Some(20), Some(4)), "{json}");
    assert_eq!(json["classes"].as_array().map(Vec::len), Some(10));
    unlabelled_folder(&folder);
    let ended = folder.bmae("data info --data pile").succeeds();
    assert!(
        ended.stdout.contains("16 images of 20x16 pixels") && ended.stdout.contains("no labels"),
        "{}",
        ended.story()
    );
}

#[test]
fn every_command_explains_itself_with_examples() {
    let folder = Folder::new();
    folder.bmae("--version").succeeds();
    for command in [
        "",
        "reproduce ",
        "pretrain ",
        "finetune ",
        "linprobe ",
        "knn ",
        "report ",
        "resume ",
        "data download ",
        "data info ",
        "checkpoint info ",
        "checkpoint export ",
        "checkpoint import ",
    ] {
        let ended = folder.bmae(&format!("{command}--help")).succeeds();
        assert!(ended.stdout.contains("Examples:") && ended.stdout.contains("Usage:"), "{}", ended.story());
        for option in ["--set", "--seed", "--threads", "--device", "--resume", "--json", "--quiet", "--verbose"] {
            assert!(ended.stdout.contains(option), "no {option}{}", ended.story());
        }
    }
}

#[test]
fn what_a_recipe_does_to_images_can_be_looked_at() {
    let folder = Folder::new();
    cifar10(&folder, 3);
    for (stage, columns) in [("pretrain", 1 + 2 * 4), ("finetune", 1 + 4), ("linprobe", 1 + 4)] {
        let line =
            format!("data preview --preset paper --data cifar --stage {stage} --images 2 --epochs 4 --out {stage}.png");
        let ended = folder.bmae(&format!("{line} --json")).succeeds();
        let json = ended.json();
        assert_eq!((&json["images"], &json["columns"]), (&2.into(), &columns.into()), "{json}");
        let png = image::open(folder.path(&format!("{stage}.png"))).expect("a picture").to_rgb8();
        // Images of 32 pixels drawn three times as large, gaps of 4; words over the columns, a class's name before each row.
        let (width, height) = png.dimensions();
        assert!((4 + columns * 100 + 8..4 + columns * 100 + 170).contains(&width), "{stage}: {width}");
        assert!((4 + 2 * 100 + 15..4 + 2 * 100 + 100).contains(&height), "{stage}: {height}");
        let drawn = folder.bmae(&line).succeeds();
        assert!(drawn.stdout.starts_with(&format!("{stage}.png: 2 images in {columns} views")), "{}", drawn.story());
        let again = image::open(folder.path(&format!("{stage}.png"))).expect("a picture").to_rgb8();
        assert!(png == again, "{stage}: the same draws each time");
        folder.bmae(&format!("{line} --seed 1")).succeeds();
        let other = image::open(folder.path(&format!("{stage}.png"))).expect("a picture").to_rgb8();
        assert!(png != other, "{stage}: others with another seed");
    }
}

#[test]
fn a_preview_that_cannot_be_written_or_drawn_leaves_nothing() {
    let folder = Folder::new();
    folder
        .bmae("data preview --preset tiny.toml --stage finetune --out nowhere/grid.png")
        .refuses(1, &["cannot write nowhere/grid.png"])
        .leaves_no("nowhere");
    folder
        .bmae("data preview --preset tiny.toml --stage pretrain --set pretrain.mask_ratio=0.99 --out grid.png")
        .refuses(2, &["keeps none of the 16 patches"])
        .leaves_no("grid.png");
}
