//! What a plan will take, before it starts: time, disk and memory of every stage that is still to be run; and what of its
//! recipes and images is probably not meant.
//!
//! Time comes from a few timed steps ([`speed`](crate::speed)), disk and memory from the sizes. Nothing of it changes a
//! result: every draw has a key of its own, and what is made here is thrown away.

mod cautions;
mod disk;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bmae_data::Dataset;
use bmae_output::free_space::free_space;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Bytes, DataRecipe, Recipe, available_memory};

use cautions::cautions;
use disk::Written;

use crate::device::{Device, Machine};
use crate::estimate::{Caution, Effort, PlanEstimate, StageEstimate};
use crate::run_directory::{RunFile, furthest_position};
use crate::speed::{Sample, Stopwatch};
use crate::stage_images::StageImages;
use crate::trunk::is_wanted;
use crate::{TrainError, input, pipeline};

/// A plan that is guessed to take less is not timed.
const WORTHWHILE_S: f64 = 20.0;
/// What will be written may take so much of the free room before it is worth a word.
const MOST_OF_THE_ROOM: f64 = 0.9;

/// Estimates what is left to do of `plan` on `machine`; once it `is_stopped`, what is left to be timed counts as nothing.
/// Nothing is written.
///
/// # Errors
/// When images cannot be read, a recipe cannot be trained, or the disk has certainly no room for what would be written.
pub fn forecast(
    plan: &[PlannedStage],
    machine: &Machine,
    effort: Effort,
    is_stopped: impl Fn() -> bool,
) -> Result<PlanEstimate, TrainError> {
    // How many channels the images have decides about sizes and times; what they are normalised with does not.
    let mut with_channels = Vec::with_capacity(plan.len());
    for planned in plan {
        with_channels.push(pipeline::with_channels(planned)?);
    }
    let plan = with_channels.as_slice();
    let mut seen: Vec<(&DataRecipe, Dataset, Rc<Sample>)> = Vec::new();
    let mut stages = Vec::with_capacity(plan.len());
    let mut found: Vec<Caution> = Vec::new();
    for planned in plan {
        let left = Left::of(planned, plan);
        let at = match seen.iter().position(|(data, ..)| **data == planned.recipe.data) {
            Some(at) => at,
            None => {
                let data = pipeline::open(&planned.recipe)?;
                // What cannot be trained needs no time.
                input::check(&data, &planned.recipe, planned.stage)?;
                let sample = if effort == Effort::RoomOnly { Sample::unseen(&data) } else { Sample::of(&data) };
                seen.push((&planned.recipe.data, data, Rc::new(sample?)));
                seen.len() - 1
            }
        };
        let (_, data, sample) = &seen[at];
        let taken = Taken::of(planned, data)?;
        if left.is_due {
            check_memory(planned, machine)?;
        }
        if left.is_due && planned.ends_after.is_none() && sample.looked_at > 0 {
            add(&mut found, cautions(&taken.recipe, planned.stage, sample, taken.train));
        }
        stages.push(Ahead { planned, left, taken, sample: sample.clone() });
    }
    let room = Room::of(&stages);
    let (disk, free) = room.check(plan)?;
    found.extend(room.caution());

    let mut stopwatch = Stopwatch::new(machine);
    let mut seconds = |is_timed: bool| -> Result<Vec<f64>, TrainError> {
        let of_stage = |Ahead { planned, left, taken, sample }: &Ahead<'_>| {
            if !left.is_due || is_stopped() || effort == Effort::RoomOnly {
                return Ok(0.0);
            }
            let speed = stopwatch.speed(&taken.recipe, planned.stage, sample, is_timed)?;
            Ok(speed.on(taken.train, taken.held_out).seconds(&taken.recipe, left.epochs.clone()))
        };
        stages.iter().map(of_stage).collect()
    };
    let guessed = seconds(false)?;
    let is_timed = effort == Effort::Always || guessed.iter().sum::<f64>() > WORTHWHILE_S;
    let seconds = if is_timed { seconds(true)? } else { guessed };
    let stages = stages.iter().zip(seconds).map(|(ahead, seconds)| ahead.estimate(seconds));
    Ok(PlanEstimate { stages: stages.collect(), steps_timed: stopwatch.steps_timed(), disk, free, cautions: found })
}

