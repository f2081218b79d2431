//! The live view on a real terminal: that it ends, and how. The process that is watched is this test program once more.
#![cfg(target_os = "linux")]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use bmae_watch::Options;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tempfile::TempDir;

/// Names the folder to the process that watches it.
const FOLDER: &str = "BMAE_WATCH_TEST_FOLDER";

/// Tells that process, by being set, to leave hang-ups alone.
const NO_HANG_UP: &str = "BMAE_WATCH_TEST_NO_HANG_UP";

/// Far more than anything here takes: what is not there by then never comes.
const LIMIT: Duration = Duration::from_secs(20);

/// Not a test but the process that the tests below start on a terminal.
#[test]
#[ignore = "started by the other tests"]
fn watching() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut signals = vec![Signal::TERM, Signal::INT];
    if std::env::var_os(NO_HANG_UP).is_none() {
        signals.push(Signal::HUP);
    }
    let signals: Vec<i32> = signals.into_iter().map(Signal::as_raw).collect();
    let watched = bmae_watch::watch(&[PathBuf::from(folder)], Options::new("bmae watch"), &signals);
    // Without the test harness, which would write to a terminal that is gone.
    std::process::exit(if watched.is_ok() { 0 } else { 3 });
}

/// The process that watches; it does not outlive its test.
struct Watcher(Child);

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Watcher {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    fn end(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < LIMIT, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A terminal on which an empty folder is watched. It is not the controlling terminal of the process: its end comes
/// without a signal.
struct WatchedRun {
    /// The side of whoever shows the terminal; without it the terminal is gone.
    shown: File,
    _folder: TempDir,
}

impl WatchedRun {
    fn start() -> (Self, Watcher) {
        Self::start_as(this_program())
    }

    /// The command is to be this program, started in some way.
    fn start_as(command: Command) -> (Self, Watcher) {
        let folder = tempfile::tempdir().unwrap();
        let shown = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&shown).unwrap();
        unlockpt(&shown).unwrap();
        tcsetwinsize(&shown, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&shown, Vec::new()).unwrap().into_string().unwrap();
        let used = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let watcher = on_terminal(command, &used, folder.path());
        let mut watched = Self { shown: File::from(shown), _folder: folder };
        watched.wait_for("waiting");
        (watched, watcher)
    }

    /// Waits until a word has been drawn. Of a sentence the words alone come through, with moves of the cursor for the
    /// blanks.
    fn wait_for(&mut self, word: &str) {
        let began = Instant::now();
        let step = Timespec { tv_sec: 1, tv_nsec: 0 };
        let mut all = Vec::new();
        while !String::from_utf8_lossy(&all).contains(word) {
            assert!(began.elapsed() < LIMIT, "{word:?} is not drawn");
            if poll(&mut [PollFd::new(&self.shown, PollFlags::IN)], Some(&step)).unwrap() > 0 {
                let mut some = [0; 4096];
                let read = self.shown.read(&mut some).unwrap();
                all.extend_from_slice(&some[..read]);
            }
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.shown.write_all(keys).unwrap();
    }
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// This program, told to ignore hang-ups by whoever started it, as by `nohup`.
fn ignoring_hang_ups() -> Command {
    let mut shell = Command::new("bash");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap()).env(NO_HANG_UP, "1");
    shell
}

/// This program as the process that watches.
fn on_terminal(mut command: Command, terminal: &File, folder: &Path) -> Watcher {
    command.args(["--ignored", "--exact", "watching", "--nocapture"]).env(FOLDER, folder);
    command.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap());
    Watcher(command.stderr(terminal.try_clone().unwrap()).spawn().unwrap())
}

#[test]
fn it_ends_when_its_terminal_goes_away_even_without_a_signal() {
    let (watched, mut watcher) = WatchedRun::start();
    drop(watched);
    assert_eq!(watcher.end(), Some(0));
}

#[test]
fn it_ends_when_its_terminal_goes_away_in_the_middle_of_a_key() {
    let (mut watched, mut watcher) = WatchedRun::start();
    watched.press(b"\x1b[");
    drop(watched);
    assert_eq!(watcher.end(), Some(0));
}

#[test]
fn a_signal_ends_it_and_gives_the_terminal_back() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (mut watched, mut watcher) = WatchedRun::start();
        watcher.signal(signal);
        watched.wait_for("\x1b[?1049l");
        assert_eq!(watcher.end(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_signal_that_does_not_end_it_stays_ignored() {
    let (mut watched, mut watcher) = WatchedRun::start_as(ignoring_hang_ups());
    watcher.signal(Signal::HUP);
    watched.press(b"?");
    watched.wait_for("closes");
    watcher.signal(Signal::TERM);
    assert_eq!(watcher.end(), Some(0));
}

#[test]
fn a_signal_ends_it_in_the_middle_of_a_key() {
    let (mut watched, mut watcher) = WatchedRun::start();
    // The help shows that the thread of the keys has come to what follows.
    watched.press(b"?\x1b[");
    watched.wait_for("closes");
    watcher.signal(Signal::TERM);
    assert_eq!(watcher.end(), Some(0));
}

#[test]
fn q_leaves_and_gives_the_terminal_back() {
    let (mut watched, mut watcher) = WatchedRun::start();
    watched.press(b"q");
    watched.wait_for("\x1b[?1049l");
    assert_eq!(watcher.end(), Some(0));
}
