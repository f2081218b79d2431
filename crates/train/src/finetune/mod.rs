//! Fine-tuning: the whole classifier learns, evaluated after every epoch.

mod learner;

use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::Classifier;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Stage, TrainedStage};
use burn::tensor::{Device, Tensor, TensorData};

pub use learner::FinetuneLearner;

use crate::diagnosis;
use crate::epoch::{Epoch, Step, first_epoch};
use crate::evaluation::{Score, Selection, TestPredictions, TestScore, end_epoch, log_tested};
use crate::observer::{Event, Message};
use crate::ranks::{check_batches, rows_of_all};
use crate::run_directory::{Checkpoint, Line, RunDirectory, Snapshot};
use crate::schedule::Schedule;
use crate::session::Summary;
use crate::stage_images::{StageImages, class_sizes};
use crate::stage_inputs::inputs_of;
use crate::stage_run::StageRun;
use crate::test_outcome::TestImages;
use crate::{Outcome, Session, TrainError, input, settled, start};

const STAGE: TrainedStage = TrainedStage::Finetune;

/// Fine-tunes the encoder that `planned` starts from, in its run directory.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub(crate) fn run(session: &mut Session<'_>, planned: &PlannedStage, resume: bool) -> Result<Outcome, TrainError> {
    let recipe = &planned.recipe;
    let (data, test) = input::open_labelled(recipe, Stage::Finetune)?;
    settled::say_augmentation(session, recipe, Stage::Finetune, &data);
    let inputs = inputs_of(session, planned, &data)?;
    let images = StageImages::of(&data, recipe, STAGE)?;
    let recipe = &images.recipe;
    check_batches(session.ranks().count(), recipe, STAGE)?;
    let (classes, device) = (data.class_names.len(), session.training_device());
    let mut learner = FinetuneLearner::new(recipe, &start::of_session(planned), classes, &device, &mut |message| {
        session.say(message)
    })?;
    learner.weigh_classes(&class_sizes(images.train.as_ref(), classes));
    let learner = learner.with_ranks(session.ranks().clone());
    let Some(mut run) = StageRun::open(session, planned, &data, inputs, resume)? else {
        return Ok(Outcome::AlreadyFinished);
    };
    session.say_images(planned, images.told(STAGE));
    let selection = Selection::new(&recipe.finetune.labels);
    let mut fine_tuning = FineTuning { images: &images, test, class_names: &data.class_names, learner, selection };
    let checkpoint = run.checkpoint.take();
    if let Some(checkpoint) = &checkpoint {
        fine_tuning.learner.restore(checkpoint)?;
        fine_tuning.selection.restore(checkpoint)?;
    }
    let groups = fine_tuning.learner.groups().clone();
    run.work(session, input::extent(recipe, STAGE, images.steps), Some(&groups), |session, directory| {
        fine_tuning.train(session, directory, checkpoint.as_deref())
    })
}

/// A fine-tuning at work.
struct FineTuning<'a> {
    images: &'a StageImages,
    test: Arc<dyn Images>,
    /// What the classes are called.
    class_names: &'a [String],
    learner: FinetuneLearner,
    selection: Selection,
}

impl FineTuning<'_> {
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
        let (mut summary, mut tested) = (Summary::default(), None);
        let first = first_epoch(checkpoint);
        let mut epochs_done = first;
        for epoch in first..settings.epochs {
            if self.selection.is_out_of_patience(epoch) {
                directory.ends_after(epoch);
                break;
            }
            let mut progress = Epoch::begin_or_resume(epoch, checkpoint, *steps, settings.batch_size)?;
            let left = progress.steps_left();
            let batches =
                input::training_batches(train, recipe, STAGE, progress.position(), session.ranks(), session.workers())?;
            for (step, batch) in left.zip(batches) {
                if session.stopped() {
                    progress.settle(session, directory, || diagnosis::NOWHERE.to_owned())?;
                    return progress.stop(directory, settings.epochs, || self.snapshot());
                }
                let batch = batch?;
                let rate = schedule.rate(progress.at(step));
                let (loss, gradient_norm) = self.learner.step(epoch, step, rate, &batch.images, &batch.labels)?;
                let taken = Step { loss, gradient_norm, rate, ..Step::default() };
                let layers = || self.learner.diagnose(epoch, step, &batch.images, &batch.labels);
                progress.after_step(session, directory, settings, taken, layers)?;
                progress.keep_when_due(directory, settings, || self.snapshot())?;
            }
            let measured = held_out.as_ref().unwrap_or(&self.test);
            let Some((score, predictions)) = self.score(session, &self.learner.frozen(), measured)? else {
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
        let (score, predictions) = match (best, tested) {
            (None, Some(tested)) => tested,
            // The best epoch on held-out images, or the last one where the session before ended behind it.
            (best, _) => {
                let best = best.map(|best| directory.best_weights(best.epochs_done)).transpose()?;
                let model = best.map(|weights| self.learner.with_weights(&weights)).transpose()?;
                let model = model.unwrap_or_else(|| self.learner.frozen());
                let Some(tested) = self.score(session, &model, &self.test)? else {
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
        images.keep_predictions(session, directory, &predictions)?;
        Ok(Outcome::Finished(summary))
    }

    /// Everything that goes on within an epoch.
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.learner.snapshot();
        self.selection.store(&mut snapshot);
        snapshot
    }

    /// The score of `model` on all of `images` and what it predicted for each; `None` when the session was stopped meanwhile.
    fn score(
        &self,
        session: &Session<'_>,
        model: &Classifier,
        images: &Arc<dyn Images>,
    ) -> Result<Option<(Score, TestPredictions)>, TrainError> {
        let recipe = &self.images.recipe;
        let (ranks, batch_size) = (session.ranks(), recipe.stage(STAGE).batch_size);
        let share = ranks.share_of_batches();
        let mut batches = input::evaluation_batches(images, recipe, batch_size, share, session.workers())?;
        let mut score = TestScore::default();
        // In each round every rank computes one batch, but for the last, which may have fewer.
        for _ in 0..images.len().div_ceil(batch_size).div_ceil(ranks.count()) {
            if session.stopped() {
                return Ok(None);
            }
            let (logits, labels) = match batches.next().transpose()? {
                Some(batch) => (self.learner.logits(model, &batch.images)?, batch.labels),
                None => (no_rows(model.head.outputs(), &session.inference_device()), Vec::new()),
            };
            score.add(rows_of_all(ranks, logits), &ranks.behind_each_other(labels))?;
        }
        Ok(score.score().map(|whole| (whole, score.into_predictions())))
    }
}

/// The logits [0, `classes`] of no image.
fn no_rows(classes: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(Vec::<f32>::new(), [0, classes]), device)
}
