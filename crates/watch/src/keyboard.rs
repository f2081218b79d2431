//! What comes in from the terminal, read on a thread of its own.
//!
//! crossterm 0.29 does not come back from a terminal that is gone: its `poll` takes end of file and EIO for "nothing
//! yet" and reads again at once, for ever, whatever the timeout. After half an escape sequence it waits for the rest as
//! long. Were it called where the view is drawn, neither a signal nor a look at the terminal could end the view; so it
//! only ever holds up this thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crossterm::event::{Event, poll, read};

/// How soon the thread sees that it is no longer wanted.
const PATIENCE: Duration = Duration::from_millis(250);

/// Keys and new sizes as they come. Dropping it ends the thread, except where crossterm keeps it: nothing can end that
/// but the process.
pub(crate) struct Keyboard {
    events: Receiver<io::Result<Event>>,
    unwanted: Arc<AtomicBool>,
}

impl Keyboard {
    /// Begins to listen.
    ///
    /// # Errors
    /// That of the system if it gives no thread.
    pub(crate) fn open() -> io::Result<Self> {
        let (sender, events) = channel();
        let unwanted = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&unwanted);
        thread::Builder::new().name("keyboard".to_owned()).spawn(move || listen(&sender, &seen))?;
        Ok(Self { events, unwanted })
    }

    /// The next event; `None` if none came for so long.
    ///
    /// # Errors
    /// What kept the keyboard from being read; there is no use in asking again.
    pub(crate) fn next(&self, wait: Duration) -> io::Result<Option<Event>> {
        match self.events.recv_timeout(wait) {
            Ok(event) => event.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }
}

/// Sends what comes until it is unwanted or the first error, which is sent too.
fn listen(sender: &Sender<io::Result<Event>>, unwanted: &AtomicBool) {
    while !unwanted.load(Ordering::Relaxed) {
        let event = match poll(PATIENCE) {
            Ok(false) => continue,
            Ok(true) => read(),
            Err(error) => Err(error),
        };
        let last = event.is_err();
        if sender.send(event).is_err() || last {
            return;
        }
    }
}
