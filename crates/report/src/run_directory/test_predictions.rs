//! `test_predictions.csv`: what an evaluation said of every test image (`docs/formats.md`, "Test predictions").

use std::collections::HashMap;

use csv::ByteRecord;

use super::directory::Run;
use super::text_file::open;
use crate::text::csv_cell;

/// The file of a run directory.
const PREDICTIONS_FILE: &str = "test_predictions.csv";

/// Its columns.
const COLUMNS: [&str; 6] = ["image", "file", "label", "rank", "class", "probability"];

/// What was said of one image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PredictedImage {
    /// Its number in the test set, from 0.
    pub index: u64,
    /// Its file; empty where it has none of its own.
    pub file: String,
    /// Its class, a place among `class_names` of the run.
    pub label: usize,
    /// The most probable classes, most probable first, with their probabilities; at least one.
    pub ranked: Vec<(usize, f64)>,
}

/// Gives every test image of the evaluation `run` to `take`, in their order. Whether there is a file of them.
///
/// # Errors
/// In a clause, what of the file cannot be read or understood.
pub fn each_prediction(run: &Run, mut take: impl FnMut(&PredictedImage)) -> Result<bool, String> {
    let path = run.directory.join(PREDICTIONS_FILE);
    let Some(file) = open(&path).map_err(|error| error.to_string())? else { return Ok(false) };
    let names = run.about.class_names.iter().enumerate();
    let classes: HashMap<String, usize> = names.map(|(class, name)| (csv_cell(name), class)).collect();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
    let mut record = ByteRecord::new();
    let mut next = |record: &mut ByteRecord| {
        let read = reader.read_byte_record(record).map_err(|error| format!("{PREDICTIONS_FILE}: {error}"))?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok::<_, String>(read.then_some(line))
    };
    if next(&mut record)?.is_none() || record.iter().ne(COLUMNS.iter().map(|column| column.as_bytes())) {
        return Err(format!("line 1 of {PREDICTIONS_FILE} is not {}", COLUMNS.join(",")));
    }
    let mut image = PredictedImage::default();
    while let Some(line) = next(&mut record)? {
        let cell = |column: usize| record.get(column).and_then(|cell| std::str::from_utf8(cell).ok());
        let parsed = || {
            let (index, rank) = (cell(0)?.parse::<u64>().ok()?, cell(3)?.parse::<usize>().ok()?);
            let (label, class) = (*classes.get(cell(2)?)?, *classes.get(cell(4)?)?);
            Some((index, rank, label, (class, cell(5)?.parse::<f64>().ok()?)))
        };
        let follows = |&(index, rank, label, _): &(u64, usize, usize, _)| match (rank, image.ranked.len()) {
            (1, 0) => index == 0,
            (1, _) => index == image.index + 1,
            (rank, before) => (index, rank, label) == (image.index, before + 1, image.label),
        };
        let malformed = || format!("line {line} of {PREDICTIONS_FILE} is not the next class of an image");
        let (index, rank, label, class) = parsed().filter(follows).ok_or_else(malformed)?;
        if rank == 1 {
            if !image.ranked.is_empty() {
                take(&image);
            }
            let file = cell(1).unwrap_or_default().to_owned();
            image = PredictedImage { index, file, label, ranked: Vec::new() };
        }
        image.ranked.push(class);
    }
    if !image.ranked.is_empty() {
        take(&image);
    }
    Ok(true)
}
