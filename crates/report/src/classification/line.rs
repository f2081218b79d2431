//! The evaluations of each line of the comparison, their seeds together.

use super::outcome::TestOutcome;
use crate::comparison::RunGroup;
use crate::run_directory::{Run, Stage, TestMap, test_map};

/// One evaluation of a line.
#[derive(Debug, Clone)]
pub struct ClassifiedLine<'a> {
    /// The line's place among the groups.
    pub group: usize,
    /// The evaluation.
    pub stage: Stage,
    /// What its seeds said of the test images, together.
    pub outcome: TestOutcome,
    /// Each seed by itself with its run.
    pub seeds: Vec<(&'a Run, TestOutcome)>,
    /// The map of the test images of the first seed, where it has one.
    pub map: Option<TestMap>,
}

/// Every evaluation of every line that left predictions, by line and evaluation, and why others are not among them, a
/// sentence each.
pub fn classified_lines<'a>(groups: &[RunGroup<'a>]) -> (Vec<ClassifiedLine<'a>>, Vec<String>) {
    let (mut lines, mut skipped) = (Vec::new(), Vec::new());
    for (place, group) in groups.iter().enumerate() {
        for stage in Stage::EVALUATIONS {
            let mut seeds = Vec::new();
            for run in group.stage(stage) {
                match TestOutcome::of(run) {
                    Ok(outcome) => seeds.extend(outcome.map(|outcome| (run, outcome))),
                    Err(reason) => {
                        skipped.push(format!(
                            "The classes of {}, {}, are not counted: {reason}.",
                            group.label,
                            stage.in_sentence()
                        ));
                    }
                }
            }
            let Some((first, outcome)) = seeds.first() else { continue };
            let (map, mut outcome) = (test_map(first), outcome.clone());
            seeds[1..].iter().for_each(|(_, other)| outcome.join(other));
            lines.push(ClassifiedLine { group: place, stage, outcome, seeds, map });
        }
    }
    (lines, skipped)
}
