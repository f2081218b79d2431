//! The comparison as a table of plain texts: the terminal's and the Markdown's.

use crate::comparison::sentences::{published, score};
use crate::comparison::{GroupSummary, Summary, best};
use crate::run_directory::Stage;
use crate::text::{aligned, duration, escape_markdown, percent};

/// A column that text and Markdown share.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Run,
    Setting,
    Accuracy(Stage),
    Published(Stage),
}

impl Column {
    /// Those that a table has: without the published accuracies where there is none to show.
    fn of(summary: &Summary) -> Vec<Column> {
        let evaluations = [
            Self::Accuracy(Stage::Finetune),
            Self::Published(Stage::Finetune),
            Self::Accuracy(Stage::Linprobe),
            Self::Published(Stage::Linprobe),
            Self::Accuracy(Stage::Knn),
        ];
        let shown = |column: &Column| summary.any_published() || !matches!(column, Self::Published(_));
        [Self::Run, Self::Setting].into_iter().chain(evaluations.into_iter().filter(shown)).collect()
    }

    fn heading(self) -> String {
        match self {
            Self::Run => "run".to_owned(),
            Self::Setting => "setting".to_owned(),
            Self::Accuracy(stage) => stage.in_sentence(),
            Self::Published(_) => "published".to_owned(),
        }
    }

    fn is_numeric(self) -> bool {
        matches!(self, Self::Accuracy(_) | Self::Published(_))
    }

    fn cell(self, line: &GroupSummary) -> String {
        match self {
            Self::Run => line.run.clone(),
            Self::Setting => line.setting.parameters(),
            Self::Accuracy(stage) => line.evaluation(stage).map(score).unwrap_or_default(),
            Self::Published(stage) => line.evaluation(stage).map(|cell| published(cell.published)).unwrap_or_default(),
        }
    }

    /// Its cell in the row of what guessing one class gives.
    fn chance(self, chance: f64) -> String {
        match self {
            Self::Run => "chance".to_owned(),
            Self::Accuracy(_) => percent(chance),
            Self::Setting | Self::Published(_) => String::new(),
        }
    }
}

/// An aligned table for a terminal: names to the left, numbers to the right, control characters replaced.
pub fn text_table(summary: &Summary) -> String {
    let columns = Column::of(summary);
    let row = |cell: &dyn Fn(Column) -> String| columns.iter().map(|column| cell(*column)).collect::<Vec<String>>();
    let mut rows = vec![row(&Column::heading)];
    rows.extend(summary.runs.iter().map(|line| row(&|column| column.cell(line))));
    rows.extend(summary.chance.map(|chance| row(&|column| column.chance(chance))));
    aligned(&rows, &columns.iter().map(|column| column.is_numeric()).collect::<Vec<bool>>())
}

/// The same table in Markdown, with time and rate. The best of each evaluation is bold, where the noise lets one be.
pub fn markdown_table(summary: &Summary) -> String {
    let columns = Column::of(summary);
    let row = |cell: &dyn Fn(Column) -> String| columns.iter().map(|column| cell(*column) + " | ").collect::<String>();
    let rule = row(&|column| if column.is_numeric() { "---:" } else { "---" }.to_owned());
    let mut text = format!("| {}time | images/s |\n| {rule}---: | ---: |\n", row(&Column::heading));
    for line in &summary.runs {
        let cell = |column: Column| {
            let cell = escape_markdown(&column.cell(line));
            let is_best = |stage| best(summary, stage).is_some_and(|best| best.run == line.run);
            if matches!(column, Column::Accuracy(stage) if is_best(stage)) { format!("**{cell}**") } else { cell }
        };
        let time = line.wall_s.map(duration).unwrap_or_default();
        let rate = line.images_per_s.map(|rate| format!("{rate:.0}")).unwrap_or_default();
        text.push_str(&format!("| {}{time} | {rate} |\n", row(&cell)));
    }
    if let Some(chance) = summary.chance {
        text.push_str(&format!("| {} |  |\n", row(&|column| column.chance(chance))));
    }
    text
}
