//! Operations on images, with Pillow's results for RGB of 8 bits: what RandAugment chooses from. Those on colours leave
//! any other image as it is; those that move pixels work on all.
//!
//! They change an image in place and keep its size. Results are those of Pillow's `ImageOps`, `ImageEnhance`,
//! `Image.transform` and `Image.rotate`, found out by experiment and compared with them pixel by pixel
//! (`tests/reference/pillow`).

mod affine;
mod auto_contrast;
mod blend;
mod brightness;
mod colour;
mod contrast;
mod equalise;
mod invert;
mod lookup;
mod posterise;
mod sharpness;
mod solarise;

pub use affine::{Affine, warp};
pub use auto_contrast::auto_contrast;
pub use brightness::brightness;
pub use colour::colour;
pub use contrast::contrast;
pub use equalise::equalise;
pub use invert::invert;
pub use posterise::posterise;
pub use sharpness::sharpness;
pub use solarise::{solarise, solarise_add};
