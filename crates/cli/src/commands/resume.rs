//! `bmae resume`: going on with what a folder says.

use std::path::{Path, PathBuf};

use bmae_output::absolute::absolute;
use bmae_output::claim::Foreign;
use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use bmae_recipe::plan::{PlanFile, PlannedStage};
use bmae_recipe::{DataSource, Recipe, Stage, TrainedStage};
use bmae_report::{RunState, find_runs, read_run};
use bmae_train::Outcome;
use bmae_train::run_directory::{Moved, Recorded};

use super::{plan, stage};
use crate::arguments::{Everywhere, Resume};
use crate::ending::Ending;
use crate::going_on::GoingOn;
use crate::layers;
use crate::means::Means;
use crate::output::Output;
use crate::ranks;

/// Goes on with each run or folder, one after the other.
pub fn run(arguments: &Resume, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    refuse_settings(everywhere)?;
    // All of them are looked at before any work.
    let works = arguments.runs.iter().map(|path| works_at(path, arguments, output));
    let works: Vec<Vec<Work>> = works.collect::<Result<_, _>>()?;
    works.iter().flatten().try_for_each(|work| work.check(everywhere))?;
    if ranks::all().count() > 1 {
        works.iter().flatten().try_for_each(Work::check_shared)?;
    }
    let means = Means::of(everywhere, output)?;
    for (at, works) in works.iter().enumerate() {
        let left = &arguments.runs[at..];
        let mut going_on = GoingOn::with(left, everywhere);
        // The first of those left knows them by now.
        if left.len() > 1 {
            for (name, value) in options(arguments) {
                going_on = going_on.and(name, value);
            }
        }
        works.iter().try_for_each(|work| work.go_on(&means, &going_on, output))?;
    }
    Ok(())
}

/// The options that runs which have not gone on yet do not know.
fn options(arguments: &Resume) -> Vec<(&'static str, std::ffi::OsString)> {
    let epochs = arguments.epochs.map(|epochs| ("--epochs", epochs.to_string().into()));
    let data = arguments.data.as_ref().map(|data| ("--data", data.clone().into_os_string()));
    epochs.into_iter().chain(data).collect()
}

/// A run has its recipe.
fn refuse_settings(everywhere: &Everywhere) -> Result<(), Ending> {
    let given = match (everywhere.set.first(), everywhere.seed) {
        (Some(set), _) => format!("--set {set}"),
        (None, Some(seed)) => format!("--seed {seed}"),
        (None, None) => return Ok(()),
    };
    let message = format!(
        "a run goes on with the recipe that it has, so {given} cannot be given to it: only --epochs, --data, --threads and \
         --device can; another recipe is another run"
    );
    Err(Ending::Usage(message.into()))
}

/// What a folder asks to go on with.
enum Work {
    /// A run that is finished.
    Finished(Box<Recorded>),
    /// A run.
    Stage(Box<Recorded>),
    /// All that was asked for in the folder.
    Plan(PathBuf, Vec<PlannedStage>),
    /// Runs of a folder that are not finished, in an order in which they can go on; and how many there are in all.
    Several(PathBuf, Vec<Recorded>, usize),
}

/// What there is to do at `path`.
fn works_at(path: &Path, arguments: &Resume, output: &Output) -> Result<Vec<Work>, Ending> {
    let epochs = arguments.epochs.map(|epochs| epochs as usize);
    if path.join("run.toml").exists() || path.join("config.toml").exists() {
        let mut recorded = Recorded::read(path)?;
        relocate(&mut recorded.planned.recipe, arguments);
        if let Some(epochs) = epochs {
            recorded = recorded.with_epochs(epochs)?;
        }
        let is_done = has_all_epochs(&recorded) && !is_outdated(&recorded);
        return Ok(vec![if is_done { Work::Finished(Box::new(recorded)) } else { Work::Stage(Box::new(recorded)) }]);
    }
    if PlanFile::is_in(path) {
        return Ok(vec![Work::Plan(path.to_owned(), planned(path, arguments)?)]);
    }
    let runs = find_runs(&[path.to_owned()]);
    if runs.is_empty() {
        return Err(Ending::Failure(no_run(path).into()));
    }
    if epochs.is_some() {
        let message = format!(
            "{} holds {} and no plan of them: give --epochs with the folder of one, such as {}",
            plain_path(path),
            count(runs.len(), "run"),
            quoted(&runs[0])
        );
        return Err(Ending::Usage(message.into()));
    }
    works_below(path, runs, arguments, output)
}

