//! The terminal while it is drawn on: raw, on its second screen, and given back on every way out.

use std::io::{IsTerminal, Stdout, stdin, stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::error::WatchError;

/// Whether the terminal is taken over. It must be given back once only: a second time would put the cursor back over
/// what was written since, such as the message of a panic.
static TAKEN: AtomicBool = AtomicBool::new(false);

type Hook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync + 'static>;

/// A terminal that is drawn on. Dropping it gives the terminal back as it was; a panic does so before its message is
/// written, and the signals that end the view ask for an end that [`Screen::asked_to_end`] tells. The second of them ends
/// the process at once: the first is not heard while a terminal takes no output.
pub(crate) struct Screen {
    /// Never dropped: ratatui would show the cursor once more and complain on standard error where it cannot, which is
    /// a panic where the terminal is gone. [`give_back`] does what there is to do.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    end: Arc<AtomicBool>,
    /// Whether the keys come from standard input, not from the terminal by its name.
    keys_from_stdin: bool,
    #[cfg(unix)]
    signals: Vec<signal_hook::SigId>,
    /// The hook that was there before; put back at the end.
    before: Arc<Hook>,
}

impl Screen {
    /// Takes the terminal over, to be given back at a signal of `ending_signals`.
    ///
    /// # Errors
    /// [`WatchError::Terminal`] if it refuses; it is then left as it was.
    pub(crate) fn open(ending_signals: &[i32]) -> Result<Self, WatchError> {
        enable_raw_mode().map_err(WatchError::terminal)?;
        TAKEN.store(true, Ordering::SeqCst);
        let opened = execute!(stdout(), EnterAlternateScreen, Hide)
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())))
            .map_err(WatchError::terminal);
        let terminal = opened.inspect_err(|_| give_back())?;

        let before: Arc<Hook> = Arc::new(panic::take_hook());
        let then = Arc::clone(&before);
        let drawing = thread::current().id();
        panic::set_hook(Box::new(move |info| {
            // Another thread's panic does not end the view.
            if thread::current().id() == drawing {
                give_back();
            }
            then(info);
        }));
        let end = Arc::new(AtomicBool::new(false));
        Ok(Self {
            terminal: ManuallyDrop::new(terminal),
            #[cfg(unix)]
            signals: {
                use signal_hook::flag::{register, register_conditional_shutdown};
                // In this order, so that the first signal finds the flag down. One that cannot be caught keeps its
                // usual effect.
                ending_signals
                    .iter()
                    .flat_map(|&signal| {
                        [register_conditional_shutdown(signal, 1, Arc::clone(&end)), register(signal, Arc::clone(&end))]
                    })
                    .filter_map(Result::ok)
                    .collect()
            },
            end,
            keys_from_stdin: stdin().is_terminal(),
            before,
        })
    }

    /// Draws one picture.
    ///
    /// # Errors
    /// [`WatchError::Terminal`] if it cannot be written.
    pub(crate) fn draw(&mut self, picture: impl FnOnce(&mut ratatui::Frame)) -> Result<(), WatchError> {
        self.terminal.draw(picture).map(|_| ()).map_err(WatchError::terminal)
    }

    /// Whether a signal asked for an end.
    pub(crate) fn asked_to_end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Whether the terminal is still there: one that was hung up is none any more.
    pub(crate) fn is_there(&self) -> bool {
        stdout().is_terminal() && (!self.keys_from_stdin || stdin().is_terminal())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        #[cfg(unix)]
        for signal in self.signals.drain(..) {
            signal_hook::low_level::unregister(signal);
        }
        // A thread that panics may not touch the hook; the process is ending then.
        if !thread::panicking() {
            let before = Arc::clone(&self.before);
            panic::set_hook(Box::new(move |info| before(info)));
        }
    }
}

/// Gives the terminal back if it is taken over. Nothing can be done about a refusal: there is nowhere left to say it.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}
