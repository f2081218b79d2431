//! What a report shows of how evaluations classify their test images: the scores of all, and figures and pictures of so
//! many as a page can hold.

use std::cmp::Reverse;

use crate::classification::{ClassifiedLine, classified_lines};
use crate::comparison::RunGroup;
use crate::error::ReportError;
use crate::figures::test_figures::{TestFigures, test_figures};
use crate::pictures::whole_png;
use crate::run_directory::Stage;

/// Evaluations that a page shows at the most, as four methods with three evaluations have.
const SHOWN: usize = 12;
/// The most bytes that all pictures of mistakes of a page may have together.
const MOST_BYTES: usize = 6 << 20;
/// Where an evaluation keeps the picture.
const MISTAKES: &str = "pictures/mistakes.png";

/// The evaluations of a report.
#[derive(Debug)]
pub struct Evaluations<'a> {
    /// Every one that left predictions, by line and evaluation.
    pub lines: Vec<ClassifiedLine<'a>>,
    /// Those with figures, in the same order.
    pub shown: Vec<ShownEvaluation>,
    /// Why others are not among them, a sentence each.
    pub skipped: Vec<String>,
}

/// An evaluation that is shown.
#[derive(Debug)]
pub struct ShownEvaluation {
    /// Its place among all.
    pub line: usize,
    /// Its figures.
    pub figures: TestFigures,
    /// Its most confident mistakes, the bytes of a PNG file.
    pub mistakes: Option<Vec<u8>>,
}

/// Reads what the evaluations of `groups` left, and draws what is shown of it.
///
/// # Errors
/// [`ReportError::Figure`] if a drawing library refuses.
pub fn evaluations<'a>(groups: &[RunGroup<'a>]) -> Result<Evaluations<'a>, ReportError> {
    let (lines, mut skipped) = classified_lines(groups);
    let (mut shown, mut bytes) = (Vec::new(), 0);
    for place in chosen(&lines) {
        let line = &lines[place];
        let mut mistakes = None;
        if let Some((first, _)) = line.seeds.first() {
            match whole_png(&first.directory.join(MISTAKES)) {
                Ok(png) => mistakes = png.filter(|png| bytes + png.len() <= MOST_BYTES),
                Err(reason) => skipped.push(format!("A picture of mistakes is not shown: {reason}.")),
            }
        }
        bytes += mistakes.as_ref().map_or(0, Vec::len);
        shown.push(ShownEvaluation { line: place, figures: test_figures(groups, &lines, line)?, mistakes });
    }
    Ok(Evaluations { lines, shown, skipped })
}

/// The places of those that are shown: all, or of each evaluation the same number of lines, those with the highest top-1.
fn chosen(lines: &[ClassifiedLine]) -> Vec<usize> {
    let accuracy = |place: usize| lines[place].outcome.confusion.accuracy().unwrap_or_default();
    let mut ranked: Vec<(usize, usize)> = Vec::new();
    for stage in Stage::EVALUATIONS {
        let mut of_stage: Vec<usize> = (0..lines.len()).filter(|&place| lines[place].stage == stage).collect();
        of_stage.sort_by(|&a, &b| accuracy(b).total_cmp(&accuracy(a)));
        ranked.extend(of_stage.into_iter().enumerate());
    }
    ranked.sort_by_key(|&(rank, place)| (rank, Reverse(lines[place].outcome.confusion.images()), place));
    let mut chosen: Vec<usize> = ranked.into_iter().take(SHOWN).map(|(_, place)| place).collect();
    chosen.sort_unstable();
    chosen
}
