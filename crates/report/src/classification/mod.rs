//! How evaluations classify their test images: which class is taken for which, scores of classes, calibration. All of it
//! is counted from the predictions that an evaluation left.

mod calibration;
mod confusion;
mod line;
mod outcome;

pub use calibration::Calibration;
pub use line::{ClassifiedLine, classified_lines};
pub use outcome::TestOutcome;
