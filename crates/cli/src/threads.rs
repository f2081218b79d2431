//! How many threads compute.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZero;

use bmae_output::count::count;

use crate::ending::Ending;
use crate::ranks;

/// Gives the pool that tensors are computed on `asked` threads, or one for each core that this process may use (its part of
/// them, where other ranks use them too), and returns their number. Two hyper-threads are one core: they share the units that
/// multiply. The calling thread is one of the threads: it computes too where it would otherwise sleep. Called once, before
/// anything is computed.
///
/// # Errors
/// When the system gives no threads.
pub fn set(asked: Option<u16>) -> Result<usize, Ending> {
    let sharing = ranks_on_the_same_cores();
    let threads = asked.map_or_else(|| (cores() / sharing).max(1), usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global().map_err(|error| {
        Ending::Failure(
            format!("cannot start {}: {error}; ask for fewer with --threads", count(threads, "thread")).into(),
        )
    })?;
    Ok(threads)
}

/// How many of the ranks, this one among them, may use the cores that this one may use: those of one machine that the engine
/// has bound to no cores of their own.
fn ranks_on_the_same_cores() -> usize {
    let ranks = ranks::all();
    if ranks.count() == 1 {
        return 1;
    }
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let status = read("/proc/self/status");
    let allowed = status.lines().find(|line| line.starts_with("Cpus_allowed_list")).unwrap_or_default();
    let mut place = DefaultHasher::new();
    (read("/proc/sys/kernel/random/boot_id"), read("/proc/sys/kernel/hostname"), allowed).hash(&mut place);
    let place = place.finish();
    ranks.behind_each_other(vec![place]).into_iter().filter(|other| *other == place).count()
}

/// The cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(num_cpus::get_physical().max(1))
}
