//! An evaluation of weights that its pre-training has no more is never shown as that pre-training's result.

use std::fs;
use std::path::{Path, PathBuf};

use bmae_report::{ListedRun, MissingState, RunState, compare_runs, list_runs, read_run};

use crate::experiment::{run, write_report};

/// The SHA-256 of `abc`, and that of nothing.
const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// `mae/pretrain` that ended with the weights `abc`, and `mae/knn` of `accuracy` that began `from` weights with this
/// checksum.
fn experiment(folder: &Path, from: &str, checksum: &str, accuracy: f64) -> [PathBuf; 2] {
    let pretrain = run("pretrain", "mae").parameters(&format!("weights_sha256 = '{OF_ABC}'\nstarted = 1000"));
    let knn = run("knn", "mae")
        .epochs(1)
        .parameters(&format!("from = '{from}'\nstarted = 2000\ninputs.from_sha256 = '{checksum}'"))
        .accuracies(&[accuracy]);
    [pretrain.steps(2).write(&folder.join("mae/pretrain")), knn.write(&folder.join("mae/knn"))]
}

fn is_outdated(directory: &Path) -> bool {
    matches!(read_run(directory).expect("a run").state(), RunState::Outdated(_))
}

#[test]
fn a_report_leaves_out_what_was_measured_of_earlier_weights_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    experiment(folder.path(), "runs/mae/pretrain", OF_NOTHING, 20.125);
    let probe = format!("from = 'runs/mae/pretrain'\ninputs.from_sha256 = '{OF_ABC}'");
    run("linprobe", "mae").parameters(&probe).accuracies(&[30.0, 31.5]).write(&folder.path().join("mae/linprobe"));
    let out = folder.path().join("report");
    let written = write_report(&[folder.path().to_owned()], &out).expect("a report");
    let directory = folder.path().join("mae/knn");
    let expected = format!(
        "{} was made from earlier weights of runs/mae/pretrain and is left out: run it again.",
        directory.display()
    );
    assert_eq!(written.summary.warnings, [expected]);
    let line = &written.summary.runs[0];
    assert_eq!((line.knn.score.as_ref(), line.knn.outdated, line.linprobe.outdated), (None, true, false));
    assert_eq!(line.linprobe.score.as_ref().map(|score| score.mean), Some(31.5));
    let missing: Vec<_> = written.summary.missing.iter().map(|missing| missing.state).collect();
    assert!(missing.contains(&MissingState::Outdated), "{missing:?}");
    assert!(written.table.contains("outdated") && written.table.contains("31.50"), "{}", written.table);
    for name in ["index.html", "report.md", "results.csv", "findings.csv"] {
        let text = fs::read_to_string(out.join(name)).expect("a file");
        assert!(!text.contains("20.12") && !text.contains("20.13"), "{name}");
        assert!(name.ends_with("csv") || text.contains("is left out: run it again"), "{name}");
    }
}

#[test]
fn lists_and_comparisons_call_it_outdated_and_give_no_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let [pretrain, knn] = experiment(folder.path(), "mae/pretrain", OF_NOTHING, 20.125);
    let listed = ListedRun::at(&knn);
    assert_eq!((listed.state, listed.best_top1), ("outdated", None));
    let text = list_runs(&[ListedRun::at(&pretrain), listed]);
    assert!(text.contains("it was made from earlier weights of mae/pretrain; run it again"), "{text}");
    assert!(!text.contains("20.1"), "{text}");
    let compared = compare_runs(&read_run(&knn).expect("a run"), &read_run(&pretrain).expect("a run")).text();
    assert!(compared.contains("outdated") && !compared.contains("20.1"), "{compared}");
    assert!(compared.contains(&OF_NOTHING[..12]), "{compared}");
}

#[test]
fn an_evaluation_of_the_weights_that_are_there_counts_wherever_both_lie_now() {
    let folder = tempfile::tempdir().expect("a folder");
    for from in [
        "mae/pretrain",
        "/elsewhere/mae/pretrain",
        "../mae/pretrain",
        "/gone/mae/pretrain/checkpoints/last.safetensors",
    ] {
        let [_, knn] = experiment(folder.path(), from, OF_ABC, 20.0);
        assert!(!is_outdated(&knn), "{from}");
        let [_, knn] = experiment(folder.path(), from, OF_NOTHING, 20.0);
        assert!(is_outdated(&knn), "{from}");
    }
    for from in ["other/place", "mae/pretrain/checkpoints/epoch-0100.safetensors"] {
        let [_, knn] = experiment(folder.path(), from, OF_NOTHING, 20.0);
        assert!(!is_outdated(&knn), "{from}");
    }
}

#[test]
fn a_pre_training_that_went_on_since_is_known_by_its_last_weights() {
    let folder = tempfile::tempdir().expect("a folder");
    let [pretrain, knn] = experiment(folder.path(), "mae/pretrain", OF_ABC, 20.0);
    run("pretrain", "mae").unfinished().parameters("started = 1000").write(&pretrain);
    fs::create_dir(pretrain.join("checkpoints")).expect("room");
    fs::write(pretrain.join("checkpoints/last.safetensors"), "abc").expect("room");
    assert!(!is_outdated(&knn));
    fs::write(pretrain.join("checkpoints/last.safetensors"), "abcd").expect("room");
    assert!(is_outdated(&knn));
}

#[test]
fn runs_of_earlier_versions_are_told_apart_by_when_they_began() {
    let folder = tempfile::tempdir().expect("a folder");
    for (began, outdated) in [(999, true), (1000, false), (1001, false)] {
        run("pretrain", "mae").parameters("started = 1000").write(&folder.path().join("mae/pretrain"));
        let knn = run("knn", "mae").parameters(&format!("from = 'mae/pretrain'\nstarted = {began}"));
        assert_eq!(is_outdated(&knn.accuracies(&[20.0]).write(&folder.path().join("mae/knn"))), outdated, "{began}");
    }
}

#[test]
fn a_mean_over_seeds_is_that_of_the_seeds_that_are_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    experiment(folder.path(), "mae/pretrain", OF_NOTHING, 90.0);
    for (seed, accuracy) in [(1, 50.0), (2, 52.0)] {
        let directory = folder.path().join(format!("mae-seed{seed}/knn"));
        run("knn", "mae").epochs(1).seed(seed).accuracies(&[accuracy]).write(&directory);
    }
    let written = write_report(&[folder.path().to_owned()], &folder.path().join("report")).expect("a report");
    let score = written.summary.runs[0].knn.score.clone().expect("two seeds");
    assert_eq!((score.mean, score.n), (51.0, 2));
}

#[test]
fn runs_of_one_data_set_whose_images_changed_in_between_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, contents) in [("a", "1"), ("b", "1"), ("c", "2")] {
        let images = format!("inputs.test = {{ images = 9, listing = 'l', contents = '{contents}' }}");
        run("knn", "mae")
            .name(name)
            .parameters(&images)
            .data("photos")
            .accuracies(&[1.0])
            .write(&folder.path().join(name));
    }
    let written = write_report(&[folder.path().to_owned()], &folder.path().join("report")).expect("a report");
    let [a, c] = ["a", "c"].map(|name| folder.path().join(name));
    let expected = format!(
        "The test images of photos have changed between {} and {}: compare with care.",
        a.display(),
        c.display()
    );
    let apart = "The runs do not share one data set: photos, images 1; photos, images 2. Nothing is compared across them. The \
                 figures that compare methods, and the conclusions, are of photos, images 1 alone.";
    assert_eq!(written.summary.warnings, [apart, &expected]);
}