/// Adds to `cautions` what none of them says; of two about the same the one that says more of it stays.
fn add(cautions: &mut Vec<Caution>, new: Vec<Caution>) {
    for caution in new {
        if !cautions.iter().any(|known| known.is_like(&caution)) {
            cautions.push(caution);
        }
    }
}

/// What is left to do of a stage.
#[derive(Debug, Clone, PartialEq)]
struct Left {
    is_due: bool,
    epochs: Range<usize>,
}

impl Left {
    fn of(planned: &PlannedStage, plan: &[PlannedStage]) -> Self {
        let is_finished = RunFile::read(&planned.out).is_ok_and(|earlier| earlier.is_finished());
        let is_needed = planned.ends_after.is_none() || is_wanted(planned, plan);
        let shared = planned.start.trunk().map_or(0, |trunk| trunk.epochs);
        let begins = furthest_position(&planned.out).map_or(shared, |position| position.epochs_done);
        let ends = planned.epochs();
        Self { is_due: is_needed && !is_finished, epochs: begins.min(ends)..ends }
    }
}

/// The images that a stage takes, and its recipe with batches that they fill.
struct Taken {
    recipe: Recipe,
    train: usize,
    held_out: usize,
    steps_per_epoch: usize,
}

impl Taken {
    fn of(planned: &PlannedStage, data: &Dataset) -> Result<Self, TrainError> {
        let Some(stage) = planned.stage.trained() else {
            let (recipe, train) = (planned.recipe.clone(), data.train.len());
            return Ok(Self { recipe, train, held_out: 0, steps_per_epoch: 0 });
        };
        let StageImages { train, held_out, recipe, steps, .. } = StageImages::of(data, &planned.recipe, stage)?;
        let held_out = held_out.map_or(0, |images| images.len());
        Ok(Self { recipe, train: train.len(), held_out, steps_per_epoch: steps })
    }
}

/// A stage of a plan, done or not.
struct Ahead<'a> {
    planned: &'a PlannedStage,
    left: Left,
    taken: Taken,
    sample: Rc<Sample>,
}

impl Ahead<'_> {
    fn estimate(&self, seconds: f64) -> StageEstimate {
        let Taken { recipe, steps_per_epoch, .. } = &self.taken;
        StageEstimate {
            is_due: self.left.is_due,
            epochs: self.left.epochs.len(),
            steps_per_epoch: *steps_per_epoch,
            seconds,
            disk: Bytes(self.written().kept()),
            memory: recipe.memory(self.planned.stage, teachers(recipe)),
        }
    }

    fn written(&self) -> Written {
        let Sample { classes, test, .. } = *self.sample;
        Written::of(&self.planned.recipe, self.planned.stage, self.left.epochs.end, classes, test)
    }
}

/// Bytes of the weight files of fixed targets, which stay in memory.
fn teachers(recipe: &Recipe) -> u128 {
    let targets = recipe.method.targets();
    let files = targets.iter().filter_map(|target| target.update.weights());
    files.filter_map(|weights| std::fs::metadata(&weights.path).ok()).map(|file| u128::from(file.len())).sum()
}

/// Refuses a pre-training with fixed targets that certainly does not fit into memory; of one without, its recipe says it.
fn check_memory(planned: &PlannedStage, machine: &Machine) -> Result<(), TrainError> {
    let of_teachers = teachers(&planned.recipe);
    // A GPU has memory of its own.
    let available = available_memory().filter(|_| of_teachers > 0 && machine.device == Device::flex());
    let check = |available| planned.recipe.check_memory_with_teachers(planned.stage, of_teachers, available);
    Ok(available.map_or(Ok(()), check)?)
}

