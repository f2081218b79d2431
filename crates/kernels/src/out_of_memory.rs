//! An allocator whose refusal is a sentence: what the program asks for and does not get ends it with exit code 1 instead
//! of an abort.

#![allow(unsafe_code, reason = "an allocator is an unsafe trait, and ending a process at once is a call of the system")]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a thread is telling that memory is out.
static TELLING: AtomicBool = AtomicBool::new(false);

/// The allocator `within`; when it refuses, one sentence on stderr and the end of the process, at once: nothing is
/// written, flushed or cleaned up by a program that cannot go on, as if it had been killed. Locks of the system go with
/// the process.
///
/// This holds for whoever asks, also for a library that would have made an error of its own of the refusal.
#[derive(Debug)]
pub struct OutOfMemory<A> {
    within: A,
    remedy: &'static str,
}

impl<A> OutOfMemory<A> {
    /// `remedy` ends the sentence: what to do, as a clause.
    pub const fn new(within: A, remedy: &'static str) -> Self {
        Self { within, remedy }
    }

    fn given(&self, pointer: *mut u8, bytes: usize) -> *mut u8 {
        if pointer.is_null() {
            self.end(bytes);
        }
        pointer
    }

    /// Nothing in here allocates, nor takes a lock that another thread may hold.
    #[cold]
    #[inline(never)]
    fn end(&self, bytes: usize) -> ! {
        // One sentence is enough; the process ends below these threads.
        while TELLING.swap(true, Ordering::Relaxed) {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
        let mut digits = [0; 20];
        let start = if is_terminal() { "\r\x1b[Kerror" } else { "error" };
        for part in [
            start,
            ": not enough memory: the system refused ",
            decimal(bytes, &mut digits),
            " bytes; ",
            self.remedy,
            "\n",
        ] {
            tell(part.as_bytes());
        }
        end_at_once()
    }
}

// SAFETY: every method passes on its arguments to `within`, which keeps the contract of the trait, and returns what it
// returned; where that is null, it does not return at all. None of them panics.
unsafe impl<A: GlobalAlloc> GlobalAlloc for OutOfMemory<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise for this method is the one that `within` asks for.
        self.given(unsafe { self.within.alloc(layout) }, layout.size())
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        self.given(unsafe { self.within.alloc_zeroed(layout) }, layout.size())
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above; `pointer` came from `within`, since all that this allocator gives does.
        self.given(unsafe { self.within.realloc(pointer, layout, size) }, size)
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.within.dealloc(pointer, layout) }
    }
}

/// `number` in `digits`, the last digit last.
fn decimal(mut number: usize, digits: &mut [u8; 20]) -> &str {
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 || first == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[first..]).unwrap_or_default()
}

#[cfg(unix)]
fn is_terminal() -> bool {
    // SAFETY: it takes a number, and any number may be asked about.
    unsafe { libc::isatty(libc::STDERR_FILENO) == 1 }
}

#[cfg(unix)]
fn tell(mut text: &[u8]) {
    while !text.is_empty() {
        // SAFETY: the pointer and the length are those of a slice that is only read.
        let written = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(written @ 1..) => text = text.get(written..).unwrap_or_default(),
            // Nobody listens.
            _ => return,
        }
    }
}

#[cfg(unix)]
fn end_at_once() -> ! {
    // SAFETY: it takes a number and does not return; what is behind it never runs.
    unsafe { libc::_exit(1) }
}

#[cfg(not(unix))]
fn is_terminal() -> bool {
    false
}

#[cfg(not(unix))]
fn tell(text: &[u8]) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text);
}

#[cfg(not(unix))]
fn end_at_once() -> ! {
    std::process::exit(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refuses everything.
    struct Full;

    // SAFETY: it gives no memory, so that nothing can be wrong with what it gave.
    unsafe impl GlobalAlloc for Full {
        unsafe fn alloc(&self, _: Layout) -> *mut u8 {
            std::ptr::null_mut()
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }

    #[test]
    fn numbers_are_written_without_memory() {
        for number in [0, 7, 10, 4_294_967_296, usize::MAX] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string());
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_refusal_is_one_sentence_and_exit_code_1_from_however_many_threads() {
        const CHILD: &str = "BMAE_TEST_OUT_OF_MEMORY";
        if std::env::var_os(CHILD).is_some() {
            static FULL: OutOfMemory<Full> = OutOfMemory::new(Full, "buy some");
            // SAFETY: the layout has a size; the call does not return.
            let ask = || unsafe { FULL.alloc_zeroed(Layout::new::<[u8; 4096]>()) } as usize;
            let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(ask)).collect();
            threads.into_iter().for_each(|thread| drop(thread.join()));
            unreachable!("the process has ended");
        }
        let name = "out_of_memory::tests::a_refusal_is_one_sentence_and_exit_code_1_from_however_many_threads";
        let program = std::env::current_exe().expect("this test");
        let mut child = std::process::Command::new(program);
        let child = child.args(["--exact", "--nocapture", name]).env(CHILD, "1").output().expect("it starts");
        assert_eq!(child.status.code(), Some(1));
        let told = String::from_utf8_lossy(&child.stderr).into_owned();
        assert_eq!(told, "error: not enough memory: the system refused 4096 bytes; buy some\n");
    }
}
