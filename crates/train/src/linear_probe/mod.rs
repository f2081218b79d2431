//! Linear probing: a linear head learns on a frozen encoder, evaluated after every epoch.

mod batches;
mod learner;

use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::LinearProbe;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Stage, TrainedStage};

use batches::TrainingFeatures;
pub use learner::ProbeLearner;

use crate::diagnosis;
use crate::epoch::{Epoch, Step, first_epoch};
use crate::evaluation::{Features, Score, Selection, TestPredictions, TestScore, end_epoch, log_tested};
use crate::observer::{Event, Message};
use crate::ranks::check_batches;
use crate::run_directory::{Checkpoint, Line, RunDirectory, Snapshot};
use crate::schedule::Schedule;
use crate::session::Summary;
use crate::stage_images::{StageImages, class_sizes};
use crate::stage_inputs::inputs_of;
use crate::stage_run::StageRun;
use crate::test_outcome::TestImages;
use crate::{Outcome, Session, TrainError, input, start};

const STAGE: TrainedStage = TrainedStage::Linprobe;

/// Probes the encoder that `planned` starts from, in its run directory.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub(crate) fn run(session: &mut Session<'_>, planned: &PlannedStage, resume: bool) -> Result<Outcome, TrainError> {
    let recipe = &planned.recipe;
    let (data, test) = input::open_labelled(recipe, Stage::Linprobe)?;
    let inputs = inputs_of(session, planned, &data)?;
    let images = StageImages::of(&data, recipe, STAGE)?;
    let recipe = &images.recipe;
    check_batches(session.ranks().count(), recipe, STAGE)?;
    let start = start::of_session(planned);
    let encoder = start::encoder(&start, recipe, &session.inference_device(), &mut |message| session.say(message))?;
    let classes = data.class_names.len();
    let mut learner = ProbeLearner::new(recipe, encoder, classes, &session.training_device())?;
    learner.weigh_classes(&class_sizes(images.train.as_ref(), classes));
    let learner = learner.with_ranks(session.ranks().clone());
    let Some(mut run) = StageRun::open(session, planned, &data, inputs, resume)? else {
        return Ok(Outcome::AlreadyFinished);
    };
    session.say_images(planned, images.told(STAGE));
    let selection = Selection::new(&recipe.linprobe.labels);
    let mut probing = Probing { images: &images, test, class_names: &data.class_names, learner, selection };
    let checkpoint = run.checkpoint.take();
    if let Some(checkpoint) = &checkpoint {
        probing.learner.restore(checkpoint)?;
        probing.selection.restore(checkpoint)?;
    }
    let groups = probing.learner.groups().clone();
    run.work(session, input::extent(recipe, STAGE, images.steps), Some(&groups), |session, directory| {
        probing.train(session, directory, checkpoint.as_deref())
    })
}

/// A linear probe at work.
struct Probing<'a> {
    images: &'a StageImages,
    test: Arc<dyn Images>,
    /// What the classes are called.
    class_names: &'a [String],
    learner: ProbeLearner,
    selection: Selection,
}

