//! Methods, optimisers, the three training loops and run directories.
//!
//! A *method* here is a list of targets ([`method`]), never a loop of its own: [`pretrain`] runs them all.
//! What a reader looks for:
//!
//! - the rate of a step: [`schedule`]; which parameter is updated how: [`optimiser`];
//! - the loops, in the same order each: [`pretrain`], [`finetune`], [`linear_probe`]; no loop at all: `knn`; how all
//!   open and close a run directory: `stage_run`; which images and weights a run is made of: `stage_inputs`;
//! - what an evaluation leaves of its test images: `test_outcome`;
//! - where weights come from: [`start`], those that a recipe names and records: `checksum` and `teacher`; how they
//!   leave: [`export`]; what lies on disk: [`run_directory`];
//! - one stage, or a whole plan, is run: [`run`];
//! - what a finished run says of images: [`inference`];
//! - the same code for whoever checks a port: one pass ([`forward`]), recorded steps ([`replay`]); features for use
//!   elsewhere: [`features`];
//! - how fast it is here: [`mod@bench`], [`mod@speed`]; what a plan will take: [`mod@forecast`], told as an [`estimate`].

pub mod bench;
mod checksum;
mod class_loss;
pub mod device;
pub mod device_check;
pub mod device_scalar;
mod diagnosis;
mod epoch;
mod error;
pub mod estimate;
pub mod evaluation;
pub mod export;
pub mod features;
mod file_checksum;
pub mod finetune;
pub mod forecast;
pub mod forward;
pub mod inference;
mod input;
mod kept_images;
mod knn;
pub mod linear_probe;
pub mod method;
pub mod model;
mod monitor;
pub mod observer;
pub mod optimiser;
mod picture_place;
mod pictures;
pub mod pipeline;
pub mod pretrain;
pub mod preview;
mod principal_axes;
pub mod proposal;
pub mod ranks;
mod readable;
pub mod reconstruct;
pub mod replay;
pub mod run;
pub mod run_directory;
pub mod schedule;
mod session;
pub mod settled;
pub mod speed;
mod stage_images;
mod stage_inputs;
mod stage_run;
pub mod start;
pub mod step_images;
mod teacher;
mod test_outcome;
mod trunk;
pub mod whole_file;

pub use error::TrainError;
pub use session::{Outcome, Provenance, Session};
