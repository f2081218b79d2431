//! `index.html`: one file that needs nothing else, for wide and narrow screens, light and dark.

mod contents;
mod curves;
mod data;
mod document;
mod evaluations;
mod findings;
mod how;
mod pictures;
mod results;

pub use contents::Contents;
pub use document::page;
