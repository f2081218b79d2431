//! Which line of an evaluation is the highest, and which others the noise does not tell from it.

use super::score::Score;
use super::summary::{GroupSummary, Summary};
use crate::run_directory::Stage;

/// The line with the highest mean of an evaluation on one data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Highest<'a> {
    /// The line.
    pub line: &'a GroupSummary,
    /// The others above which it does not stand beyond the noise, from the highest.
    pub rivals: Vec<&'a GroupSummary>,
    /// Whether it is above what guessing one class gives; taken for granted where that is not known.
    pub above_chance: bool,
    /// The line without pre-training, and how many points the highest is above it beyond the noise.
    pub above_scratch: Option<f64>,
}

/// The highest line of an evaluation on each data set that has several, in the order of the data sets: accuracies on
/// other data are not held against each other. A rival is a line above which the highest does not stand by
/// [`Score::is_above`].
pub fn highest(summary: &Summary, evaluation: Stage) -> Vec<Highest<'_>> {
    let score = |line: &GroupSummary| line.evaluation(evaluation).and_then(|cell| cell.score.clone());
    let mut data: Vec<Option<&str>> = Vec::new();
    for of_line in summary.runs.iter().map(|line| line.data.as_deref()) {
        if !data.contains(&of_line) {
            data.push(of_line);
        }
    }
    let of_data = |data: Option<&str>| {
        let lines = summary.runs.iter().filter(|line| line.data.as_deref() == data);
        let mut lines: Vec<(&GroupSummary, Score)> = lines.filter_map(|line| Some((line, score(line)?))).collect();
        lines.sort_by(|(_, a), (_, b)| b.mean.total_cmp(&a.mean));
        let ((line, top), others) = lines.split_first()?;
        let rivals: Vec<&GroupSummary> =
            others.iter().filter(|(_, other)| !top.is_above(other)).map(|(line, _)| *line).collect();
        let above_chance = line.evaluation(evaluation).and_then(|cell| cell.above_chance) != Some(false);
        let scratch = others.iter().find(|(other, _)| other.setting.method == "scratch" && !other.added);
        let above_scratch = scratch.filter(|(line, _)| !rivals.iter().any(|rival| rival.run == line.run));
        let above_scratch = above_scratch.map(|(_, of_scratch)| top.mean - of_scratch.mean);
        let above_scratch = above_scratch.filter(|_| line.setting.method != "scratch");
        (!others.is_empty()).then_some(Highest { line, rivals, above_chance, above_scratch })
    };
    data.into_iter().filter_map(of_data).collect()
}

/// The lines that are the best of an evaluation on their data: the highest, where the noise tells it from every other
/// and from guessing.
pub fn best(summary: &Summary, evaluation: Stage) -> Vec<&GroupSummary> {
    let best = highest(summary, evaluation).into_iter().filter(|one| one.rivals.is_empty() && one.above_chance);
    best.map(|one| one.line).collect()
}
