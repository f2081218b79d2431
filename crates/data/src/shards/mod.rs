//! WebDataset shards: `.tar` files with a member `KEY.jpg` (or another image) and `KEY.cls` for each sample.
//!
//! A shard is indexed once: where each image begins and how long it is. An image is then read from there at random, as
//! if it were a file of its own. Of a sample, the image is the member whose ending is that of one; its label is the text
//! of `KEY.cls`, or `label` (or `cls`, `class`) in `KEY.json`. Other members, such as `KEY.txt`, are passed over.
//!
//! Shards are for training or for testing as the words in their names, or the folders that they lie in, say: `train`,
//! `test`, `val` and so on; without such words all are for training.

mod find;
mod index;
mod member_names;
mod pattern;
mod sample;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bmae_output::plain::{name_of_path, plain_path};

use crate::class_list::ClassList;
use crate::division::divided;
use crate::error::{ArchiveError, LabelError};
use crate::section::Section;
use crate::stored_images::{Bytes, Store, StoredImages};
use crate::{DataError, Dataset, Depth, Images, Selection, TestOrigin};
use find::Shards;
pub use find::{holds_archives, holds_shards, is_shard};
use index::{Place, index};
pub use pattern::is_pattern;
use sample::ShardSample;

/// Opens shards: a `.tar` file, a folder of such, or a pattern like `train-{000000..000009}.tar`.
///
/// # Errors
/// When there are none, one is not there, is empty, compressed, damaged or cut short, or only some images have a label, or
/// a test image has one that no class has.
pub fn open(path: &Path, selection: &Selection) -> Result<Dataset, DataError> {
    let Shards { train, test, test_word } = Shards::at(path)?;
    let (train, test) = (read(&train)?, read(&test)?);
    let all = || train.iter().chain(&test);
    let is_labelled = all().any(|one| one.sample.label.is_some());
    if let Some(missing) = all().find(|one| one.sample.label.is_none()).filter(|_| is_labelled) {
        return Err(LabelError::Missing { place: missing.words() }.into());
    }
    let folder = path.parent().filter(|_| !path.is_dir()).unwrap_or(path);
    let of = |samples: &[Indexed]| samples.iter().filter_map(|one| one.sample.label.clone()).collect::<Vec<_>>();
    let train_labels = of(&train);
    let texts = || train_labels.iter().map(AsRef::as_ref);
    let classes = match ClassList::beside(folder, texts())? {
        Some(named) => named,
        None => ClassList::of_labels(texts()),
    };
    let has_test = !test.is_empty();
    let train = part(train, &classes)?;
    let test = part(test, &classes)?;
    let dataset = Dataset {
        name: name_of_path(path),
        train,
        test: has_test.then_some(test),
        test_origin: test_word.filter(|_| has_test).map(TestOrigin::Shards),
        class_names: if is_labelled { classes.into_names() } else { Vec::new() },
        left_out: None,
        unreadable: Vec::new(),
        channels: 3,
        depth: Depth::Bits8,
    };
    Ok(divided(dataset, selection))
}

/// A sample, and the shard that it lies in.
struct Indexed {
    shard: Arc<Path>,
    sample: ShardSample,
}

impl Indexed {
    /// What to call it in an error about its label.
    fn words(&self) -> String {
        plain_path(self.shard.join(&self.sample.image))
    }
}

/// The samples of all `shards`, in their order.
fn read(shards: &[PathBuf]) -> Result<Vec<Indexed>, DataError> {
    let mut all = Vec::new();
    for shard in shards {
        let samples = sample::gather(shard, index(shard)?)?;
        if samples.is_empty() {
            return Err(ArchiveError::EmptyShard { path: shard.clone() }.into());
        }
        let shard: Arc<Path> = Arc::from(shard.as_path());
        all.extend(samples.into_iter().map(|sample| Indexed { shard: Arc::clone(&shard), sample }));
    }
    Ok(all)
}

/// The images of `samples`, each with the number of its class where they have labels.
fn part(samples: Vec<Indexed>, classes: &ClassList) -> Result<Arc<dyn Images>, DataError> {
    let (mut files, mut labels, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for one in samples {
        if let Some(label) = &one.sample.label {
            labels.push(classes.number(label, || one.words())?);
        }
        // Members of two shards may have one name.
        let shard = one.shard.file_name().map(PathBuf::from).unwrap_or_default();
        files.push(shard.join(&one.sample.image));
        members.push((one.shard, one.sample.place));
    }
    Ok(Arc::new(StoredImages::new(ShardStore(members), files, labels)))
}

/// Images in shards: the shard and the place of each.
struct ShardStore(Vec<(Arc<Path>, Place)>);

impl Store for ShardStore {
    fn place(&self, index: usize, file: &Path) -> PathBuf {
        // The file begins with the name of its shard.
        self.0[index].0.parent().map_or_else(|| file.to_owned(), |folder| folder.join(file))
    }

    fn bytes(&self, index: usize, _file: &Path) -> Result<Box<dyn Bytes>, DataError> {
        let (shard, Place { start, len }) = &self.0[index];
        let section = File::open(shard).and_then(|file| Section::new(file, *start, *len));
        Ok(Box::new(BufReader::new(section.map_err(DataError::io("read", shard.as_ref()))?)))
    }
}

#[cfg(test)]
mod tests;
