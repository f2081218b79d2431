//! Which runs make a line of the comparison, what it is called, and what it is not held against.

use std::fs;
use std::path::Path;

use bmae_report::{Summary, WrittenReport};

use crate::experiment::{run, write_report};

fn report(folder: &Path) -> WrittenReport {
    write_report(&[folder.join("runs")], &folder.join("report")).expect("a report")
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join("report").join(file)).expect("a file of the report")
}

/// The lines with their means of fine-tuning, linear probe and kNN.
fn lines(summary: &Summary) -> Vec<(&str, [Option<f64>; 3])> {
    let mean = |cell: &bmae_report::EvaluationSummary| cell.score.as_ref().map(|score| score.mean);
    summary.runs.iter().map(|line| (line.run.as_str(), [&line.finetune, &line.linprobe, &line.knn].map(mean))).collect()
}

/// A pre-training called `name`, whose last weights have this checksum.
fn pretrain(folder: &Path, at: &str, name: &str, checksum: &str) {
    let parameters = format!("weights_sha256 = '{checksum}'\nstarted = 1000");
    run("pretrain", "mae").name(name).parameters(&parameters).steps(2).write(&folder.join("runs").join(at));
}

/// An evaluation that was told to start `from` weights with this checksum, recorded under a `name`.
fn evaluate(folder: &Path, at: &str, name: &str, stage: &'static str, (from, checksum): (&str, &str), top1: f64) {
    let parameters = format!("from = '{from}'\nstarted = 2000\ninputs.from_sha256 = '{checksum}'");
    let evaluation = run(stage, "mae").name(name).parameters(&parameters).accuracies(&[top1]).epochs(1);
    evaluation.write(&folder.join("runs").join(at));
}

#[test]
fn an_evaluation_stands_in_the_line_of_what_it_started_from_whatever_its_folder_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    pretrain(folder, "first", "mae", "aa");
    // Beside it, elsewhere, within it, and by way of a path that is gone.
    evaluate(folder, "other/knn", "other", "knn", ("runs/first", "aa"), 30.0);
    evaluate(folder, "first/finetune", "first", "finetune", ("/gone/runs/first", "aa"), 50.0);
    evaluate(folder, "x/y/probe-of-mine", "mae", "linprobe", ("first/checkpoints/last.safetensors", "aa"), 40.0);
    assert_eq!(lines(&report(folder).summary), [("mae", [Some(50.0), Some(40.0), Some(30.0)])]);
}

#[test]
fn an_evaluation_of_what_is_not_among_the_runs_is_called_by_what_it_started_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    pretrain(folder, "mae/pretrain", "mae", "aa");
    evaluate(folder, "mae/knn", "mae", "knn", ("runs/mae/pretrain", "aa"), 30.0);
    evaluate(folder, "a/knn", "a", "knn", ("/gone/vit-seed0/pretrain", "bb"), 31.0);
    evaluate(folder, "b/knn", "b", "knn", ("downloads/mae_vit_base.safetensors", "cc"), 32.0);
    run("knn", "scratch").name("c").accuracies(&[10.0]).epochs(1).write(&folder.join("runs/c/knn"));
    let names: Vec<String> = report(folder).summary.runs.into_iter().map(|line| line.run).collect();
    assert_eq!(names, ["scratch", "mae", "vit", "mae_vit_base.safetensors"]);
    let missing = text(folder, "report.md");
    assert!(!missing.contains("- mae_vit_base.safetensors: Pre-training"), "{missing}");
}

#[test]
fn two_pre_trainings_of_one_name_stay_apart_and_keep_their_own_evaluations() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (experiment, checksum, top1) in [("one", "aa", 30.0), ("two", "bb", 40.0)] {
        pretrain(folder, &format!("{experiment}/mae/pretrain"), "mae", checksum);
        evaluate(folder, &format!("evals/{experiment}"), "mae", "knn", ("gone/mae/pretrain", checksum), top1);
    }
    let summary = report(folder).summary;
    let own: Vec<(bool, bool, f64)> = summary
        .runs
        .iter()
        .map(|line| {
            let mean = line.knn.score.as_ref().expect("it was evaluated").mean;
            (line.run.ends_with("one)"), line.run.ends_with("two)"), mean)
        })
        .collect();
    assert_eq!(own, [(true, false, 30.0), (false, true, 40.0)], "{summary:?}");
    let csv = text(folder, "results.csv");
    assert!(csv.contains("runs/evals/one,CIFAR-10") && csv.contains("runs/evals/two,CIFAR-10"), "{csv}");
}

