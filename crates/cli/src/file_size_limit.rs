//! The limit on the size of files (`ulimit -f`, or a quota made of it).

/// Makes a file that would become too large an error of the call that writes it, and so a sentence like any other: the
/// system's default is to kill the process. A process that ignores the signal already meets the same error, and goes on
/// to ignore it.
pub fn becomes_an_error() {
    #[cfg(unix)]
    {
        use signal_hook::consts::SIGXFSZ;
        if bmae_kernels::ignored_signals::is_ignored(SIGXFSZ) {
            return;
        }
        // Nobody asks for the flag: that there is a handler is what matters. Where the system refuses one, all stays as
        // it was.
        let _ = signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default());
    }
}