/// What there is to do in a folder without a plan: the plans that folders below it have and that are not finished, and
/// the other runs.
fn works_below(path: &Path, runs: Vec<PathBuf>, arguments: &Resume, output: &Output) -> Result<Vec<Work>, Ending> {
    let plan_of = |run: &Path| {
        let below = run.ancestors().skip(1).take_while(|folder| *folder != path);
        below.filter(|folder| PlanFile::is_in(folder)).last().map(Path::to_owned)
    };
    let (mut works, mut plans, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        match plan_of(&run) {
            None => others.push(run),
            Some(plan) if plans.contains(&plan) => {}
            Some(plan) => plans.push(plan),
        }
    }
    for plan in plans {
        let stages = planned(&plan, arguments)?;
        let is_done = |stage: &PlannedStage| {
            stage.ends_after.is_some()
                || Recorded::read(&stage.out).is_ok_and(|recorded| has_all_epochs(&recorded) && !is_outdated(&recorded))
        };
        if !stages.iter().all(is_done) {
            works.push(Work::Plan(plan, stages));
        }
    }
    let all = others.len();
    let unfinished = unfinished(&others, arguments, output);
    if works.is_empty() || !unfinished.is_empty() {
        works.push(Work::Several(path.to_owned(), unfinished, all));
    }
    Ok(works)
}

/// Those of `runs` that can go on, in such an order.
fn unfinished(runs: &[PathBuf], arguments: &Resume, output: &Output) -> Vec<Recorded> {
    let mut unfinished = Vec::new();
    for run in runs {
        let place = plain_path(run);
        match Recorded::read(run) {
            // What would go on from a trunk is not known here.
            Ok(recorded) if recorded.about.trunk => {}
            Ok(recorded) if has_all_epochs(&recorded) => {
                if is_outdated(&recorded) {
                    output.note(&format!("{place} is an evaluation of earlier weights and left as it is"));
                }
            }
            Ok(recorded) if recorded.is_in_use() => {
                output.note(&format!("{place} is being worked on by another process and left alone"));
            }
            Ok(mut recorded) => {
                relocate(&mut recorded.planned.recipe, arguments);
                unfinished.push(recorded);
            }
            Err(error) => output.warn(&error.to_string()),
        }
    }
    // An evaluation is of a pre-training.
    unfinished.sort_by_key(|recorded| recorded.planned.stage != Stage::Pretrain);
    unfinished
}

impl Work {
    /// The stages that may be run.
    fn stages(&self) -> Vec<&PlannedStage> {
        match self {
            Self::Finished(_) => Vec::new(),
            Self::Stage(recorded) => vec![&recorded.planned],
            Self::Plan(_, stages) => stages.iter().collect(),
            Self::Several(_, runs, _) => runs.iter().map(|recorded| &recorded.planned).collect(),
        }
    }

    /// Refuses what this machine cannot do, before any work.
    fn check(&self, everywhere: &Everywhere) -> Result<(), Ending> {
        let memory = layers::available_memory(everywhere.device);
        let mut stages = self.stages().into_iter();
        Ok(stages.try_for_each(|planned| planned.recipe.check_stage(planned.stage, memory))?)
    }

    /// Refuses what ranks cannot share: they go on with one run after the other, and not with the plan of a folder.
    fn check_shared(&self) -> Result<(), Ending> {
        let (Self::Plan(folder, _) | Self::Several(folder, ..)) = self else { return Ok(()) };
        let folder = plain_path(folder);
        let message =
            format!("{folder} is a folder of runs, with which one process goes on: name the run that all ranks share");
        Err(Ending::Usage(message.into()))
    }

    fn go_on(&self, means: &Means, going_on: &GoingOn, output: &Output) -> Result<(), Ending> {
        match self {
            Self::Finished(recorded) => stage::tell(&recorded.planned, &Outcome::AlreadyFinished, output),
            Self::Stage(recorded) => stage::run_with(means, &recorded.planned, true, going_on, output),
            Self::Plan(folder, stages) => plan::run_with(means, stages, folder, Foreign::Kept, going_on, output),
            Self::Several(folder, runs, all) => several(means, folder, runs, *all, going_on, output),
        }
    }
}

