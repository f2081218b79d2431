//! Pre-training: one loop for every method.

mod given;
mod student;

use std::path::Path;

use bmae_data::Dataset;
use bmae_nn::weights::StateDict;
use burn::module::Module;

pub(crate) use given::autoencoder_that_predicts;
pub(crate) use student::Pass;
pub use student::{StepReport, Student};

use crate::epoch::{Epoch, Taken, is_kept};
use crate::input::{self, mask_noise};
use crate::method::TargetEvent;
use crate::monitor::{self, CollapseWatch, Signs};
use crate::observer::Event;
use crate::pictures::{Gallery, Predicted};
use crate::run_directory::{EpochLine, Line, Opened, RunDirectory, RunFile};
use crate::schedule::Schedule;
use crate::session::Summary;
use crate::{Outcome, Session, TrainError};
use bmae_recipe::Recipe;

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
    let data = pipeline::open(recipe)?;
    let steps = input::steps_per_epoch(&data, settings, Stage::Pretrain)?;
    let gallery = Gallery::of(recipe, &data)?;
    let device = session.training_device();

    let run_file = RunFile::new(Stage::Pretrain, name, recipe, &data.name, session);
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
    let at_work = AtWork { recipe, data, steps, gallery };
    let outcome = at_work.train(session, &mut student, &mut directory, first_epoch);
    directory.keep_failure(outcome)
}

/// What a pre-training reads while it goes on.
struct AtWork<'a> {
    recipe: &'a Recipe,
    data: Dataset,
    steps: usize,
    gallery: Gallery,
}

impl AtWork<'_> {
    /// All epochs from `first_epoch` on.
    fn train(
        &self,
        session: &mut Session<'_>,
        student: &mut Student,
        directory: &mut RunDirectory,
        first_epoch: usize,
    ) -> Result<Outcome, TrainError> {
        let settings = &self.recipe.pretrain.stage;
        let mut watch = CollapseWatch::after(&directory.lines()?);
        let mut summary = Summary::default();
        for epoch in first_epoch..settings.epochs {
            let started = student.start_epoch(epoch)?;
            if started == Some(TargetEvent::Switch) {
                session.tell(Event::Detail(format!("parameter groups from epoch {epoch} on:\n{}", student.groups())));
            }
            let mut progress = Epoch::begin(epoch, self.steps, settings.batch_size);
            let last = match self.epoch(session, student, directory, &mut progress)? {
                Passed::Whole(last) => last,
                Passed::Stopped { steps_lost } => {
                    return Ok(Outcome::Interrupted { epochs_kept: epoch, epochs: settings.epochs, steps_lost });
                }
            };
            let ended = student.end_epoch(epoch);
            let changed = Changed { started, ended };
            let knn_top1 = self.look(session, student, directory, &progress, (last, changed), &mut watch)?;
            session.tell(Event::Epoch {
                epoch,
                loss: progress.loss(),
                images_per_s: progress.images_per_s(),
                top1: knn_top1,
                event: changed.first(),
            });
            summary.loss = Some(progress.loss());
        }
        directory.finish()?;
        let run = directory.name().to_owned();
        session.tell(Event::Finished { run, stage: Stage::Pretrain, loss: summary.loss, top1: None });
        Ok(Outcome::Finished(summary))
    }

    /// The steps of one epoch.
    fn epoch(
        &self,
        session: &mut Session<'_>,
        student: &mut Student,
        directory: &mut RunDirectory,
        progress: &mut Epoch,
    ) -> Result<Passed, TrainError> {
        let (recipe, epoch) = (self.recipe, progress.number());
        let settings = &recipe.pretrain.stage;
        let schedule = Schedule::of(settings);
        let stage = (Stage::Pretrain, settings);
        let batches = input::training_batches(&self.data.train, recipe, stage, epoch, session.workers())?;
        let mut last = None;
        for (step, batch) in batches.enumerate() {
            if session.stopped() {
                return Ok(Passed::Stopped { steps_lost: step });
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
            progress.after_step(session, directory, taken, || student.diagnose(&batch.images, &noise))?;
            last = Some(Box::new(report));
        }
        Ok(Passed::Whole(last))
    }

    /// Measures, logs, keeps and draws what an epoch made; gives the quick nearest-neighbour accuracy in percent, where it was
    /// measured.
    fn look(
        &self,
        session: &mut Session<'_>,
        student: &Student,
        directory: &mut RunDirectory,
        progress: &Epoch,
        (last, changed): (Option<Box<StepReport>>, Changed),
        watch: &mut CollapseWatch,
    ) -> Result<Option<f64>, TrainError> {
        let (recipe, epoch) = (self.recipe, progress.number());
        let spread = last.map(|report| monitor::Spread::of(&report.target, &report.prediction));
        let measured = monitor::measure(session, recipe, &self.data, &student.model().encoder, epoch)?;
        let signs = Signs {
            features_predicted: student.targets().exist(),
            target_std: spread.map(|spread| spread.target),
            rank_me: measured.map(|measured| measured.rank_me),
        };
        let collapse = watch.judge(signs);
        if let Some(warning) = &collapse {
            session.warn(format!("{}, {}: {warning}", directory.path().display(), after(epoch + 1)));
        }
        let knn_top1 = measured.and_then(|measured| measured.knn_top1);
        directory.log(&Line::Epoch(EpochLine {
            target_std: spread.map(|spread| spread.target),
            prediction_std: spread.map(|spread| spread.prediction),
            rank_me: measured.map(|measured| measured.rank_me),
            knn_top1,
            event: changed.first(),
            event_at_end: changed.started.is_none() && changed.ended.is_some(),
            event_after: changed.started.and(changed.ended).map(TargetEvent::name),
            collapse,
            ..progress.line(directory)
        }))?;
        let drawn = || {
            let features = student.targets().exist();
            (student.model().valid(), if features { Predicted::Features } else { Predicted::Pixels })
        };
        self.gallery.draw(recipe, drawn, directory, epoch + 1)?;
        let keep = is_kept(epoch, recipe.pretrain.stage.checkpoint_every);
        directory.save_epoch(epoch + 1, StateDict::of(student.model()), student.state(), keep)?;
        Ok(knn_top1)
    }
}

/// `after 1 epoch`, `after 12 epochs`.
fn after(epochs_done: usize) -> String {
    format!("after {epochs_done} epoch{}", if epochs_done == 1 { "" } else { "s" })
}

/// What became of the targets in an epoch.
#[derive(Debug, Clone, Copy)]
struct Changed {
    /// Before its training.
    started: Option<TargetEvent>,
    /// After its training.
    ended: Option<TargetEvent>,
}

impl Changed {
    /// The name of what came first.
    fn first(self) -> Option<&'static str> {
        self.started.or(self.ended).map(TargetEvent::name)
    }
}

/// How far an epoch came.
enum Passed {
    /// All its steps were taken; what the last one reports.
    Whole(Option<Box<StepReport>>),
    /// It was asked to stop after so many steps.
    Stopped { steps_lost: usize },
}
