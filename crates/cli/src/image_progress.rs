//! The progress of looking through images: a bar on a terminal, a line for each tenth elsewhere.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::{Output, Volume, say};

/// How far a look through images is; several threads tell it.
pub struct ImageProgress {
    volume: Volume,
    bar: Option<ProgressBar>,
    images: usize,
    tenths_said: AtomicUsize,
}

impl ImageProgress {
    /// Of so many images.
    pub fn new(output: &Output, images: usize) -> Self {
        let is_shown = stderr().is_terminal() && output.volume >= Volume::Normal;
        let bar = is_shown.then(|| ProgressBar::new(images as u64));
        if let (Some(bar), Ok(style)) =
            (&bar, ProgressStyle::with_template("{wide_bar:.cyan/blue} {pos}/{len} images, {per_sec}"))
        {
            bar.set_style(style);
        }
        Self { volume: output.volume, bar, images, tenths_said: AtomicUsize::new(0) }
    }

    /// `done` images were looked at.
    pub fn show(&self, done: usize) {
        if let Some(bar) = &self.bar {
            // Threads tell their numbers in any order.
            bar.set_position(bar.position().max(done as u64));
            return;
        }
        let tenths = done.saturating_mul(10) / self.images.max(1);
        let is_new = tenths > self.tenths_said.fetch_max(tenths, Ordering::Relaxed);
        if is_new && self.volume >= Volume::Normal && self.images >= WORTH_LINES {
            say(&format!("{} % of {} images", tenths * 10, self.images));
        }
    }
}

/// Fewer images are looked through before anybody has read a line.
const WORTH_LINES: usize = 1_000;

impl Drop for ImageProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
