//! The cells and sentences that every output shares, so that page, Markdown and terminal say the same.

use crate::missing::{Missing, State};
use crate::published::Published;
use crate::read::Stage;
use crate::setting::Difference;
use crate::summary::{Cell, Collapse, Line, Summary};

/// The first `most` names, and how many more.
pub fn listed(names: &[&str], most: usize) -> String {
    let more = names.len().saturating_sub(most);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names[..names.len() - more].join(", "))
}

/// `1 epoch`, `12 epochs`.
pub fn epochs(count: u64) -> String {
    format!("{count} epoch{}", if count == 1 { "" } else { "s" })
}

/// A stage's name inside a sentence.
pub fn in_sentence(stage: Stage) -> String {
    if stage == Stage::Knn { "kNN".to_owned() } else { stage.title().to_lowercase() }
}

/// A measured value in a sentence: three digits or more, so that one near a collapse does not read as 0.
pub fn value(value: f64) -> String {
    match value.abs() {
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 || size == 0.0 => format!("{value:.3}"),
        _ => format!("{value:.2e}"),
    }
}

/// Two decimals, as the published table has them.
pub fn percent(value: f64) -> String {
    format!("{value:.2}")
}

/// `62.13 ± 0.41 (3)`, `62.13` for a single seed, `unfinished`, or `not run`.
pub fn score(cell: &Cell) -> String {
    match &cell.score {
        Some(score) => match score.sd {
            Some(sd) => format!("{} ± {} ({})", percent(score.mean), percent(sd), score.n),
            None => percent(score.mean),
        },
        None if cell.failed => "failed".to_owned(),
        None if cell.unfinished => "unfinished".to_owned(),
        None => "not run".to_owned(),
    }
}

/// `91.38`, `≈ 91.1` for a value read off a curve, or `not published`.
pub fn published(figure: Option<Published>) -> String {
    match figure {
        Some(Published { top1, from_figure: false }) => percent(top1),
        Some(Published { top1, from_figure: true }) => format!("≈ {top1:.1}"),
        None => "not published".to_owned(),
    }
}

/// How to read the table, in one sentence each.
pub fn legend(summary: &Summary) -> String {
    let (spread, single) = if any_spread(summary) {
        (
            "Mean ± sample standard deviation (number of seeds) of the t",
            " A figure without deviation is that of one seed.",
        )
    } else {
        ("T", " One seed each.")
    };
    format!(
        "{spread}op-1 accuracy in percent on the test set at the last epoch.{single} \
         ≈ marks published values that were read off a curve (about ±0.3). kNN was not published. \
         Time is that of every stage and seed together, images/s the rate of pre-training."
    )
}

/// Whether some accuracy has a deviation, because it has more than one seed.
pub fn any_spread(summary: &Summary) -> bool {
    let cells =
        summary.runs.iter().flat_map(|line| Stage::EVALUATIONS.into_iter().filter_map(|stage| line.cell(stage)));
    cells.filter_map(|cell| cell.score.as_ref()).any(|score| score.sd.is_some())
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
pub fn difference(difference: &Difference) -> String {
    let published = if difference.key.ends_with("_limit") { "all" } else { difference.published };
    format!("{} {} instead of {published}", difference.key, difference.here.join(" or "))
}

/// What is missing, one sentence part per line and stage: `linear probe: not run (seeds 1, 2)`.
pub fn missing(summary: &Summary) -> Vec<(String, Vec<String>)> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    let mut rest: &[Missing] = &summary.missing;
    while let Some(first) = rest.first() {
        let same = |other: &Missing| (&other.run, other.stage, other.state) == (&first.run, first.stage, first.state);
        let count = rest.iter().take_while(|other| same(other)).count();
        let seeds: Vec<String> = rest[..count].iter().map(|missing| missing.seed.to_string()).collect();
        let seeds = format!("seed{} {}", if count == 1 { "" } else { "s" }, seeds.join(", "));
        let part = format!("{}: {} ({seeds})", first.stage.title(), state(first.state));
        match lines.last_mut() {
            Some((run, parts)) if *run == first.run => parts.push(part),
            _ => lines.push((first.run.clone(), vec![part])),
        }
        rest = &rest[count..];
    }
    lines
}

fn state(state: State) -> String {
    match state {
        State::NotRun => "not run".to_owned(),
        State::Unfinished { epochs_done: 0, epochs: _ } => "not finished, nothing logged yet".to_owned(),
        State::Unfinished { epochs_done, epochs: Some(epochs) } => {
            format!("not finished, {epochs_done} of {epochs} epochs")
        }
        State::Unfinished { epochs_done, epochs: None } => format!("not finished, {epochs_done} epochs"),
        State::Failed { epochs_done } => {
            format!("failed after {}, the table of the run directories says why", epochs(epochs_done))
        }
        State::NoResult => "finished without a finite accuracy".to_owned(),
    }
}

/// The lines with the highest mean of an evaluation as the tables show it, if at least one line has a lower one.
pub fn best(summary: &Summary, evaluation: Stage) -> Vec<&Line> {
    let shown = |line: &Line| line.cell(evaluation)?.score.as_ref().map(|score| (score.mean * 100.0).round());
    let Some(highest) = summary.runs.iter().filter_map(shown).reduce(f64::max) else { return Vec::new() };
    let lower = summary.runs.iter().filter_map(shown).any(|mean| mean < highest);
    summary.runs.iter().filter(|line| lower && shown(line) == Some(highest)).collect()
}

/// `mae-k, seed 0, after 12 epochs: the target's spread fell below ...`.
pub fn collapse(collapse: &Collapse) -> String {
    let Collapse { run, seed, epoch, message } = collapse;
    format!("{run}, seed {seed}, after {}: {message}", epochs(epoch.saturating_add(1)))
}

/// Seconds as `48 s`, `12 min`, `3 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round();
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else if minutes < 90.0 {
        format!("{minutes:.0} min")
    } else {
        format!("{:.0} h {:02.0} min", (minutes / 60.0).floor(), minutes % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_given_in_the_unit_one_would_say() {
        assert_eq!(duration(48.4), "48 s");
        assert_eq!(duration(60.0 * 12.4), "12 min");
        assert_eq!(duration(3600.0 * 3.0 + 300.0), "3 h 05 min");
    }

    #[test]
    fn small_values_keep_their_digits() {
        assert_eq!([25.03, 0.5, 0.0, 2e-4].map(value), ["25.0", "0.500", "0.000", "2.00e-4"]);
    }

    #[test]
    fn a_value_read_off_a_curve_is_marked() {
        assert_eq!(published(Some(Published { top1: 91.38, from_figure: false })), "91.38");
        assert_eq!(published(Some(Published { top1: 91.4, from_figure: true })), "≈ 91.4");
        assert_eq!(published(None), "not published");
    }
}
