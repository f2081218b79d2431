//! What all loops need besides their recipe: a device, workers, a way to be stopped, somebody to tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::tensor::Device;

use crate::TrainError;
use crate::device::DeviceChoice;
use crate::observer::{Event, Observer};
use crate::run_directory::{RunDirectory, last_weights};

/// The surroundings of a run; none of it changes a result.
pub struct Session<'a> {
    device: Device,
    workers: usize,
    stop: Arc<AtomicBool>,
    observer: &'a mut dyn Observer,
}

impl<'a> Session<'a> {
    /// `workers` threads decode and augment; setting `stop` ends a loop after the step in hand.
    pub fn new(
        device: DeviceChoice,
        workers: usize,
        stop: Arc<AtomicBool>,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, TrainError> {
        Ok(Self { device: device.open()?, workers: workers.max(1), stop, observer })
    }

    /// The device on which gradients are recorded.
    pub(crate) fn training_device(&self) -> Device {
        self.device.clone().autodiff()
    }

    /// The same device, without gradients.
    pub(crate) fn inference_device(&self) -> Device {
        self.device.clone()
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.observer.notify(&event);
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.tell(Event::Warning(text.into()));
    }
}

/// How a loop ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All epochs are done.
    Finished(Summary),
    /// They were done before; nothing was repeated.
    AlreadyFinished,
    /// It was asked to stop.
    Interrupted {
        /// Whole epochs that are kept.
        epochs_kept: usize,
        /// Epochs in all.
        epochs: usize,
        /// Steps of the epoch in hand that a resume repeats.
        steps_lost: usize,
    },
}

/// The last figures of a finished loop.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// The last epoch's mean training loss.
    pub loss: Option<f64>,
    /// Test top-1 in percent after the last epoch.
    pub top1: Option<f64>,
}

/// A loss that is no number any more stops a run and names where it happened.
pub(crate) fn check_finite(loss: f64, directory: &RunDirectory, epoch: usize, step: usize) -> Result<(), TrainError> {
    if loss.is_finite() {
        return Ok(());
    }
    let weights = last_weights(directory.path());
    let last_good = if epoch > 0 && weights.exists() {
        format!("and go on from {}", weights.display())
    } else {
        "and start again".to_owned()
    };
    Err(TrainError::NotFinite { run: directory.name().to_owned(), loss, step, epoch, last_good })
}

/// Lines of an epoch in `metrics.jsonl`: as many as the published curves have.
const LOGGED_PER_EPOCH: usize = 5;

/// Whether a step (from 0) of an epoch of `steps` is logged: five, evenly spread; all if there are fewer.
pub(crate) fn is_logged(step: usize, steps: usize) -> bool {
    (step + 1) * LOGGED_PER_EPOCH / steps > step * LOGGED_PER_EPOCH / steps
}

/// Whether the weights after `epoch` (from 0) are kept under a name of their own.
pub(crate) fn is_kept(epoch: usize, every: usize) -> bool {
    every > 0 && (epoch + 1).is_multiple_of(every)
}

/// How fast the training steps of an epoch go.
#[derive(Debug)]
pub(crate) struct Pace {
    batch_size: usize,
    steps: usize,
    began: Instant,
    trained: Duration,
}

impl Pace {
    pub fn start(batch_size: usize) -> Self {
        Self { batch_size, steps: 0, began: Instant::now(), trained: Duration::ZERO }
    }

    /// Counts a step; images per second since the epoch began.
    pub fn after_step(&mut self) -> f64 {
        self.steps += 1;
        self.trained = self.began.elapsed();
        self.images_per_s()
    }

    /// Images per second up to the last step.
    pub fn images_per_s(&self) -> f64 {
        let seconds = self.trained.as_secs_f64();
        if seconds > 0.0 { (self.steps * self.batch_size) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_steps_of_an_epoch_are_logged_or_all_where_there_are_fewer() {
        for steps in [1, 3, 5, 7, 78, 390] {
            let logged = (0..steps).filter(|&step| is_logged(step, steps)).count();
            assert_eq!(logged, steps.min(5), "{steps} steps");
            assert!(is_logged(steps - 1, steps), "the last of {steps} steps");
        }
    }

    #[test]
    fn weights_are_kept_every_so_many_epochs_and_never_with_zero() {
        let kept = |every| (0..6).filter(|&epoch| is_kept(epoch, every)).collect::<Vec<_>>();
        assert_eq!(kept(2), [1, 3, 5]);
        assert_eq!(kept(0), [0; 0]);
    }
}
