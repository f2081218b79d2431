//! The statistics behind verdicts: estimates with 95 % intervals.

mod binomial;
mod estimate;
mod rank_correlation;
mod student;
mod trend;

pub use binomial::{binomial_difference, binomial_error, binomial_half_width, wilson_interval};
pub use estimate::{Basis, Estimate};
pub use rank_correlation::{FEWEST_PAIRS, rank_correlation};
pub use student::{half_width, mean, sample_variance};
pub use trend::relative_trend;
