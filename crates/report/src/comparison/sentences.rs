//! The cells and sentences that every output shares, so that page, Markdown and terminal say the same.

use super::missing::{MissingResult, MissingState};
use super::published_accuracy::PublishedAccuracy;
use super::published_recipe::RecipeDifference;
use super::score::Score;
use super::summary::{Collapse, EvaluationSummary, GroupSummary, Summary};
use crate::run_directory::Stage;
use crate::text::{count, percent};

/// `62.13 ± 0.41 (3)` over seeds, `62.13 ± 0.49` for a single seed with its binomial error, `62.13` where that is not
/// known, `unfinished`, `outdated`, or `not run`.
pub fn score(cell: &EvaluationSummary) -> String {
    match &cell.score {
        Some(score) => match error(score) {
            Some(error) => format!("{} {error}", percent(score.mean)),
            None => percent(score.mean),
        },
        None if cell.failed => "failed".to_owned(),
        None if cell.outdated => "outdated".to_owned(),
        None if cell.unfinished => "unfinished".to_owned(),
        None => "not run".to_owned(),
    }
}

/// What stands behind an accuracy that is not told from guessing.
pub const AT_CHANCE: char = '*';

/// [`score`], marked where it is not told from guessing. Where some accuracy of its column is, the others have room
/// for the mark, so that they stand below each other.
pub fn marked_score(cell: &EvaluationSummary, any_mark: bool) -> String {
    match (cell.above_chance, any_mark) {
        (Some(false), _) => format!("{}{AT_CHANCE}", score(cell)),
        (_, true) => score(cell) + " ",
        (_, false) => score(cell),
    }
}

/// What the mark says; `None` where no accuracy has it.
pub fn at_chance(summary: &Summary) -> Option<String> {
    const SENTENCE: &str = "is not above what guessing one class gives, with 95 % confidence.";
    let any = Stage::EVALUATIONS.into_iter().any(|evaluation| any_at_chance(summary, evaluation));
    any.then(|| format!("{AT_CHANCE} {SENTENCE}"))
}

/// What the lines have to which others with keys behind their names were added; `None` where there are none.
pub fn own_keys(summary: &Summary) -> Option<String> {
    let lines = summary.runs.iter().filter(|line| !line.own_keys.is_empty());
    let said: Vec<String> = lines.map(|line| format!("{} has {}", line.run, line.own_keys.join(", "))).collect();
    (!said.is_empty())
        .then(|| format!("Of the keys in which lines of the same encoders differ, {}.", some_of(said.into_iter())))
}

/// `± 0.41 (3)`, the deviation over seeds, or `± 0.49`, the binomial error of a single seed.
pub fn error(score: &Score) -> Option<String> {
    let deviation = score.sd.map(|sd| format!("± {} ({})", percent(sd), score.n));
    deviation.or_else(|| Some(format!("± {}", percent(score.binomial_error()?))))
}

/// `91.38`, `≈ 91.1` for a value read off a curve, or `not published`.
pub fn published(figure: Option<PublishedAccuracy>) -> String {
    match figure {
        Some(PublishedAccuracy { top1, from_figure: false }) => percent(top1),
        Some(PublishedAccuracy { top1, from_figure: true }) => format!("≈ {top1:.1}"),
        None => "not published".to_owned(),
    }
}

/// [`published`] of a line's evaluation; `not comparable` where the line is not yet what its method is.
pub fn published_of(line: &GroupSummary, evaluation: Stage) -> String {
    match line.evaluation(evaluation).map(|cell| cell.published) {
        Some(None) if line.ended_before_its_switch.is_some() => "not comparable".to_owned(),
        figure => published(figure.flatten()),
    }
}

/// What guessing gives on each data set where it is known: the name of the data set, where there are several that
/// differ in it, and the accuracy in percent.
pub fn chances(summary: &Summary) -> Vec<(Option<&str>, f64)> {
    match summary.chance {
        Some(chance) => vec![(None, chance)],
        None => {
            let known =
                summary.data_sets.iter().filter_map(|data| Some((Some(data.name.as_str()), data.chance_percent?)));
            known.collect()
        }
    }
}

/// Whether tables need a column that says on which data a line is.
pub fn shows_data(summary: &Summary) -> bool {
    let mut names = summary.runs.iter().filter_map(|line| line.data.as_deref());
    let first = names.next();
    names.any(|name| Some(name) != first)
}

/// Whether some accuracy of an evaluation is marked as not told from guessing.
pub fn any_at_chance(summary: &Summary, evaluation: Stage) -> bool {
    let is_at = |line: &GroupSummary| line.evaluation(evaluation).is_some_and(|cell| cell.above_chance == Some(false));
    summary.runs.iter().any(is_at)
}

