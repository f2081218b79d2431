//! What an epoch adds up while its steps go by, the same for all three loops: means, pace, lines of `metrics.jsonl`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_recipe::StageRecipe;

use crate::device_scalar::DeviceScalar;
use crate::observer::Event;
use crate::run_directory::{Checkpoint, EpochLine, Line, Position, RunDirectory, Snapshot, StepLine, last_weights};
use crate::{Outcome, Session, TrainError};

/// Lines of an epoch in `metrics.jsonl`: as many as the published curves have.
const LOGGED_PER_EPOCH: usize = 5;

/// One epoch of a loop at work.
#[derive(Debug)]
pub(crate) struct Epoch {
    /// From 0.
    number: usize,
    steps: usize,
    batch_size: usize,
    /// Whether images pass; `false` where their features were computed before, and a rate of images says nothing.
    pub sees_images: bool,
    began: Instant,
    /// What earlier sessions trained of it.
    earlier: Duration,
    trained: Duration,
    steps_done: usize,
    /// Those of its steps that are on the disk.
    steps_kept: usize,
    loss_sum: f64,
    norm_sum: f64,
    /// Steps that were taken and whose numbers are still on their device, each with the rate of images when it was.
    pending: Vec<(Step, Option<f64>)>,
}

/// The sums of an unfinished epoch, as a checkpoint names them.
const LOSS_SUM: &str = "epoch.loss_sum";
const NORM_SUM: &str = "epoch.gradient_norm_sum";
const TRAINED_S: &str = "epoch.trained_s";

/// What a loop knows of a step once it was taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    /// The training loss.
    pub loss: DeviceScalar,
    /// Global norm of the gradient, before clipping.
    pub gradient_norm: DeviceScalar,
    /// The rate before layer-wise scaling.
    pub rate: f64,
    /// The loss against each feature target.
    pub targets: Vec<DeviceScalar>,
    /// The loss on pixels beside them.
    pub pixel: Option<DeviceScalar>,
}

impl Step {
    /// Its numbers: loss, norm, targets, pixels.
    fn numbers(&self) -> impl Iterator<Item = &DeviceScalar> {
        [&self.loss, &self.gradient_norm].into_iter().chain(&self.targets).chain(&self.pixel)
    }
}

impl Epoch {
    /// Epoch `number` (from 0) of `steps` steps begins.
    pub fn begin(number: usize, steps: usize, batch_size: usize) -> Self {
        Self {
            number,
            steps,
            batch_size,
            sees_images: true,
            began: Instant::now(),
            earlier: Duration::ZERO,
            trained: Duration::ZERO,
            steps_done: 0,
            steps_kept: 0,
            loss_sum: 0.0,
            norm_sum: 0.0,
            pending: Vec::new(),
        }
    }

