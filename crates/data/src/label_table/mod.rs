//! A table of images and their labels: a CSV file with a line `file,label` for each.
//!
//! The first line may name the columns, in any order: `file` (or `filename`, `path`, `image` and the like), `label` (or
//! `class`, `target`) and, if need be, `split`, which says `train`, `test`, `val` and so on. Without it a line is
//! `file,label` or `file,label,split`. Paths begin in the folder of the table.

mod lines;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_output::plain::{name_of_path, plain_path};

use crate::class_list::ClassList;
use crate::division::divided;
use crate::error::LabelError;
use crate::image_folder::FolderStore;
use crate::split_names::{TEST, TRAIN, place};
use crate::stored_images::StoredImages;
use crate::{DataError, Dataset, Depth, Images, Selection, TestOrigin};
use lines::{TableLine, lines};

/// The table that a folder may hold.
pub const NAME: &str = "labels.csv";

/// Whether a file is such a table, as its name tells.
pub fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// Opens a table and the images that it names.
///
/// # Errors
/// When it cannot be read, names no image, one that is not there, or one twice, when a line has no label, and when a test
/// image has one that no class has.
pub fn open(path: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let lines = lines(path)?;
    if lines.is_empty() {
        return Err(LabelError::EmptyTable { path: path.to_owned() }.into());
    }
    check_files(path, &folder, &lines)?;
    let Divided { train, test, test_word } = by_split(path, lines)?;
    if train.is_empty() {
        return Err(LabelError::EmptyTable { path: path.to_owned() }.into());
    }
    let texts = || train.iter().map(|line| line.label.as_str());
    let classes = match ClassList::beside(&folder, texts())? {
        Some(named) => named,
        None => ClassList::of_labels(texts()),
    };
    let part = |lines: Vec<TableLine>| -> Result<Arc<dyn Images>, DataError> {
        let number =
            |line: &TableLine| classes.number(&line.label, || format!("{}, line {},", plain_path(path), line.line));
        let labels = lines.iter().map(number).collect::<Result<_, _>>()?;
        let files = lines.into_iter().map(|line| line.file).collect();
        Ok(Arc::new(StoredImages::new(FolderStore(folder.clone()), files, labels)))
    };
    let test = if test.is_empty() { None } else { Some(part(test)?) };
    let dataset = Dataset {
        name: name_of_path(path),
        train: part(train)?,
        test,
        test_origin: test_word.map(TestOrigin::Lines),
        class_names: classes.into_names(),
        left_out: None,
        unreadable: Vec::new(),
        channels: 3,
        depth: Depth::Bits8,
    };
    Ok(divided(dataset, selection))
}

/// Whether every file is there, once.
fn check_files(path: &Path, folder: &Path, lines: &[TableLine]) -> Result<(), DataError> {
    let mut seen: HashMap<&Path, u64> = HashMap::with_capacity(lines.len());
    for TableLine { line, file, .. } in lines {
        if let Some(&first) = seen.get(file.as_path()) {
            let (path, file) = (path.to_owned(), file.clone());
            return Err(LabelError::FileTwice { path, file, first, second: *line }.into());
        }
        seen.insert(file, *line);
    }
    let mut missing = lines.iter().filter(|line| !folder.join(&line.file).is_file());
    match missing.next() {
        None => Ok(()),
        Some(TableLine { line, file, .. }) => {
            let (path, line, file) = (path.to_owned(), *line, file.clone());
            Err(LabelError::NoFile { path, line, file, more: missing.count() }.into())
        }
    }
}

/// The lines of a table by what they are for.
struct Divided {
    train: Vec<TableLine>,
    test: Vec<TableLine>,
    /// The word that says so of the test images where it is not the usual one.
    test_word: Option<String>,
}

/// The lines of training and of test images. Where some are for testing of several kinds, the first kind is taken.
fn by_split(path: &Path, lines: Vec<TableLine>) -> Result<Divided, DataError> {
    let mut sorted: (Vec<TableLine>, Vec<Vec<TableLine>>) = (Vec::new(), TEST.map(|_| Vec::new()).into());
    for line in lines {
        match &line.split {
            Some(word) => match (place(word, &TRAIN), place(word, &TEST)) {
                (Some(_), _) => sorted.0.push(line),
                (None, Some(kind)) => sorted.1[kind].push(line),
                (None, None) => {
                    let what = format!("the split is {word}: train, test or val is expected");
                    return Err(LabelError::Line { path: path.to_owned(), line: line.line, what }.into());
                }
            },
            None => sorted.0.push(line),
        }
    }
    let (train, mut kinds) = sorted;
    let first = kinds.iter().position(|lines| !lines.is_empty());
    let test_word = first.filter(|&kind| kind > 0).map(|kind| TEST[kind].to_owned());
    let test = first.map(|kind| std::mem::take(&mut kinds[kind])).unwrap_or_default();
    Ok(Divided { train, test, test_word })
}

/// What a folder's own table is, if it has one.
pub fn of_folder(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(NAME);
    path.is_file().then_some(path)
}

#[cfg(test)]
mod tests;
