//! Methods as data: a warm-up on pixels, then a list of target encoders.
//!
//! [`Targets`] knows *when* a target is created, copied and averaged ([`events`] is the table of
//! `docs/methods.md`, "When targets change"); [`loss`] knows what the student is asked to predict. The pre-training
//! loop knows neither, so a new variant is a recipe and costs no new loop.

pub mod events;
pub mod loss;
mod target;

pub use events::TargetEvent;
pub(crate) use loss::normalise;
pub use loss::{FeatureTargets, weighted_mean};
pub use target::Targets;
