//! `results.csv`, the means over seeds, and the published figures beside them.

use std::path::Path;

use bmae_report::{MissingState, WrittenReport};

use crate::experiment::{run, write_report};

fn report(folder: &Path) -> WrittenReport {
    write_report(&[folder.to_owned()], &folder.join("report")).expect("a report")
}

#[test]
fn results_csv_has_these_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |path: &str| folder.path().join(path);
    run("knn", "scratch")
        .epochs(0)
        .metrics("{\"kind\":\"eval\",\"epoch\":0,\"top1\":33.5,\"wall_s\":2.04}\n")
        .write(&at("scratch/knn"));
    run("pretrain", "mae-new")
        .parameters("k = 5\ntau = 0.005\nslow_weight = 0.2")
        .steps(2)
        .write(&at("mae-new/pretrain"));
    let new = || run("finetune", "mae-new").parameters("k = 5\ntau = 0.005\nslow_weight = 0.2");
    new().accuracies(&[71.255, 70.0]).write(&at("mae-new/finetune"));
    run("linprobe", "ema-mae")
        .name("ema, \"slow\"")
        .parameters("wse = 1\ntau = 0.1")
        .seed(7)
        .accuracies(&[41.0, 42.125])
        .write(&at("ema/linprobe"));
    run("linprobe", "mae").epochs(3).unfinished().accuracies(&[41.0]).write(&at("mae/linprobe"));
    report(folder.path());

    let expected = "\
run,method,k,wse,tau,slow_weight,evaluation,seed,epochs,top1,best_top1,images_per_s,wall_s,directory,data,chance,\
above_chance,best
scratch,scratch,,,,,knn,0,,33.50,33.50,,2.0,@/scratch/knn,CIFAR-10,10.00,true,false
\"ema, \"\"slow\"\"\",ema-mae,,1,0.1,,linprobe,7,2,42.12,42.12,100.0,10.2,@/ema/linprobe,CIFAR-10,10.00,true,false
mae-new,mae-new,5,,0.005,0.2,finetune,0,2,70.00,71.25,100.0,10.2,@/mae-new/finetune,CIFAR-10,10.00,true,false
";
    let found = std::fs::read_to_string(at("report/results.csv")).expect("results.csv");
    assert_eq!(found.replace(&folder.path().display().to_string(), "@"), expected);
}

#[test]
fn the_table_gives_mean_and_sample_deviation_over_seeds_beside_the_published_figure() {
    let folder = tempfile::tempdir().expect("a folder");
    for (seed, top1) in [(0, 60.0), (1, 62.0), (2, 67.0)] {
        let path = folder.path().join(format!("mae-k-seed{seed}/finetune"));
        run("finetune", "mae-k").parameters("k = 10").seed(seed).accuracies(&[50.0, top1]).write(&path);
    }
    let written = report(folder.path());

    // (60 + 62 + 67) / 3 = 63; squares 9 + 1 + 16 = 26; the root of 26 / 2 is 3.6056.
    let line = &written.summary.runs[0];
    let score = line.finetune.score.as_ref().expect("three seeds");
    assert_eq!((score.mean, score.n, score.seeds.as_slice()), (63.0, 3, &[(0, 60.0), (1, 62.0), (2, 67.0)][..]));
    assert_eq!(line.finetune.published.map(|figure| figure.top1), Some(91.38));
    let table = "\
run     setting       fine-tuning  published  linear probe  published      kNN
mae-k   K 10     63.00 ± 3.61 (3)      91.38       not run     ≈ 54.3  not run
chance                      10.00                    10.00               10.00
";
    assert_eq!(written.table, table);
}

#[test]
fn a_setting_that_was_not_published_is_said_to_be_so() {
    let folder = tempfile::tempdir().expect("a folder");
    run("finetune", "mae-k").parameters("k = 3").accuracies(&[50.0, 60.0]).write(&folder.path().join("a/finetune"));
    let alone = report(folder.path());
    assert!(!alone.table.contains("published"), "no column where nothing stands in it: {}", alone.table);
    run("finetune", "mae-k").parameters("k = 4").accuracies(&[50.0, 61.0]).write(&folder.path().join("b/finetune"));
    let written = report(folder.path());
    assert_eq!(written.summary.runs[0].finetune.published, None);
    assert!(written.table.contains("60.00 ± 0.49  not published"), "{}", written.table);
}

