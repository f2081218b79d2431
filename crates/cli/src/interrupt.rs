//! What stops a loop after its current step: Ctrl-C, and whatever else asks the program to end. A second Ctrl-C ends it
//! at once.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use bmae_train::Outcome;

use crate::arguments::{DeviceName, Everywhere};
use crate::ending::{Ending, INTERRUPTED};
use crate::output::say;

/// Whether a signal is too late to be answered, since the last line is told.
static LAST_LINE: Mutex<bool> = Mutex::new(false);

/// Lets no answer to a signal stand behind the last line, which is told next.
pub fn before_the_last_line() {
    *LAST_LINE.lock().unwrap_or_else(PoisonError::into_inner) = true;
}

/// Says `line` unless it is too late for it.
fn announce(line: &str) {
    let too_late = LAST_LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if !*too_late {
        say(line);
    }
}

/// Listens; the flag is set by the first signal.
///
/// # Errors
/// When the system refuses a signal handler.
pub fn stop_when_asked() -> Result<Arc<AtomicBool>, Ending> {
    let stop = Arc::new(AtomicBool::new(false));
    listen(&stop).map_err(|error| {
        Ending::Failure(format!("cannot listen for Ctrl-C: {error}; start it from another shell").into())
    })?;
    Ok(stop)
}

/// Sets `stop` at each signal that asks for an end, and says so at the first. A Ctrl-C that finds it set ends the process;
/// no other signal does, since they come twice without anybody's impatience: `timeout` and job scripts send SIGTERM to a
/// program and to its whole group, and a terminal that closes hangs up as often.
#[cfg(unix)]
fn listen(stop: &Arc<AtomicBool>) -> std::io::Result<()> {
    use signal_hook::consts::SIGINT;
    use signal_hook::flag::{register, register_conditional_shutdown};
    use signal_hook::iterator::Signals;

    let signals = crate::signals::ending();
    // Before the flag is set, so that the first finds it down; and not in the thread below, which waits as long as its
    // terminal takes no output.
    if signals.contains(&SIGINT) {
        register_conditional_shutdown(SIGINT, INTERRUPTED.into(), Arc::clone(stop))?;
    }
    for &signal in &signals {
        register(signal, Arc::clone(stop))?;
    }
    let mut heard = Signals::new(&signals)?;
    let answer = move || match heard.forever().next() {
        Some(SIGINT) => announce("stopping after this step; press Ctrl-C again to stop at once"),
        Some(signal) => {
            let name = signal_hook::low_level::signal_name(signal).unwrap_or("a signal");
            announce(&format!("stopping after this step, as {name} asks"));
        }
        None => {}
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(answer).map(drop)
}

#[cfg(not(unix))]
fn listen(stop: &Arc<AtomicBool>) -> Result<(), ctrlc::Error> {
    use std::sync::atomic::Ordering;

    let flag = Arc::clone(stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
        announce("stopping after this step; press Ctrl-C again to stop at once");
    })
}

/// What goes on with runs that were stopped: `bmae resume`, and what it does not know by itself.
#[derive(Debug, Clone)]
pub struct GoingOn {
    runs: Vec<PathBuf>,
    options: Vec<OsString>,
}

impl GoingOn {
    /// With `runs`, each a run or a folder of runs, on the device and the threads that `everywhere` asks for.
    pub fn with(runs: &[PathBuf], everywhere: &Everywhere) -> Self {
        let threads = everywhere.threads.map(|threads| ["--threads".to_owned(), threads.to_string()]);
        let device = everywhere.device.word();
        let is_default = matches!(everywhere.device, DeviceName::Cpu);
        let device = (!is_default).then(|| ["--device".to_owned(), device]);
        let options = [threads, device].into_iter().flatten().flatten().map(OsString::from).collect();
        Self { runs: runs.to_vec(), options }
    }

    /// The same with an option more.
    pub fn and(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.options.extend([name.into(), value.into()]);
        self
    }

    /// The command as a shell takes it, of the program that is called `program`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> String {
        let runs = self.runs.iter().map(|run| match run.as_os_str().as_encoded_bytes().starts_with(b"-") {
            true => Path::new(".").join(run).into_os_string(),
            false => run.clone().into_os_string(),
        });
        let words = ["resume".into()].into_iter().chain(runs).chain(self.options.iter().cloned());
        let words = [program.as_ref().to_owned()].into_iter().chain(words);
        words.map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// What is said of a run that was stopped: what is kept, and how to go on.
pub fn stopped(outcome: &Outcome, out: &Path, going_on: &GoingOn) -> Option<Ending> {
    let Outcome::Interrupted { epochs_kept, epochs, steps_kept } = outcome else {
        return None;
    };
    let steps = match steps_kept {
        0 => String::new(),
        steps => format!(" and {} of the next", count(*steps, "step")),
    };
    Some(Ending::Interrupted(format!(
        "stopped: {} keeps {epochs_kept} of {}{steps}; go on with `{}`",
        plain_path(out),
        count(*epochs, "epoch"),
        going_on.command(std::env::args_os().next().unwrap_or_else(|| "bmae".into()))
    )))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::Arguments;

    fn go_on(runs: &[&str], line: &str) -> String {
        let everywhere = Arguments::try_parse_from(line.split(' ')).expect("a right command line").everywhere;
        let runs: Vec<PathBuf> = runs.iter().map(PathBuf::from).collect();
        GoingOn::with(&runs, &everywhere).command("bmae")
    }

    #[test]
    fn a_stopped_run_goes_on_by_its_folder_alone_and_on_the_same_device_and_threads() {
        assert_eq!(
            go_on(&["runs/a"], "bmae pretrain --out runs/a --seed 3 --set pretrain.epochs=4"),
            "bmae resume runs/a"
        );
        assert_eq!(go_on(&["k"], "bmae sweep k --out k --threads 2 -q"), "bmae resume k --threads 2");
        assert_eq!(go_on(&["a", "b"], "bmae resume a b --device cuda"), "bmae resume a b --device cuda");
    }

    #[test]
    fn folders_that_a_shell_would_take_apart_are_quoted_and_none_is_taken_for_an_option() {
        assert_eq!(go_on(&["my runs", "it's"], "bmae knn --from a --out b"), "bmae resume 'my runs' \"it's\"");
        assert_eq!(go_on(&["-q"], "bmae knn --from a --out=-q"), "bmae resume ./-q");
    }
}
