//! One damaged run hides no other, and what is damaged is said.

use std::fs;
use std::process::Command;

use crate::folder::Folder;

/// `set/` with a whole run, `ok`, and its copies, each with one thing that is wrong; and what is said of each.
fn damaged(folder: &Folder) -> Vec<(&'static str, &'static str)> {
    folder.bmae("pretrain --preset tiny.toml -q --out set/ok").succeeds();
    let about = folder.read("set/ok/run.toml");
    let config = folder.read("set/ok/config.toml");
    let metrics = folder.read("set/ok/metrics.jsonl");
    let second_line = metrics.replacen('\n', "\n{\"kind\":\n", 1);
    let first_line = metrics.lines().next().expect("a line").to_owned() + "\n";
    let rubbish: Vec<u8> = (0..3000u32).map(|n| (n * n % 251) as u8).filter(|&byte| byte != b'\n').collect();
    let long = vec![b'x'; 3 << 20];
    let cases: [(&str, &[u8], &[u8], &str); 9] = [
        ("cut", &about.as_bytes()[..40], metrics.as_bytes(), "run.toml, line "),
        ("empty", b"", metrics.as_bytes(), "run.toml, line 1"),
        ("binary", &rubbish, metrics.as_bytes(), "run.toml, line 1: expected text in UTF-8"),
        ("a-line", about.as_bytes(), second_line.as_bytes(), "metrics.jsonl, line 2"),
        ("rubbish", about.as_bytes(), &rubbish, "metrics.jsonl, line 1"),
        ("nothing", about.as_bytes(), b"", "0 of its 2 epochs"),
        ("one-line", about.as_bytes(), first_line.as_bytes(), "0 of its 2 epochs"),
        ("long", about.as_bytes(), &long, "1 MiB"),
        ("folder", about.as_bytes(), b"", "is a folder, not a file"),
    ];
    let mut said = Vec::new();
    for (name, about, metrics, part) in cases {
        folder.write(&format!("set/{name}/config.toml"), config.as_bytes());
        folder.write(&format!("set/{name}/run.toml"), about);
        folder.write(&format!("set/{name}/metrics.jsonl"), metrics);
        said.push((name, part));
    }
    fs::remove_file(folder.path("set/folder/metrics.jsonl")).expect("removed");
    fs::create_dir(folder.path("set/folder/metrics.jsonl")).expect("a folder");
    for (name, part) in [("without", "config.toml and metrics.jsonl without run.toml"), ("gone", "no such file")] {
        folder.write(&format!("set/{name}/config.toml"), config.as_bytes());
        match name {
            "gone" => folder.write("set/gone/run.toml", about.as_bytes()),
            _ => folder.write("set/without/metrics.jsonl", metrics.as_bytes()),
        }
        said.push((name, part));
    }
    #[cfg(unix)]
    {
        folder.write("set/pipe/config.toml", config.as_bytes());
        folder.write("set/pipe/run.toml", about.as_bytes());
        for file in ["metrics.jsonl", "lock"] {
            let made =
                Command::new("mkfifo").arg(folder.path("set/pipe").join(file)).status().expect("there is mkfifo");
            assert!(made.success());
        }
        said.push(("pipe", "is a pipe or a device, not a file"));
    }
    said
}

#[test]
fn damaged_runs_are_named_with_what_is_wrong_and_hide_no_other() {
    let folder = Folder::new();
    let damaged = damaged(&folder);
    let listed = folder.bmae("runs set").succeeds();
    let watched = folder.bmae("watch set").succeeds();
    let reported = folder.bmae("report set --out report").succeeds();
    assert!(listed.stdout.contains("finished"), "{}", listed.story());
    assert!(watched.stdout.contains("finished"), "{}", watched.story());
    assert!(reported.stdout.contains("written to"), "{}", reported.story());
    let logged = folder.bmae("runs metrics set").succeeds();
    assert!(logged.stdout.contains("\nok,pretrain,0,epoch,1,,loss,"), "{}", logged.story());
    for (name, part) in &damaged {
        let unreadable =
            listed.stdout.lines().any(|line| line.starts_with(&format!("set/{name} ")) && line.ends_with("unreadable"));
        assert!(unreadable, "{name}{}", listed.story());
        for text in [&listed.stdout, &watched.stdout, &reported.stderr, &logged.stderr] {
            let told = text.lines().any(|line| line.contains(&format!("set/{name}")) && line.contains(part));
            assert!(told, "{name}: {part:?} in {text}");
        }
    }
    assert_eq!(listed.stdout.matches("unreadable").count(), 2 * damaged.len(), "{}", listed.story());
}

#[test]
fn a_damaged_run_that_was_named_itself_is_left_out_of_the_metrics_too() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml -q --out ok").succeeds();
    folder.write("torn/run.toml", b"stage = \"pre");
    let logged = folder.bmae("runs metrics torn ok").succeeds();
    assert!(logged.stdout.contains("\nok,pretrain,0,epoch,1,,loss,"), "{}", logged.story());
    assert!(logged.stderr.starts_with("warning: left out: torn/run.toml, line 1"), "{}", logged.story());
    folder.bmae("runs metrics torn").refuses(1, &["torn/run.toml, line 1"]);
    folder.bmae("runs compare ok torn").refuses(1, &["torn/run.toml, line 1"]);
}
