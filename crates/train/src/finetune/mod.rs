//! Fine-tuning: the whole classifier learns, evaluated on the test set after every epoch.

mod learner;

use std::sync::Arc;

use bmae_data::Images;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Recipe, Stage, TrainedStage};

pub use learner::FinetuneLearner;

use crate::epoch::{Epoch, Step, first_epoch};
use crate::evaluation::{BestScore, Score, TestPredictions, TestScore, end_epoch};
use crate::observer::Event;
use crate::run_directory::{Checkpoint, Line, RunDirectory, Snapshot};
use crate::schedule::Schedule;
use crate::session::Summary;
use crate::stage_inputs::inputs_of;
use crate::stage_run::StageRun;
use crate::test_outcome::TestImages;
use crate::{Outcome, Session, TrainError, input, start};

const STAGE: TrainedStage = TrainedStage::Finetune;

/// Fine-tunes the encoder that `planned` starts from, in its run directory.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub(crate) fn run(session: &mut Session<'_>, planned: &PlannedStage, resume: bool) -> Result<Outcome, TrainError> {
    let recipe = &planned.recipe;
    let (data, test) = input::open_labelled(recipe, Stage::Finetune)?;
    let inputs = inputs_of(session, planned, &data)?;
    let steps = input::steps_per_epoch(&data, recipe, STAGE)?;
    let (classes, device) = (data.class_names.len(), session.training_device());
    let learner = FinetuneLearner::new(recipe, &start::of_session(planned), classes, &device, &mut |message| {
        session.say(message)
    })?;
    let Some(mut run) = StageRun::open(session, planned, &data, inputs, resume)? else {
        return Ok(Outcome::AlreadyFinished);
    };
    let mut fine_tuning = FineTuning {
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
        fine_tuning.learner.restore(checkpoint)?;
        fine_tuning.best.restore(checkpoint)?;
    }
    let groups = fine_tuning.learner.groups().clone();
    run.work(session, input::extent(recipe, STAGE, steps), Some(&groups), |session, directory| {
        fine_tuning.train(session, directory, checkpoint.as_deref())
    })
}

/// A fine-tuning at work.
struct FineTuning<'a> {
    recipe: &'a Recipe,
    images: Arc<dyn Images>,
    test: Arc<dyn Images>,
    /// What the classes are called.
    class_names: Vec<String>,
    /// Steps in an epoch.
    steps: usize,
    learner: FinetuneLearner,
    best: BestScore,
}

impl FineTuning<'_> {
    /// All epochs from where `checkpoint` is.
    fn train(
        &mut self,
        session: &mut Session<'_>,
        directory: &mut RunDirectory,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Outcome, TrainError> {
        let settings = self.recipe.stage(STAGE);
        let schedule = Schedule::of(settings);
        let (mut summary, mut tested) = (Summary::default(), None);
        for epoch in first_epoch(checkpoint)..settings.epochs {
            let mut progress = Epoch::begin_or_resume(epoch, checkpoint, self.steps, settings.batch_size)?;
            let left = progress.steps_left();
            let batches =
                input::training_batches(&self.images, self.recipe, STAGE, progress.position(), session.workers())?;
            for (step, batch) in left.zip(batches) {
                if session.stopped() {
                    return progress.stop(directory, settings.epochs, || self.snapshot());
                }
                let batch = batch?;
                let rate = schedule.rate(progress.at(step));
                let (loss, gradient_norm) = self.learner.step(epoch, step, rate, &batch.images, &batch.labels)?;
                let taken = Step { loss, gradient_norm, rate, ..Step::default() };
                let layers = || self.learner.diagnose(epoch, step, &batch.images, &batch.labels);
                progress.after_step(session, directory, taken, layers)?;
                progress.keep_when_due(directory, settings, || self.snapshot())?;
            }
            let Some((score, predictions)) = self.evaluate(session)? else {
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
            None => match self.evaluate(session)? {
                Some(tested) => tested,
                None => {
                    let epochs = settings.epochs;
                    return Ok(Outcome::Interrupted { epochs_kept: epochs, epochs, steps_kept: 0 });
                }
            },
        };
        summary.top1 = Some(score.top1);
        self.test_images().keep_predictions(session, directory, &predictions)?;
        Ok(Outcome::Finished(summary))
    }

    /// Everything that goes on within an epoch.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.learner.snapshot();
        self.best.store(&mut snapshot.values);
        snapshot
    }

    /// The score on all test images and what was predicted for each; `None` when the session was stopped meanwhile.
    fn evaluate(&self, session: &Session<'_>) -> Result<Option<(Score, TestPredictions)>, TrainError> {
        let model = self.learner.frozen();
        let mut score = TestScore::default();
        let batch_size = self.recipe.stage(STAGE).batch_size;
        for batch in input::evaluation_batches(&self.test, self.recipe, batch_size, session.workers())? {
            if session.stopped() {
                return Ok(None);
            }
            let batch = batch?;
            score.add(self.learner.logits(&model, &batch.images)?, &batch.labels)?;
        }
        Ok(score.score().map(|whole| (whole, score.into_predictions())))
    }

    fn test_images(&self) -> TestImages<'_> {
        TestImages { recipe: self.recipe, images: &self.test, class_names: &self.class_names }
    }
}
