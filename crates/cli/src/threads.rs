//! How many threads compute.

use std::num::NonZero;

use bmae_output::count::count;

use crate::ending::Ending;

/// Gives the pool that tensors are computed on `asked` threads, or one for each core that this process may use, and
/// returns their number. Two hyper-threads are one core: they share the units that multiply. The calling thread is one
/// of the threads: it computes too where it would otherwise sleep. Called once, before anything is computed.
///
/// # Errors
/// When the system gives no threads.
pub fn set(asked: Option<u16>) -> Result<usize, Ending> {
    let threads = asked.map_or_else(cores, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global().map_err(|error| {
        Ending::Failure(
            format!("cannot start {}: {error}; ask for fewer with --threads", count(threads, "thread")).into(),
        )
    })?;
    Ok(threads)
}

/// The cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(num_cpus::get_physical().max(1))
}
