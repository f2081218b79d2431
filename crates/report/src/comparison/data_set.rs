//! On which data runs were evaluated. Accuracies on other test images, of other classes, or learned from other labels
//! are not held against each other.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

use crate::run_directory::{Fingerprint, Run, Stage};
use crate::text::count;

/// The data of evaluations whose accuracies can be compared: the same test images, and the same training images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataSet {
    /// Its place among the data sets of the comparison.
    #[serde(skip)]
    pub(crate) place: usize,
    /// In words, which no other data set of the comparison shares.
    pub name: String,
    /// Into how many classes its images are sorted.
    pub classes: Option<u64>,
    /// On how many test images accuracies were counted.
    pub test_images: Option<u64>,
    /// From how many labelled training images, where that is known.
    pub train_images: Option<u64>,
    /// The accuracy in percent of guessing the most frequent class for every image; where its size is not known, classes
    /// are taken to be of the same size.
    pub chance_percent: Option<f64>,
}

/// What tells the data of one evaluation from that of another.
#[derive(Debug, Clone)]
struct Known<'a> {
    words: &'a str,
    classes: Option<u64>,
    test_images: Option<u64>,
    largest_class: Option<u64>,
    image_size: Option<String>,
    train_limit: Option<i64>,
    test: Option<&'a Fingerprint>,
    train: Option<&'a Fingerprint>,
}

/// The data sets of a comparison, and the one of each evaluation.
#[derive(Debug, Default)]
pub(crate) struct DataSets<'a> {
    sets: Vec<DataSet>,
    of_run: HashMap<&'a Path, usize>,
}

impl<'a> DataSets<'a> {
    /// Sorts the evaluations among `runs` by their data. The images' fingerprints decide where both runs have them, so
    /// that a folder that was moved stays the same data; else what the data is called, and its numbers.
    pub(crate) fn of(runs: &[&'a Run]) -> Self {
        let evaluations = runs.iter().copied().filter(|run| run.about.stage != Stage::Pretrain);
        let all: Vec<(&Run, Known)> = evaluations.map(|run| (run, Known::of(run))).collect();
        // In the order of the runs, but what is known best first: it stands for the others.
        let mut found: Vec<Known> = Vec::new();
        for is_first in [true, false] {
            for (_, known) in all.iter().filter(|(_, known)| known.is_fingerprinted() == is_first) {
                if !found.iter().any(|other| other.is_same(known)) {
                    found.push(known.clone());
                }
            }
        }
        let place = |known: &Known| found.iter().position(|other| other.is_same(known)).unwrap_or_default();
        // A data set has the place of its first run.
        let mut order: Vec<usize> = Vec::new();
        for (_, known) in &all {
            let place = place(known);
            if !order.contains(&place) {
                order.push(place);
            }
        }
        let at = |known: &Known| order.iter().position(|other| *other == place(known)).unwrap_or_default();
        let of_run = all.iter().map(|(run, known)| (run.directory.as_path(), at(known))).collect();
        let ordered: Vec<&Known> = order.iter().map(|&place| &found[place]).collect();
        let names = names(&ordered);
        let set = |(place, (known, name)): (usize, (&&Known, String))| DataSet {
            place,
            name,
            classes: known.classes,
            test_images: known.test_images,
            train_images: known.train_images(),
            chance_percent: chance_percent(
                known,
                all.iter().filter(|(_, other)| at(other) == place).map(|(_, other)| other),
            ),
        };
        Self { sets: ordered.iter().zip(names).enumerate().map(set).collect(), of_run }
    }

    /// The data of an evaluation.
    pub(crate) fn of_run(&self, run: &Run) -> Option<&DataSet> {
        self.of_run.get(run.directory.as_path()).and_then(|&place| self.sets.get(place))
    }
}

/// What guessing gives on the data of some evaluations: that one knows the most frequent class is enough.
fn chance_percent<'a>(known: &Known, mut all: impl Iterator<Item = &'a Known<'a>>) -> Option<f64> {
    let largest = all.find_map(|other| Some((other.largest_class?, other.test_images.filter(|&images| images > 0)?)));
    let equal = || known.classes.filter(|&classes| classes > 0).map(|classes| 100.0 / classes as f64);
    largest.map(|(largest, images)| 100.0 * largest as f64 / images as f64).or_else(equal)
}

