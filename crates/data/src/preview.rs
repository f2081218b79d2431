//! Pictures of images for looking at: a grid with a word over each column, or tiles with lines below each, as one
//! PNG file.

mod canvas;
mod colour_scale;
mod grid;
mod shown;
mod single;
mod tiles;

pub use colour_scale::ColourScale;
pub use grid::{Grid, GridRow};
pub use shown::Shown;
pub use single::image_to_png;
pub use tiles::{Tile, tiles_to_png};