#[test]
fn an_evaluation_without_metrics_is_unfinished_and_has_no_row() {
    let folder = tempfile::tempdir().expect("a folder");
    run("finetune", "mae").unfinished().write(&folder.path().join("mae/finetune"));
    run("linprobe", "mae").epochs(9).unfinished().accuracies(&[40.0; 4]).write(&folder.path().join("mae/linprobe"));
    let written = report(folder.path());
    let states: Vec<MissingState> = written.summary.missing.iter().map(|missing| missing.state).collect();
    let begun = |done, epochs| MissingState::Unfinished { epochs_done: done, epochs: Some(epochs) };
    assert_eq!(states, [begun(0, 2), begun(4, 9), MissingState::NotRun]);
    let csv = std::fs::read_to_string(folder.path().join("report/results.csv")).expect("results.csv");
    assert_eq!(csv.lines().count(), 1, "{csv}");
    assert!(written.table.contains("unfinished"), "{}", written.table);
}

#[test]
fn a_run_killed_after_its_last_evaluation_counts_as_finished() {
    let folder = tempfile::tempdir().expect("a folder");
    run("finetune", "mae").unfinished().accuracies(&[50.0, 60.0]).write(&folder.path().join("mae/finetune"));
    assert!(report(folder.path()).table.contains("60.00"));
}

#[test]
fn seeds_that_are_missing_are_named_one_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in [0, 1] {
        run("knn", "scratch")
            .seed(seed)
            .accuracies(&[30.0])
            .write(&folder.path().join(format!("scratch-seed{seed}/knn")));
    }
    run("knn", "mae").accuracies(&[30.0]).write(&folder.path().join("mae-seed0/knn"));
    report(folder.path());
    let markdown = std::fs::read_to_string(folder.path().join("report/report.md")).expect("report.md");
    assert!(
        markdown.contains(
            "- mae: Fine-tuning: not run (seeds 0, 1); Linear probe: not run (seeds 0, 1); kNN: not run (seed 1)\n"
        ),
        "{markdown}"
    );
}

#[test]
fn seeds_of_another_experiment_are_not_missed() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |experiment: &str, name: &str, seed: u64| {
        let path = folder.path().join(experiment).join(format!("{name}-seed{seed}/knn"));
        run("knn", "mae").name(name).seed(seed).accuracies(&[30.0]).write(&path);
    };
    write("sweep", "a", 0);
    write("sweep", "a", 1);
    write("sweep", "b", 0);
    write("alone", "c", 0);
    let missing = report(folder.path()).summary.missing;
    let knn = missing.iter().filter(|missing| missing.stage == bmae_report::Stage::Knn);
    let knn: Vec<(&str, u64)> = knn.map(|missing| (missing.run.as_str(), missing.seed)).collect();
    assert_eq!(knn, [("b", 1)]);
}

#[test]
fn experiments_that_share_their_runs_names_miss_each_what_is_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |experiment: &str, stage: &'static str, from: &'static str| {
        let path = folder.path().join(experiment).join("mae").join(stage);
        run(stage, "mae").parameters(from).accuracies(&[50.0]).write(&path);
    };
    for (experiment, from) in [("A", "from = \"A/mae/pretrain\""), ("B", "from = \"B/mae/pretrain\"")] {
        write(experiment, "pretrain", "");
        write(experiment, "knn", from);
        write(experiment, "linprobe", from);
        write(experiment, "finetune", from);
    }
    std::fs::remove_dir_all(folder.path().join("B/mae/linprobe")).expect("removed");
    let missing = report(folder.path()).summary.missing;
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].stage, bmae_report::Stage::Linprobe);
    assert!(missing[0].run.ends_with("/B)"), "{missing:?}");
}