/// How to read the table, in one sentence each.
pub fn legend(summary: &Summary) -> String {
    let spread = if scores(summary).any(|score| score.sd.is_some()) {
        " ± with a number behind it is the sample standard deviation over that many seeds."
    } else {
        " One seed each."
    };
    let binomial = if scores(summary).any(|score| score.binomial_error().is_some()) {
        " ± alone is the binomial standard error of one seed: what a finite number of test images leaves open."
    } else {
        ""
    };
    let published = if summary.any_published() {
        " ≈ marks published values that were read off a curve (about ±0.3). kNN was not published."
    } else {
        ""
    };
    let data = if summary.data_sets.len() > 1 { "; each data set has its own" } else { "" };
    format!(
        "Top-1 accuracy in percent on the test set at the last epoch.{spread}{binomial} \
         Bold is the best of an evaluation, where the 95 % intervals of its difference to every other, by seeds and by test \
         images, are above 0{data}.{published} \
         Time is that of every stage and seed together, images/s the rate of pre-training."
    )
}

/// Whether something stands behind some accuracy.
pub fn any_error(summary: &Summary) -> bool {
    scores(summary).any(|score| error(score).is_some())
}

fn scores(summary: &Summary) -> impl Iterator<Item = &Score> {
    let cells =
        summary.runs.iter().flat_map(|line| Stage::EVALUATIONS.into_iter().filter_map(|stage| line.evaluation(stage)));
    cells.filter_map(|cell| cell.score.as_ref())
}

/// Whether the published figures may be held against these, and why not.
pub fn comparability(summary: &Summary) -> String {
    const SETTING: &str = "The published figures are those of the full setting: CIFAR-10, DeiT-Tiny, \
                           200 epochs of pre-training, 100 of fine-tuning and of linear probing, one seed.";
    if summary.comparable {
        return format!("{SETTING} These runs follow it.");
    }
    if summary.differences.is_empty() {
        return format!(
            "{SETTING} Whether these runs follow it is not known: of some, the config.toml or the pre-training is not among them."
        );
    }
    let named = some_of(summary.differences.iter().map(difference));
    format!(
        "{SETTING} These runs differ from it ({named}): their numbers are not comparable with the published ones, \
         at most the order of the methods is."
    )
}

/// In what else than their methods the runs differ among themselves; `None` where in nothing.
pub fn varied(summary: &Summary) -> Option<String> {
    let named = some_of(summary.varied.iter().cloned());
    (!named.is_empty()).then(|| format!("Besides their methods these runs differ among themselves: {named}."))
}

/// The first four, and how many more.
fn some_of(parts: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 4;
    let mut named: Vec<String> = parts.collect();
    let more = named.len().saturating_sub(SHOWN);
    named.truncate(SHOWN);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    match named.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => named.concat(),
    }
}

/// `pretrain.epochs 20 instead of 200`.
pub fn difference(difference: &RecipeDifference) -> String {
    let published = if difference.key.ends_with("_limit") { "all" } else { &difference.published };
    format!("{} {} instead of {published}", difference.key, difference.here.join(" or "))
}

/// What is missing, one sentence part per line and stage: `linear probe: not run (seeds 1, 2)`.
pub fn missing(summary: &Summary) -> Vec<(String, Vec<String>)> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    let alike = |a: &MissingResult, b: &MissingResult| (&a.run, a.stage, a.state) == (&b.run, b.stage, b.state);
    for seeds in summary.missing.chunk_by(alike) {
        let first = &seeds[0];
        let numbers: Vec<String> = seeds.iter().map(|missing| missing.seed.to_string()).collect();
        let numbers = format!("seed{} {}", if seeds.len() == 1 { "" } else { "s" }, numbers.join(", "));
        let part = format!("{}: {} ({numbers})", first.stage.title(), state(first.state));
        match lines.last_mut() {
            Some((run, parts)) if *run == first.run => parts.push(part),
            _ => lines.push((first.run.clone(), vec![part])),
        }
    }
    lines
}

fn state(state: MissingState) -> String {
    match state {
        MissingState::NotRun => "not run".to_owned(),
        MissingState::Unfinished { epochs_done: 0, epochs: _ } => "not finished, nothing logged yet".to_owned(),
        MissingState::Unfinished { epochs_done, epochs: Some(epochs) } => {
            format!("not finished, {epochs_done} of {}", count(epochs, "epoch"))
        }
        MissingState::Unfinished { epochs_done, epochs: None } => {
            format!("not finished, {}", count(epochs_done, "epoch"))
        }
        MissingState::Failed { epochs_done } => {
            format!("failed after {}, the table of the run directories says why", count(epochs_done, "epoch"))
        }
        MissingState::Outdated => "made from earlier weights of its pre-training".to_owned(),
        MissingState::NoResult => "finished without a finite accuracy".to_owned(),
    }
}

/// `mae-k, seed 0, after 12 epochs: the target's spread fell below ...`.
pub fn collapse(collapse: &Collapse) -> String {
    let Collapse { run, seed, epoch, message } = collapse;
    format!("{run}, seed {seed}, after {}: {message}", count(epoch.saturating_add(1), "epoch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_read_off_a_curve_is_marked() {
        assert_eq!(published(Some(PublishedAccuracy { top1: 91.38, from_figure: false })), "91.38");
        assert_eq!(published(Some(PublishedAccuracy { top1: 91.4, from_figure: true })), "≈ 91.4");
        assert_eq!(published(None), "not published");
    }
}
