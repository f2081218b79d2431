//! The comparison as a table of plain texts: the terminal's and the Markdown's.

use crate::comparison::sentences::{any_at_chance, chances, marked_score, published_of, shows_data};
use crate::comparison::{GroupSummary, Summary, best};
use crate::run_directory::Stage;
use crate::text::{aligned, duration, escape_markdown, percent};

/// A column that text and Markdown share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The line's label.
    Run,
    /// Its method's parameters.
    Setting,
    /// The data set of its evaluations.
    Data,
    /// An accuracy, with what is behind it.
    Accuracy(Stage),
    /// The published accuracy.
    Published(Stage),
    /// The time of every stage and seed.
    Time,
    /// The rate of pre-training.
    Rate,
}

impl Column {
    /// Those that a table has: without the data where all lines share it, and without the published accuracies where
    /// there is none to show.
    pub fn of(summary: &Summary) -> Vec<Column> {
        let evaluations = [
            Self::Accuracy(Stage::Finetune),
            Self::Published(Stage::Finetune),
            Self::Accuracy(Stage::Linprobe),
            Self::Published(Stage::Linprobe),
            Self::Accuracy(Stage::Knn),
        ];
        let shown = |column: &Column| match column {
            Self::Published(_) => summary.any_published(),
            Self::Data => shows_data(summary),
            _ => true,
        };
        [Self::Run, Self::Setting, Self::Data].into_iter().chain(evaluations).filter(shown).collect()
    }

    /// What stands above it.
    pub fn heading(self) -> String {
        match self {
            Self::Run => "run".to_owned(),
            Self::Setting => "setting".to_owned(),
            Self::Data => "data".to_owned(),
            Self::Accuracy(stage) => stage.in_sentence(),
            Self::Published(_) => "published".to_owned(),
            Self::Time => "time".to_owned(),
            Self::Rate => "images/s".to_owned(),
        }
    }

    /// Whether its cells stand to the right.
    pub fn is_numeric(self) -> bool {
        !matches!(self, Self::Run | Self::Setting | Self::Data)
    }

    /// Whether some of its cells have the mark of an accuracy at chance.
    pub fn any_mark(self, summary: &Summary) -> bool {
        matches!(self, Self::Accuracy(stage) if any_at_chance(summary, stage))
    }

    /// Its cell in a line. With `any_mark`, accuracies have room for the mark of those at chance.
    pub fn cell(self, line: &GroupSummary, any_mark: bool) -> String {
        match self {
            Self::Run => line.run.clone(),
            Self::Setting => line.setting.parameters(),
            Self::Data => line.data.clone().unwrap_or_default(),
            Self::Accuracy(stage) => {
                line.evaluation(stage).map(|cell| marked_score(cell, any_mark)).unwrap_or_default()
            }
            Self::Published(stage) => published_of(line, stage),
            Self::Time => line.wall_s.map(duration).unwrap_or_default(),
            Self::Rate => line.images_per_s.map(|rate| format!("{rate:.0}")).unwrap_or_default(),
        }
    }

    /// Its cell in the row of what guessing one class gives, on the data set of this name.
    pub fn chance(self, (data, chance): (Option<&str>, f64), any_mark: bool) -> String {
        match self {
            Self::Run => "chance".to_owned(),
            Self::Data => data.unwrap_or_default().to_owned(),
            Self::Accuracy(_) => percent(chance) + if any_mark { " " } else { "" },
            Self::Setting | Self::Published(_) | Self::Time | Self::Rate => String::new(),
        }
    }
}

/// An aligned table for a terminal: names to the left, numbers to the right, control characters replaced.
pub fn text_table(summary: &Summary) -> String {
    let columns = Column::of(summary);
    aligned(&rows(summary, &columns), &columns.iter().map(|column| column.is_numeric()).collect::<Vec<bool>>())
}

/// The heading, every line, and what guessing gives.
pub fn rows(summary: &Summary, columns: &[Column]) -> Vec<Vec<String>> {
    let row = |cell: &dyn Fn(Column) -> String| columns.iter().map(|column| cell(*column)).collect::<Vec<String>>();
    let mut rows = vec![row(&Column::heading)];
    rows.extend(summary.runs.iter().map(|line| row(&|column| column.cell(line, column.any_mark(summary)))));
    rows.extend(
        chances(summary).into_iter().map(|chance| row(&|column| column.chance(chance, column.any_mark(summary)))),
    );
    rows
}

/// The same table in Markdown, with time and rate. The best of each evaluation is bold, where the noise lets one be.
pub fn markdown_table(summary: &Summary) -> String {
    let columns: Vec<Column> = Column::of(summary).into_iter().chain([Column::Time, Column::Rate]).collect();
    let row = |cell: &dyn Fn(Column) -> String| {
        let cells: Vec<String> = columns.iter().map(|column| cell(*column)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = row(&Column::heading);
    text.push_str(&row(&|column| if column.is_numeric() { "---:" } else { "---" }.to_owned()));
    let best = Stage::EVALUATIONS.map(|stage| (stage, best(summary, stage)));
    for line in &summary.runs {
        let cell = |column: Column| {
            let cell = escape_markdown(&column.cell(line, false));
            let is_best =
                |stage| best.iter().any(|(of, lines)| *of == stage && lines.iter().any(|best| best.run == line.run));
            if matches!(column, Column::Accuracy(stage) if is_best(stage)) { format!("**{cell}**") } else { cell }
        };
        text.push_str(&row(&cell));
    }
    for chance in chances(summary) {
        text.push_str(&row(&|column| escape_markdown(&column.chance(chance, false))));
    }
    text
}
