//! Pre-training: one loop for every method.

mod batches;
mod beginning;
mod given;
mod student;

use bmae_data::Dataset;
use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Recipe, TrainedStage};
use burn::module::Module;

use batches::BatchSource;
pub(crate) use given::autoencoder_that_predicts;
pub(crate) use student::Pass;
pub use student::{StepReport, Student};

use crate::diagnosis;
use crate::epoch::{Epoch, Step, first_epoch, is_kept, unfinished};
use crate::input;
use crate::method::TargetEvent;
use crate::model::Predicted;
use crate::monitor::{self, Monitors, Signs};
use crate::observer::{Event, Message};
use crate::pictures::Gallery;
use crate::ranks::check_batches;
use crate::run_directory::{
    Checkpoint, EpochLine, Line, Position, RunDirectory, Snapshot, StabilityLine, has_checkpoint,
};
use crate::schedule::Schedule;
use crate::session::Summary;
use crate::stage_images::StageImages;
use crate::stage_inputs::inputs_of;
use crate::stage_run::{Extent, StageRun};
use crate::{Outcome, Session, TrainError, pipeline};

const STAGE: TrainedStage = TrainedStage::Pretrain;

/// Pre-trains as `planned` says, in its run directory.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub(crate) fn run(session: &mut Session<'_>, planned: &PlannedStage, resume: bool) -> Result<Outcome, TrainError> {
    let recipe = &planned.recipe;
    let data = pipeline::open(recipe)?;
    let steps = StageImages::of(&data, recipe, STAGE)?.steps;
    check_batches(session.ranks().count(), recipe, STAGE)?;
    let gallery = Gallery::of(recipe, &data)?;
    let device = session.training_device();
    let tell = &mut |message| session.say(message);
    let begin = |tell: &mut dyn FnMut(Message)| match &recipe.pretrain.from {
        Some(named) => Student::beginning_with(named, recipe, steps, &device, tell),
        None => Student::new(recipe, steps, &device, tell),
    };
    // After its first checkpoint a run goes on from its own weights, whatever became of those that it began with.
    let fresh = (!has_checkpoint(&planned.out)).then(|| begin(tell)).transpose()?;
    let Some(mut run) = StageRun::open(session, planned, &data, inputs_of(session, planned, &data)?, resume)? else {
        return Ok(Outcome::AlreadyFinished);
    };
    let tell = &mut |message| session.say(message);
    let checkpoint = run.checkpoint.take();
    let student = match (&checkpoint, fresh) {
        (Some(checkpoint), _) => Student::resume(recipe, steps, checkpoint, &device, tell)?,
        (None, Some(student)) => student,
        (None, None) => begin(tell)?,
    };
    let student = student.with_ranks(session.ranks().clone());
    let groups = student.groups().clone();
    let extent = Extent { epochs: planned.pretraining_epochs(), ..input::extent(recipe, STAGE, steps) };
    let images = BatchSource::of(&data.train, recipe, session)?;
    let mut pretraining = Pretraining { recipe, data, images, steps, epochs: extent.epochs, gallery, student };
    run.work(session, extent, Some(&groups), |session, directory| {
        pretraining.train(session, directory, checkpoint.as_deref())
    })
}

/// A pre-training at work.
struct Pretraining<'a> {
    recipe: &'a Recipe,
    data: Dataset,
    images: BatchSource,
    /// Steps in an epoch.
    steps: usize,
    /// Epochs in all; fewer than the recipe's where it is a trunk.
    epochs: usize,
    gallery: Gallery,
    student: Student,
}

