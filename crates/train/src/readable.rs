//! Images that cannot be decoded, where a recipe says that they are left out: found once in a process for each choice of
//! images, and listed in every run directory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bmae_data::{DataError, Dataset, Selection, Source, Split, Unreadable, look_through};
use bmae_output::csv_cell::csv_cell;
use bmae_output::path_text::to_text;

use crate::TrainError;
use crate::whole_file::write_whole;

/// The file of a run directory that lists them.
pub const FILE: &str = "unreadable.csv";

/// What was found in this process, so that the stages of a plan do not decode all images again.
static FOUND: Mutex<Vec<Found>> = Mutex::new(Vec::new());

/// The images of one choice that cannot be decoded.
struct Found {
    source: Source,
    selection: Selection,
    images: Vec<Unreadable>,
}

/// Whether the images of this choice were looked through in this process.
pub(crate) fn is_known(source: &Source, selection: &Selection) -> bool {
    known(source, selection).is_some()
}

fn known(source: &Source, selection: &Selection) -> Option<Vec<Unreadable>> {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let of_choice = found.iter().find(|found| (&found.source, &found.selection) == (source, selection));
    of_choice.map(|found| found.images.clone())
}

/// `dataset`, which is what `selection` takes of `source`, without the images that cannot be decoded. All are decoded the first
/// time.
///
/// # Errors
/// When none would be left of the training or the test images.
pub(crate) fn readable(dataset: Dataset, source: &Source, selection: &Selection) -> Result<Dataset, DataError> {
    let unreadable = match known(source, selection) {
        Some(known) => placed(&dataset, known),
        None => {
            let images = look_through(&dataset, &|_| ());
            let (source, selection) = (source.clone(), *selection);
            let found = Found { source, selection, images: images.clone() };
            FOUND.lock().unwrap_or_else(PoisonError::into_inner).push(found);
            images
        }
    };
    dataset.without(unreadable)
}

/// The images that are `known`, with their numbers in `dataset`: files may have been added or removed since.
fn placed(dataset: &Dataset, known: Vec<Unreadable>) -> Vec<Unreadable> {
    if known.is_empty() {
        return known;
    }
    let by_place: HashMap<&PathBuf, &Unreadable> = known.iter().map(|one| (&one.place, one)).collect();
    let of = |split: Split| {
        let images = dataset.images(split);
        let place = move |index| images.and_then(|images| images.place(index));
        (0..images.map_or(0, |images| images.len())).filter_map(move |index| Some((split, index, place(index)?)))
    };
    let is_known = |(split, index, place): (Split, usize, PathBuf)| {
        by_place.get(&place).map(|one| Unreadable { split, index, ..(*one).clone() })
    };
    [Split::Train, Split::Test].into_iter().flat_map(of).filter_map(is_known).collect()
}

/// Lists `images` in the run directory at `directory`, with their places below `root`; nothing where there are none.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn list(directory: &Path, root: Option<&Path>, images: &[Unreadable]) -> Result<(), TrainError> {
    if images.is_empty() {
        return Ok(());
    }
    let mut table = String::from("file,reason\n");
    for one in images {
        let place =
            root.and_then(|root| one.place.strip_prefix(root).ok()).filter(|place| !place.as_os_str().is_empty());
        let file = to_text(place.unwrap_or(&one.place));
        table.push_str(&format!("{},{}\n", cell(&file), cell(&one.reason)));
    }
    write_whole(&directory.join(FILE), table.as_bytes())
}

/// A text as one cell of a CSV file on one line, in quotes where commas or quotes stand in it.
fn cell(text: &str) -> String {
    let text = csv_cell(text);
    match text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_commas_or_quotes_stands_in_quotes() {
        assert_eq!(cell("a.png"), "a.png");
        assert_eq!(cell("it has 3x3, not more"), "\"it has 3x3, not more\"");
        assert_eq!(cell("a \"b\""), "\"a \"\"b\"\"\"");
    }
}
