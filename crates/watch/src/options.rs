//! How to watch.

use std::time::Duration;

/// How to watch. The default looks every second, in colour unless the environment says `NO_COLOR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How often to look for news; less than 0.1 s counts as that.
    pub every: Duration,
    /// Whether to use colours. Without them letters, bold and reversed text tell things apart.
    pub colour: bool,
}

impl Default for Options {
    fn default() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { every: Duration::from_secs(1), colour: !plain }
    }
}