#[test]
fn seeds_of_one_setting_are_one_line_but_not_those_of_another_recipe() {
    let folder = tempfile::tempdir().expect("a folder");
    for (at, seed, ratio) in [("a", 0, 0.75), ("a-seed1", 1, 0.75), ("b", 2, 0.5)] {
        let config = format!("seed = {seed}\n[pretrain]\nmask_ratio = {ratio}\n");
        let path = folder.path().join("runs").join(at).join("pretrain");
        run("pretrain", "mae").seed(seed).config(&config).steps(1).write(&path);
    }
    let written = report(folder.path());
    let counts: Vec<usize> = written.summary.runs.iter().map(|line| line.directories.len()).collect();
    assert_eq!(counts, [2, 1], "{:?}", written.summary.runs);
    assert!(
        !written.summary.warnings.iter().any(|warning| warning.contains("differ")),
        "{:?}",
        written.summary.warnings
    );
}

#[test]
fn runs_of_another_precision_are_no_seeds_of_one_line_and_those_that_tell_none_are_of_f32() {
    let folder = tempfile::tempdir().expect("a folder");
    for (at, seed, precision) in [("a", 0, ""), ("a-seed1", 1, "precision = 'f32'\n"), ("b", 2, "precision = 'bf16'\n")]
    {
        let config = format!("seed = {seed}\n{precision}[pretrain]\nmask_ratio = 0.75\n");
        let path = |stage: &str| folder.path().join("runs").join(at).join(stage);
        run("pretrain", "mae").seed(seed).config(&config).steps(1).write(&path("pretrain"));
        let from = format!("from = 'runs/{at}/pretrain'");
        let knn = run("knn", "mae").seed(seed).parameters(&from).config(&config).epochs(1).accuracies(&[30.0]);
        knn.write(&path("knn"));
    }
    let summary = report(folder.path()).summary;
    let seeds: Vec<usize> =
        summary.runs.iter().map(|line| line.knn.score.as_ref().expect("evaluated").seeds.len()).collect();
    assert_eq!(seeds, [2, 1], "{:?}", summary.runs);
}

#[test]
fn pre_trainings_of_several_seeds_that_were_evaluated_with_one_count_as_seeds() {
    let folder = tempfile::tempdir().expect("a folder");
    for (seed, top1) in [(0, 50.0), (1, 54.0)] {
        let at = |path: String| folder.path().join("runs").join(path);
        run("pretrain", "mae").seed(seed).steps(1).write(&at(format!("mae-seed{seed}/pretrain")));
        let from = format!("from = 'runs/mae-seed{seed}/pretrain'");
        run("knn", "mae").parameters(&from).epochs(1).accuracies(&[top1]).write(&at(format!("knn{seed}")));
    }
    let summary = report(folder.path()).summary;
    let score = summary.runs[0].knn.score.clone().expect("it was evaluated");
    assert_eq!((summary.runs.len(), score.mean, score.seeds), (1, 52.0, vec![(0, 50.0), (1, 54.0)]));
    assert!(!summary.missing.iter().any(|missing| missing.stage == bmae_report::Stage::Knn), "{:?}", summary.missing);
}