/// Goes on with each of `runs`, whatever becomes of the others.
fn several(
    means: &Means,
    folder: &Path,
    runs: &[Recorded],
    all: usize,
    going_on: &GoingOn,
    output: &Output,
) -> Result<(), Ending> {
    let place = plain_path(folder);
    output.note(&match runs.len() {
        0 => format!("{place} holds {}, and none of them is to go on", count(all, "run")),
        some => format!(
            "{place} has no plan, so what has begun and is not finished goes on: {some} of {}",
            count(all, "run")
        ),
    });
    let mut failed = 0;
    for recorded in runs {
        match stage::run_with(means, &recorded.planned, true, going_on, output) {
            Err(Ending::Usage(error) | Ending::Failure(error)) => {
                failed += 1;
                output.warn(&error.to_string());
            }
            ended => ended?,
        }
    }
    match failed {
        0 => Ok(()),
        failed => Err(Ending::Failure(format!("{} in {place} could not go on", count(failed, "run")).into())),
    }
}

/// What was asked for in `folder`, with what is asked for now.
fn planned(folder: &Path, arguments: &Resume) -> Result<Vec<PlannedStage>, Ending> {
    let PlanFile { folder: was, mut stages } = PlanFile::read(folder)?;
    let moved = Moved::new(Some(&was), folder);
    for planned in &mut stages {
        moved.relocate(&mut planned.recipe);
        relocate(&mut planned.recipe, arguments);
    }
    if let Some(epochs) = arguments.epochs {
        give_epochs(&mut stages, epochs as usize, folder)?;
    }
    Ok(stages)
}

/// Gives every pre-training of a plan this many epochs. What it is compared with has as many then.
fn give_epochs(stages: &mut [PlannedStage], epochs: usize, folder: &Path) -> Result<(), Ending> {
    const STAGE: TrainedStage = TrainedStage::Pretrain;
    let is_pretraining = |planned: &&mut PlannedStage| planned.stage == Stage::Pretrain && planned.ends_after.is_none();
    let pretrainings = stages.iter_mut().filter(is_pretraining);
    for planned in pretrainings.filter(|planned| planned.recipe.stage(STAGE).epochs != epochs) {
        let finished = Recorded::read(&planned.out).ok().filter(has_all_epochs);
        let Some(finished) = finished else {
            let message = format!(
                "{} is not finished, and all pre-trainings of a plan are given more epochs at once: `bmae resume {}` finishes \
                 them first",
                plain_path(&planned.out),
                quoted(folder)
            );
            return Err(Ending::Failure(message.into()));
        };
        planned.recipe = planned.recipe.with_epochs_of(&finished.with_epochs(epochs)?.planned.recipe, STAGE);
    }
    Ok(())
}

/// Whether the run is finished with as many epochs as it is to have.
fn has_all_epochs(recorded: &Recorded) -> bool {
    let PlannedStage { stage, recipe, .. } = &recorded.planned;
    let planned = stage.trained().filter(|_| !recorded.about.trunk).map(|stage| recipe.stage(stage).epochs);
    recorded.about.is_finished() && planned.is_none_or(|epochs| epochs <= recorded.about.epochs)
}

/// Whether it is an evaluation of other weights than there are now.
fn is_outdated(recorded: &Recorded) -> bool {
    read_run(&recorded.planned.out).is_ok_and(|run| matches!(run.state(), RunState::Outdated(_)))
}

/// Puts the images of `recipe` where `--data` says.
fn relocate(recipe: &mut Recipe, arguments: &Resume) {
    if let Some(data) = arguments.data.as_ref().filter(|_| recipe.data.source != DataSource::Shapes) {
        recipe.data.source = DataSource::Path(absolute(data));
    }
}

/// What to say of a place where nothing can go on.
fn no_run(path: &Path) -> String {
    let place = plain_path(path);
    match (path.is_dir(), path.exists()) {
        (true, _) => format!(
            "{place} holds no run that could go on: give the folder of a run, which has a run.toml, or that of reproduce, sweep \
             or runs; `bmae runs` lists those below runs/"
        ),
        (_, true) => format!("{place} is a file: give the folder of a run, or that of reproduce, sweep or runs"),
        _ => format!("there is no {place}: give the folder of a run, or that of reproduce, sweep or runs"),
    }
}
