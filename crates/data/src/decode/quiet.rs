//! Panics of decoders, caught.
//!
//! Decoders of other people read what anybody may have written, and some panic on files that are valid. Such a panic
//! ends in the sentence that names the image; the panic's own message would only stand beside it.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is within [`caught`].
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What `work` returns, or the message of its panic, of which nothing is printed.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    let outer = QUIET.replace(true);
    // What `work` had in its hands is lost with the panic: nobody sees it half done.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(outer);
    outcome.map_err(|payload| message(&*payload))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    // The first line says what happened; those of an assertion go on with the values.
    text.and_then(|text| text.lines().next()).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_in_any_thread() {
        assert_eq!(caught(|| 7), Ok(7));
        let work = || caught(|| -> u8 { panic!("row {} is missing\nand more", 3) });
        assert_eq!(work(), Err("row 3 is missing".to_owned()));
        assert_eq!(std::thread::spawn(work).join().expect("caught"), Err("row 3 is missing".to_owned()));
        assert!(!QUIET.get());
    }
}