impl Pretraining<'_> {
    /// All epochs from where `checkpoint` is.
    fn train(
        &mut self,
        session: &mut Session<'_>,
        directory: &mut RunDirectory,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Outcome, TrainError> {
        let (model, targets) = (self.student.model(), self.student.targets());
        let mut monitors = Monitors::after(&directory.lines()?, self.recipe, &self.data, model, targets)?;
        let mut summary = Summary::default();
        for epoch in first_epoch(checkpoint)..self.epochs {
            let (started, mut progress) = match unfinished(checkpoint, epoch) {
                Some(checkpoint) => self.resume_epoch(checkpoint, &mut monitors)?,
                None => self.begin_epoch(session, epoch, &mut monitors)?,
            };
            let last_step = match self.epoch(session, directory, &mut progress, &mut monitors)? {
                EpochEnd::Whole { last_step } => last_step,
                EpochEnd::Stopped(outcome) => return Ok(outcome),
            };
            let changes = TargetChanges { before: started, after: self.student.end_epoch(epoch) };
            let knn_top1 = self.end_epoch(session, directory, &progress, last_step, changes, &mut monitors)?;
            session.tell(Event::Epoch {
                epoch,
                loss: progress.loss(),
                images_per_s: progress.images_per_s(),
                top1: knn_top1,
                held_out: false,
                event: changes.first(),
            });
            summary.loss = Some(progress.loss());
        }
        Ok(Outcome::Finished(summary))
    }

    /// What comes before the first step of `epoch`.
    fn begin_epoch(
        &mut self,
        session: &mut Session<'_>,
        epoch: usize,
        monitors: &mut Monitors,
    ) -> Result<(Option<TargetEvent>, Epoch), TrainError> {
        let started = self.student.start_epoch(epoch)?;
        if started == Some(TargetEvent::Switch) {
            let groups = self.student.groups();
            session.tell(Event::Detail(format!("parameter groups from epoch {epoch} on:\n{groups}")));
        }
        if let Some(stability) = &mut monitors.stability {
            stability.begin_epoch(self.student.model(), self.student.targets(), epoch, started)?;
        }
        Ok((started, Epoch::begin(epoch, self.steps, self.recipe.stage(STAGE).batch_size)))
    }

    /// The same of an epoch that was begun before, which is where `checkpoint` is.
    fn resume_epoch(
        &self,
        checkpoint: &Checkpoint,
        monitors: &mut Monitors,
    ) -> Result<(Option<TargetEvent>, Epoch), TrainError> {
        if let Some(stability) = &mut monitors.stability {
            stability.restore(&checkpoint.snapshot).map_err(|what| checkpoint.refused(what))?;
        }
        let started = self.student.targets().started(checkpoint.position.epochs_done);
        Ok((started, Epoch::resume(checkpoint, self.steps, self.recipe.stage(STAGE).batch_size)?))
    }

    /// The steps of one epoch that are left.
    fn epoch(
        &mut self,
        session: &mut Session<'_>,
        directory: &mut RunDirectory,
        progress: &mut Epoch,
        monitors: &mut Monitors,
    ) -> Result<EpochEnd, TrainError> {
        let (recipe, epoch) = (self.recipe, progress.number());
        let settings = recipe.stage(STAGE);
        let schedule = Schedule::of(settings);
        let left = progress.steps_left();
        let batches = self.images.batches(recipe, progress.position(), session)?;
        let mut last_step = None;
        for (step, batch) in left.zip(batches) {
            if session.stopped() {
                let losses = progress.settle(session, directory, || diagnosis::NOWHERE.to_owned())?;
                monitors.after_steps(&losses);
                let stopped = progress.stop(directory, self.epochs, || self.snapshot(monitors))?;
                return Ok(EpochEnd::Stopped(stopped));
            }
            let batch = batch?;
            let rate = schedule.rate(progress.at(step));
            let noise = input::step_noise(recipe, epoch, &batch.indices);
            let report = self.student.step(epoch, step, rate, batch.images(), &noise)?;
            let taken = Step {
                loss: report.loss.clone(),
                gradient_norm: report.gradient_norm.clone(),
                rate,
                targets: report.targets.clone(),
                pixel: report.pixel.clone(),
            };
            let layers = || self.student.diagnose(&batch.images(), &noise);
            let losses = progress.after_step(session, directory, settings, taken, layers)?;
            monitors.after_steps(&losses);
            progress.keep_when_due(directory, settings, || self.snapshot(monitors))?;
            last_step = Some(Box::new(report));
        }
        Ok(EpochEnd::Whole { last_step })
    }

    /// Everything that goes on within an epoch.
    fn snapshot(&self, monitors: &Monitors) -> Snapshot {
        let mut snapshot = self.student.snapshot();
        if let Some(stability) = &monitors.stability {
            stability.store(&mut snapshot);
        }
        snapshot
    }

    /// Ends an epoch: measures the encoder, logs the lines, draws the pictures, keeps the checkpoint. Gives the quick
    /// nearest-neighbour accuracy in percent, where it was measured.
    fn end_epoch(
        &self,
        session: &mut Session<'_>,
        directory: &mut RunDirectory,
        progress: &Epoch,
        last_step: Option<Box<StepReport>>,
        changes: TargetChanges,
        monitors: &mut Monitors,
    ) -> Result<Option<f64>, TrainError> {
        let (recipe, student, epoch) = (self.recipe, &self.student, progress.number());
        let spread = last_step.map(|report| monitor::Spread::of(session.ranks(), &report.target, &report.prediction));
        let measured = monitor::measure(session, recipe, &self.data, &student.model().encoder, epoch)?;
        let signs = Signs {
            features_predicted: student.targets().exist(),
            target_std: spread.map(|spread| spread.target),
            rank_me: measured.map(|measured| measured.rank_me),
        };
        let collapse = monitors.collapse.judge(signs);
        if let Some(warning) = &collapse {
            session.warn(format!("{}, {}: {warning}", plain_path(directory.path()), after(epoch + 1)));
        }
        let knn_top1 = measured.and_then(|measured| measured.knn_top1);
        directory.log(&Line::Epoch(EpochLine {
            target_std: spread.map(|spread| spread.target),
            prediction_std: spread.map(|spread| spread.prediction),
            rank_me: measured.map(|measured| measured.rank_me),
            knn_top1,
            event: changes.first(),
            event_at_end: changes.before.is_none() && changes.after.is_some(),
            event_after: changes.before.and(changes.after).map(TargetEvent::name),
            collapse,
            ..progress.line(directory)
        }))?;
        let drawn = || {
            let features = student.targets().exist();
            (student.model().valid(), if features { Predicted::Features } else { Predicted::Pixels })
        };
        self.gallery.draw(recipe, drawn, directory, epoch + 1)?;
        if let Some(stability) = &mut monitors.stability {
            let measures = stability.end_epoch(student.model(), student.targets(), epoch)?;
            directory.log(&Line::Stability(StabilityLine { common: directory.common(epoch), measures }))?;
        }
        let keep = is_kept(epoch, recipe.stage(STAGE).checkpoint_every);
        directory.save(Position::after_epochs(epoch + 1), student.snapshot(), keep)?;
        Ok(knn_top1)
    }
}

/// `after 1 epoch`, `after 12 epochs`.
fn after(epochs_done: usize) -> String {
    format!("after {}", count(epochs_done, "epoch"))
}

/// What became of the targets before and after an epoch's training.
#[derive(Debug, Clone, Copy)]
struct TargetChanges {
    before: Option<TargetEvent>,
    after: Option<TargetEvent>,
}

impl TargetChanges {
    /// The name of what came first.
    fn first(self) -> Option<&'static str> {
        self.before.or(self.after).map(TargetEvent::name)
    }
}

/// How far an epoch came.
enum EpochEnd {
    /// All its steps were taken.
    Whole { last_step: Option<Box<StepReport>> },
    /// It was asked to stop.
    Stopped(Outcome),
}
