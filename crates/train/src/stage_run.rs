//! A planned stage at work: how every stage opens its run directory and closes it again. What lies between is the loop
//! of the stage's own module.

use bmae_data::Dataset;
use bmae_output::plain::plain_path;
use bmae_recipe::Stage;
use bmae_recipe::plan::PlannedStage;

use crate::observer::{Event, Message};
use crate::optimiser::ParameterGroups;
use crate::ranks::Traffic;
use crate::run_directory::{Checkpoint, InputChange, Inputs, Opened, OtherInputs, Position, RunDirectory, RunFile};
use crate::stage_inputs::checksum_of_start;
use crate::{Outcome, Session, TrainError, readable};

/// A stage whose run directory is open, before its first step.
pub(crate) struct StageRun<'a> {
    planned: &'a PlannedStage,
    directory: RunDirectory,
    begins: Position,
    /// Of earlier sessions, for the stage to take and go on from.
    pub checkpoint: Option<Box<Checkpoint>>,
}

/// How much there is to do, for whoever shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Epochs in all.
    pub epochs: usize,
    /// Steps in each epoch.
    pub steps_per_epoch: usize,
    /// Images in each step.
    pub batch_size: usize,
    /// Whether these are features that are computed once, before the first step.
    pub features_once: bool,
}

impl<'a> StageRun<'a> {
    /// Opens the run directory of `planned`, whose images are `data`; its `inputs` were taken before its weights were
    /// read. `None`, and the observer knows it, where the stage was finished before.
    ///
    /// # Errors
    /// As [`RunDirectory::open`]; nothing is written then.
    pub fn open(
        session: &mut Session<'_>,
        planned: &'a PlannedStage,
        data: &Dataset,
        inputs: Inputs,
        resume: bool,
    ) -> Result<Option<Self>, TrainError> {
        if let Some(path) = planned.start.path()
            && checksum_of_start(planned)? != inputs.from_sha256
        {
            return Err(TrainError::WeightsReplaced { path: path.to_owned() });
        }
        if !session.is_in_plan() {
            session.say_of(data);
        }
        let run_file = RunFile::new(planned, data, inputs, session);
        let (config, trunk) = (planned.recipe.to_toml(), planned.start.trunk());
        // Pre-training takes long: it is never thrown away without being asked for.
        let other_inputs = match session.is_in_plan() && planned.stage != Stage::Pretrain {
            true => OtherInputs::Repeated,
            false => OtherInputs::Refused,
        };
        let (mut directory, checkpoint) =
            match RunDirectory::open(&planned.out, &config, run_file, trunk, resume, other_inputs, session.ranks())? {
                Opened::Finished(tested) => {
                    if let Some(change) = tested {
                        let out = plain_path(&planned.out);
                        session.say(Message::Note(format!("the nearest neighbours of {out} are older: {change}")));
                    }
                    session.tell(Event::AlreadyFinished { run: planned.run.clone(), stage: planned.stage });
                    return Ok(None);
                }
                Opened::Fresh(directory) => (directory, None),
                Opened::Repeated(directory, change) => {
                    session.say(Message::Note(repeated(planned, &change)));
                    (directory, None)
                }
                Opened::Resumed(directory, checkpoint, lost) => {
                    lost.into_iter().for_each(|lost| session.warn(lost));
                    (directory, checkpoint)
                }
            };
        if directory.is_written() {
            readable::list(directory.path(), planned.recipe.data.source.path(), &data.unreadable)?;
        }
        if matches!(planned.stage, Stage::Finetune | Stage::Linprobe) {
            directory.name_classes(&data.class_names);
        }
        let begins = checkpoint.as_ref().map_or(Position::default(), |checkpoint| checkpoint.position);
        Ok(Some(Self { planned, directory, begins, checkpoint }))
    }

    /// Does the work: `epochs` gets the run directory. A failure is written down in it, a success too.
    ///
    /// # Errors
    /// What `epochs` says, and when the end cannot be written down.
    pub fn work(
        mut self,
        session: &mut Session<'_>,
        extent: Extent,
        groups: Option<&ParameterGroups>,
        epochs: impl FnOnce(&mut Session<'_>, &mut RunDirectory) -> Result<Outcome, TrainError>,
    ) -> Result<Outcome, TrainError> {
        let PlannedStage { run, stage, .. } = self.planned;
        if let Some(groups) = groups {
            session.tell(Event::Detail(format!("parameter groups:\n{groups}")));
        }
        session.tell(Event::Started {
            run: run.clone(),
            stage: *stage,
            epochs: extent.epochs,
            first_epoch: self.begins.epochs_done,
            first_step: self.begins.steps_done,
            steps_per_epoch: extent.steps_per_epoch,
            batch_size: extent.batch_size,
            features_once: extent.features_once,
        });
        let outcome = epochs(session, &mut self.directory).and_then(|outcome| {
            if matches!(outcome, Outcome::Finished(_)) {
                self.directory.finish()?;
            }
            Ok(outcome)
        });
        say_traffic(session);
        let outcome = self.directory.keep_failure(outcome)?;
        if let Outcome::Finished(summary) = &outcome {
            session.tell(Event::Finished { run: run.clone(), stage: *stage, loss: summary.loss, top1: summary.top1 });
        }
        Ok(outcome)
    }
}

/// Says what several ranks had to tell each other, for whoever asks for more.
fn say_traffic(session: &mut Session<'_>) {
    let (count, Traffic { sums, bytes, time }) = (session.ranks().count(), session.ranks().traffic());
    if sums > 0 {
        let (mebibytes, milliseconds) =
            (bytes as f64 / sums as f64 / f64::from(1 << 20), time.as_secs_f64() * 1e3 / sums as f64);
        session.tell(Event::Detail(format!(
            "{count} ranks: each sent {mebibytes:.1} MiB of gradients a step, which took {milliseconds:.1} ms, the waiting for others included"
        )));
    }
}

/// Why `planned` is made again.
fn repeated(planned: &PlannedStage, change: &InputChange) -> String {
    format!("{} was made of other {}: {change}; it is repeated", plain_path(&planned.out), change.of())
}
