//! Fine-tuning: the whole classifier learns, evaluated on the test set after every epoch.

mod learner;

use std::path::Path;
use std::sync::Arc;

use bmae_data::Images;

pub use learner::Learner;

use crate::epoch::{Epoch, Taken};
use crate::evaluation::{BestScore, Score, TestScore, end_epoch};
use crate::input;
use crate::observer::Event;
use crate::run_directory::{Line, Opened, RunDirectory, RunFile};
use crate::schedule::Schedule;
use crate::session::Summary;
use crate::{Outcome, Session, TrainError};
use bmae_recipe::Recipe;
use bmae_recipe::Start;

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
    let settings = &recipe.finetune.stage;
    let (data, test) = input::open_labelled(recipe, Stage::Finetune)?;
    let steps = input::steps_per_epoch(&data, settings, Stage::Finetune)?;
    let mut learner = {
        let (classes, device) = (data.class_names.len(), session.training_device());
        Learner::new(recipe, start, classes, &device, &mut |remark| session.remark(remark))?
    };

    let mut run_file = RunFile::new(Stage::Finetune, name, recipe, &data.name, session);
    run_file.from = start.path().map(|path| path.display().to_string());
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
    let images = (&data.train, &test);
    let outcome = train(session, recipe, images, &mut learner, (&mut directory, &mut best), (first_epoch, steps));
    directory.keep_failure(outcome)
}

/// All epochs from `first_epoch` on, of `steps` steps each, on training and test images.
fn train(
    session: &mut Session<'_>,
    recipe: &Recipe,
    (images, test): (&Arc<dyn Images>, &Arc<dyn Images>),
    learner: &mut Learner,
    (directory, best): (&mut RunDirectory, &mut BestScore),
    (first_epoch, steps): (usize, usize),
) -> Result<Outcome, TrainError> {
    let settings = &recipe.finetune.stage;
    let schedule = Schedule::of(settings);
    let mut summary = Summary::default();
    for epoch in first_epoch..settings.epochs {
        let interrupted =
            |steps_lost| Ok(Outcome::Interrupted { epochs_kept: epoch, epochs: settings.epochs, steps_lost });
        let mut progress = Epoch::begin(epoch, steps, settings.batch_size);
        let batches = input::training_batches(images, recipe, (Stage::Finetune, settings), epoch, session.workers())?;
        for (step, batch) in batches.enumerate() {
            if session.stopped() {
                return interrupted(step);
            }
            let batch = batch?;
            let rate = schedule.rate(progress.at(step));
            let (loss, gradient_norm) = learner.step(epoch, step, rate, &batch.images, &batch.labels)?;
            let taken = Taken { loss, gradient_norm, rate, ..Taken::default() };
            let layers = || learner.diagnose(epoch, step, &batch.images, &batch.labels);
            progress.after_step(session, directory, taken, layers)?;
        }
        directory.log(&Line::Epoch(progress.line(directory)))?;
        let Some(score) = evaluate(session, recipe, learner, test)? else {
            return interrupted(steps);
        };
        let stage = (Stage::Finetune, settings);
        end_epoch(directory, stage, epoch, score, best, learner.weights(), learner.state())?;
        session.tell(Event::Epoch {
            epoch,
            loss: progress.loss(),
            images_per_s: progress.images_per_s(),
            top1: Some(score.top1),
            event: None,
        });
        summary = Summary { loss: Some(progress.loss()), top1: Some(score.top1) };
    }
    directory.finish()?;
    let run = directory.name().to_owned();
    session.tell(Event::Finished { run, stage: Stage::Finetune, loss: summary.loss, top1: summary.top1 });
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
        score.add(learner.logits(&model, &batch.images)?, &batch.labels)?;
    }
    Ok(score.score())
}
