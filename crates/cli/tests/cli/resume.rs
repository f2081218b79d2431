//! `bmae resume`: a folder is enough to go on with what was asked for in it.

use std::fs;
use std::path::Path;

use crate::fixtures::class_folders;
use crate::folder::Folder;

const SMALL: &str = "--set pretrain.batch_size=4 --set finetune.batch_size=4 --set linprobe.batch_size=4";

/// A pre-training of two epochs as it is when it was stopped after the first: what `--stop-after` makes of it, and
/// `run.toml` as a stopped run has it.
fn stop_after_first_epoch(folder: &Folder, out: &str, words: &str) {
    folder.bmae(&format!("pretrain --preset tiny.toml {words} --stop-after 1 --out {out}")).succeeds();
    let about = folder.read(&format!("{out}/run.toml"));
    let lines = about.lines().filter(|line| !line.starts_with("trunk = ") && !line.starts_with("weights_sha256 = "));
    let lines = lines.map(|line| match line {
        "epochs = 1" => "epochs = 2\n".to_owned(),
        "finished = true" => "finished = false\n".to_owned(),
        line => format!("{line}\n"),
    });
    folder.write(&format!("{out}/run.toml"), lines.collect::<String>().as_bytes());
}

#[test]
fn a_run_goes_on_without_any_of_its_options_and_ends_like_one_left_alone() {
    let folder = Folder::new();
    let words = "--method mae-k --seed 5 --set pretrain.mask_ratio=0.5";
    stop_after_first_epoch(&folder, "a", words);
    let ended = folder.bmae("resume a --threads 1").succeeds();
    assert!(ended.stderr.contains("from epoch 2"), "{}", ended.story());
    folder.bmae(&format!("pretrain --preset tiny.toml {words} --out b")).succeeds();
    assert!(folder.weights("a") == folder.weights("b"), "the last weights differ");
    assert_eq!(folder.read("a/config.toml"), folder.read("b/config.toml"));
}

#[test]
fn a_finished_run_says_so_and_how_to_train_it_longer() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out my/run").succeeds();
    let ended = folder.bmae("resume my/run").succeeds();
    assert!(
        ended.stdout.contains("was finished earlier, nothing to do; `bmae resume my/run --epochs N`"),
        "{}",
        ended.story()
    );
    assert!(ended.stdout.contains("above 2"), "{}", ended.story());
    let json = folder.bmae("resume my/run --json").succeeds().json();
    assert_eq!((json["already_finished"].as_bool(), json["stage"].as_str()), (Some(true), Some("pretrain")));
    folder.bmae("knn --preset tiny.toml --from my/run --out knn").succeeds();
    let ended = folder.bmae("resume knn my/run").succeeds();
    assert_eq!(ended.stdout.matches("nothing to do").count(), 2, "{}", ended.story());
    assert_eq!(ended.stdout.matches("--epochs").count(), 1, "{}", ended.story());
}

#[test]
fn more_epochs_are_told_by_the_recipe_and_by_comparisons_and_outdate_evaluations() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out runs/a").succeeds();
    folder.bmae("knn --preset tiny.toml --from runs/a --out runs/k").succeeds();
    folder.bmae("resume runs/a --epochs 4").succeeds();
    assert!(folder.read("runs/a/config.toml").contains("epochs = 4\nreplanned = [{ epochs = 2, until = 2 }]\n"));
    let steps = folder.read("runs/a/metrics.jsonl").lines().filter(|line| line.contains("\"kind\":\"epoch\"")).count();
    assert_eq!(steps, 4);
    let listed = folder.bmae("runs runs").succeeds();
    assert!(
        listed.stdout.lines().any(|line| line.starts_with("runs/k") && line.ends_with("outdated")),
        "{}",
        listed.story()
    );
    folder.bmae("pretrain --preset tiny.toml --set pretrain.epochs=4 --out runs/b").succeeds();
    let compared = folder.bmae("runs compare runs/a runs/b").succeeds();
    assert!(compared.stdout.contains("pretrain.replanned"), "{}", compared.story());
    // The recipe is enough to repeat it.
    folder.bmae("pretrain --preset runs/a/config.toml --out c").succeeds();
    assert!(folder.weights("runs/a") == folder.weights("c"), "the last weights differ");

    folder.bmae("resume runs/a --epochs 3").refuses(1, &["cannot be given 3 epochs", "4 epochs of it have begun"]);
    folder.bmae("resume runs/k --epochs 3").refuses(1, &["nearest neighbours are not trained"]);
    let again = "pretrain --preset tiny.toml --out runs/a --resume";
    folder.bmae(again).refuses(1, &["pretrain.epochs was 4, is now 2", "`bmae resume runs/a` goes on"]);
}