#[test]
fn a_repeated_evaluation_adds_a_line_that_says_by_which_keys_it_differs_and_leaves_the_others_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (seed, suffix) in [(0, ""), (1, "-seed1")] {
        for method in ["mae", "ema-mae"] {
            let at = |stage: &str| folder.join(format!("runs/{method}{suffix}/{stage}"));
            run("pretrain", method).seed(seed).epochs(9).steps(1).write(&at("pretrain"));
            let from = format!("from = 'runs/{method}{suffix}/pretrain'");
            for stage in ["finetune", "linprobe", "knn"] {
                let config = format!("seed = {seed}\n[linprobe]\nbase_lr = 0.1\nepochs = 2\n");
                run(stage, method)
                    .seed(seed)
                    .parameters(&from)
                    .config(&config)
                    .accuracies(&[20.0, 50.0])
                    .write(&at(stage));
            }
        }
    }
    let again = |at: &str, config: &str, data: &str| {
        let parameters = format!("from = 'runs/mae/pretrain'\n{data}");
        let probe = run("linprobe", "mae").parameters(&parameters).config(config).accuracies(&[20.0, 60.0]);
        probe.write(&folder.join("runs").join(at));
    };
    again("mae/linprobe-again", "[linprobe]\nbase_lr = 0.5\nepochs = 2\n", "");
    again("few", "[data]\ntrain_limit = 64\n[linprobe]\nbase_lr = 0.1\nepochs = 2\n", "");
    again("same", "[linprobe]\nbase_lr = 0.1\nepochs = 2\n", "started = 5");
    let summary = report(folder).summary;
    let whole = [Some(50.0); 3];
    let added = [None, Some(60.0), None];
    let found = lines(&summary);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.contains(&("mae", whole)) && found.contains(&("ema-mae", whole)), "{found:?}");
    assert!(found.contains(&("mae, linprobe.base_lr 0.5", added)), "{found:?}");
    assert!(found.contains(&("mae, data.train_limit 64", added)), "{found:?}");
    assert!(found.iter().any(|(name, means)| name.starts_with("mae, again in ") && *means == added), "{found:?}");
    let seeds: Vec<usize> = summary.runs.iter().filter_map(|line| Some(line.linprobe.score.as_ref()?.n)).collect();
    assert_eq!(seeds.iter().filter(|n| **n == 2).count(), 2, "both lines keep their seeds: {seeds:?}");
    assert!(summary.missing.is_empty(), "{:?}", summary.missing);
    assert!(text(folder, "report.md").contains("differ, mae has linprobe.base\\_lr 0.1."));
    let header = text(folder, "results.csv").lines().next().map(str::to_owned).expect("a header");
    assert!(header.ends_with(",data.train_limit,linprobe.base_lr"), "{header}");
}

#[test]
fn a_copied_run_directory_is_no_second_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    pretrain(folder, "mae/pretrain", "mae", "aa");
    evaluate(folder, "mae/knn", "mae", "knn", ("runs/mae/pretrain", "aa"), 30.0);
    evaluate(folder, "copy/knn", "mae", "knn", ("runs/mae/pretrain", "aa"), 30.0);
    let summary = report(folder).summary;
    assert_eq!(lines(&summary), [("mae", [None, None, Some(30.0)])]);
    assert!(summary.warnings.iter().any(|warning| warning.contains("is a copy of") && warning.ends_with("left out.")));
    assert_eq!(text(folder, "results.csv").lines().count(), 2);
}

#[test]
fn runs_on_other_data_are_told_apart_by_a_column_and_nothing_is_compared_across_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |at: &str, method: &'static str, data: &'static str, numbers: &str, top1: f64| {
        let path = folder.path().join("runs").join(at);
        run("finetune", method).data(data).parameters(numbers).accuracies(&[top1 - 1.0, top1]).write(&path);
    };
    let (photos, shapes) = ("classes = 2\ntest_images = 4000", "classes = 10\ntest_images = 4000");
    write("p/mae/finetune", "mae", "/x/photos", photos, 95.0);
    write("s/mae/finetune", "mae", "shapes", shapes, 60.0);
    write("s/scratch/finetune", "scratch", "shapes", shapes, 40.0);
    let written = report(folder.path());
    let data: Vec<Option<&str>> = written.summary.runs.iter().map(|line| line.data.as_deref()).collect();
    assert_eq!(data, [Some("photos"), Some("shapes"), Some("shapes")]);
    let rows: Vec<Vec<&str>> = written.table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows[0].contains(&"data"), "{}", written.table);
    let chances: Vec<(&str, &str)> =
        rows.iter().filter(|row| row.first() == Some(&"chance")).map(|row| (row[1], row[2])).collect();
    assert_eq!(chances, [("photos", "50.00"), ("shapes", "10.00")]);
    // The best is that of shapes; a line alone on its data is the best of nothing.
    let csv = text(folder.path(), "results.csv");
    let best: Vec<&str> = csv.lines().filter(|row| row.ends_with(",true")).collect();
    assert!(matches!(best.as_slice(), [row] if row.contains("shapes,10.00,true,true")), "{csv}");
    assert!(text(folder.path(), "report.md").contains("| **60.00 ± 0.77** |"));
    let page = text(folder.path(), "index.html");
    assert!(page.contains("Best fine-tuning on shapes") && !page.contains("35.0 points above"), "{page}");
    // Conclusions are of the data set of most lines.
    assert!(text(folder.path(), "findings.csv").contains(",60.000000,40.000000,20.000000,"));
    assert!(written.summary.warnings.iter().any(|warning| warning.contains("Nothing is compared across them")));
}

