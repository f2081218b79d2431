//! Which signals end the program.

/// Those that ask for an end, numbers as the system has them: SIGINT, SIGTERM, SIGHUP, and what engines send before a job's
/// time is over, SIGUSR1, SIGUSR2 and SIGXCPU; but none that the process was told to ignore when it was started. `nohup` has
/// it ignore SIGHUP, a script Ctrl-C in what it leaves in the background.
#[cfg(unix)]
pub fn ending() -> Vec<i32> {
    use bmae_kernels::ignored_signals::is_ignored;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};

    [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU].into_iter().filter(|&signal| !is_ignored(signal)).collect()
}

/// There are none.
#[cfg(not(unix))]
pub fn ending() -> Vec<i32> {
    Vec::new()
}
