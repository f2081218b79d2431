//! A live view of runs in the terminal: what they are at, how fast, how long they take, and their curves.
//!
//! [`watch()`] draws and follows the keys until it is left; [`snapshot()`] gives the same list once, for output that is
//! no terminal. Both only read run directories, by way of `bmae_report`. One thing an idea: `runs` knows what is
//! watched, `series` and `pace` what its numbers mean, `row`, `numbers` and `wrap` how it is put in columns and lines,
//! `app` what the keys do, `view` what is on the screen, `keyboard` how keys come in, and `terminal` how the terminal
//! is taken over and given back.

mod app;
mod error;
mod keyboard;
mod numbers;
mod options;
mod pace;
mod row;
mod runs;
#[cfg(test)]
mod sample;
mod series;
mod snapshot;
mod terminal;
mod view;
mod wrap;

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossterm::event::Event;

pub use error::WatchError;
pub use options::Options;
pub use snapshot::snapshot;

use app::{App, KeyEffect};
use keyboard::Keyboard;
use runs::Runs;
use terminal::Screen;

/// The shortest time between two looks at the runs.
const SHORTEST: Duration = Duration::from_millis(100);

/// How soon a signal that asks for an end is heard, and that the terminal is gone.
const HEARING: Duration = Duration::from_millis(250);

/// Shows the runs at and below `paths` in the terminal, and what becomes of them, until q, Esc, Ctrl-C, a signal or the
/// end of the terminal ends it. Folders that hold no run yet are waited for, and a run that cannot be read is shown
/// with the reason. The signals that end it are `ending_signals`, numbers as the system has them; a second one of them
/// ends the process at once. The terminal is given back on every other way out. Where it went away, the process should end soon: the
/// thread that reads keys may be reading from what is no longer there for as long as the process lives.
///
/// # Errors
/// [`WatchError::NoPaths`], [`WatchError::Missing`] or [`WatchError::NotAFolder`] for paths that cannot be watched;
/// [`WatchError::NoTerminal`] if standard output is none, where [`snapshot()`] serves; [`WatchError::Terminal`] if it
/// refuses.
pub fn watch(paths: &[PathBuf], options: Options, ending_signals: &[i32]) -> Result<(), WatchError> {
    let mut app = App::new(Runs::open(paths, Instant::now())?, options);
    if !stdout().is_terminal() {
        return Err(WatchError::NoTerminal);
    }
    let every = options.every.max(SHORTEST);
    let mut screen = Screen::open(ending_signals)?;
    match follow(&mut app, &mut screen, every) {
        // That a terminal went away is no failure, and there is nobody left to tell.
        Err(_) if !screen.is_there() => Ok(()),
        ended => ended,
    }
}

/// Draws and does what the keys say until something ends it. Each round but the first waits, so it cannot spin.
fn follow(app: &mut App, screen: &mut Screen, every: Duration) -> Result<(), WatchError> {
    let keyboard = Keyboard::open().map_err(WatchError::terminal)?;
    let mut look = Instant::now() + every;
    let mut stale = true;
    while !screen.asked_to_end() && screen.is_there() {
        let now = Instant::now();
        if now >= look {
            app.runs.refresh(now);
            look = Instant::now() + every;
            // Even without news the remaining times count down.
            stale = true;
        }
        if stale {
            screen.draw(|frame| view::draw(frame, app, now))?;
            stale = false;
        }
        let wait = look.saturating_duration_since(Instant::now()).min(HEARING);
        match keyboard.next(wait).map_err(WatchError::terminal)? {
            Some(Event::Key(key)) => match app.key(key, Instant::now()) {
                KeyEffect::Draw => stale = true,
                KeyEffect::Nothing => {}
                KeyEffect::Quit => break,
            },
            Some(Event::Resize(..)) => stale = true,
            _ => {}
        }
    }
    Ok(())
}
