//! The most memory that this process has held.

use std::fs;

/// Starts a new peak at what is held now, where the system can.
pub(super) fn forget_peak() {
    // Linux: 5 resets the peak resident set size. Elsewhere, or without the right to, the old peak stays.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The peak resident set size in bytes; `None` where the system has no `/proc/self/status`.
pub(super) fn peak() -> Option<u64> {
    peak_in(&fs::read_to_string("/proc/self/status").ok()?)
}

fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_kibibytes() {
        assert_eq!(peak_in("VmPeak:\t  999 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(peak_in("VmRSS:\t 1 kB\n"), None);
    }
}