#[test]
fn what_cannot_go_on_is_refused_in_one_sentence() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    folder.bmae("resume nowhere").refuses(1, &["there is no nowhere", "give the folder of a run"]);
    folder.bmae("resume tiny.toml").refuses(1, &["tiny.toml is a file"]);
    fs::create_dir(folder.path("empty")).expect("a folder");
    folder.bmae("resume a empty").refuses(1, &["empty holds no run that could go on"]);
    folder
        .bmae("resume a --set pretrain.epochs=9")
        .refuses(2, &["--set pretrain.epochs=9", "another recipe is another run"]);
    folder.bmae("resume a --seed 9").refuses(2, &["--seed 9"]);
    folder.bmae("resume").refuses_usage(&["<RUN>..."]);
    folder.write("a/run.toml", b"stage =");
    folder.bmae("resume a").refuses(1, &["a does not tell how to go on with it", "run.toml is damaged", "--resume"]);
    folder.write("plan/plan.toml", b"# mine\n");
    let refused = folder.bmae("reproduce --preset tiny.toml --out plan");
    refused.refuses(1, &["plan/plan.toml is not of bmae"]).leaves_no("plan/mae");
    folder.bmae("resume plan").refuses(1, &["plan/plan.toml"]);
}

#[test]
fn a_project_that_was_moved_goes_on_with_its_images_and_weights_from_any_folder() {
    let folder = Folder::new();
    fs::create_dir(folder.path("old")).expect("a folder");
    class_folders(&folder);
    fs::rename(folder.path("photos"), folder.path("old/photos")).expect("moved");
    stop_after_first_epoch(&folder, "old/runs/mae", &format!("--data old/photos {SMALL}"));
    folder.bmae(&format!("pretrain --preset tiny.toml --data old/photos {SMALL} --out alone")).succeeds();
    fs::rename(folder.path("old"), folder.path("new")).expect("moved");
    let away = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let output = folder.command(&words).current_dir(folder.path("home")).output().expect("it can be started");
        folder.ended(&words, output)
    };
    fs::create_dir_all(folder.path("home")).expect("a folder");
    away("resume ../new/runs/mae").succeeds();
    assert!(folder.weights("new/runs/mae") == folder.weights("alone"), "the last weights differ");
    assert!(folder.read("new/runs/mae/config.toml").contains("/new/photos"));

    // An evaluation finds the run that it began with.
    let evaluate =
        format!("linprobe --preset tiny.toml --data new/photos {SMALL} --from new/runs/mae --out new/runs/probe");
    folder.bmae(&evaluate).succeeds();
    let about = folder.read("new/runs/probe/run.toml").replace("finished = true", "finished = false");
    folder.write("new/runs/probe/run.toml", about.as_bytes());
    fs::rename(folder.path("new"), folder.path("newest")).expect("moved");
    away("resume ../newest/runs/probe").succeeds();
    assert!(folder.read("newest/runs/probe/run.toml").contains("finished = true"));

    // So does one that begins now, and the images with it.
    folder.bmae(&format!("knn --preset tiny.toml {SMALL} --from newest/runs/mae --out newest/runs/knn")).succeeds();
    assert!(folder.read("newest/runs/knn/config.toml").contains("/newest/photos"));

    // Images that went elsewhere alone.
    fs::rename(folder.path("newest/photos"), folder.path("pictures")).expect("moved");
    folder.bmae("resume newest/runs/mae --epochs 3").refuses(1, &["there is no ", "/new/photos", "--data"]);
    folder.bmae("resume newest/runs/mae --epochs 3 --data pictures").succeeds();
    assert!(folder.read("newest/runs/mae/config.toml").contains("/pictures"));
}

