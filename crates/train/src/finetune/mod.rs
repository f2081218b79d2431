//! Fine-tuning: the whole classifier learns, evaluated on the test set after every epoch.

mod learner;

use std::path::Path;

pub use learner::Learner;

use crate::evaluation::{BestScore, Score, TestScore};
use crate::input;
use crate::observer::{Event, Stage};
use crate::recipe::Recipe;
use crate::run_directory::{EpochLine, EvalLine, Line, Opened, RunDirectory, RunFile, StepLine};
use crate::schedule::Schedule;
use crate::session::{Pace, Summary, check_finite, is_kept, is_logged};
use crate::start::Start;
use crate::{Outcome, Session, TrainError};

/// Fine-tunes from `start` as `recipe` says into the run directory `out`.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub fn run(
    session: &mut Session<'_>,
    recipe: &Recipe,
    name: &str,
    start: &Start,
    out: &Path,
    resume: bool,
) -> Result<Outcome, TrainError> {
    recipe.finetune.check_supported()?;
    let settings = &recipe.finetune.stage;
    let schedule = Schedule::of(settings);
    let (data, test) = input::open_labelled(recipe, Stage::Finetune)?;
    let steps = input::steps_per_epoch(&data, settings, Stage::Finetune)?;
    let mut learner = Learner::new(recipe, start, data.class_names.len(), &session.training_device())?;

    let mut run_file = RunFile::new(Stage::Finetune, name, recipe, &data.name, session.workers());
    run_file.from = start.described();
    let mut best = BestScore::default();
    let (mut directory, first_epoch) = match RunDirectory::open(out, &recipe.to_toml(), run_file, resume)? {
        Opened::Finished => {
            session.tell(Event::AlreadyFinished { run: name.into(), stage: Stage::Finetune });
            return Ok(Outcome::AlreadyFinished);
        }
        Opened::Fresh(directory) => (directory, 0),
        Opened::Resumed(directory, kept) => {
            let (weights, state) = *kept;
            learner.restore(&weights, &state.values)?;
            best.restore(&state.values);
            (directory, state.epochs_done)
        }
    };
    session.tell(Event::Detail(format!("parameter groups:\n{}", learner.groups())));
    session.tell(Event::Started {
        run: name.into(),
        stage: Stage::Finetune,
        epochs: settings.epochs,
        first_epoch,
        steps_per_epoch: steps,
        batch_size: settings.batch_size,
    });

    let mut summary = Summary::default();
    for epoch in first_epoch..settings.epochs {
        let interrupted =
            |steps_lost| Ok(Outcome::Interrupted { epochs_kept: epoch, epochs: settings.epochs, steps_lost });
        let mut pace = Pace::start(settings.batch_size);
        let (mut loss_sum, mut norm_sum) = (0.0, 0.0);
        let batches = input::training_batches(&data.train, recipe, settings, epoch, session.workers())?;
        for (step, batch) in batches.enumerate() {
            if session.stopped() {
                return interrupted(step);
            }
            let batch = batch?;
            let fractional_epoch = epoch as f64 + step as f64 / steps as f64;
            let rate = schedule.rate(fractional_epoch);
            let (loss, norm) = learner.step(rate, &batch.images, &batch.labels)?;
            check_finite(loss, &directory, epoch, epoch * steps + step)?;

            loss_sum += loss;
            norm_sum += norm;
            let images_per_s = pace.after_step();
            if is_logged(step, steps) {
                directory.log(&Line::Step(StepLine {
                    common: directory.common(epoch),
                    step: epoch * steps + step,
                    epoch_1000x: (fractional_epoch * 1000.0) as u64,
                    loss,
                    lr: rate,
                    images_per_s,
                    targets: Vec::new(),
                }))?;
            }
            session.tell(Event::Step { epoch, step, loss, images_per_s });
        }
        let loss = loss_sum / steps as f64;
        directory.log(&Line::Epoch(EpochLine {
            common: directory.common(epoch),
            loss,
            images_per_s: pace.images_per_s(),
            target_std: None,
            prediction_std: None,
            rank_me: None,
            knn_top1: None,
            grad_norm: Some(norm_sum / steps as f64),
            event: None,
        }))?;
        let Some(score) = evaluate(session, recipe, &learner, &test)? else {
            return interrupted(steps);
        };
        directory.log(&Line::Eval(EvalLine {
            common: directory.common(epoch),
            evaluation: Stage::Finetune.section(),
            top1: score.top1,
            loss: Some(score.loss),
        }))?;
        if best.improved_by(score.top1) {
            directory.save_best(learner.weights())?;
        }
        let mut state = learner.state();
        best.store(&mut state);
        directory.save_epoch(epoch + 1, learner.weights(), state, is_kept(epoch, settings.checkpoint_every))?;
        session.tell(Event::Epoch {
            epoch,
            loss,
            images_per_s: pace.images_per_s(),
            top1: Some(score.top1),
            event: None,
        });
        summary = Summary { loss: Some(loss), top1: Some(score.top1) };
    }
    directory.finish()?;
    session.tell(Event::Finished { run: name.into(), stage: Stage::Finetune, loss: summary.loss, top1: summary.top1 });
    Ok(Outcome::Finished(summary))
}

/// The score on all test images; `None` when the session was stopped meanwhile.
fn evaluate(
    session: &Session<'_>,
    recipe: &Recipe,
    learner: &Learner,
    test: &std::sync::Arc<dyn bmae_data::Images>,
) -> Result<Option<Score>, TrainError> {
    let model = learner.frozen();
    let mut score = TestScore::default();
    let batch_size = recipe.finetune.stage.batch_size;
    for batch in input::evaluation_batches(test, recipe, batch_size, session.workers())? {
        if session.stopped() {
            return Ok(None);
        }
        let batch = batch?;
        score.add(learner.logits(&model, &batch.images)?, &batch.labels);
    }
    Ok(score.score())
}
