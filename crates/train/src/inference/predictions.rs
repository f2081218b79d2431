//! The classes of images, most probable first (`docs/formats.md`, "predictions.csv").

use std::path::Path;

use bmae_data::Images;
use bmae_output::csv_cell::csv_cell;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use serde_json::{Value, json};

use super::classifier::TrainedClassifier;
use super::given_images::GivenImages;
use super::readable::read;
use crate::evaluation::RankedClass;
use crate::{Session, TrainError, pipeline};

/// The first line of the file, without its end.
pub const HEADER: &str = "file,rank,class,probability";

/// Images that a model sees at once: so many are in memory.
const AT_ONCE: usize = 64;

/// What was said of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePrediction {
    /// Its number among those that were given.
    pub image: usize,
    /// Its classes, most probable first.
    pub ranked: Vec<RankedClass>,
}

/// What was said of all that could be read, in the order in which they were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// An entry for each.
    pub images: Vec<ImagePrediction>,
    /// What the classes are called.
    pub class_names: Vec<String>,
    /// How many images could not be read.
    pub unreadable: usize,
}

/// The `most` most probable classes of each of `given`. An image that cannot be read is told and left out. `seen` hears
/// how many were looked at. `None` where the session was stopped.
///
/// # Errors
/// When an image fits no model of these sizes, which would be a fault of bmae.
pub fn predict(
    session: &mut Session<'_>,
    classifier: &TrainedClassifier,
    given: &GivenImages,
    most: usize,
    seen: &mut dyn FnMut(usize),
) -> Result<Option<Predictions>, TrainError> {
    let transform = pipeline::evaluation_transform(classifier.recipe());
    transform.check()?;
    let (mut images, mut unreadable) = (Vec::new(), given.unreadable().len());
    given.unreadable().iter().for_each(|error| session.warn(error.to_string()));
    for begin in (0..given.len()).step_by(AT_ONCE) {
        if session.stopped() {
            return Ok(None);
        }
        let end = given.len().min(begin + AT_ONCE);
        let readable = read(given, begin..end, &transform, session.workers());
        unreadable += readable.unreadable.len();
        readable.unreadable.iter().for_each(|(_, error)| session.warn(error.to_string()));
        if !readable.indices.is_empty() {
            let ranked = classifier.ranked(session, &readable.values, most)?;
            let of_each = readable.indices.into_iter().zip(ranked);
            images.extend(of_each.map(|(image, ranked)| ImagePrediction { image, ranked }));
        }
        seen(end);
    }
    Ok(Some(Predictions { images, class_names: classifier.class_names().to_vec(), unreadable }))
}

impl Predictions {
    /// The file: a line for each class of each image.
    pub fn to_csv(&self, given: &GivenImages) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail: every row has as many cells as the header.
        let _ = writer.write_record(HEADER.split(','));
        let names: Vec<String> = self.class_names.iter().map(|name| csv_cell(name)).collect();
        for ImagePrediction { image, ranked } in &self.images {
            let file = csv_cell(&plain_path(file_of(given, *image)));
            for (rank, RankedClass { class, probability }) in ranked.iter().enumerate() {
                let name = names.get(*class).map_or("", String::as_str);
                let _ = writer.write_record([&file, &(rank + 1).to_string(), name, &format!("{probability:.6}")]);
            }
        }
        writer.into_inner().unwrap_or_default()
    }

    /// The same as a list of records with these fields, names and paths as they are.
    pub fn to_json(&self, given: &GivenImages) -> Value {
        let records = self.images.iter().flat_map(|ImagePrediction { image, ranked }| {
            let file = to_text(file_of(given, *image));
            ranked.iter().enumerate().map(move |(rank, RankedClass { class, probability })| {
                let class = self.class_names.get(*class);
                json!({ "file": file, "rank": rank + 1, "class": class, "probability": probability })
            })
        });
        records.collect()
    }
}

/// What image `index` of `given` is called.
pub(super) fn file_of(given: &GivenImages, index: usize) -> &Path {
    given.file(index).unwrap_or(Path::new(""))
}
