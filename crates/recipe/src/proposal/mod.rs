//! A recipe for the images at hand, on the machine at hand: facts in, a recipe with the reason of each value out.
//!
//! What is chosen, in this order: the batch size from the number of images; the image size from the images, or the next
//! smaller usual one while the time is enough for too few steps; the largest model that the time, the memory and the
//! number of images are enough for; the epochs that fill the time; and in proportion to them everything that is counted
//! in epochs. How long something takes is asked of whoever can measure it.

mod at_hand;
mod draft;
mod lengths;
mod search;
mod sizes;
mod source_text;
mod written;

pub use at_hand::{Budget, ImagesAtHand};
pub use search::propose;
pub use source_text::source_text;
pub use written::Proposal;

#[cfg(test)]
mod tests;