    /// Epoch `number` begins, or goes on where it is the unfinished one of `checkpoint`.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn begin_or_resume(
        number: usize,
        checkpoint: Option<&Checkpoint>,
        steps: usize,
        batch_size: usize,
    ) -> Result<Self, TrainError> {
        match unfinished(checkpoint, number) {
            Some(checkpoint) => Self::resume(checkpoint, steps, batch_size),
            None => Ok(Self::begin(number, steps, batch_size)),
        }
    }

    /// The unfinished epoch of `checkpoint` goes on.
    ///
    /// # Errors
    /// When the checkpoint lacks its sums, or has more steps than an epoch.
    pub fn resume(checkpoint: &Checkpoint, steps: usize, batch_size: usize) -> Result<Self, TrainError> {
        let Position { epochs_done, steps_done } = checkpoint.position;
        if steps_done > steps {
            return Err(checkpoint.refused(format!("is after {} of an epoch of {steps}", count(steps_done, "step"))));
        }
        let number = |name: &str| {
            let number = checkpoint.snapshot.numbers.get(name).copied();
            number.ok_or_else(|| checkpoint.refused(format!("lacks the number {name}")))
        };
        let earlier = Duration::try_from_secs_f64(number(TRAINED_S)?).unwrap_or_default();
        Ok(Self {
            earlier,
            trained: earlier,
            steps_done,
            steps_kept: steps_done,
            loss_sum: number(LOSS_SUM)?,
            norm_sum: number(NORM_SUM)?,
            ..Self::begin(epochs_done, steps, batch_size)
        })
    }

    /// Where it is.
    pub fn position(&self) -> Position {
        Position { epochs_done: self.number, steps_done: self.steps_done }
    }

    /// The steps that are left, from 0 within the epoch.
    pub fn steps_left(&self) -> std::ops::Range<usize> {
        self.steps_done..self.steps
    }

    /// Keeps a checkpoint within the epoch where the last one is as old as the recipe says; the end of the epoch keeps
    /// its own.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_when_due(
        &mut self,
        directory: &mut RunDirectory,
        settings: &StageRecipe,
        snapshot: impl FnOnce() -> Snapshot,
    ) -> Result<(), TrainError> {
        match self.steps_done < self.steps && directory.is_checkpoint_due(settings.checkpoint_minutes) {
            true => self.keep(directory, snapshot()),
            false => Ok(()),
        }
    }

    /// Ends a loop of `epochs` epochs that was asked to stop here, where all steps are [settled](Self::settle); nothing of what it
    /// did is lost.
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub fn stop(
        &mut self,
        directory: &mut RunDirectory,
        epochs: usize,
        snapshot: impl FnOnce() -> Snapshot,
    ) -> Result<Outcome, TrainError> {
        if self.steps_done > self.steps_kept {
            self.keep(directory, snapshot())?;
        }
        Ok(Outcome::Interrupted { epochs_kept: self.number, epochs, steps_kept: self.steps_kept })
    }

    fn keep(&mut self, directory: &mut RunDirectory, mut snapshot: Snapshot) -> Result<(), TrainError> {
        let sums = [(LOSS_SUM, self.loss_sum), (NORM_SUM, self.norm_sum), (TRAINED_S, self.trained.as_secs_f64())];
        snapshot.numbers.extend(BTreeMap::from(sums.map(|(name, sum)| (name.to_owned(), sum))));
        directory.save(self.position(), snapshot, false)?;
        self.steps_kept = self.steps_done;
        Ok(())
    }

    /// Its number, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The fractional epoch before the step number `step` (from 0).
    pub fn at(&self, step: usize) -> f64 {
        self.number as f64 + step as f64 / self.steps as f64
    }

    /// Counts a step, and where it can without waiting for a device, or has to, [settles](Self::settle) it and those before:
    /// when a line of it is logged, a checkpoint is due or the epoch ends. Gives the losses of the steps that were settled.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub fn after_step(
        &mut self,
        session: &mut Session<'_>,
        directory: &mut RunDirectory,
        settings: &StageRecipe,
        taken: Step,
        layers: impl FnOnce() -> String,
    ) -> Result<Vec<f64>, TrainError> {
        self.trained = self.earlier + self.began.elapsed();
        let is_known = taken.loss.is_known() && taken.gradient_norm.is_known();
        let step = self.steps_done;
        self.steps_done += 1;
        self.pending.push((taken, self.images_per_s()));
        match is_known || is_logged(step, self.steps) || directory.is_checkpoint_due(settings.checkpoint_minutes) {
            true => self.settle(session, directory, layers),
            false => Ok(Vec::new()),
        }
    }

    /// Reads, logs and tells the steps that are not settled yet, and gives their losses. Of a step that is no number any more
    /// `layers` says where that comes from.
    ///
    /// # Errors
    /// When a loss or gradient is no number any more, a line cannot be written, or the run directory is not where it was: a run
    /// that nobody can find should not work on.
    pub fn settle(
        &mut self,
        session: &mut Session<'_>,
        directory: &mut RunDirectory,
        layers: impl FnOnce() -> String,
    ) -> Result<Vec<f64>, TrainError> {
        directory.check_place()?;
        let pending = std::mem::take(&mut self.pending);
        let first = self.steps_done - pending.len();
        let numbers = pending.iter().flat_map(|(taken, _)| taken.numbers().cloned()).collect::<Vec<_>>();
        let mut numbers = DeviceScalar::items(&numbers).into_iter();
        let mut next = || numbers.next().unwrap_or(f64::NAN);
        let mut losses = Vec::with_capacity(pending.len());
        let mut layers = Some(layers);
        for (step, (taken, images_per_s)) in (first..).zip(pending) {
            let epoch = self.number;
            let (loss, gradient_norm) = (next(), next());
            let targets: Vec<f64> = taken.targets.iter().map(|_| next()).collect();
            let pixel = taken.pixel.as_ref().map(|_| next());
            if let Some(error) = self.not_finite(step, loss, gradient_norm, directory, &mut layers) {
                return Err(error);
            }
            self.loss_sum += loss;
            self.norm_sum += gradient_norm;
            if is_logged(step, self.steps) {
                directory.log(&Line::Step(StepLine {
                    common: directory.common(epoch),
                    step: epoch * self.steps + step,
                    epoch_1000x: (self.at(step) * 1000.0) as u64,
                    loss,
                    lr: taken.rate,
                    images_per_s,
                    targets,
                    pixel,
                }))?;
            }
            session.tell(Event::Step { epoch, step, loss, images_per_s });
            losses.push(loss);
        }
        Ok(losses)
    }

    /// Mean loss of the steps so far.
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.steps_done as f64
    }

    /// Images per second up to the last step; evaluation does not count. `None` where no images pass.
    pub fn images_per_s(&self) -> Option<f64> {
        let seconds = self.trained.as_secs_f64();
        let rate = if seconds > 0.0 { (self.steps_done * self.batch_size) as f64 / seconds } else { 0.0 };
        self.sees_images.then_some(rate)
    }

    /// The `epoch` line, without the monitors of pre-training.
    pub fn line(&self, directory: &RunDirectory) -> EpochLine {
        EpochLine {
            common: directory.common(self.number),
            loss: self.loss(),
            images_per_s: self.images_per_s(),
            target_std: None,
            prediction_std: None,
            rank_me: None,
            knn_top1: None,
            grad_norm: Some(self.norm_sum / self.steps_done as f64),
            event: None,
            event_at_end: false,
            event_after: None,
            collapse: None,
        }
    }

    /// A loss or gradient of `step` that is no number any more stops a run: the error names where it happened.
    fn not_finite(
        &self,
        step: usize,
        loss: f64,
        gradient_norm: f64,
        directory: &RunDirectory,
        layers: &mut Option<impl FnOnce() -> String>,
    ) -> Option<TrainError> {
        let (what, value) = match (loss.is_finite(), gradient_norm.is_finite()) {
            (true, true) => return None,
            (false, _) => ("loss", loss),
            (true, false) => ("gradient's norm", gradient_norm),
        };
        let weights = last_weights(directory.path());
        let last_good = if self.number > 0 && weights.exists() {
            let epochs = if self.number == 1 { "the first epoch".to_owned() } else { count(self.number, "epoch") };
            format!("{} is good after {epochs}, to look at or to evaluate", plain_path(weights))
        } else {
            "no epoch was finished, so there is no good checkpoint".to_owned()
        };
        Some(TrainError::NotFinite {
            of: format!("{what} of {}", plain_path(directory.path())),
            value,
            layers: layers.take().map(|layers| layers()).unwrap_or_default(),
            step: self.number * self.steps + step,
            epoch: self.number + 1,
            last_good,
        })
    }
}

/// The checkpoint, where it lies within epoch `number`.
pub(crate) fn unfinished(checkpoint: Option<&Checkpoint>, number: usize) -> Option<&Checkpoint> {
    checkpoint.filter(|Checkpoint { position, .. }| position.epochs_done == number && !position.is_whole())
}

/// The first epoch (from 0) that is not done at `checkpoint`.
pub(crate) fn first_epoch(checkpoint: Option<&Checkpoint>) -> usize {
    checkpoint.map_or(0, |checkpoint| checkpoint.position.epochs_done)
}

/// Whether a step (from 0) of an epoch of `steps` is logged: five, evenly spread; all if there are fewer.
fn is_logged(step: usize, steps: usize) -> bool {
    (step + 1) * LOGGED_PER_EPOCH / steps > step * LOGGED_PER_EPOCH / steps
}

/// Whether the weights after `epoch` (from 0) are kept under a name of their own.
pub(crate) fn is_kept(epoch: usize, every: usize) -> bool {
    every > 0 && (epoch + 1).is_multiple_of(every)
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

    #[test]
    fn the_schedule_sees_the_fractional_epoch() {
        assert_eq!(Epoch::begin(3, 4, 16).at(1), 3.25);
    }
}
