//! CIFAR-10 and CIFAR-100 in their official binary layout, as a directory or as the official archive.
//!
//! Both are 32x32 RGB images in files of records of one length (see [`binary`]). Which of the two it is, is told by
//! the names of the files: `data_batch_1.bin` ... `data_batch_5.bin` and `test_batch.bin`, or `train.bin` and
//! `test.bin`.

mod archive;
mod binary;
mod class_names;
mod files;
mod limits;

use std::path::Path;
use std::sync::Arc;

use crate::error::CifarError;
use crate::stratified::classes_in_turn;
use crate::{CifarSet, DataError, Dataset, Depth, Selection};
use binary::Records;
use files::Files;

pub(crate) use archive::is_gzip as is_archive;

/// Opens a known set that lies in `root`: as its files, as its directory, or as the official archive; `root` may be the
/// archive itself.
///
/// # Errors
/// When it is not there, incomplete, cut short, overlong, or has labels that do not exist.
pub fn open(set: CifarSet, root: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    let places = [root.to_owned(), root.join(set.directory_name()), root.join(set.archive_name())];
    for place in places {
        if let Some(files) = Files::open(&place)?
            && set.recognises(&files.names())
        {
            return read(set, &files, selection);
        }
    }
    Err(CifarError::NotFound { set, root: root.to_owned() }.into())
}

/// Opens whichever of the two sets a directory or an archive holds, or `None` when it holds neither.
///
/// # Errors
/// As [`open`], and when it holds files of both sets.
pub fn recognise(path: &Path, selection: &Selection) -> Result<Option<Dataset>, DataError> {
    let sets = [CifarSet::Cifar10, CifarSet::Cifar100];
    if let Some(files) = Files::open(path)? {
        let names = files.names();
        match sets.map(|set| set.recognises(&names)) {
            [true, true] => {
                return Err(CifarError::BothSets { path: path.to_owned() }.into());
            }
            [true, false] => return read(CifarSet::Cifar10, &files, selection).map(Some),
            [false, true] => return read(CifarSet::Cifar100, &files, selection).map(Some),
            [false, false] => {}
        }
    }
    // The folder that `bmae data download` writes to, or that an archive was unpacked in.
    let inside = |set: &CifarSet| path.join(set.directory_name()).is_dir() || path.join(set.archive_name()).is_file();
    match sets.iter().filter(|set| inside(set)).collect::<Vec<_>>()[..] {
        [] => Ok(None),
        [&set] => open(set, path, selection).map(Some),
        _ => Err(CifarError::BothSets { path: path.to_owned() }.into()),
    }
}

/// Reads both parts, having made sure that every file is there.
fn read(set: CifarSet, files: &Files, selection: &Selection) -> Result<Dataset, DataError> {
    let names = files.names();
    let missing: Vec<&str> = set.files().filter(|file| !names.iter().any(|name| name == file)).collect();
    if !missing.is_empty() {
        return Err(CifarError::MissingFiles { set, path: files.path().to_owned(), missing: missing.join(", ") }.into());
    }
    let part = |names: &[&str], limit: usize| -> Result<Records, DataError> {
        let mut records = Records::new(set);
        for name in names {
            records.append(&files.place(name), &files.read(name)?)?;
        }
        if limit > 0 {
            records.keep(&classes_in_turn(&records, limit));
        }
        Ok(records)
    };
    let train = part(set.train_files(), selection.train_limit)?;
    let test = part(&[set.test_file()], selection.test_limit)?;
    let class_names = class_names::read(set, files)?;
    Ok(Dataset {
        name: set.to_string(),
        train: Arc::new(train),
        test: Some(Arc::new(test)),
        test_origin: None,
        class_names,
        left_out: None,
        unreadable: Vec::new(),
        channels: 3,
        depth: Depth::Bits8,
    })
}

#[cfg(test)]
mod tests;
