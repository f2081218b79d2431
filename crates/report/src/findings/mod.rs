//! What the report concludes, and whether the runs at hand say so too.
//!
//! `claims` lists the conclusions as data, in the terms of `claim`; `judge` holds each against the runs. What it
//! measures for that is in `accuracy`, `loss` and `features`; `words` says it to readers.

mod accuracy;
mod claim;
mod claims;
mod features;
mod finding;
mod judge;
mod lines;
mod loss;
pub mod words;

pub use finding::{Finding, FindingPart, Verdict};
pub use judge::findings;
