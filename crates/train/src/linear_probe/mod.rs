//! Linear probing: a linear head learns on a frozen encoder, evaluated on the test set after every epoch.

mod batches;
mod learner;

use std::sync::Arc;

use bmae_data::Images;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Recipe, Stage, TrainedStage};

use batches::TrainingFeatures;
pub use learner::ProbeLearner;

use crate::epoch::{Epoch, Step, first_epoch};
use crate::evaluation::{BestScore, Features, Score, TestPredictions, TestScore, end_epoch};
use crate::observer::Event;
use crate::run_directory::{Checkpoint, Line, RunDirectory, Snapshot};
use crate::schedule::Schedule;
use crate::session::Summary;
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
    let steps = input::steps_per_epoch(&data, recipe, STAGE)?;
    let start = start::of_session(planned);
    let encoder = start::encoder(&start, recipe, &session.inference_device(), &mut |message| session.say(message))?;
    let learner = ProbeLearner::new(recipe, encoder, data.class_names.len(), &session.training_device())?;
    let Some(mut run) = StageRun::open(session, planned, &data, inputs, resume)? else {
        return Ok(Outcome::AlreadyFinished);
    };
    let mut probing = Probing {
        recipe,
        images: data.train,
        test,
        class_names: data.class_names,
        steps,
        learner,
        best: BestScore::default(),
    };
    let checkpoint = run.checkpoint.take();
    if let Some(checkpoint) = &checkpoint {
        probing.learner.restore(checkpoint)?;
        probing.best.restore(checkpoint)?;
    }
    let groups = probing.learner.groups().clone();
    run.work(session, input::extent(recipe, STAGE, steps), Some(&groups), |session, directory| {
        probing.train(session, directory, checkpoint.as_deref())
    })
}

/// A linear probe at work.
struct Probing<'a> {
    recipe: &'a Recipe,
    images: Arc<dyn Images>,
    test: Arc<dyn Images>,
    /// What the classes are called.
    class_names: Vec<String>,
    /// Steps in an epoch.
    steps: usize,
    learner: ProbeLearner,
    best: BestScore,
}

impl Probing<'_> {
    /// All epochs from where `checkpoint` is.
    fn train(
        &mut self,
        session: &mut Session<'_>,
        directory: &mut RunDirectory,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Outcome, TrainError> {
        let settings = self.recipe.stage(STAGE);
        let schedule = Schedule::of(settings);
        let train = TrainingFeatures::new(session, self.recipe, self.learner.encoder(), &self.images)?;
        // The encoder is frozen and test images are not augmented: their features never change.
        let test = batches::fixed(session, self.recipe, self.learner.encoder(), &self.test)?;
        let (mut summary, mut tested) = (Summary::default(), None);
        for epoch in first_epoch(checkpoint)..settings.epochs {
            let mut progress = Epoch::begin_or_resume(epoch, checkpoint, self.steps, settings.batch_size)?;
            progress.sees_images = !self.recipe.probes_fixed_features();
            // Where it was stopped meanwhile, not all features are there.
            if session.stopped() {
                return progress.stop(directory, settings.epochs, || self.snapshot());
            }
            let left = progress.steps_left();
            let mut batches = train.epoch(session, self.recipe, progress.position())?;
            for step in left {
                if session.stopped() {
                    return progress.stop(directory, settings.epochs, || self.snapshot());
                }
                let Some(batch) = batches.next(session, self.recipe, self.learner.encoder(), step) else { break };
                let (features, labels) = batch?;
                let rate = schedule.rate(progress.at(step));
                let (loss, gradient_norm) = self.learner.step(rate, features.clone(), &labels)?;
                let taken = Step { loss, gradient_norm, rate, ..Step::default() };
                progress.after_step(session, directory, taken, || self.learner.diagnose(features))?;
                progress.keep_when_due(directory, settings, || self.snapshot())?;
            }
            let Some((score, predictions)) = self.evaluate(session, &test)? else {
                return progress.stop(directory, settings.epochs, || self.snapshot());
            };
            directory.log(&Line::Epoch(progress.line(directory)))?;
            end_epoch(directory, self.recipe, STAGE, epoch, score, &mut self.best, self.learner.snapshot())?;
            session.tell(Event::Epoch {
                epoch,
                loss: progress.loss(),
                images_per_s: progress.images_per_s(),
                top1: Some(score.top1),
                event: None,
            });
            summary = Summary { loss: Some(progress.loss()), top1: Some(score.top1) };
            tested = Some((score, predictions));
        }
        let (score, predictions) = match tested {
            Some(tested) => tested,
            // The session before ended behind its last epoch.
            None => match self.evaluate(session, &test)? {
                Some(tested) if !session.stopped() => tested,
                _ => {
                    let epochs = settings.epochs;
                    return Ok(Outcome::Interrupted { epochs_kept: epochs, epochs, steps_kept: 0 });
                }
            },
        };
        summary.top1 = Some(score.top1);
        self.test_images().keep_map(directory, &test, settings.epochs - 1)?;
        self.test_images().keep_predictions(session, directory, &predictions)?;
        Ok(Outcome::Finished(summary))
    }

    /// Everything that goes on within an epoch.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.learner.snapshot();
        self.best.store(&mut snapshot.values);
        snapshot
    }

    /// The score on the test features, by running statistics, and what was predicted for each image; `None` where
    /// there is none.
    fn evaluate(&self, session: &Session<'_>, test: &Features) -> Result<Option<(Score, TestPredictions)>, TrainError> {
        let probe = self.learner.frozen();
        let mut score = TestScore::default();
        for start in (0..test.len()).step_by(ROWS) {
            let rows = start..test.len().min(start + ROWS);
            score.add(probe.forward_eval(test.rows(rows.clone(), session)), &test.labels[rows])?;
        }
        Ok(score.score().map(|whole| (whole, score.into_predictions())))
    }

    fn test_images(&self) -> TestImages<'_> {
        TestImages { recipe: self.recipe, images: &self.test, class_names: &self.class_names }
    }
}

/// Rows that are classified at once.
const ROWS: usize = 1024;
