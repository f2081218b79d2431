//! How many of some images were looked at, shown on stderr: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::{Output, Volume, say};

/// The least time between two plain lines.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// The progress of a command over images.
pub struct ImageCount {
    all: usize,
    is_told: bool,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl ImageCount {
    /// Before the first of `all` images.
    pub fn new(all: usize, output: &Output) -> Self {
        let is_told = output.volume >= Volume::Normal;
        let bar = (is_told && stderr().is_terminal()).then(|| ProgressBar::new(all as u64));
        if let (Some(bar), Ok(style)) =
            (&bar, ProgressStyle::with_template("{wide_bar:.cyan/blue} {human_pos} of {human_len} images"))
        {
            bar.set_style(style);
        }
        Self { all, is_told, bar, last_line: Instant::now() }
    }

    /// `seen` images are through.
    pub fn show(&mut self, seen: usize) {
        match &self.bar {
            Some(bar) => bar.set_position(seen as u64),
            None if self.is_told && seen < self.all && self.last_line.elapsed() >= BETWEEN_LINES => {
                self.last_line = Instant::now();
                say(&format!("{seen} of {} images", self.all));
            }
            None => {}
        }
    }
}

impl Drop for ImageCount {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
