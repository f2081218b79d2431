//! Ctrl-C keeps every step and says how to go on, and going on ends where an undisturbed run ends.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::commands::losses;
use crate::folder::{Ended, Folder};

/// Long enough to be interrupted.
const LONG: &str =
    "pretrain --preset tiny.toml --method mae-new --set pretrain.epochs=60 --set data.shapes_train=256 --out";

/// Starts a command, waits until it has finished an epoch in `run`, and interrupts it.
fn interrupt(folder: &Folder, line: &str, run: &str) -> Ended {
    let words: Vec<&str> = line.split(' ').collect();
    let mut child = folder
        .command(&words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let checkpoint = folder.path(run).join("checkpoints/last.safetensors");
    let began = Instant::now();
    while !checkpoint.exists() {
        let running = child.try_wait().expect("it can be asked").is_none();
        assert!(running && began.elapsed() < Duration::from_secs(120), "no epoch was finished\n{}", folder.listing());
        std::thread::sleep(Duration::from_millis(5));
    }
    ctrl_c(&child);
    folder.ended(&words, end(child))
}

fn ctrl_c(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is kill");
    assert!(status.success(), "the child could not be interrupted");
}

fn end(child: Child) -> Output {
    child.wait_with_output().expect("it ends")
}

#[cfg(unix)]
#[test]
fn a_run_that_was_stopped_and_resumed_ends_like_one_left_alone() {
    let folder = Folder::new();
    let stopped = interrupt(&folder, &format!("{LONG} a"), "a");
    assert_eq!(stopped.code, Some(130), "{}", stopped.story());
    assert_eq!(stopped.stdout, "", "{}", stopped.story());
    let last = stopped.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("stopped: a keeps ") && last.contains(" of 60 epochs"), "{}", stopped.story());
    assert!(last.ends_with("bmae resume a`"), "{}", stopped.story());

    folder.bmae("resume a").succeeds();
    folder.bmae(&format!("{LONG} b")).succeeds();
    let bits = |run| losses(&folder, run).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    assert_eq!(bits("a"), bits("b"), "the losses of the steps");
    assert!(folder.weights("a") == folder.weights("b"), "the last weights differ");
}

#[cfg(unix)]
#[test]
fn a_plan_that_was_stopped_goes_on_from_its_folder_and_by_the_same_command() {
    let folder = Folder::new();
    let line = "reproduce --preset tiny.toml --out plan --set pretrain.epochs=60 --set data.shapes_train=256";
    let stopped = interrupt(&folder, line, "plan/mae/pretrain");
    assert_eq!(stopped.code, Some(130), "{}", stopped.story());
    let last = stopped.stderr.lines().last().unwrap_or_default();
    assert!(last.ends_with("bmae resume plan`"), "{}", stopped.story());
    assert!(!folder.path("plan/report").exists(), "{}", stopped.story());

    folder.bmae("resume plan --quiet").succeeds();
    folder.bmae(&line.replace("--out plan", "--out alone --quiet")).succeeds();
    for run in ["mae/pretrain", "mae-new/pretrain", "mae-new/finetune", "scratch/linprobe"] {
        let of = |plan: &str| folder.weights(&format!("{plan}/{run}"));
        assert!(of("plan") == of("alone"), "{run}: the last weights differ");
    }
    assert_eq!(folder.read("plan/report/findings.csv"), folder.read("alone/report/findings.csv"));
    folder.bmae(line).succeeds();
}
