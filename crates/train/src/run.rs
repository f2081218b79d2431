//! Stages are run: one, or all of a plan in their order.

use std::path::Path;

use bmae_data::Dataset;
use bmae_output::plain::plain_path;
use bmae_recipe::Stage;
use bmae_recipe::plan::PlannedStage;

use crate::checksum::with_checksums;
use crate::estimate::Effort;
use crate::forecast::forecast;
use crate::observer::{Event, Message};
use crate::run_directory::{Inputs, RunDirectory, RunFile, recorded_recipe};
use crate::session::KnownImages;
use crate::stage_inputs::{images_of, reads_test_images};
use crate::trunk::is_wanted;
use crate::{Outcome, Session, TrainError, finetune, input, knn, linear_probe, pipeline, pretrain, settled};

/// Runs one stage in its run directory; with `resume` what was begun there goes on.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub fn stage(session: &mut Session<'_>, planned: &PlannedStage, resume: bool) -> Result<Outcome, TrainError> {
    if session.ranks().is_first() {
        RunDirectory::check_free(&planned.out)?;
    }
    session.say_that_all_are_decoded(&planned.recipe.data);
    let planned = &settled::stage(session, planned)?;
    // What several ranks take together, the time that one takes does not tell.
    if !session.is_in_plan() && session.ranks().count() == 1 && begins(planned, resume) {
        announce(session, std::slice::from_ref(planned))?;
    }
    match planned.stage {
        Stage::Pretrain => pretrain::run(session, &with_checksums(planned)?, resume),
        Stage::Finetune => finetune::run(session, planned, resume),
        Stage::Linprobe => linear_probe::run(session, planned, resume),
        Stage::Knn => knn::run(session, planned, resume),
    }
}

/// Whether there is something to begin or to go on with; where there is not, the stage itself says why.
fn begins(planned: &PlannedStage, resume: bool) -> bool {
    match RunFile::read(&planned.out) {
        Ok(earlier) => resume && (!earlier.is_finished() || earlier.epochs < planned.epochs()),
        Err(_) => true,
    }
}

/// Estimates what is left to do of `stages`, if the session was asked to, and tells its observer.
///
/// # Errors
/// When disk or memory has certainly no room for it. What else is wrong, the stage itself says.
fn announce(session: &mut Session<'_>, stages: &[PlannedStage]) -> Result<(), TrainError> {
    let Some(effort) = session.effort() else { return Ok(()) };
    match forecast(stages, &session.machine(), effort, || session.stopped()) {
        Ok(estimate) if effort != Effort::RoomOnly && estimate.due() > 0 && !session.stopped() => {
            session.tell(Event::Estimated(Box::new(estimate)));
            Ok(())
        }
        Err(error @ (TrainError::NoRoom { .. } | TrainError::Recipe(_))) => Err(error),
        _ => Ok(()),
    }
}

/// How a plan ended.
#[derive(Debug)]
pub enum PlanOutcome {
    /// Everything is there.
    Finished,
    /// It was asked to stop in this stage.
    Interrupted(Box<PlannedStage>, Outcome),
    /// These diverged; everything that does not start from them is there.
    Diverged(Vec<TrainError>),
}

/// What the stages of `plan` would say of their data at their beginning, so that a plan whose evaluations have no
/// labels, or one of whose pre-trainings was begun on other images, does not train first. Each choice of images is
/// opened and looked at once; gives what was seen.
fn check_data(session: &mut Session<'_>, plan: &[PlannedStage]) -> Result<Vec<KnownImages>, TrainError> {
    let mut checked: Vec<KnownImages> = Vec::new();
    for first in plan {
        let wanted = &first.recipe.data;
        if checked.iter().any(|known| known.recipe == *wanted) {
            continue;
        }
        session.say_that_all_are_decoded(wanted);
        let dataset = pipeline::open(&first.recipe)?;
        let stages = || plan.iter().filter(|planned| planned.recipe.data == *wanted);
        stages().try_for_each(|planned| input::check(&dataset, &planned.recipe, planned.stage))?;
        let is_tested = stages().any(|planned| reads_test_images(&planned.recipe, planned.stage));
        let known = images_of(&dataset, &first.recipe, is_tested)?;
        session.say_of(&dataset);
        for planned in stages().filter(|planned| planned.ends_after.is_none() || is_wanted(planned, plan)) {
            check_begun(session, planned, &dataset, &known)?;
        }
        checked.push(known);
    }
    Ok(checked)
}