impl Probing<'_> {
    /// All epochs from where `checkpoint` is.
    fn train(
        &mut self,
        session: &mut Session<'_>,
        directory: &mut RunDirectory,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Outcome, TrainError> {
        let StageImages { train, held_out, recipe, steps, .. } = self.images;
        let settings = recipe.stage(STAGE);
        let schedule = Schedule::of(settings);
        let train = TrainingFeatures::new(session, recipe, self.learner.encoder(), train)?;
        // The encoder is frozen and these images are not augmented: their features never change.
        let measured = held_out.as_ref().unwrap_or(&self.test);
        let measured = batches::fixed(session, recipe, self.learner.encoder(), measured)?;
        let (mut summary, mut tested) = (Summary::default(), None);
        let first = first_epoch(checkpoint);
        let mut epochs_done = first;
        for epoch in first..settings.epochs {
            if self.selection.is_out_of_patience(epoch) {
                directory.ends_after(epoch);
                break;
            }
            let mut progress = Epoch::begin_or_resume(epoch, checkpoint, *steps, settings.batch_size)?;
            progress.sees_images = !recipe.probes_fixed_features();
            // Where it was stopped meanwhile, not all features are there.
            if session.stopped() {
                return progress.stop(directory, settings.epochs, || self.snapshot());
            }
            let left = progress.steps_left();
            let mut batches = train.epoch(session, recipe, progress.position())?;
            for step in left {
                if session.stopped() {
                    progress.settle(session, directory, || diagnosis::NOWHERE.to_owned())?;
                    return progress.stop(directory, settings.epochs, || self.snapshot());
                }
                let Some(batch) = batches.next(session, recipe, self.learner.encoder(), step) else { break };
                let (features, labels) = batch?;
                let rate = schedule.rate(progress.at(step));
                let (loss, gradient_norm) = self.learner.step(rate, features.clone(), &labels)?;
                let taken = Step { loss, gradient_norm, rate, ..Step::default() };
                progress.after_step(session, directory, settings, taken, || self.learner.diagnose(features))?;
                progress.keep_when_due(directory, settings, || self.snapshot())?;
            }
            let Some((score, predictions)) = score(session, &self.learner.frozen(), &measured)? else {
                return progress.stop(directory, settings.epochs, || self.snapshot());
            };
            directory.log(&Line::Epoch(progress.line(directory)))?;
            end_epoch(directory, recipe, STAGE, epoch, score, &mut self.selection, self.learner.snapshot())?;
            session.tell(Event::Epoch {
                epoch,
                loss: progress.loss(),
                images_per_s: progress.images_per_s(),
                top1: Some(score.top1),
                held_out: held_out.is_some(),
                event: None,
            });
            summary = Summary { loss: Some(progress.loss()), top1: Some(score.top1) };
            epochs_done = epoch + 1;
            tested = held_out.is_none().then_some((score, predictions));
        }
        let best = self.selection.best_held_out();
        let test = match held_out {
            Some(_) => &batches::fixed(session, recipe, self.learner.encoder(), &self.test)?,
            None => &measured,
        };
        let (score, predictions) = match (best, tested) {
            (None, Some(tested)) => tested,
            // The best epoch on held-out images, or the last one where the session before ended behind it.
            (best, _) => {
                let best = best.map(|best| directory.best_weights(best.epochs_done)).transpose()?;
                let probe = best.map(|weights| self.learner.with_weights(&weights)).transpose()?;
                let probe = probe.unwrap_or_else(|| self.learner.frozen());
                let Some(tested) = score(session, &probe, test)?.filter(|_| !session.stopped()) else {
                    return Ok(Outcome::Interrupted {
                        epochs_kept: epochs_done,
                        epochs: settings.epochs,
                        steps_kept: 0,
                    });
                };
                tested
            }
        };
        if let Some(best) = best {
            log_tested(directory, STAGE, best, score)?;
            session.say(Message::Note(self.selection.told(epochs_done, settings.epochs)));
        }
        summary.top1 = Some(score.top1);
        let images = TestImages { recipe, images: &self.test, class_names: self.class_names };
        images.keep_map(directory, test, epochs_done.saturating_sub(1))?;
        images.keep_predictions(session, directory, &predictions)?;
        Ok(Outcome::Finished(summary))
    }

    /// Everything that goes on within an epoch.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.learner.snapshot();
        self.selection.store(&mut snapshot);
        snapshot
    }
}

/// The score of `probe` on `features`, by running statistics, and what it predicted for each image.
fn score(
    session: &Session<'_>,
    probe: &LinearProbe,
    features: &Features,
) -> Result<Option<(Score, TestPredictions)>, TrainError> {
    let mut score = TestScore::default();
    for start in (0..features.len()).step_by(ROWS) {
        let rows = start..features.len().min(start + ROWS);
        score.add(probe.forward_eval(features.rows(rows.clone(), session)), &features.labels[rows])?;
    }
    Ok(score.score().map(|whole| (whole, score.into_predictions())))
}

/// Rows that are classified at once.
const ROWS: usize = 1024;
