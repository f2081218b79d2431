//! The figures of an evaluation's test images: which class is taken for which, calibration, the map of the features.

use maud::Markup;

use super::finish::{for_page, for_paper, png};
use super::sheet::Sheet;
use super::{confusion, reliability, test_map};
use crate::classification::ClassifiedLine;
use crate::comparison::RunGroup;
use crate::error::ReportError;
use crate::run_directory::Stage;

/// How the names of their files begin.
pub const TEST_FIGURES: [&str; 3] = ["confusion", "reliability", "map"];
/// A page shows fewer images on a map than its file has: it may have a dozen maps.
const ON_A_PAGE: usize = 2_000;

/// A figure of one evaluation of one line.
#[derive(Debug, Clone)]
pub struct TestFigure {
    /// File name without ending.
    pub name: String,
    /// Heading.
    pub title: &'static str,
    /// What it shows, in words: the text alternative.
    pub description: String,
    /// Its width in CSS pixels.
    pub width: f64,
    /// A file of its own, on white.
    pub paper: String,
    /// The same in pixels.
    pub png: Vec<u8>,
    /// For the page.
    pub page: Markup,
}

/// The figures of one evaluation of one line.
#[derive(Debug, Clone)]
pub struct TestFigures {
    /// The confusion matrix.
    pub confusion: TestFigure,
    /// How many classes are in it.
    pub confusion_classes: usize,
    /// The reliability diagram.
    pub reliability: TestFigure,
    /// The map of the test images, where there is one that no other evaluation of the line has.
    pub map: Option<TestFigure>,
}

impl TestFigures {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &TestFigure> {
        [&self.confusion, &self.reliability].into_iter().chain(&self.map)
    }
}

/// The name of the file of a figure of `line` that is of this `kind`, without its ending.
pub fn file_name(kind: &str, groups: &[RunGroup], line: &ClassifiedLine) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let label: String = groups[line.group].label.chars().take(40).map(plain).collect();
    format!("{kind}-{:02}-{label}-{}", line.group, line.stage.name())
}

/// Draws the figures of `line`; its map unless another of `lines` has it.
///
/// # Errors
/// [`ReportError::Figure`] if a drawing library refuses.
pub fn test_figures(
    groups: &[RunGroup],
    lines: &[ClassifiedLine],
    line: &ClassifiedLine,
) -> Result<TestFigures, ReportError> {
    let what = format!("{}, {}", groups[line.group].label, line.stage.in_sentence());
    let figure = |kind: &str, title: &'static str, description: String, sheet: Sheet, on_page: Option<Sheet>| {
        let name = file_name(kind, groups, line);
        let width = sheet.width();
        let drawing = sheet.finish();
        let paper = for_paper(&drawing, &format!("{title}: {what}"), &description);
        let on_page = on_page.map_or(drawing, Sheet::finish);
        Ok::<_, ReportError>(TestFigure {
            png: png(&paper).map_err(|reason| ReportError::Figure { name: name.clone(), reason })?,
            page: for_page(&on_page, &description, "drawn"),
            paper,
            name,
            title,
            description,
            width,
        })
    };
    let outcome = &line.outcome;
    let names = &outcome.class_names;
    // The neighbours' map is that of the probe where both look at the same feature; the first is shown.
    let is_repeated = line.stage == Stage::Knn
        && lines
            .iter()
            .any(|other| (other.group, other.stage) == (line.group, Stage::Linprobe) && other.map == line.map);
    let map = line.map.as_ref().filter(|_| !is_repeated).map(|map| {
        let draw = |most| test_map::draw(map, names, most);
        figure(
            "map",
            "Map of the features",
            test_map::describe(map, names),
            draw(test_map::MOST),
            Some(draw(ON_A_PAGE)),
        )
    });
    Ok(TestFigures {
        confusion_classes: confusion::shown(outcome).len(),
        confusion: figure(
            "confusion",
            "Confusion matrix",
            confusion::describe(outcome),
            confusion::draw(outcome),
            None,
        )?,
        reliability: figure(
            "reliability",
            "Reliability",
            reliability::describe(&outcome.calibration),
            reliability::draw(&outcome.calibration),
            None,
        )?,
        map: map.transpose()?,
    })
}
