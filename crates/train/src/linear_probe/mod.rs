//! Linear probing: a linear head learns on a frozen encoder, evaluated on the test set after every epoch.

mod batches;
mod learner;

use std::path::Path;
use std::sync::Arc;

use bmae_data::Images;

use batches::TrainingFeatures;
pub use learner::Learner;

use crate::epoch::{Epoch, Taken};
use crate::evaluation::{BestScore, Features, Score, TestScore, end_epoch};
use crate::input;
use crate::observer::Event;
use crate::run_directory::{Line, Opened, RunDirectory, RunFile};
use crate::schedule::Schedule;
use crate::session::Summary;
use crate::{Outcome, Session, TrainError};
use bmae_recipe::Recipe;
use bmae_recipe::Start;

/// Probes the encoder that `start` gives as `recipe` says into the run directory `out`.
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
    let settings = &recipe.linprobe.stage;
    let (data, test) = input::open_labelled(recipe, Stage::Linprobe)?;
    let steps = input::steps_per_epoch(&data, settings, Stage::Linprobe)?;
    let encoder = start::encoder(start, recipe, &session.inference_device(), &mut |remark| session.remark(remark))?;
    let mut learner = Learner::new(recipe, encoder, data.class_names.len(), &session.training_device())?;

    let mut run_file = RunFile::new(Stage::Linprobe, name, recipe, &data.name, session);
    run_file.from = start.path().map(|path| path.display().to_string());
    let mut best = BestScore::default();
    let (mut directory, first_epoch) = match RunDirectory::open(out, &recipe.to_toml(), run_file, resume)? {
        Opened::Finished => {
            session.tell(Event::AlreadyFinished { run: name.into(), stage: Stage::Linprobe });
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
        stage: Stage::Linprobe,
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
    let settings = &recipe.linprobe.stage;
    let schedule = Schedule::of(settings);
    let train = TrainingFeatures::new(session, recipe, learner.encoder(), images)?;
    // The encoder is frozen and test images are not augmented: their features never change.
    let test = batches::fixed(session, recipe, learner.encoder(), test)?;
    let mut summary = Summary::default();
    for epoch in first_epoch..settings.epochs {
        let interrupted =
            |steps_lost| Ok(Outcome::Interrupted { epochs_kept: epoch, epochs: settings.epochs, steps_lost });
        if session.stopped() {
            return interrupted(0);
        }
        let mut progress = Epoch::begin(epoch, steps, settings.batch_size);
        let mut batches = train.epoch(session, recipe, epoch)?;
        for step in 0..steps {
            if session.stopped() {
                return interrupted(step);
            }
            let Some(batch) = batches.next(session, recipe, learner.encoder(), step) else { break };
            let (features, labels) = batch?;
            let rate = schedule.rate(progress.at(step));
            let (loss, gradient_norm) = learner.step(rate, features.clone(), &labels)?;
            let taken = Taken { loss, gradient_norm, rate, ..Taken::default() };
            progress.after_step(session, directory, taken, || learner.diagnose(features))?;
        }
        directory.log(&Line::Epoch(progress.line(directory)))?;
        let Some(score) = evaluate(session, learner, &test)? else {
            return interrupted(steps);
        };
        let stage = (Stage::Linprobe, settings);
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
    session.tell(Event::Finished { run, stage: Stage::Linprobe, loss: summary.loss, top1: summary.top1 });
    Ok(Outcome::Finished(summary))
}

/// Rows that are classified at once.
const ROWS: usize = 1024;

/// The score on the test features, by running statistics.
fn evaluate(session: &Session<'_>, learner: &Learner, test: &Features) -> Result<Option<Score>, TrainError> {
    let probe = learner.frozen();
    let mut score = TestScore::default();
    for start in (0..test.len()).step_by(ROWS) {
        let rows = start..test.len().min(start + ROWS);
        score.add(probe.forward_eval(test.rows(rows.clone(), session)), &test.labels[rows])?;
    }
    Ok(score.score())
}
