//! Ctrl-C, SIGTERM and a hang-up keep every step and say how to go on, and going on ends where an undisturbed run ends.
//! What the program was told to ignore when it was started does neither.
#![cfg(unix)]

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::commands::losses;
use crate::folder::{Ended, Folder};

/// Long enough to be interrupted.
const LONG: &str =
    "pretrain --preset tiny.toml --method mae-new --set pretrain.epochs=60 --set data.shapes_train=256 --out";

/// Too long to be waited for.
const ENDLESS: &str =
    "pretrain --preset tiny.toml --method mae --set pretrain.epochs=20000 --set data.shapes_train=256 --out";

/// A command, started by a shell.
struct Started {
    words: Vec<String>,
    child: Child,
}

impl Started {
    /// Starts it after what the shell is to do `first`, with no signal ignored before that, and waits until it has
    /// finished an epoch in `run`.
    fn within(folder: &Folder, first: &str, line: &str, run: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        let bmae = folder.command(&words);
        // A shell cannot listen again to what was ignored when it was started; `env` of GNU can.
        let mut command = match cfg!(target_os = "linux") {
            true => Command::new("env"),
            false => Command::new("bash"),
        };
        if cfg!(target_os = "linux") {
            command.args(["--default-signal=HUP,INT,TERM", "bash"]);
        }
        command.args(["-c", &format!("{first}\nexec \"$0\" \"$@\"")]).arg(bmae.get_program()).args(bmae.get_args());
        let variables = bmae.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.envs(variables).env_remove("RUST_BACKTRACE").current_dir(folder.path(""));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary can be started");
        let mut started = Self { words: words.into_iter().map(str::to_owned).collect(), child };
        let checkpoint = folder.path(run).join("checkpoints/last.safetensors");
        started.wait_until("an epoch was finished", folder, || checkpoint.exists());
        started
    }

    /// Waits while the command is at work, two minutes at most.
    fn wait_until(&mut self, what: &str, folder: &Folder, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            let running = self.child.try_wait().expect("it can be asked").is_none();
            assert!(running && began.elapsed() < Duration::from_secs(120), "{what}: no\n{}", folder.listing());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("there is kill").success(), "the child could not be sent {name}");
    }

    fn end(self, folder: &Folder) -> Ended {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        folder.ended(&words, end(self.child))
    }
}

/// Starts a command, waits until it has finished an epoch in `run`, and interrupts it.
fn interrupt(folder: &Folder, line: &str, run: &str) -> Ended {
    let started = Started::within(folder, "", line, run);
    started.signal("INT");
    started.end(folder)
}

fn end(child: Child) -> Output {
    child.wait_with_output().expect("it ends")
}

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

#[test]
fn sigterm_and_a_hang_up_stop_a_run_as_ctrl_c_does_however_often_they_come() {
    let folder = Folder::new();
    for signal in ["TERM", "HUP"] {
        let run = signal.to_lowercase();
        let started = Started::within(&folder, "", &format!("{ENDLESS} {run}"), &run);
        // As `timeout` and a closed terminal send them.
        for _ in 0..3 {
            started.signal(signal);
        }
        let stopped = started.end(&folder);
        assert_eq!(stopped.code, Some(130), "{}", stopped.story());
        let last = stopped.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with(&format!("stopped: {run} keeps ")), "{}", stopped.story());
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let folder = Folder::new();
    for (ignored, signal, stops) in [("HUP", "HUP", "INT"), ("INT QUIT", "INT", "TERM"), ("TERM", "TERM", "HUP")] {
        let run = signal.to_lowercase();
        let mut started = Started::within(&folder, &format!("trap '' {ignored}"), &format!("{ENDLESS} {run}"), &run);
        started.signal(signal);
        let lines = || folder.read(&format!("{run}/metrics.jsonl")).lines().count();
        let before = lines();
        started.wait_until("it goes on", &folder, || lines() > before + 40);
        started.signal(stops);
        let stopped = started.end(&folder);
        assert_eq!(stopped.code, Some(130), "{}", stopped.story());
        let said = if signal == "INT" { "press Ctrl-C again".to_owned() } else { format!("as SIG{signal} asks") };
        assert!(!stopped.stderr.contains(&said), "{}", stopped.story());
    }
}

#[test]
fn a_run_that_ignores_what_it_is_sent_trains_to_its_end() {
    let folder = Folder::new();
    let started = Started::within(&folder, "trap '' HUP INT TERM", &format!("{LONG} a"), "a");
    ["HUP", "INT", "TERM"].into_iter().for_each(|signal| started.signal(signal));
    let trained = started.end(&folder).succeeds();
    assert!(!trained.stderr.contains("stopping"), "{}", trained.story());
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_ctrl_c_ends_the_program_at_once_even_where_its_terminal_takes_no_output() {
    let folder = Folder::new();
    // As much as a pipe holds, which nobody reads before the end.
    let full = "head -c 65536 /dev/zero >&2";
    let mut started = Started::within(&folder, full, &format!("{ENDLESS} a -q"), "a");
    started.signal("INT");
    std::thread::sleep(Duration::from_millis(500));
    assert!(started.child.try_wait().expect("it can be asked").is_none(), "the pipe was not full");
    started.signal("INT");
    let began = Instant::now();
    while started.child.try_wait().expect("it can be asked").is_none() {
        if began.elapsed() > Duration::from_secs(30) {
            started.signal("KILL");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(started.end(&folder).code, Some(130));
}
