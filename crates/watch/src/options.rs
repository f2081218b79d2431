//! How to watch.

use std::time::Duration;

/// How to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The command line that watches: the title of the view, and, with a run behind it, what prints the run's whole
    /// message.
    pub command: &'static str,
    /// How often to look for news; less than 0.1 s counts as that.
    pub every: Duration,
    /// Whether to use colours. Without them letters, bold and reversed text tell things apart.
    pub colour: bool,
}

impl Options {
    /// Looks every second, in colour unless the environment says `NO_COLOR`.
    pub fn new(command: &'static str) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { command, every: Duration::from_secs(1), colour: !plain }
    }
}
