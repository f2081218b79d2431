//! Sizes in memory, and how much there is.

use std::fmt;

/// A size in bytes, shown as people say it: "1.5 GiB".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u128);

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        let mut size = self.0 as f64;
        let mut unit = 0;
        while size >= 1024.0 && unit + 1 < UNITS.len() {
            size /= 1024.0;
            unit += 1;
        }
        match size < 1e6 {
            true => write!(formatter, "{size:.1} {}", UNITS[unit]),
            false => write!(formatter, "millions of {}", UNITS[unit]),
        }
    }
}

/// Bytes that a program may still take on this machine: `MemAvailable` of `/proc/meminfo`. `None` where the system has
/// no such file.
pub fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_how_much_memory_there_is() {
        assert!(super::available_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
