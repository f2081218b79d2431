//! What is said before a training or a plan starts: time, disk, memory, and what is probably not meant.

use crate::fixtures::class_folders;
use crate::folder::{Ended, Folder};

fn warnings(ended: &Ended) -> Vec<&str> {
    ended.stderr.lines().filter(|line| line.starts_with("warning: ")).collect()
}

#[test]
fn a_dry_run_shows_time_disk_and_memory_of_each_run_and_of_all_in_80_columns_and_runs_nothing() {
    let folder = Folder::new();
    let line = "reproduce --preset tiny.toml --seeds 2 --out r --dry-run";
    let planned = folder.bmae(line).succeeds().leaves_no("r");
    let lines: Vec<&str> = planned.stdout.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", planned.story());
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["r", "steps", "time", "disk", "memory"]);
    for run in ["scratch/knn ", "mae/pretrain ", "mae-new-seed1/linprobe "] {
        assert!(lines.iter().any(|line| line.starts_with(run) && line.contains(" s ")), "{run}{}", planned.story());
    }
    assert!(lines[lines.len() - 1].starts_with("24 runs "), "{}", planned.story());

    let json = folder.bmae(&format!("{line} --json")).succeeds().json();
    let estimate = &json["estimate"];
    let runs = estimate["runs"].as_array().expect("a list");
    assert_eq!((json["stages"].as_array().expect("a list").len(), runs.len()), (24, 24));
    let all: f64 = runs.iter().map(|run| run["seconds"].as_f64().expect("a number")).sum();
    let total = estimate["seconds"].as_f64().expect("a number");
    assert!(total > 0.0 && (all - total).abs() < 1e-6 * total, "{estimate}");
    assert!(estimate["steps_timed"].as_u64().is_some_and(|steps| steps > 0), "{estimate}");
}

#[test]
fn a_sweep_whose_images_are_not_there_is_listed_without_times() {
    let folder = Folder::new();
    let planned = folder.bmae("sweep tau --preset paper --evaluations knn --out s --dry-run").succeeds();
    assert!(planned.stderr.contains("what it takes cannot be told: CIFAR-10 is not in "), "{}", planned.story());
    assert!(planned.stdout.contains("s/mae/pretrain\n"), "{}", planned.story());
}

#[test]
fn every_command_that_trains_says_what_it_takes_in_one_line_and_quietly_nothing() {
    let folder = Folder::new();
    let says = |line: &str| {
        let ended = folder.bmae(line).succeeds();
        let notes = ended.stderr.lines().filter(|line| line.contains(" of disk") && line.contains("of memory")).count();
        assert_eq!(notes, 1, "{line}{}", ended.story());
    };
    says("pretrain --preset tiny.toml --method mae --out a");
    says("finetune --preset tiny.toml --from a --out f");
    says("linprobe --preset tiny.toml --from a --out l");
    says("knn --preset tiny.toml --from a --out k");
    says("reproduce --preset tiny.toml --out r");
    let again = folder.bmae("reproduce --preset tiny.toml --out r").succeeds();
    assert!(!again.stderr.contains(" of disk"), "nothing is left to do{}", again.story());
    let quiet = folder.bmae("pretrain --preset tiny.toml --method mae --out b -q").succeeds();
    assert_eq!(quiet.stderr, "", "{}", quiet.story());
}

#[test]
fn the_default_preset_gives_no_warning() {
    let ended = Folder::new().bmae("reproduce --dry-run").succeeds();
    assert_eq!(ended.stderr, "", "{}", ended.story());
    assert!(ended.stdout.lines().last().is_some_and(|line| line.starts_with("20 runs ")), "{}", ended.story());
}

#[test]
fn what_a_plan_warns_of_comes_once_and_not_for_every_run() {
    let folder = Folder::new();
    let ended = folder.bmae("reproduce --preset tiny.toml --seeds 2 --out r --dry-run").succeeds();
    let found = warnings(&ended);
    for part in [
        "`finetune.warmup_epochs` is 5, but the training ends after 1 epoch",
        "`linprobe.warmup_epochs` is 10, but the training ends after 2 epochs",
        "pre-training of 4 steps in 2 epochs is too short to learn from: 250 epochs of these images would be 500 steps",
        "fine-tuning of 2 steps in 1 epoch is too short",
        "linear probing of 4 steps in 2 epochs is too short",
    ] {
        assert_eq!(found.iter().filter(|line| line.contains(part)).count(), 1, "{part}{}", ended.story());
    }
    assert_eq!(found.len(), 5, "{}", ended.story());
}

#[test]
fn switches_that_come_too_late_are_one_warning_of_a_sweep() {
    let folder = Folder::new();
    let line = "sweep --preset tiny.toml --grid method.name=mae-k,mae-new --grid method.k=1,3,9 --evaluations knn --out s --dry-run";
    let ended = folder.bmae(line).succeeds();
    let late: Vec<&str> = warnings(&ended).into_iter().filter(|line| line.contains("plain MAE")).collect();
    assert_eq!(late.len(), 1, "{}", ended.story());
    for run in ["mae-k (`method.k` = 3)", "mae-k (`method.k` = 9)", "mae-new (`method.k` = 9)"] {
        assert!(late[0].contains(run), "{run}{}", ended.story());
    }
}

#[test]
fn images_that_do_not_fit_the_recipe_are_a_warning_with_what_does() {
    let folder = Folder::new();
    class_folders(&folder);
    let line = "pretrain --preset tiny.toml --data photos --method mae --set pretrain.batch_size=4";
    let said = |set: &str, out: &str| {
        let ended = folder.bmae(&format!("{line}{set} --out {out}")).succeeds();
        warnings(&ended).concat()
    };
    let small = said(" --set data.image_size=8", "small");
    assert!(small.contains("images of 16 pixels are shrunk to 8") && small.contains("bmae init"), "{small}");
    assert!(small.contains("`data.image_size` = 16 with `model.patch_size` = 8 fits"), "{small}");
    let large = said(" --set data.image_size=32", "large");
    assert!(large.contains("images of 16 pixels are enlarged to 32"), "{large}");
    let other = said(" --set data.mean=[0.1,0.9,0.5]", "other");
    assert!(other.contains("--set 'data.mean=[0.") && other.contains("--set 'data.std=[0."), "{other}");
    let fits = said("", "fits");
    assert!(!fits.contains("images of "), "{fits}");
    let batches = said(" --set pretrain.batch_size=7", "batches");
    assert!(batches.contains("leaves out 5 of 12 images in every epoch"), "{batches}");
}

#[cfg(unix)]
#[test]
fn what_has_no_room_on_the_disk_is_refused_before_any_work_quietly_too() {
    let folder = Folder::new();
    let line = "pretrain --preset tiny.toml --method mae --set pretrain.checkpoint_every=1 --set pretrain.epochs=1000000000000 --out a";
    for quietly in ["", " -q"] {
        let parts = ["a has no room for this: weights and states take ", "are free there", "--out"];
        folder.bmae(&format!("{line}{quietly}")).refuses(1, &parts).leaves_no("a");
    }
}
