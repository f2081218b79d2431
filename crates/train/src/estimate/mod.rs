//! What a plan will take, as it is told before it starts: data alone, made by [`forecast`](mod@crate::forecast).

mod caution;

use bmae_recipe::Bytes;

pub use caution::Caution;

/// How much is done for an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Nothing is timed: whether the disk has room is all that is found out.
    RoomOnly,
    /// Steps are timed, unless the whole takes only seconds.
    Worthwhile,
    /// Steps are timed.
    Always,
}

/// What a plan will take.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanEstimate {
    /// Of each stage, in the order of the plan.
    pub stages: Vec<StageEstimate>,
    /// Steps that were timed; 0 where the times are guesses from the work.
    pub steps_timed: usize,
    /// Bytes of disk that all of it needs, with what is needed only meanwhile.
    pub disk: Bytes,
    /// Bytes that are free there; `None` where the system does not say.
    pub free: Option<Bytes>,
    /// What is probably not meant, each once.
    pub cautions: Vec<Caution>,
}

/// What a stage will take.
#[derive(Debug, Clone, PartialEq)]
pub struct StageEstimate {
    /// Whether there is anything left to do.
    pub is_due: bool,
    /// Epochs that are left, and optimiser steps in each.
    pub epochs: usize,
    /// Steps in each of them.
    pub steps_per_epoch: usize,
    /// Seconds that it will take.
    pub seconds: f64,
    /// Bytes of disk that it leaves.
    pub disk: Bytes,
    /// Bytes of memory that it takes while it runs.
    pub memory: Bytes,
}

impl PlanEstimate {
    /// Seconds of all stages.
    pub fn seconds(&self) -> f64 {
        self.stages.iter().map(|stage| stage.seconds).sum()
    }

    /// Bytes of memory of the stage that needs most.
    pub fn memory(&self) -> Bytes {
        self.stages.iter().map(|stage| stage.memory).max_by_key(|bytes| bytes.0).unwrap_or(Bytes(0))
    }

    /// How many stages are still to be run.
    pub fn due(&self) -> usize {
        self.stages.iter().filter(|stage| stage.is_due).count()
    }
}
