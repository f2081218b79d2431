//! The limit on the size of files (`ulimit -f`, or a quota made of it).

/// Makes a file that would become too large an error of the call that writes it, and so a sentence like any other: the
/// system's default is to kill the process. A process that ignores the signal already meets the same error.
pub fn becomes_an_error() {
    #[cfg(unix)]
    {
        // Nobody asks for the flag: that there is a handler is what matters. Where the system refuses one, all stays as
        // it was.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    }
}
