//! The typeface of every picture: its bytes ([`typeface`]), how a text is broken into lines of a width ([`lines`]), and a
//! line as shades of pixels ([`shades`]). It knows nothing of what is drawn.

pub mod lines;
pub mod shades;
pub mod typeface;