#[test]
fn a_plan_goes_on_from_its_folder_alone_also_where_nothing_has_begun() {
    let folder = Folder::new();
    let words = "--method mae-k --grid method.k=1,2 --evaluations knn --set pretrain.epochs=3 --quiet";
    folder.bmae(&format!("sweep --preset tiny.toml {words} --out whole")).succeeds();
    let own: Vec<_> = fs::read_dir(folder.path("whole")).expect("a folder").flatten().collect();
    assert!(own.iter().any(|entry| entry.file_name() == "plan.toml"), "{}", folder.listing());
    // Nothing but the plan, elsewhere; the recipe file is gone.
    fs::create_dir(folder.path("moved")).expect("a folder");
    fs::copy(folder.path("whole/plan.toml"), folder.path("moved/plan.toml")).expect("copied");
    fs::remove_file(folder.path("tiny.toml")).expect("removed");
    let ended = folder.bmae("resume moved").succeeds();
    assert!(ended.stdout.contains("written to moved/report/index.html"), "{}", ended.story());
    for run in ["mae-k-k1/pretrain", "mae-k-k2/pretrain"] {
        assert!(folder.weights(&format!("moved/{run}")) == folder.weights(&format!("whole/{run}")), "{run}");
    }
    assert_eq!(folder.read("moved/report/findings.csv"), folder.read("whole/report/findings.csv"));

    // A part of it, and a trunk that nothing needs any more.
    fs::remove_dir_all(folder.path("moved/mae-k-k2/knn")).expect("removed");
    fs::remove_dir_all(folder.path("moved/trunks")).expect("removed");
    folder.bmae("resume moved -q").succeeds();
    assert!(folder.path("moved/mae-k-k2/knn/metrics.jsonl").exists() && !folder.path("moved/trunks").exists());
}

#[test]
fn a_plan_is_given_more_epochs_as_a_whole_once_its_pre_trainings_are_finished() {
    let folder = Folder::new();
    let reproduce = "reproduce --preset tiny.toml --out plan --set finetune.epochs=1 --quiet";
    folder.bmae(reproduce).succeeds();
    let before = folder.weights("plan/mae/finetune");
    fs::rename(folder.path("plan/mae/pretrain"), folder.path("aside")).expect("moved");
    folder.bmae("resume plan --epochs 3").refuses(1, &["plan/mae/pretrain is not finished", "`bmae resume plan`"]);
    fs::rename(folder.path("aside"), folder.path("plan/mae/pretrain")).expect("moved");
    folder.bmae("resume plan --epochs 3 --quiet").succeeds();
    for run in ["mae", "mae-new"] {
        assert!(folder.read(&format!("plan/{run}/pretrain/run.toml")).contains("\nepochs = 3\n"), "{run}");
    }
    assert!(folder.weights("plan/mae/finetune") != before, "it is repeated with the new weights");
    // The command that began it leaves what was given since.
    let again = folder.bmae(&reproduce.replace(" --quiet", "")).succeeds();
    assert!(again.stderr.contains("plan/mae/pretrain was given 3 epochs since, not 2 as planned"), "{}", again.story());
    assert!(folder.read("plan/mae/pretrain/run.toml").contains("\nepochs = 3\n"));
}

#[test]
fn a_folder_without_a_plan_goes_on_with_what_has_begun_and_the_plans_below_it() {
    let folder = Folder::new();
    stop_after_first_epoch(&folder, "runs/a", "--seed 1");
    folder.bmae("pretrain --preset tiny.toml --out runs/b").succeeds();
    folder.bmae("sweep --preset tiny.toml --grid method.name=mae --evaluations knn --out runs/plan -q").succeeds();
    fs::remove_dir_all(folder.path("runs/plan/mae/knn")).expect("removed");
    let ended = folder.bmae("resume runs").succeeds();
    assert!(
        ended.stderr.contains("note: runs has no plan, so what has begun and is not finished goes on: 1 of 2 runs"),
        "{}",
        ended.story()
    );
    let is_finished = |run: &str| folder.read(&format!("{run}/run.toml")).contains("finished = true");
    assert!(is_finished("runs/a") && is_finished("runs/plan/mae/knn"), "{}", ended.story());
    let ended = folder.bmae("resume runs").succeeds();
    assert!(ended.stderr.contains("none of them is to go on"), "{}", ended.story());
    folder.bmae("resume runs --epochs 4").refuses(2, &["give --epochs with the folder of one, such as runs/a"]);
    assert!(Path::new(&folder.path("runs/b")).exists());
}
