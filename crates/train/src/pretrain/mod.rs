//! Pre-training: one loop for every method.

mod given;
mod student;

use std::path::Path;

use bmae_nn::weights::StateDict;

pub(crate) use student::Pass;
pub use student::{StepReport, Student};

use crate::epoch::{Epoch, Taken, is_kept};
use crate::input::{self, mask_noise};
use crate::method::TargetEvent;
use crate::monitor::{self, CollapseWatch};
use crate::observer::{Event, Stage};
use crate::recipe::Recipe;
use crate::run_directory::{EpochLine, Line, Opened, RunDirectory, RunFile};
use crate::schedule::Schedule;
use crate::session::Summary;
use crate::{Outcome, Session, TrainError};

/// Pre-trains as `recipe` says into the run directory `out`.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub fn run(
    session: &mut Session<'_>,
    recipe: &Recipe,
    name: &str,
    out: &Path,
    resume: bool,
) -> Result<Outcome, TrainError> {
    let settings = &recipe.pretrain.stage;
    let schedule = Schedule::of(settings);
    let data = input::open(recipe)?;
    let steps = input::steps_per_epoch(&data, settings, Stage::Pretrain)?;
    let device = session.training_device();

    let run_file = RunFile::new(Stage::Pretrain, name, recipe, &data.name, session.workers());
    let (mut directory, mut student, first_epoch) = match RunDirectory::open(out, &recipe.to_toml(), run_file, resume)?
    {
        Opened::Finished => {
            session.tell(Event::AlreadyFinished { run: name.into(), stage: Stage::Pretrain });
            return Ok(Outcome::AlreadyFinished);
        }
        Opened::Fresh(directory) => (directory, Student::new(recipe, steps, &device)?, 0),
        Opened::Resumed(directory, kept) => {
            let (weights, state) = *kept;
            let student = Student::resume(recipe, steps, state.epochs_done, &weights, &state.values, &device)?;
            (directory, student, state.epochs_done)
        }
    };
    session.tell(Event::Detail(format!("parameter groups:\n{}", student.groups())));
    session.tell(Event::Started {
        run: name.into(),
        stage: Stage::Pretrain,
        epochs: settings.epochs,
        first_epoch,
        steps_per_epoch: steps,
        batch_size: settings.batch_size,
    });

    let mut watch = CollapseWatch::default();
    let mut summary = Summary::default();
    for epoch in first_epoch..settings.epochs {
        let started = student.start_epoch(epoch)?;
        if started == Some(TargetEvent::Switch) {
            session.tell(Event::Detail(format!("parameter groups from epoch {epoch} on:\n{}", student.groups())));
        }
        let mut progress = Epoch::begin(epoch, steps, settings.batch_size);
        let mut last = None;
        let batches =
            input::training_batches(&data.train, recipe, (Stage::Pretrain, settings), epoch, session.workers())?;
        for (step, batch) in batches.enumerate() {
            if session.stopped() {
                return Ok(Outcome::Interrupted { epochs_kept: epoch, epochs: settings.epochs, steps_lost: step });
            }
            let batch = batch?;
            let rate = schedule.rate(progress.at(step));
            let noise = mask_noise(recipe, epoch, &batch.indices);
            let report = student.step(epoch, step, rate, &batch.images, &noise)?;
            let taken = Taken {
                loss: report.loss,
                gradient_norm: report.gradient_norm,
                rate,
                targets: report.targets.clone(),
                pixel: report.pixel,
            };
            progress.after_step(session, &mut directory, taken)?;
            last = Some(report);
        }
        let ended = student.end_epoch(epoch);

        let event = started.max(ended).map(|event| event.name());
        let spread = last.map(|report| monitor::Spread::of(&report.target, &report.prediction));
        let measured = monitor::measure(session, recipe, &data, &student.model().encoder, epoch)?;
        if let Some(warning) = watch.judge(student.targets().exist(), spread.as_ref(), measured.as_ref()) {
            session.warn(format!("{name}, epoch {epoch}: {warning}"));
        }
        directory.log(&Line::Epoch(EpochLine {
            target_std: spread.as_ref().map(|spread| spread.target),
            prediction_std: spread.as_ref().map(|spread| spread.prediction),
            rank_me: measured.as_ref().map(|measured| measured.rank_me),
            knn_top1: measured.as_ref().and_then(|measured| measured.knn_top1),
            event,
            ..progress.line(&directory)
        }))?;
        let keep = is_kept(epoch, settings.checkpoint_every);
        directory.save_epoch(epoch + 1, StateDict::of(student.model()), student.state(), keep)?;
        session.tell(Event::Epoch {
            epoch,
            loss: progress.loss(),
            images_per_s: progress.images_per_s(),
            top1: measured.and_then(|measured| measured.knn_top1),
            event,
        });
        summary.loss = Some(progress.loss());
    }
    directory.finish()?;
    session.tell(Event::Finished { run: name.into(), stage: Stage::Pretrain, loss: summary.loss, top1: None });
    Ok(Outcome::Finished(summary))
}
