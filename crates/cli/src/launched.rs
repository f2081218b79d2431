//! Whether this process is one of several that `mpirun` or `srun` started for one training.

use bmae_train::ranks::launch::Launch;

/// What started this process together with others; `None` where it is alone, or this build knows no MPI and so takes every
/// process for itself.
pub fn launch() -> Option<Launch> {
    Launch::from_environment().filter(|_| cfg!(feature = "mpi"))
}

/// Whether another process, the first, talks for this one.
pub fn is_silent() -> bool {
    launch().is_some_and(|launch| launch.rank > 0)
}
