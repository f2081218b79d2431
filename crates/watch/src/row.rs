//! One run as a line of a table: what each column says, and which columns find room.

use std::time::Instant;

use bmae_output::duration::duration;
use bmae_report::{RunState, Stage};
use ratatui::text::Span;

use crate::numbers::{rate, short};
use crate::runs::{WatchedRun, progress};
use crate::series::{self, Metric};

/// A column of the list of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// The run's name.
    Name,
    /// The stage.
    Stage,
    /// The seed.
    Seed,
    /// The state in one word.
    State,
    /// A bar of the epochs done; the live view alone has it.
    Bar,
    /// Epochs done and planned.
    Epochs,
    /// The latest loss, or top-1 in percent of an evaluation.
    Latest,
    /// The latest throughput in images per second.
    Speed,
    /// The remaining time.
    Left,
    /// The best top-1 in percent.
    Best,
}

impl Column {
    /// All, from left to right.
    pub(crate) const ALL: [Column; 10] = [
        Column::Name,
        Column::Stage,
        Column::Seed,
        Column::State,
        Column::Bar,
        Column::Epochs,
        Column::Latest,
        Column::Speed,
        Column::Left,
        Column::Best,
    ];

    /// The order in which columns are left out where there is no room for all; before them the seed, where all have the
    /// same.
    const DISPENSABLE: [Column; 8] = [
        Column::Speed,
        Column::Bar,
        Column::Best,
        Column::Seed,
        Column::Stage,
        Column::Left,
        Column::State,
        Column::Epochs,
    ];

    /// The heading.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Column::Name => "run",
            Column::Stage => "stage",
            Column::Seed => "seed",
            Column::State => "state",
            Column::Bar => "",
            Column::Epochs => "epoch",
            Column::Latest => "latest",
            Column::Speed => "img/s",
            Column::Left => "left",
            Column::Best => "best",
        }
    }

    /// Whether it stands to the right of its column, as numbers do.
    pub(crate) fn right(self) -> bool {
        !matches!(self, Column::Name | Column::Stage | Column::State | Column::Bar)
    }

    /// What it says of a run, in short words where it is `terse`; empty where there is nothing to say, as for a bar.
    pub(crate) fn text(self, watched: &WatchedRun, now: Instant, terse: bool) -> String {
        let unreadable = if terse { "bad" } else { "unreadable" };
        let Some(run) = &watched.run else {
            return match self {
                Column::Name => watched.name(),
                Column::State => unreadable.to_owned(),
                _ => String::new(),
            };
        };
        match self {
            Column::Stage if terse => match run.about.stage {
                Stage::Pretrain => "pre".to_owned(),
                Stage::Finetune => "fine".to_owned(),
                Stage::Linprobe => "probe".to_owned(),
                Stage::Knn => "knn".to_owned(),
            },
            Column::Name => watched.name(),
            Column::Stage => run.about.stage.name().to_owned(),
            Column::Seed => run.about.seed.to_string(),
            Column::State if watched.read_error.is_some() => unreadable.to_owned(),
            Column::State if terse => match run.state() {
                RunState::Running => "runs".to_owned(),
                RunState::Finished => "done".to_owned(),
                RunState::Failed(_) => "fail".to_owned(),
                RunState::Stopped => "stop".to_owned(),
                RunState::Outdated(_) => "old".to_owned(),
            },
            Column::State => run.state().word().to_owned(),
            Column::Bar => String::new(),
            Column::Epochs => run
                .about
                .epochs
                .filter(|_| !run.outdated)
                .map(|planned| format!("{}/{planned}", run.epochs_done()))
                .unwrap_or_default(),
            Column::Latest => latest(watched).unwrap_or_default(),
            Column::Speed => series::latest(run, Metric::Speed).map(rate).unwrap_or_default(),
            Column::Left => watched.left(now).map(duration).unwrap_or_default(),
            Column::Best => {
                let measured = if run.metrics.evals.is_empty() { &run.metrics.validations } else { &run.metrics.evals };
                let best = measured.iter().filter_map(|eval| eval.top1).reduce(f64::max);
                best.map(percent).unwrap_or_default()
            }
        }
    }
}