#[test]
fn images_decide_what_the_same_data_is_and_not_where_they_lie() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |at: &str, data: &'static str, contents: &str| {
        let of = |split: &str| format!("inputs.{split} = {{ images = 9, listing = 'l', contents = '{contents}' }}");
        let parameters = format!("{}\n{}\nclasses = 3\ntest_images = 9", of("test"), of("train"));
        let path = folder.path().join("runs").join(at);
        run("knn", "mae").name(at).data(data).parameters(&parameters).accuracies(&[40.0, 50.0]).write(&path);
    };
    write("a", "/x/photos", "11");
    write("b", "/moved/photos", "11");
    let summary = report(folder.path()).summary;
    assert_eq!((summary.data_sets.len(), summary.warnings), (1, Vec::<String>::new()));
    write("c", "/x/photos", "22");
    let names: Vec<String> = report(folder.path()).summary.data_sets.into_iter().map(|data| data.name).collect();
    assert_eq!(names, ["photos, images 11 and 11", "photos, images 22 and 22"]);
}

#[test]
fn an_accuracy_that_guessing_may_give_is_said_so_and_is_no_best() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |method: &'static str, seed: u64, top1: f64| {
        let path = folder.path().join(format!("runs/{method}-seed{seed}/knn"));
        let run = run("knn", method).seed(seed).data("shapes").parameters("classes = 10\ntest_images = 400");
        run.accuracies(&[top1]).epochs(1).write(&path);
    };
    for (seed, mae, scratch) in [(0, 12.25, 11.0), (1, 13.25, 12.0)] {
        write("mae", seed, mae);
        write("scratch", seed, scratch);
    }
    let written = report(folder.path());
    let marked = written.table.lines().filter(|line| line.ends_with('*')).count();
    assert_eq!(marked, 2, "{}", written.table);
    assert!(written.table.contains("\n* is not above what guessing one class gives, with 95 % confidence.\n"));
    let (page, markdown, csv) =
        (text(folder.path(), "index.html"), text(folder.path(), "report.md"), text(folder.path(), "results.csv"));
    assert!(
        page.contains("Highest kNN") && page.contains("not above guessing") && !page.contains("points above scratch")
    );
    assert!(!markdown.contains("| **") && markdown.contains("is not above what guessing one class gives"));
    assert!(csv.lines().skip(1).all(|row| row.ends_with(",10.00,false,false")), "{csv}");
}

#[test]
fn chance_is_the_share_of_the_most_frequent_class_where_that_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let about = "classes = 2\ntest_images = 1000\nlargest_class = 900";
    for (method, top1) in [("mae", 91.0), ("scratch", 85.0)] {
        let path = folder.path().join("runs").join(method).join("knn");
        run("knn", method).data("/x/photos").parameters(about).accuracies(&[top1]).epochs(1).write(&path);
    }
    let written = report(folder.path());
    assert_eq!(written.summary.chance, Some(90.0));
    assert_eq!(written.table.matches('*').count(), 3, "two accuracies and the note: {}", written.table);
    assert!(!text(folder.path(), "report.md").contains("| **"), "the difference is beyond the noise, but not chance");
}

#[test]
fn no_published_value_stands_beside_a_method_that_was_never_reached_or_images_that_only_have_the_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |at: &str, stage: &'static str, parameters: &str, epochs: u64| {
        let path = folder.path().join("runs").join(at).join(stage);
        let parameters = format!("k = 10\n{parameters}");
        run(stage, "mae-k").name(at).parameters(&parameters).epochs(epochs).accuracies(&[60.0]).write(&path);
    };
    for (at, epochs) in [("short", 4), ("long", 11)] {
        write(at, "pretrain", "", epochs);
        write(at, "finetune", &format!("from = 'runs/{at}/pretrain'"), 1);
    }
    write("tiny", "finetune", "classes = 10\ntest_images = 20", 1);
    let written = report(folder.path());
    let published = |name: &str| {
        let line = written.summary.runs.iter().find(|line| line.run == name).expect("a line");
        line.finetune.published.map(|published| published.top1)
    };
    assert_eq!((published("short"), published("long"), published("tiny")), (None, Some(91.38), None));
    let warning = "short (K 10) was pre-trained for 4 epochs, which end before it leaves the pixels";
    assert!(written.summary.warnings.iter().any(|said| said.starts_with(warning)), "{:?}", written.summary.warnings);
    assert!(written.table.contains("not comparable"), "{}", written.table);
    // It stands for no mae-k in the conclusions either.
    assert!(!text(folder.path(), "findings.csv").contains("there are short"));
}
