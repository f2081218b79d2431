//! Training images that are nearest to others, as a table (`docs/formats.md`, "bmae neighbours").

use bmae_data::Dataset;
use bmae_output::csv_cell::csv_cell;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use serde_json::{Value, json};

use super::given_images::GivenImages;
use super::predictions::file_of;

/// A training image near another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearestImage {
    /// Its number in the training set.
    pub index: usize,
    /// The cosine of the features of both, from -1 to 1.
    pub similarity: f32,
}

/// What was found of all images that could be read, in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SimilarImages {
    /// The number of an image among those that were given, and the training images nearest to it, the nearest first.
    pub images: Vec<(usize, Vec<NearestImage>)>,
    /// How many images could not be read.
    pub unreadable: usize,
}

impl SimilarImages {
    /// A table with a line for each neighbour of each of `given` among the training images of `data`.
    pub fn to_csv(&self, given: &GivenImages, data: &Dataset) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail: every row has as many cells as the header.
        let _ = writer.write_record(["file", "rank", "image", "neighbour", "class", "similarity"]);
        for (image, near) in &self.images {
            let file = csv_cell(&plain_path(file_of(given, *image)));
            for (rank, NearestImage { index, similarity }) in near.iter().enumerate() {
                let neighbour = data.train.file(*index).map(|file| csv_cell(&plain_path(file))).unwrap_or_default();
                let class = csv_cell(class_of(data, *index).unwrap_or_default());
                let (rank, index) = ((rank + 1).to_string(), index.to_string());
                let _ = writer.write_record([&file, &rank, &index, &neighbour, &class, &format!("{similarity:.6}")]);
            }
        }
        writer.into_inner().unwrap_or_default()
    }

    /// The same as a list of records with these fields; `neighbour` and `class` are null where there is none.
    pub fn to_json(&self, given: &GivenImages, data: &Dataset) -> Value {
        let records = self.images.iter().flat_map(|(image, near)| {
            let file = to_text(file_of(given, *image));
            near.iter().enumerate().map(move |(rank, NearestImage { index, similarity })| {
                json!({
                    "file": file,
                    "rank": rank + 1,
                    "image": index,
                    "neighbour": data.train.file(*index).map(to_text),
                    "class": class_of(data, *index),
                    "similarity": similarity,
                })
            })
        });
        records.collect()
    }
}

/// The name of the class of training image `index`; `None` where it has none.
pub fn class_of(data: &Dataset, index: usize) -> Option<&str> {
    let label = data.train.label(index)?;
    data.class_names.get(label).map(String::as_str)
}