/// The latest loss of a pre-training; the latest top-1 of an evaluation, or its loss while there is none.
fn latest(watched: &WatchedRun) -> Option<String> {
    let run = watched.run.as_ref()?;
    let loss = || series::latest(run, Metric::Loss).map(short);
    match run.about.stage {
        Stage::Pretrain => loss(),
        Stage::Finetune | Stage::Linprobe | Stage::Knn => series::latest(run, Metric::Top1).map(percent).or_else(loss),
    }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

/// How much of the plan is done, from 0 to 1; `None` where there is no plan (kNN).
pub(crate) fn done(watched: &WatchedRun) -> Option<f64> {
    let run = watched.run.as_ref()?;
    let planned = run.about.epochs?;
    if run.state() == RunState::Finished {
        return Some(1.0);
    }
    Some((progress(run) / planned as f64).clamp(0.0, 1.0))
}

/// Whether a table of `width` terminal columns uses short words.
pub(crate) fn terse(width: usize) -> bool {
    width < 60
}

/// Spaces between two columns of a table that has `width` terminal columns.
pub(crate) fn gap(width: usize) -> usize {
    if width < 90 { 1 } else { 2 }
}

/// Least columns of a name that was cut, and of a bar.
const LEAST: (usize, usize) = (10, 6);

/// The columns that find room in `width` terminal columns, each with its own; a bar may take up to `bar`. Those that
/// say nothing of any run are left out. First bars become shorter, then names down to ten, then columns go, the least
/// needed first.
pub(crate) fn fit(lines: &[Vec<String>], width: usize, bar: usize) -> Vec<(Column, usize)> {
    let cells = |column: Column| {
        let place = Column::ALL.iter().position(|&other| other == column).unwrap_or(0);
        lines.iter().filter_map(move |line| line.get(place))
    };
    let natural = |column: Column| {
        let widest = cells(column).map(|text| columns(text)).max().unwrap_or(0);
        if widest == 0 { 0 } else { widest.max(columns(column.heading())) }
    };
    let planned = natural(Column::Epochs) > 0;
    let name = natural(Column::Name);
    let mut kept: Vec<(Column, usize)> = Column::ALL
        .into_iter()
        .map(|column| match column {
            Column::Name => (column, name.min(LEAST.0)),
            Column::Bar if planned => (column, bar.min(LEAST.1)),
            Column::Bar => (column, 0),
            _ => (column, natural(column)),
        })
        .filter(|&(_, width)| width > 0)
        .collect();
    let taken = |kept: &[(Column, usize)]| -> usize {
        gap(width) * kept.len().saturating_sub(1) + kept.iter().map(|(_, width)| width).sum::<usize>()
    };

    let mut seeds = cells(Column::Seed);
    let first_seed = seeds.next();
    let one_seed = seeds.all(|seed| Some(seed) == first_seed);
    let order = one_seed.then_some(Column::Seed).into_iter().chain(Column::DISPENSABLE);
    for column in order {
        if taken(&kept) <= width {
            break;
        }
        kept.retain(|&(other, _)| other != column);
    }
    // What is left goes to the names, then to the bar; what is still missing comes off the names.
    let mut rest = width.saturating_sub(taken(&kept));
    let missing = taken(&kept).saturating_sub(width);
    for (wanted, most) in [(Column::Name, name), (Column::Bar, bar)] {
        for (_, width) in kept.iter_mut().filter(|(column, _)| *column == wanted) {
            let more = most.saturating_sub(*width).min(rest);
            *width += more;
            rest -= more;
        }
    }
    for (_, width) in kept.iter_mut().filter(|(column, _)| *column == Column::Name) {
        *width = width.saturating_sub(missing).max(1);
    }
    kept
}

/// How many terminal columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    Span::raw(text).width()
}

/// The text in exactly `width` terminal columns: cut with `…` where it is longer, filled with spaces where it is
/// shorter.
pub(crate) fn fill(text: &str, width: usize, right: bool) -> String {
    let text = cut(text, width);
    let space = " ".repeat(width.saturating_sub(columns(&text)));
    if right { space + &text } else { text + &space }
}

/// The text in at most `width` terminal columns, its end replaced by `…` where it is longer.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        let mut longer = kept.clone();
        longer.push(c);
        if columns(&longer) + 1 > width {
            break;
        }
        kept = longer;
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Vec<String> {
        ["a-rather-long-name", "pretrain", "0", "running", "", "12/40", "0.2462", "2446", "14 s", "62.10%"]
            .map(str::to_owned)
            .to_vec()
    }

    #[test]
    fn every_column_is_there_where_there_is_room() {
        let kept = fit(&[line()], 120, 12);
        assert_eq!(kept.iter().map(|(column, _)| *column).collect::<Vec<_>>(), Column::ALL);
        assert_eq!(kept[0].1, 18);
    }

    #[test]
    fn columns_never_take_more_than_there_is() {
        for width in 9..120 {
            let kept = fit(&[line()], width, 12);
            let taken = kept.iter().map(|(_, width)| width).sum::<usize>() + gap(width) * (kept.len() - 1);
            assert!(taken <= width, "{taken} of {width}");
        }
    }

    #[test]
    fn the_seed_goes_first_where_all_have_the_same_and_late_where_not() {
        let mut other = line();
        other[2] = "1".to_owned();
        let has_seed = |lines: &[Vec<String>], width| fit(lines, width, 12).iter().any(|kept| kept.0 == Column::Seed);
        assert!(has_seed(&[line(), line()], 80));
        assert!(!has_seed(&[line(), line()], 66));
        assert!(has_seed(&[line(), other], 60));
    }

    #[test]
    fn wide_characters_are_cut_by_what_they_take() {
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(fill("日本語", 4, false), "日… ");
        assert_eq!(fill("ab", 4, true), "  ab");
        assert_eq!(cut("ab", 0), "");
    }
}