impl<'a> Known<'a> {
    fn of(run: &'a Run) -> Self {
        let of_recipe = |key: &str| run.recipe.get("data").and_then(|data| data.get(key));
        let words = run.about.data.as_deref().or_else(|| of_recipe("source").and_then(toml::Value::as_str));
        let set = run.test_set();
        Self {
            words: words.unwrap_or_default(),
            classes: run.about.classes.or(set.map(|set| set.classes)),
            test_images: run.about.test_images.or(set.map(|set| set.images)),
            largest_class: run.about.largest_class,
            image_size: of_recipe("image_size").and_then(image_size),
            train_limit: of_recipe("train_limit").and_then(toml::Value::as_integer).filter(|&limit| limit > 0),
            test: run.about.inputs.test.as_ref(),
            train: run.about.inputs.train.as_ref(),
        }
    }

    fn is_fingerprinted(&self) -> bool {
        self.test.is_some() && self.train.is_some()
    }

    fn is_same(&self, other: &Self) -> bool {
        let is_same_test = match (self.test, other.test) {
            (Some(test), Some(of_other)) => test == of_other,
            _ => {
                let numbers = |known: &Self| (known.classes, known.test_images);
                self.words == other.words && numbers(self) == numbers(other)
            }
        };
        let is_same_train = match (self.train, other.train) {
            (Some(train), Some(of_other)) => train == of_other,
            _ => self.words == other.words && self.train_limit == other.train_limit,
        };
        is_same_test && is_same_train && (self.classes == other.classes)
    }

    fn train_images(&self) -> Option<u64> {
        let limit = self.train_limit.and_then(|limit| u64::try_from(limit).ok());
        self.train.map(|train| train.images).or(limit)
    }

    fn last_word(&self) -> &'a str {
        last_word(self.words)
    }

    fn is_called_like(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

/// The size of images in words, as a recipe has it: a number for square ones, or height and width.
fn image_size(value: &toml::Value) -> Option<String> {
    let side = |value: &toml::Value| value.as_integer().and_then(|side| u64::try_from(side).ok());
    match value.as_array().map(Vec::as_slice) {
        None => side(value).map(|side| count(side, "pixel")),
        Some([height, width]) => Some(format!("{} x {} pixels", side(height)?, side(width)?)),
        Some(_) => None,
    }
}

/// The last part of a path, else what data is called.
pub(crate) fn last_word(words: &str) -> &str {
    let last = words.trim_end_matches('/').rsplit('/').next();
    last.filter(|last| !last.is_empty()).unwrap_or(words)
}

/// A name for each data set, as short as tells it from the others: the name of its folder, else the whole path, and
/// behind it the numbers in which it differs from those of the same name.
fn names(sets: &[&Known]) -> Vec<String> {
    type Number = (fn(&Known) -> Option<String>, &'static str);
    const NUMBERS: [Number; 4] = [
        (|known| known.classes.map(|classes| count(classes, "class label")), "class labels"),
        (|known| known.test_images.map(|images| count(images, "test image")), "test images"),
        (|known| known.train_images().map(|images| count(images, "training image")), "training images"),
        // An image that is drawn at another size is another one.
        (|known| known.image_size.clone(), "pixels"),
    ];
    let name = |known: &Known| {
        let is_short = sets.iter().all(|other| other.last_word() != known.last_word() || other.is_called_like(known));
        let mut name = if is_short { known.last_word() } else { known.words }.to_owned();
        if name.is_empty() {
            name = "unknown data".to_owned();
        }
        let alike = || sets.iter().filter(|other| other.is_called_like(known));
        for (number, things) in NUMBERS {
            if alike().any(|other| number(other) != number(known)) {
                let said = number(known).unwrap_or_else(|| format!("all {things}"));
                name.push_str(&format!(", {said}"));
            }
        }
        name
    };
    let mut names: Vec<String> = sets.iter().map(|known| name(known)).collect();
    // The same folder with other images in it.
    let shared: Vec<bool> = names.iter().map(|name| names.iter().filter(|other| *other == name).count() > 1).collect();
    for (name, known) in names.iter_mut().zip(sets).zip(shared).filter_map(|(set, shared)| shared.then_some(set)) {
        let contents = [known.test, known.train].into_iter().flatten().map(|images| images.contents.as_str());
        let seen: Vec<&str> = contents.map(|contents| contents.get(..6).unwrap_or(contents)).collect();
        if !seen.is_empty() {
            name.push_str(&format!(", images {}", seen.join(" and ")));
        }
    }
    for place in 0..names.len() {
        if names[..place].contains(&names[place]) {
            names[place] = format!("{} ({})", names[place], place + 1);
        }
    }
    names
}
