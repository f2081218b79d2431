//! What the reader takes, what it forgives, and what it says of the rest.

use std::fs;

use bmae_report::{MissingState, Stage, TargetChange, collect_runs, read_run};

use crate::experiment::{run, write_report};

#[test]
fn a_run_directory_is_read_field_by_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "{\"kind\":\"step\",\"run\":\"a\",\"seed\":3,\"epoch\":1,\"step\":7,\"epoch_1000x\":1400,\"loss\":0.5,\"lr\":0.1,\"targets\":[0.5]}\n\
                 {\"kind\":\"epoch\",\"epoch\":1,\"loss\":0.5,\"images_per_s\":120,\"target_std\":0.3,\"rank_me\":9.5,\"knn_top1\":31.5,\"event\":\"switch\",\"wall_s\":12.5}\n";
    let parameters = "k = 5\ntau = 0.005\nslow_weight = 0.2\nunheard_of = [1, 2]";
    run("pretrain", "mae-new").parameters(parameters).seed(3).metrics(lines).write(folder.path());

    let read = read_run(folder.path()).expect("a readable run");
    assert_eq!((read.about.stage, read.about.name.as_str(), read.about.seed), (Stage::Pretrain, "mae-new", 3));
    let setting = &read.about.setting;
    assert_eq!((setting.k, setting.wse, setting.tau, setting.slow_weight), (Some(5), None, Some(0.005), Some(0.2)));
    assert_eq!((read.about.threads, read.about.data.as_deref()), (Some(2), Some("CIFAR-10")));
    let step = &read.metrics.steps[0];
    assert_eq!((step.epoch, step.epoch_1000x(), step.loss), (1, 1400.0, Some(0.5)));
    let epoch = &read.metrics.epochs[0];
    assert_eq!((epoch.images_per_s, epoch.target_std, epoch.rank_me), (Some(120.0), Some(0.3), Some(9.5)));
    assert_eq!(
        (epoch.knn_top1, epoch.change_before(), epoch.change_after()),
        (Some(31.5), Some(TargetChange::Switch), None)
    );
    assert_eq!(read.metrics.wall_s, Some(12.5));
}

#[test]
fn a_torn_last_line_is_left_out_and_the_rest_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let torn = r#"{"kind":"eval","epoch":2,"top1":9"#;
    run("knn", "mae").accuracies(&[40.0, 50.0]).metrics(torn).write(folder.path());
    let read = read_run(folder.path()).expect("a readable run");
    assert_eq!(read.metrics.evals.len(), 2);
    assert_eq!(read.top1(), Some(50.0));
}

#[test]
fn a_broken_line_in_the_middle_is_named_with_file_and_line() {
    let folder = tempfile::tempdir().expect("a folder");
    run("knn", "mae").accuracies(&[40.0]).metrics("{\"kind\":\n").accuracies(&[50.0]).write(folder.path());
    let error = read_run(folder.path()).expect_err("line 3 is broken").to_string();
    assert!(error.contains("metrics.jsonl, line 3: expected a JSON object"), "{error}");
    assert!(error.contains("leave this run out"), "{error}");
}

#[test]
fn numbers_that_were_not_finite_are_absent() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "{\"kind\":\"step\",\"epoch\":0,\"epoch_1000x\":0,\"loss\":null}\n{\"kind\":\"eval\",\"epoch\":0}\n";
    run("finetune", "mae").epochs(1).metrics(lines).write(folder.path());
    let read = read_run(folder.path()).expect("a readable run");
    assert_eq!((read.metrics.steps[0].loss, read.metrics.evals[0].top1), (None, None));

    let written = write_report(&[folder.path().to_owned()], &folder.path().join("report")).expect("a report");
    assert!(
        written.summary.missing.iter().any(|missing| missing.state == MissingState::NoResult),
        "{:?}",
        written.summary.missing
    );
}

#[test]
fn run_toml_that_lacks_a_field_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("run.toml"), "stage = \"knn\"\nname = 7\n").expect("run.toml");
    let error = read_run(folder.path()).expect_err("name is no text").to_string();
    assert!(error.contains("run.toml, line 2: expected stage, name, method and seed"), "{error}");
}

