//! `map.csv`: where each test image lies on a map of the features (`docs/formats.md`, "Map of the test images").

use std::collections::HashMap;

use super::directory::Run;
use super::text_file::open;
use crate::text::csv_cell;

/// The file of a run directory.
const MAP_FILE: &str = "map.csv";

/// A map of the test images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TestMap {
    /// The class of each image, a place among `class_names` of the run, and its x and y.
    pub places: Vec<(usize, [f64; 2])>,
    /// The shares of the variance along x and y, from 0 to 1; `None` where the run does not say.
    pub variance: Option<[f64; 2]>,
}

/// The map of an evaluation; `None` where there is none, or the file is none.
pub fn test_map(run: &Run) -> Option<TestMap> {
    let file = open(&run.directory.join(MAP_FILE)).ok()??;
    let names = run.about.class_names.iter().enumerate();
    let classes: HashMap<String, usize> = names.map(|(class, name)| (csv_cell(name), class)).collect();
    let mut places = Vec::new();
    for row in csv::Reader::from_reader(file).into_records() {
        let row = row.ok()?;
        let number = |column: usize| row.get(column)?.parse::<f64>().ok().filter(|number| number.is_finite());
        places.push((*classes.get(row.get(2)?)?, [number(3)?, number(4)?]));
    }
    (!places.is_empty()).then_some(TestMap { places, variance: run.metrics.map_variance })
}
