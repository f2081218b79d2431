//! The training crate as a whole, on images and models small enough to finish in seconds.

mod evaluations;
mod foreign_weights;
mod golden;
mod methods;
mod resume;
mod small;