/// What will be written, and what is free there.
struct Room {
    folder: PathBuf,
    /// Of weights and states, which are certain.
    certain: u128,
    all: u128,
    free: Option<u64>,
}

impl Room {
    fn of(stages: &[Ahead<'_>]) -> Self {
        let due = || stages.iter().filter(|ahead| ahead.left.is_due);
        let written = || due().map(Ahead::written);
        // What an earlier session wrote takes no further room.
        let there: u128 = due().map(|ahead| u128::from(bytes_in(&ahead.planned.out))).sum();
        let meanwhile = written().map(|written| written.meanwhile).max().unwrap_or(0);
        let certain: u128 = written().map(|written| written.weights).sum();
        let rest: u128 = written().map(|written| written.rest).sum();
        let folder = due().next().map(|ahead| ahead.planned.out.clone()).unwrap_or_default();
        Self {
            certain: certain.saturating_sub(there),
            all: certain.saturating_add(rest).saturating_add(meanwhile).saturating_sub(there),
            free: free_space(&folder),
            folder,
        }
    }

    /// What is needed and what is free, unless it is certainly too little.
    fn check(&self, plan: &[PlannedStage]) -> Result<(Bytes, Option<Bytes>), TrainError> {
        let free = self.free.map(|free| Bytes(u128::from(free)));
        match free.filter(|free| self.certain > free.0) {
            Some(free) => {
                let folder = if plan.len() == 1 { &self.folder } else { above_the_run(&self.folder) };
                Err(TrainError::NoRoom { path: folder.to_owned(), needed: Bytes(self.certain), free })
            }
            None => Ok((Bytes(self.all), free)),
        }
    }

    fn caution(&self) -> Option<Caution> {
        let free = self.free.filter(|free| self.all as f64 > MOST_OF_THE_ROOM * *free as f64)?;
        let (needed, free) = (Bytes(self.all), Bytes(u128::from(free)));
        Some(Caution::LittleRoom { folder: self.folder.clone(), needed, free })
    }
}

/// The folder of a plan, above those of a run and its stage.
fn above_the_run(folder: &Path) -> &Path {
    folder.parent().and_then(Path::parent).unwrap_or(folder)
}

/// Bytes of the files in `folder` and the folders in it; 0 where there is none.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_in(&entry.path()),
        Ok(found) if found.is_file() => found.len(),
        _ => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use bmae_recipe::Stage;

    use super::*;

    fn room(certain: u128, all: u128, free: u64) -> Room {
        Room { folder: "runs/a/pretrain".into(), certain, all, free: Some(free) }
    }

    #[test]
    fn what_certainly_has_no_room_is_refused_and_what_hardly_has_is_said() {
        assert!(matches!(room(101, 150, 100).check(&[]), Err(TrainError::NoRoom { .. })));
        assert_eq!(room(60, 95, 100).check(&[]).expect("there is room"), (Bytes(95), Some(Bytes(100))));
        assert!(room(60, 95, 100).caution().is_some() && room(60, 85, 100).caution().is_none());
        assert!(Room { free: None, ..room(101, 150, 100) }.check(&[]).is_ok(), "nobody knows");
    }

    #[test]
    fn of_cautions_about_one_stage_the_first_stays() {
        let few = |stage, epochs| Caution::FewSteps { stage, epochs, steps_per_epoch: 2, enough: 500 };
        let mut cautions = Vec::new();
        add(&mut cautions, vec![few(Stage::Pretrain, 3), few(Stage::Finetune, 3)]);
        add(&mut cautions, vec![few(Stage::Pretrain, 4)]);
        assert_eq!(cautions, [few(Stage::Pretrain, 3), few(Stage::Finetune, 3)]);
    }
}