#[test]
fn bytes_that_are_no_text_are_an_error_with_a_line_and_no_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = run("knn", "mae").write(folder.path());
    fs::write(path.join("config.toml"), b"seed = 0\n\xFF\xFE").expect("config.toml");
    let error = read_run(folder.path()).expect_err("not UTF-8").to_string();
    assert!(error.contains("config.toml, line 2: expected text in UTF-8"), "{error}");
}

#[test]
fn a_folder_without_runs_is_refused_with_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("photos")).expect("a folder");
    let refuse = |path: &std::path::Path| collect_runs(&[path.to_owned()]).expect_err("no runs").to_string();

    let error = refuse(folder.path());
    assert!(error.contains("holds no run: expected a folder with run.toml"), "{error}");
    fs::write(folder.path().join("metrics.jsonl"), "").expect("a file");
    assert!(refuse(folder.path()).contains("found metrics.jsonl without run.toml"), "{}", refuse(folder.path()));
    assert!(refuse(&folder.path().join("metrics.jsonl")).contains("found a file"));
    assert!(refuse(&folder.path().join("nowhere")).contains("does not exist"));
    assert!(collect_runs(&[]).expect_err("nothing given").to_string().contains("no run was given"));
}

#[test]
fn one_damaged_run_among_others_is_left_out_of_a_report_that_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    run("knn", "mae").accuracies(&[40.0]).write(&folder.path().join("mae/knn"));
    let damaged = run("linprobe", "mae").metrics("{\"kind\":\n").write(&folder.path().join("mae/linprobe"));
    let written = write_report(&[folder.path().to_owned()], &folder.path().join("report")).expect("a report");
    assert_eq!(written.summary.runs[0].knn.score.as_ref().map(|score| score.mean), Some(40.0));
    let [warning] = written.summary.warnings.as_slice() else { panic!("{:?}", written.summary.warnings) };
    assert!(warning.starts_with("A run that cannot be read is left out: "), "{warning}");
    assert!(warning.contains("linprobe/metrics.jsonl, line 1"), "{warning}");
    for file in ["report.md", "index.html"] {
        let text = fs::read_to_string(folder.path().join("report").join(file)).expect(file);
        assert!(text.contains("A run that cannot be read is left out"), "{file}");
    }

    // What was asked for itself, or is all there is, is no run to leave out.
    let error = collect_runs(std::slice::from_ref(&damaged)).expect_err("it was given").to_string();
    assert!(error.contains("line 1"), "{error}");
    fs::remove_dir_all(folder.path().join("mae/knn")).expect("removed");
    assert!(collect_runs(&[folder.path().to_owned()]).is_err());
}

#[test]
fn runs_are_found_at_every_level_and_read_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let quick = folder.path().join("runs/quick");
    let probe = run("linprobe", "mae").accuracies(&[1.0]).write(&quick.join("mae-seed0/linprobe"));
    run("knn", "mae").accuracies(&[1.0]).write(&quick.join("mae-seed0/knn"));
    // What is not a run is passed over: an earlier report, and whatever lies inside a run.
    run("knn", "mae").write(&quick.join("report/knn"));
    run("knn", "mae").write(&probe.join("checkpoints/knn"));

    let count = |paths: &[std::path::PathBuf]| collect_runs(paths).expect("runs").runs.len();
    assert_eq!(count(&[folder.path().join("runs")]), 2);
    assert_eq!(count(std::slice::from_ref(&quick)), 2);
    assert_eq!(count(&[quick.join("mae-seed0")]), 2);
    assert_eq!(count(std::slice::from_ref(&probe)), 1);
    assert_eq!(count(&[probe, quick]), 2);
}

#[cfg(unix)]
#[test]
fn a_link_to_runs_elsewhere_is_followed_and_one_that_leads_back_up_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    run("knn", "mae").accuracies(&[1.0]).write(&folder.path().join("scratch-disk/mae/knn"));
    let runs = folder.path().join("runs");
    fs::create_dir(&runs).expect("a folder");
    std::os::unix::fs::symlink(folder.path().join("scratch-disk"), runs.join("mine")).expect("a link");
    for (name, target) in [("above", folder.path()), ("here", runs.as_path()), ("again", runs.as_path())] {
        std::os::unix::fs::symlink(target, runs.join(name)).expect("a link");
    }
    assert_eq!(bmae_report::find_runs(std::slice::from_ref(&runs)), [runs.join("mine/mae/knn")]);
}

