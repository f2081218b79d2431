//! Sweeps: the same experiment with other values of some keys, every combination of them.
//!
//! [`Sweep`] is what was asked for, [`plan()`] what is to be run: one run directory for each stage, laid out as
//! `reproduce` lays out its own, so that `bmae-train` runs it and the report compares it. What combinations have in
//! common is run once. [`emit`] writes the same plan for engines that spread it over machines.

mod builtin;
pub mod emit;
mod error;
mod file;
mod grid;
mod plan;

pub use builtin::NAMES;
pub use error::SweepError;
pub use file::read;
pub use grid::{Axis, Grid, Sweep};
pub use plan::{SweepPlan, plan};
