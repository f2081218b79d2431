//! What a run directory says of the stage that it holds: all that is needed to go on with it, and nothing besides.

use std::path::{Path, PathBuf};

use bmae_output::absolute::absolute;
use bmae_output::count::count;
use bmae_output::path_text;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Recipe, Stage, Start, TrainedStage, Trunk};

use super::checkpoint;
use super::lock::Lock;
use super::moved::Moved;
use super::run_file::RunFile;
use super::state_file::{self, Position};
use crate::TrainError;

/// The stage that a run directory holds, as it recorded it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The stage, with paths where they lead now.
    pub planned: PlannedStage,
    /// What `run.toml` says.
    pub about: RunFile,
    /// How far its furthest checkpoint is.
    pub position: Position,
}

impl Recorded {
    /// Reads what the run in `directory` recorded; nothing is written. Relative paths in it are looked for from where it
    /// was begun, and what is not there any more beside the run, in case both were moved.
    ///
    /// # Errors
    /// [`TrainError::NotRecorded`] where `run.toml` cannot be read or names no stage, or where neither `config.toml` nor a
    /// checkpoint tells the recipe.
    pub fn read(directory: &Path) -> Result<Self, TrainError> {
        let unknown = |what: String| TrainError::NotRecorded { path: directory.to_owned(), what };
        let about = RunFile::read(directory).map_err(|error| unknown(error.to_string()))?;
        let stage = Stage::of_section(&about.stage);
        let stage = stage.ok_or_else(|| unknown(format!("its run.toml names the stage {:?}", about.stage)))?;
        let moved = Moved::new(about.directory.as_deref(), directory);
        let mut recipe = recorded_recipe(directory).map_err(|error| unknown(error.to_string()))?;
        moved.relocate(&mut recipe);
        let place = |text: &String| {
            let path = path_text::from_text(text);
            match resolved(&path, about.working_directory.as_deref()) {
                // As it was typed, where that still leads there.
                found if found.exists() && absolute(&path) == found => path,
                found => moved.find(&found),
            }
        };
        let start = match (stage, &about.from, &about.shared_from, about.shared_epochs) {
            (Stage::Pretrain, _, Some(trunk), Some(epochs)) => Start::Trunk(Trunk { directory: place(trunk), epochs }),
            // The weights that a pre-training begins with are in its recipe.
            (Stage::Pretrain, ..) | (_, None, ..) => Start::Scratch,
            (_, Some(from), ..) => Start::From(place(from)),
        };
        let run = about.name.clone();
        let ends_after = about.trunk.then_some(about.epochs);
        let position = state_file::list(directory).first().map_or(Position::default(), |(position, _)| *position);
        let planned = PlannedStage { run, stage, recipe, start, out: directory.to_owned(), ends_after };
        Ok(Self { planned, about, position })
    }

    /// Whether another process works on it.
    pub fn is_in_use(&self) -> bool {
        !self.about.is_finished() && Lock::is_held(&self.planned.out)
    }

    /// The same stage with `epochs` epochs, which from the next one that begins follow the schedule of so many.
    ///
    /// # Errors
    /// [`TrainError::OtherEpochs`] where it has no epochs, is a trunk, or has begun more; [`TrainError::NoState`] where
    /// there is nothing to go on from.
    pub fn with_epochs(mut self, epochs: usize) -> Result<Self, TrainError> {
        let begun = self.position.epochs_begun();
        let refused = |what: String| TrainError::OtherEpochs { path: self.planned.out.clone(), epochs, what };
        let stage: TrainedStage = self
            .planned
            .stage
            .trained()
            .ok_or_else(|| refused("nearest neighbours are not trained: they have no epochs".to_owned()))?;
        if self.about.trunk {
            let what = "it is a trunk, whose epochs other runs begin with: give those runs more".to_owned();
            return Err(refused(what));
        }
        if epochs < begun || epochs == 0 {
            let have = if begun == 1 { "has" } else { "have" };
            return Err(refused(format!("{} of it {have} begun, and cannot be taken back", count(begun, "epoch"))));
        }
        if epochs != self.planned.recipe.stage(stage).epochs {
            checkpoint::check_state(&self.planned.out)?;
            self.planned.recipe = self.planned.recipe.replanned(stage, epochs, begun);
        }
        Ok(self)
    }
}

/// The recipe of the run in `directory`, or that which its checkpoints carry.
///
/// # Errors
/// When neither can be read.
pub fn recorded_recipe(directory: &Path) -> Result<Recipe, TrainError> {
    let file = directory.join("config.toml");
    let text = std::fs::read_to_string(&file).map_err(|source| TrainError::reading(&file, source));
    let recipe = text.and_then(|text| Ok(Recipe::from_toml(&text)?));
    recipe.or_else(|error| {
        let carried = checkpoint::carried_config(directory).and_then(|text| Recipe::from_toml(&text).ok());
        carried.ok_or(error)
    })
}

fn resolved(path: &Path, working_directory: Option<&str>) -> PathBuf {
    let from_there =
        working_directory.map_or_else(|| path.to_owned(), |folder| path_text::from_text(folder).join(path));
    absolute(&from_there)
}