#[test]
fn throughput_is_images_over_seconds_of_the_whole_run() {
    let folder = tempfile::tempdir().expect("a folder");
    // 600 images at 100 images/s take 6 s, at 300 images/s 2 s: 1200 images in 8 s.
    let lines = "{\"kind\":\"epoch\",\"epoch\":0,\"images_per_s\":100}\n{\"kind\":\"epoch\",\"epoch\":1,\"images_per_s\":300}\n";
    run("pretrain", "mae").metrics(lines).write(folder.path());
    let rate = read_run(folder.path()).expect("a readable run").images_per_s().expect("two epochs");
    assert!((rate - 150.0).abs() < 1e-9, "{rate}");
}

#[test]
fn runs_that_are_looked_for_again_and_again_are_those_of_a_report() {
    let folder = tempfile::tempdir().expect("a folder");
    for directory in ["b", "a/pretrain", "x/y/z", "x/y/report", "checkpoints", ".hidden", "1/2/3/4/5/6/7/8/too-deep"] {
        run("pretrain", "mae").write(&folder.path().join(directory));
    }
    let paths = [folder.path().to_owned(), folder.path().join("b")];
    let report = bmae_report::collect_runs(&paths).expect("runs");
    let report: Vec<std::path::PathBuf> = report.runs.into_iter().map(|run| run.directory).collect();
    assert_eq!(bmae_report::find_runs(&paths), report);
    assert_eq!(report.len(), 3);
    assert!(bmae_report::find_runs(&[folder.path().join("nothing")]).is_empty());
}

#[test]
fn every_session_that_made_a_part_of_a_run_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = run("knn", "mae").accuracies(&[40.0]).write(&folder.path().join("mae/knn"));
    let about = fs::read_to_string(path.join("run.toml")).expect("run.toml");
    let earlier = "[[earlier]]\nprogram = \"bmae 0.0.9\"\ncommit = \"abc\"\nthreads = 64\n";
    fs::write(path.join("run.toml"), format!("{about}{earlier}")).expect("run.toml");
    write_report(&[folder.path().to_owned()], &folder.path().join("report")).expect("a report");
    let markdown = fs::read_to_string(folder.path().join("report/report.md")).expect("report.md");
    for part in ["bmae 0.0.9", "bmae 0.1.0", "abc", "64"] {
        assert!(markdown.contains(part), "{part} in {markdown}");
    }
}

#[test]
fn numbers_that_no_run_writes_stop_no_report() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in 0..40 {
        let parameters = if name % 3 == 0 { "wse = 1\ntau = nan" } else { "wse = 1\ntau = 0.1" };
        let lines = "{\"kind\":\"epoch\",\"epoch\":18446744073709551615,\"loss\":1,\"wall_s\":1e308}\n";
        let path = folder.path().join(format!("run{name}/pretrain"));
        run("pretrain", "ema-mae").name(&format!("run{name}")).parameters(parameters).metrics(lines).write(&path);
    }
    let written = write_report(&[folder.path().to_owned()], &folder.path().join("report")).expect("a report");
    assert_eq!(written.summary.runs.len(), 40);
    assert_eq!(written.summary.runs[0].wall_s, None);
}

#[test]
fn a_change_of_the_targets_stands_before_or_after_its_epoch_as_the_run_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = "{\"kind\":\"epoch\",\"epoch\":2,\"event\":\"switch\"}\n\
                   {\"kind\":\"epoch\",\"epoch\":3,\"event\":\"copy\",\"event_at_end\":true}\n\
                   {\"kind\":\"epoch\",\"epoch\":4}\n\
                   {\"kind\":\"epoch\",\"epoch\":5,\"event\":\"copy\",\"event_after\":\"average\"}\n";
    let path = run("pretrain", "mae-new").metrics(metrics).write(folder.path());
    let run = bmae_report::read_run(&path).expect("a run");
    let changes: Vec<_> = run.metrics.epochs.iter().flat_map(|line| line.changes()).collect();
    assert_eq!(
        changes,
        [
            (2.0, TargetChange::Switch),
            (4.0, TargetChange::Copy),
            (5.0, TargetChange::Copy),
            (6.0, TargetChange::Average)
        ]
    );
}
