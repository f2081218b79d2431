//! Pictures of images for looking at: a grid with a word over each column, as one PNG file.

mod canvas;
mod colour_scale;
mod grid;
mod shown;

pub use colour_scale::ColourScale;
pub use grid::{Grid, GridRow};
pub use shown::Shown;
