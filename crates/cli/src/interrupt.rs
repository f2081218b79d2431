//! What stops a loop after its current step: Ctrl-C, and whatever else asks the program to end. A second Ctrl-C ends it
//! at once.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ending::{Ending, INTERRUPTED};
use crate::launched::is_silent;
use crate::output::say;

/// Whether a signal is too late to be answered, since the last line is told.
static LAST_LINE: Mutex<bool> = Mutex::new(false);

/// Lets no answer to a signal stand behind the last line, which is told next.
pub fn before_the_last_line() {
    *LAST_LINE.lock().unwrap_or_else(PoisonError::into_inner) = true;
}

/// Says `line` unless it is too late for it.
fn announce(line: &str) {
    if is_silent() {
        return;
    }
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
