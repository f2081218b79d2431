//! What the commands that ask a finished run about images have in common.

use std::path::{Path, PathBuf};

use bmae_data::Images;
use bmae_output::count::count;
use bmae_recipe::Need;
use bmae_train::inference::{AskedError, AskedRun, GivenImages};

use crate::arguments::{AskedImages, Everywhere};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::path_list;

/// A run has its recipe.
pub fn refuse_settings(everywhere: &Everywhere) -> Result<(), Ending> {
    let given = match (everywhere.set.first(), everywhere.seed) {
        (Some(set), _) => format!("--set {set}"),
        (None, Some(seed)) => format!("--seed {seed}"),
        (None, None) => return Ok(()),
    };
    let message = format!("a finished run is asked with the recipe that it has, so {given} cannot be given to it");
    Err(Ending::Usage(message.into()))
}

/// Opens the run at `from`.
pub fn open(from: &Path, asked: &AskedImages, everywhere: &Everywhere, output: &Output) -> Result<AskedRun, Ending> {
    refuse_settings(everywhere)?;
    let run = AskedRun::open(from, asked.data.as_deref(), &mut |message| output.message(&message))?;
    run.recipe.check_memory(Need::Features, layers::available_memory(everywhere.device))?;
    Ok(run)
}

/// The images that were named.
pub fn given(asked: &AskedImages) -> Result<GivenImages, Ending> {
    let mut paths = Vec::new();
    for path in &asked.images {
        match path.as_os_str() == "-" {
            true => paths.extend(path_list::of_stdin().map_err(|error| {
                Ending::Failure(format!("cannot read the list of images on stdin: {error}").into())
            })?),
            false => paths.push(path.clone()),
        }
    }
    Ok(GivenImages::of(paths))
}

/// Refuses to ask about nothing.
pub fn refuse_nothing(given: &GivenImages) -> Result<(), Ending> {
    match given.is_empty() {
        true => Err(AskedError::NoImages { first: given.unreadable().first().map(ToString::to_string) }.into()),
        false => Ok(()),
    }
}

/// How a command ends that left out so many of `all` images.
pub fn left_out(unreadable: usize, all: usize) -> Result<(), Ending> {
    match unreadable {
        0 => Ok(()),
        _ => Err(Ending::Failure(format!("{unreadable} of {} could not be read", count(all, "image")).into())),
    }
}

/// The files that are read and never overwritten: those of the run, and the images.
pub fn inputs(run: &AskedRun, given: &GivenImages) -> Vec<PathBuf> {
    let images = (0..given.len()).filter_map(|index| given.file(index)).map(Path::to_owned);
    run.files().into_iter().chain(images).collect()
}
