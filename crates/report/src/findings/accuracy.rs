//! Two accuracies of the same evaluation.

use super::claim::{Subject, label};
use super::finding::{Measured, NotRun};
use super::lines::line;
use crate::comparison::{RunGroup, Score};
use crate::run_directory::Stage;

/// The accuracy of `first` less that of `second`, over the seeds that both have.
///
/// # Errors
/// What was not run of what is compared.
pub fn accuracy(
    groups: &[RunGroup],
    first: &Subject,
    second: &Subject,
    evaluation: Stage,
) -> Result<Measured, Vec<NotRun>> {
    let (first_side, second_side) = match (side(groups, first, evaluation), side(groups, second, evaluation)) {
        (Ok(first), Ok(second)) => (first, second),
        (first, second) => return Err([first.err(), second.err()].into_iter().flatten().flatten().collect()),
    };
    let chosen: Vec<&str> = [&first_side, &second_side].into_iter().filter_map(|side| side.chosen.as_deref()).collect();
    match first_side.score.difference(&second_side.score) {
        Some(difference) => Ok(Measured {
            sides: Some(difference.sides),
            estimate: difference.estimate,
            chosen: (!chosen.is_empty()).then(|| chosen.join("; ")),
        }),
        None => {
            let of = format!("{} that {} shares", first.label(), second.label());
            Err(vec![NotRun { what: format!("a seed of {}", evaluation.in_sentence()), of }])
        }
    }
}

/// One side of a comparison.
struct Side {
    score: Score,
    /// Which setting was the best, where that was asked.
    chosen: Option<String>,
}

/// The accuracy of a setting, or of the best of several, all of which must be there.
fn side(groups: &[RunGroup], subject: &Subject, evaluation: Stage) -> Result<Side, Vec<NotRun>> {
    let (mut scores, mut missing) = (Vec::new(), Vec::new());
    for setting in subject.settings() {
        let found = line(groups, setting, &evaluation.in_sentence(), |group| group.score(evaluation).is_some());
        match found.map(|group| group.score(evaluation)) {
            Ok(score) => scores.extend(score.map(|score| (label(setting), score))),
            Err(name) => missing.push(name),
        }
    }
    let best = scores.into_iter().max_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean)).filter(|_| missing.is_empty());
    let (best, score) = best.ok_or(missing)?;
    let chosen = matches!(subject, Subject::BestOf(_)).then(|| format!("{} is {best}", subject.label()));
    Ok(Side { score, chosen })
}
