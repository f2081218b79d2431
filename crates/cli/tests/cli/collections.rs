//! Run directories looked at: `bmae runs`, `bmae watch`, and the lock that keeps two processes apart.

use crate::folder::Folder;

#[test]
fn a_folder_without_runs_is_said_to_have_none() {
    let folder = Folder::new();
    folder.write("empty/notes.txt", b"");
    assert_eq!(folder.bmae("runs empty").succeeds().stdout, "no run in empty or the folders below\n");
    assert_eq!(folder.bmae("runs empty --json").succeeds().json(), serde_json::json!([]));
}

#[test]
fn runs_are_listed_with_state_progress_and_best_result() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --method mae-k --k 1 --out runs/a").succeeds();
    folder.bmae("linprobe --preset tiny.toml --from runs/a --out runs/a-probe").succeeds();
    // A run that was killed before its end: nobody holds its lock.
    let about = folder.read("runs/a/run.toml").replace("finished = true", "finished = false");
    folder.write("runs/b/run.toml", about.as_bytes());
    let about = format!("{about}failed = \"the loss was NaN\"\n");
    folder.write("runs/c/run.toml", about.as_bytes());

    folder.write("runs/d/run.toml", b"stage = \"cooking\"");

    let listed = folder.bmae("runs --json").succeeds().json();
    let of = |directory: &str| {
        let runs = listed.as_array().expect("a list");
        runs.iter()
            .find(|run| run["directory"] == directory)
            .unwrap_or_else(|| panic!("{directory} in {listed}"))
            .clone()
    };
    assert_eq!((of("runs/a")["state"].as_str(), of("runs/b")["state"].as_str()), (Some("finished"), Some("stopped")));
    assert_eq!(of("runs/c")["state"], "failed");
    assert_eq!(of("runs/c")["failed"], "the loss was NaN");
    assert_eq!(of("runs/a")["epochs_done"], of("runs/a")["epochs"]);
    assert!(of("runs/a-probe")["best_top1"].as_f64().is_some(), "{listed}");

    assert_eq!(of("runs/d")["state"], "unreadable", "one that cannot be read hides no other");
    let text = folder.bmae("runs").succeeds();
    assert!(text.stdout.starts_with("directory"), "{}", text.story());
    assert!(text.stdout.contains("runs/c failed: the loss was NaN"), "{}", text.story());
    folder.bmae("runs nowhere").refuses(1, &["nowhere"]);
}

#[test]
fn two_runs_are_compared_by_the_settings_and_results_that_differ() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --method mae-k --k 1 --out a").succeeds();
    folder.bmae("pretrain --preset tiny.toml --method mae-k --k 2 --out b --seed 5").succeeds();
    let compared = folder.bmae("runs compare a b --json").succeeds().json();
    let settings = serde_json::json!([
        { "name": "method.k", "values": [1, 2] },
        { "name": "seed", "values": [0, 5] },
    ]);
    assert_eq!(compared["settings"], settings);
    let results = compared["results"].as_array().expect("a list");
    let loss = results.iter().find(|row| row["name"] == "loss_last").expect("a loss");
    assert!(loss["values"][0].is_number() && loss["values"][1].is_number(), "{loss}");
    let text = folder.bmae("runs compare a b").succeeds();
    assert!(text.stdout.contains("loss, last epoch"), "{}", text.story());
    let same = folder.bmae("runs compare a a").succeeds();
    assert!(same.stdout.starts_with("settings: the same"), "{}", same.story());
    folder.bmae("runs compare a nothing").refuses(1, &["nothing"]);
    folder.bmae("runs compare a .").refuses(2, &["holds 2 runs", "give the folder of one stage"]);
}

#[test]
fn what_runs_logged_is_printed_as_csv_one_number_a_row() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --method mae-new --k 1 --out a").succeeds();
    let csv = folder.bmae("runs metrics a").succeeds().stdout;
    let mut rows = csv.lines();
    assert_eq!(rows.next(), Some("run,stage,seed,kind,epoch,step,name,value,directory,data"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(',').collect()).collect();
    let has = |kind: &str, name: &str| {
        rows.iter().any(|row| row[3] == kind && row[6] == name && row[7].parse::<f64>().is_ok())
    };
    for (kind, name) in
        [("step", "loss"), ("step", "lr"), ("step", "targets.1"), ("epoch", "grad_norm"), ("epoch", "event.switch")]
    {
        assert!(has(kind, name), "{kind} {name} in\n{csv}");
    }
    let records = folder.bmae("runs metrics a --json").succeeds().json();
    let records = records.as_array().expect("a list of records");
    assert_eq!(records.len(), rows.len());
    assert!(
        records.iter().all(|record| record["run"] == "a" && record["value"].is_number() && record["epoch"].is_u64())
    );
    assert!(rows.iter().all(|row| row.len() == 10 && row[0] == "a" && row[8] == "a"), "{csv}");
}

#[test]
fn watching_without_a_terminal_prints_one_table() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out runs/a").succeeds();
    let ended = folder.bmae("watch runs").succeeds();
    assert!(ended.stdout.contains("finished") && ended.stdout.contains("pretrain"), "{}", ended.story());
    folder.bmae("watch nowhere").refuses(1, &["nowhere"]);
    folder.bmae("watch runs --every 0").refuses_usage(&["--every", "0.1 to 3600"]);
}

#[test]
fn a_second_process_on_one_run_directory_is_refused() {
    let folder = Folder::new();
    let words = "pretrain --preset tiny.toml --set pretrain.epochs=2000 --out a";
    let mut first = folder
        .command(&words.split(' ').collect::<Vec<_>>())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary can be started");
    while !folder.path("a/checkpoints/last.safetensors").exists() {
        assert!(first.try_wait().expect("it can be asked").is_none(), "{}", folder.listing());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let listed = folder.bmae("runs a --json").succeeds().json();
    assert_eq!(listed[0]["state"], "running", "{listed}");
    let number = format!("(number {})", first.id());
    folder.bmae(&format!("{words} --resume")).refuses(1, &["is being worked on by another process", &number, "--out"]);
    // However the first ends, its lock ends with it.
    first.kill().expect("it can be killed");
    first.wait().expect("it ends");
    assert_eq!(folder.bmae("runs a --json").succeeds().json()[0]["state"], "stopped");
    let resumed =
        folder.bmae("pretrain --preset tiny.toml --set pretrain.epochs=2000 --out a --resume --set pretrain.epochs=3");
    resumed.refuses(1, &["pretrain.epochs was 2000, is now 3"]);
}

#[test]
fn of_processes_that_start_on_one_new_folder_at_once_one_works_and_the_others_hear_why_not() {
    let folder = Folder::new();
    let words = ["pretrain", "--preset", "tiny.toml", "--set", "pretrain.epochs=40", "--out", "a"];
    let start = || {
        let mut command = folder.command(&words);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        command.spawn().expect("the binary can be started")
    };
    let children: Vec<_> = (0..4).map(|_| start()).collect();
    let ended: Vec<_> = children.into_iter().map(|child| child.wait_with_output().expect("it ends")).collect();
    assert_eq!(ended.iter().filter(|output| output.status.success()).count(), 1);
    for output in ended.iter().filter(|output| !output.status.success()) {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("is being worked on by another process") || said.contains("already holds a run"),
            "{said}"
        );
    }
}
