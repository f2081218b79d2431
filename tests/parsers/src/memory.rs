//! The most memory that a parser held at once.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use peak_alloc::PeakAlloc;

use crate::Parser;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// One at a time, or one would count what the other holds.
static ALONE: Mutex<()> = Mutex::new(());

/// The variable that names the file which [`watched`] writes to.
const PEAKS: &str = "BMAE_FUZZ_PEAKS";

/// Gives `bytes` to `parser`; returns the bytes of memory that it held at most, beyond those held before.
pub fn peak_of(parser: &Parser, bytes: &[u8]) -> usize {
    // A panic, which is what is looked for, leaves nothing here in disorder.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let _taken = (parser.read)(bytes);
    ALLOCATOR.peak_usage().saturating_sub(before)
}

/// The same for a fuzzer: where the variable `BMAE_FUZZ_PEAKS` names a file, an input that took more memory than all
/// before it in this process becomes a line there: parser, bytes of memory, bytes of input, and the input in hex if it
/// is short.
pub fn watched(parser: &Parser, bytes: &[u8]) {
    static MOST: AtomicUsize = AtomicUsize::new(0);
    const SHORT: usize = 1024;
    let peak = peak_of(parser, bytes);
    if peak <= MOST.fetch_max(peak, Ordering::Relaxed) {
        return;
    }
    let Some(path) = std::env::var_os(PEAKS) else { return };
    let hex: String =
        if bytes.len() <= SHORT { bytes.iter().map(|byte| format!("{byte:02x}")).collect() } else { "-".to_owned() };
    let line = format!("{}\t{peak}\t{}\t{hex}\n", parser.name, bytes.len());
    // One write for each line: several processes of a fuzzer append to the file.
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the file of peaks can be written");
}
