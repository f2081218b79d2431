//! Which line of an evaluation is the highest, and which others the noise does not tell from it.

use super::summary::{GroupSummary, Summary};
use crate::run_directory::Stage;

/// The line with the highest mean of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Highest<'a> {
    /// The line.
    pub line: &'a GroupSummary,
    /// The others above which it does not stand beyond the noise, from the highest.
    pub rivals: Vec<&'a GroupSummary>,
}

/// The highest line of an evaluation of several; `None` of fewer than two. A rival is a line to which the 95 % interval
/// of the difference includes 0, or to which there is none.
pub fn highest(summary: &Summary, evaluation: Stage) -> Option<Highest<'_>> {
    let score = |line: &'_ GroupSummary| line.evaluation(evaluation).and_then(|cell| cell.score.clone());
    let mut lines: Vec<_> = summary.runs.iter().filter_map(|line| Some((line, score(line)?))).collect();
    lines.sort_by(|(_, a), (_, b)| b.mean.total_cmp(&a.mean));
    let ((line, top), others) = lines.split_first()?;
    let is_rival = |other| !top.difference(other).is_some_and(|difference| difference.is_above());
    let rivals = others.iter().filter(|(_, other)| is_rival(other)).map(|(line, _)| *line).collect();
    (!others.is_empty()).then_some(Highest { line, rivals })
}

/// The line that is the best of an evaluation: the highest, where the noise tells it from every other.
pub fn best(summary: &Summary, evaluation: Stage) -> Option<&GroupSummary> {
    highest(summary, evaluation).filter(|highest| highest.rivals.is_empty()).map(|highest| highest.line)
}
