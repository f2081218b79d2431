//! Recipes, methods, optimisers, the three training loops and run directories.
//!
//! A *method* here is a list of targets ([`method`]), never a loop of its own: [`pretrain`] runs them all.
//! What a reader looks for:
//!
//! - the rate of a step: [`schedule`]; which parameter is updated how: [`optimiser`];
//! - the loops, in the same order each: [`pretrain`], [`finetune`], [`linear_probe`]; no loop at all: [`knn`];
//! - where weights come from: [`start`], and how they leave: [`export`]; what lies on disk: [`run_directory`];
//! - the plan that compares methods: [`reproduce`];
//! - the same code for whoever checks a port: one pass ([`forward`]), recorded steps ([`replay`]); features for use elsewhere:
//!   [`features`];
//! - how fast it is here: [`mod@bench`].

pub mod bench;
pub mod device;
mod diagnosis;
mod epoch;
mod error;
pub mod evaluation;
pub mod export;
pub mod features;
pub mod finetune;
pub mod forward;
mod input;
pub mod knn;
pub mod linear_probe;
pub mod method;
mod model;
mod monitor;
pub mod observer;
pub mod optimiser;
pub mod pictures;
pub mod pipeline;
pub mod pretrain;
pub mod preview;
pub mod replay;
pub mod reproduce;
pub mod run_directory;
pub mod schedule;
mod session;
pub mod start;

pub use error::TrainError;
pub use session::{Outcome, Provenance, Session};