/// Refuses a pre-training that was begun on other images than those that are `known` of `dataset`.
fn check_begun(
    session: &Session<'_>,
    planned: &PlannedStage,
    dataset: &Dataset,
    known: &KnownImages,
) -> Result<(), TrainError> {
    let recipe = recorded_recipe(&planned.out).ok();
    // That it was to take other images, its recipe says; the stage itself says that it does.
    let is_same_choice = recipe.is_some_and(|recipe| recipe.data == planned.recipe.data);
    let earlier = RunFile::read(&planned.out).ok().filter(|_| planned.stage == Stage::Pretrain && is_same_choice);
    let Some(earlier) = earlier else { return Ok(()) };
    let test = known.test.clone().filter(|_| reads_test_images(&planned.recipe, planned.stage));
    let inputs = Inputs { from_sha256: None, train: known.train.clone(), test };
    let changed = earlier.change_of_inputs(&RunFile::new(planned, dataset, inputs, session));
    changed.map_or(Ok(()), |change| Err(TrainError::other_inputs(&planned.out, change.of(), change.to_string())))
}

/// Whether all weights that pre-trainings of `plan` name are there.
fn check_weights(plan: &[PlannedStage]) -> Result<(), TrainError> {
    let mut pretrainings = plan.iter().filter(|planned| planned.stage == Stage::Pretrain);
    pretrainings.try_for_each(|planned| with_checksums(planned).map(drop))
}

/// Runs `stages` in order, after a look at the data and the given weights of them all, and after `begin`, which is given
/// the stages as they will be run: those whose run was given more epochs since keep them. What was finished before is not
/// repeated, what was begun goes on, and a trunk that nothing needs any more is left out. An evaluation of other images
/// or weights than there are now is made again, with a word; a pre-training of other images is refused. A stage whose
/// loss is no number any more is left as it is, with what would start from it: that is a result of its recipe, not a
/// reason to stop the others.
pub fn plan(
    session: &mut Session<'_>,
    stages: &[PlannedStage],
    begin: impl FnOnce(&[PlannedStage]) -> Result<(), TrainError>,
) -> Result<PlanOutcome, TrainError> {
    stages.iter().try_for_each(|planned| RunDirectory::check_free(&planned.out))?;
    let stages: Vec<PlannedStage> = stages.iter().map(|planned| with_own_epochs(session, planned)).collect();
    let stages = settled::stages(session, &stages)?;
    let images = check_data(session, &stages)?;
    check_weights(&stages)?;
    announce(session, &stages)?;
    begin(&stages)?;
    session.set_plan(Some(images));
    let outcome = run_all(session, &stages);
    session.set_plan(None);
    outcome
}

/// `planned` with the epochs that its run was given since, if it was; the session says so.
fn with_own_epochs(session: &mut Session<'_>, planned: &PlannedStage) -> PlannedStage {
    let own = recorded_recipe(&planned.out).ok();
    let stage = planned.stage.trained().filter(|_| planned.ends_after.is_none());
    let Some((own, stage)) = own.zip(stage).filter(|(own, stage)| own.is_replanned(&planned.recipe, *stage)) else {
        return planned.clone();
    };
    let (now, before) = (own.stage(stage).epochs, planned.recipe.stage(stage).epochs);
    let out = plain_path(&planned.out);
    session.say(Message::Note(format!("{out} was given {now} epochs since, not {before} as planned, and keeps them")));
    PlannedStage { recipe: planned.recipe.with_epochs_of(&own, stage), ..planned.clone() }
}

fn run_all(session: &mut Session<'_>, stages: &[PlannedStage]) -> Result<PlanOutcome, TrainError> {
    let mut diverged = Vec::new();
    let mut lost: Vec<&Path> = Vec::new();
    for planned in stages {
        if planned.start.path().is_some_and(|path| lost.contains(&path)) {
            lost.push(&planned.out);
            continue;
        }
        if planned.ends_after.is_some() && !is_wanted(planned, stages) {
            continue;
        }
        let outcome = match stage(session, planned, true) {
            Err(error @ TrainError::NotFinite { .. }) => {
                session.warn(error.to_string());
                diverged.push(error);
                lost.push(&planned.out);
                continue;
            }
            outcome => outcome?,
        };
        if matches!(outcome, Outcome::Interrupted { .. }) {
            return Ok(PlanOutcome::Interrupted(Box::new(planned.clone()), outcome));
        }
    }
    Ok(if diverged.is_empty() { PlanOutcome::Finished } else { PlanOutcome::Diverged(diverged) })
}
