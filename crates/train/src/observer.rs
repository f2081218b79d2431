//! What a loop tells while it runs: to a progress bar, to plain lines, to a test.

use bmae_recipe::Stage;

use crate::estimate::PlanEstimate;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What all that is about to run will take; told to whoever asked for it.
    Estimated(Box<PlanEstimate>),
    /// A loop begins or goes on.
    Started {
        /// The run's name.
        run: String,
        /// Which loop.
        stage: Stage,
        /// Epochs in all.
        epochs: usize,
        /// The first epoch of this session; above 0 on a resume.
        first_epoch: usize,
        /// The first step of that epoch; above 0 on a resume within it.
        first_step: usize,
        /// Steps in each epoch.
        steps_per_epoch: usize,
        /// Images in each step.
        batch_size: usize,
        /// Whether these are features that are computed once, before the first step.
        features_once: bool,
    },
    /// A step was taken.
    Step {
        /// Epoch, from 0.
        epoch: usize,
        /// Step within the epoch, from 0.
        step: usize,
        /// Its loss.
        loss: f64,
        /// Images per second since the epoch began; `None` where features pass that were computed before.
        images_per_s: Option<f64>,
    },
    /// An epoch ended.
    Epoch {
        /// Epoch, from 0.
        epoch: usize,
        /// Mean loss.
        loss: f64,
        /// Images per second; `None` where features pass that were computed before.
        images_per_s: Option<f64>,
        /// Top-1 in percent, where the epoch was evaluated.
        top1: Option<f64>,
        /// Whether that is on images that are held out; else it is on the test images.
        held_out: bool,
        /// What the method did with its targets.
        event: Option<&'static str>,
    },
    /// A loop is through; top-1 in percent where there is one.
    Finished {
        /// The run's name.
        run: String,
        /// Which loop.
        stage: Stage,
        /// The last loss.
        loss: Option<f64>,
        /// The last top-1 in percent.
        top1: Option<f64>,
    },
    /// A run that was finished earlier is not repeated.
    AlreadyFinished {
        /// The run's name.
        run: String,
        /// Which loop.
        stage: Stage,
    },
    /// Something to be said.
    Message(Message),
    /// A detail, for whoever asks for more.
    Detail(String),
}

/// A sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Worth knowing.
    Note(String),
    /// Probably not meant, or not well: a collapse, a leftover.
    Warning(String),
}

/// Whoever wants to know.
pub trait Observer {
    /// Called from the training thread; must return soon.
    fn notify(&mut self, event: &Event);
}

/// Nobody wants to know.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn notify(&mut self, _: &Event) {}
}