#[test]
fn a_run_that_failed_is_said_to_have_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let failed = "failed = \"the loss is NaN\"";
    run("pretrain", "mae").parameters(failed).unfinished().write(&folder.path().join("mae/pretrain"));
    run("knn", "mae").parameters(failed).unfinished().write(&folder.path().join("mae/knn"));
    run("knn", "scratch").accuracies(&[30.0]).write(&folder.path().join("scratch/knn"));
    let written = report(folder.path());
    assert!(written.table.contains("failed"), "{}", written.table);
    let markdown = std::fs::read_to_string(folder.path().join("report/report.md")).expect("report.md");
    assert!(markdown.contains("Pre-training: failed after 0 epochs"), "{markdown}");
}

#[test]
fn the_best_is_marked_where_the_noise_tells_it_from_every_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, top1: f64| {
        run("knn", "mae").name(name).accuracies(&[top1]).write(&folder.path().join(name));
    };
    let marked = || {
        report(folder.path());
        let read = |file: &str| std::fs::read_to_string(folder.path().join("report").join(file)).expect("a file");
        let (markdown, page) = (read("report.md"), read("index.html"));
        let bold = markdown.lines().find(|line| line.contains("| **")).and_then(|line| line.split(' ').nth(1));
        let (_, card) = page.split_once("<ul class=\"best\"><li><span>").expect("a card");
        (bold.map(str::to_owned), card.split("</li>").next().unwrap_or_default().to_owned())
    };
    // 10,000 test images: the difference of two accuracies near 50 % has an error of ± 1.39 points.
    write("a", 52.0);
    write("b", 50.7);
    write("c", 40.0);
    let (bold, card) = marked();
    assert_eq!(bold, None);
    assert!(card.starts_with("Highest kNN") && card.ends_with("<span>a; within the noise of b</span>"), "{card}");
    write("b", 50.5);
    let (bold, card) = marked();
    assert_eq!(bold.as_deref(), Some("a"));
    assert!(card.starts_with("Best kNN") && card.ends_with("<span>a</span>"), "{card}");
}

#[test]
fn one_seed_stands_with_its_binomial_error_above_the_chance_of_its_classes() {
    let folder = tempfile::tempdir().expect("a folder");
    let about = "classes = 4\ntest_images = 100";
    run("knn", "mae").parameters(about).accuracies(&[80.0]).write(&folder.path().join("mae/knn"));
    let table = report(folder.path()).table;
    assert!(table.contains("80.00 ± 4.00") && table.contains("25.00"), "{table}");
    // Another number of classes is other data, with a level of chance of its own.
    run("finetune", "mae").accuracies(&[80.0]).write(&folder.path().join("mae/finetune"));
    let table = report(folder.path()).table;
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("chance")).collect();
    assert!(
        matches!(rows.as_slice(), [first, second] if first.contains("10.00") && second.contains("25.00")),
        "{table}"
    );
}

#[test]
fn the_report_says_how_the_recipe_differs_from_the_published_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let published = "[data]\nsource = \"../data/cifar-10-batches-bin\"\n[model.encoder]\ndim = 192\n[pretrain]\nepochs = 200\nmask_ratio = 0.75\n";
    let short = published.replace("200", "20");
    let at = |stage: &str| folder.path().join("mae").join(stage);
    let evaluate = |method, config: &str| {
        let from = "from = \"elsewhere/mae/pretrain\"";
        run("finetune", method).parameters(from).accuracies(&[50.0, 60.0]).config(config).write(&at("finetune"))
    };
    let pretrain = |config: &str| run("pretrain", "mae").config(config).write(&at("pretrain"));

    // By what recipe an encoder was pre-trained is told by its own directory alone.
    evaluate("mae", published);
    let written = report(folder.path());
    assert!(!written.summary.comparable && written.summary.differences.is_empty());
    pretrain(published);
    assert!(report(folder.path()).summary.comparable);
    evaluate("mae", &short);
    assert!(report(folder.path()).summary.comparable, "nothing was pre-trained by the recipe of an evaluation");

    pretrain(&short);
    let written = report(folder.path());
    assert!(!written.summary.comparable);
    let markdown = std::fs::read_to_string(folder.path().join("report/report.md")).expect("report.md");
    assert!(markdown.contains("(pretrain.epochs 20 instead of 200): their numbers are not comparable"), "{markdown}");

    // Scratch reads nothing of pre-training: its length is no difference.
    std::fs::remove_dir_all(at("pretrain")).expect("removed");
    evaluate("scratch", &short);
    assert!(report(folder.path()).summary.comparable);
}

