//! Whether the process ignores a signal, which the system tells through a call of C alone.

#![allow(unsafe_code, reason = "a call of the system that fills in a structure")]

/// Whether the process ignores `signal`, a number as the system has it: from its start, as `nohup` makes it ignore a
/// hang-up, or by its own doing. `false` where no such signal is, and where a handler stands.
pub fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call changes nothing; it writes the present one to a place that is large enough.
    let told = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: a call that succeeded has filled in the whole structure.
    told == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_ignored_where_whoever_started_the_process_said_so() {
        const CHILD: &str = "BMAE_TEST_IGNORED_SIGNALS";
        if std::env::var_os(CHILD).is_some() {
            let ignored = [libc::SIGHUP, libc::SIGALRM, libc::SIGUSR1, libc::SIGUSR2].map(is_ignored);
            assert_eq!(ignored, [true, false, true, false]);
            return;
        }
        let name = "ignored_signals::tests::a_signal_is_ignored_where_whoever_started_the_process_said_so";
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", "trap '' HUP USR1; trap - ALRM USR2; exec \"$0\" \"$@\""]);
        let child = shell.arg(std::env::current_exe().expect("this test")).args(["--exact", "--nocapture", name]);
        let child = child.env(CHILD, "1").output().expect("there is bash");
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    }

    #[test]
    fn a_number_that_is_no_signal_is_not_ignored() {
        assert!([-1, 0, 1000].into_iter().all(|signal| !is_ignored(signal)));
    }
}
