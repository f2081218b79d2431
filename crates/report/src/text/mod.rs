//! Texts of every output: numbers and counts as they are shown, and what keeps foreign text where it belongs.

mod aligned;
mod markdown;
mod numbers;
mod wrapped;

pub use aligned::aligned;
pub use bmae_output::csv_cell::csv_cell;
pub use bmae_output::duration::seconds as duration;
pub use markdown::{escape_markdown, fenced};
pub use numbers::{count, listed, percent, value};
pub use wrapped::wrapped;