#[test]
fn seeds_of_one_line_that_differ_in_more_than_the_seed_are_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let probe = |seed: u64, config: &str| {
        let path = folder.path().join(format!("mae-seed{seed}/linprobe"));
        run("linprobe", "mae").seed(seed).accuracies(&[50.0]).config(config).write(&path);
    };
    probe(0, "seed = 0\n[linprobe]\nbase_lr = 0.1\naccumulate = 1\n[pretrain]\nepochs = 20\n");
    probe(1, "seed = 1\n[linprobe]\nbase_lr = 0.1\naccumulate = 4\n[pretrain]\nepochs = 200\n");
    assert_eq!(report(folder.path()).summary.warnings, [""; 0], "neither seed nor what the probe does not read");
    probe(1, "seed = 1\n[linprobe]\nbase_lr = 0.2\n");
    let expected = "The seeds of mae differ in the linear probe: linprobe.base_lr 0.1 or 0.2.";
    assert_eq!(report(folder.path()).summary.warnings, [expected]);
}

#[test]
fn the_summary_can_be_printed_as_json() {
    let folder = tempfile::tempdir().expect("a folder");
    run("finetune", "mae").accuracies(&[50.0, 60.0]).write(&folder.path().join("mae/finetune"));
    let json = serde_json::to_value(report(folder.path()).summary).expect("plain data");
    assert_eq!(json["runs"][0]["method"], "mae");
    assert_eq!(json["runs"][0]["finetune"]["score"]["mean"], 60.0);
    assert_eq!(json["runs"][0]["finetune"]["published"]["top1"], 85.83);
    assert_eq!(json["missing"][0]["state"], "not-run");
}

#[test]
fn lines_that_share_a_pre_training_are_complete_with_the_evaluations_that_they_are_about() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, stage: &'static str, from: &'static str| {
        let path = folder.path().join(name).join(stage);
        run(stage, "mae").name(name).parameters(from).accuracies(&[50.0, 60.0]).write(&path);
    };
    let from = "from = \"elsewhere/mae/pretrain\"";
    write("mae", "pretrain", "");
    write("mae", "linprobe", from);
    write("mae", "knn", from);
    for name in ["mae-base_lr0.001", "mae-base_lr0.002"] {
        write(name, "finetune", from);
    }
    let mut collected = bmae_report::collect_runs(&[folder.path().to_owned()]).expect("runs");
    let missing = |collected: &bmae_report::CollectedRuns| {
        bmae_report::summarise(&bmae_report::group_runs(&collected.runs), collected).missing
    };
    assert_eq!(missing(&collected), []);
    // Without the sweep the fine-tuning is what is missing.
    collected.runs.retain(|run| run.about.name == "mae");
    let stages: Vec<_> = missing(&collected).into_iter().map(|missing| missing.stage).collect();
    assert_eq!(stages, [bmae_report::Stage::Finetune]);
}

#[test]
fn a_pre_training_that_begins_with_the_weights_of_another_misses_its_own_evaluations() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, stage: &'static str, from: &'static str| {
        let path = folder.path().join(name).join(stage);
        run(stage, "mae").name(name).parameters(from).accuracies(&[50.0, 60.0]).write(&path);
    };
    let mae = "from = \"elsewhere/mae/pretrain\"";
    write("mae", "pretrain", "");
    write("mae", "finetune", mae);
    write("mae", "knn", mae);
    write("on", "pretrain", mae);
    write("on", "knn", "from = \"elsewhere/on/pretrain\"");
    let collected = bmae_report::collect_runs(&[folder.path().to_owned()]).expect("runs");
    let missing = bmae_report::summarise(&bmae_report::group_runs(&collected.runs), &collected).missing;
    let of_on: Vec<_> = missing.iter().filter(|missing| missing.run == "on").map(|missing| missing.stage).collect();
    let of_mae: Vec<_> = missing.iter().filter(|missing| missing.run == "mae").map(|missing| missing.stage).collect();
    assert!(of_on.contains(&bmae_report::Stage::Finetune), "{missing:?}");
    assert_eq!(of_on.iter().filter(|stage| !of_mae.contains(stage)).count(), 1, "{missing:?}");
}
