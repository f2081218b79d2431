//! Texts of every output: numbers and counts as they are shown, and what keeps foreign text where it belongs.

mod aligned;
mod markdown;
mod numbers;

pub use aligned::aligned;
pub use markdown::escape_markdown;
pub use numbers::{count, duration, listed, percent, value};
