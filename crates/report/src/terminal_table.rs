//! The comparison in a terminal of a known width: less beside each other where that is narrow, more where it is wide.

use unicode_width::UnicodeWidthStr;

use crate::comparison::Summary;
use crate::comparison::sentences::{AT_CHANCE, chances, error};
use crate::comparison_table::{Column, rows};
use crate::run_directory::Stage;
use crate::text::{aligned, percent, wrapped};

/// The blanks between two columns.
const GAP: usize = 2;

/// The least width of a column of names that is worth having.
const LEAST_NAME: usize = 10;

/// The table in `width` columns of a terminal. Where there is room, data, time and rate are in it. Where it is narrow,
/// names are broken into lines; then the published accuracies, setting and data stand below what they belong to; then
/// what is behind an accuracy does. Only a terminal too narrow for that gets lines that are longer than it is.
pub fn terminal_table(summary: &Summary, width: usize) -> String {
    let narrow = Column::of(summary);
    let mut wide = narrow.clone();
    if !wide.contains(&Column::Data) && !summary.data_sets.is_empty() {
        wide.insert(2, Column::Data);
    }
    wide.extend([Column::Time, Column::Rate]);
    for columns in [&wide, &narrow] {
        let rows = rows(summary, columns);
        if total(&widths(&rows)) <= width {
            return aligned(&rows, &numeric(columns));
        }
    }
    // Names in two lines of a few words are easier to read than numbers below each other.
    let rows = rows(summary, &narrow);
    if let Some(rows) = with_broken_names(&rows, &narrow, width, 2) {
        return aligned(&rows, &numeric(&narrow));
    }
    for errors_below in [false, true] {
        let (rows, columns) = stacked(summary, errors_below);
        if let Some(rows) = with_broken_names(&rows, &columns, width, usize::MAX) {
            return aligned(&rows, &numeric(&columns));
        }
    }
    let (rows, columns) = stacked(summary, true);
    aligned(&physical(&rows), &numeric(&columns))
}

fn numeric(columns: &[Column]) -> Vec<bool> {
    columns.iter().map(|column| column.is_numeric()).collect()
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// The width of each column; a cell may have several lines.
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| {
        let lines = rows.iter().filter_map(|row| row.get(column)).flat_map(|cell| cell.split('\n'));
        lines.map(UnicodeWidthStr::width).max().unwrap_or(0)
    };
    (0..columns).map(widest).collect()
}

/// The rows with the cells of names broken into lines, at most `most` each, so that the table is no wider than `width`;
/// `None` where that does not do.
fn with_broken_names(rows: &[Vec<String>], columns: &[Column], width: usize, most: usize) -> Option<Vec<Vec<String>>> {
    let mut widths = widths(rows);
    let is_name = |column: usize| !columns[column].is_numeric();
    while total(&widths) > width {
        // The widest name gives way first.
        let widest =
            (0..columns.len()).filter(|&at| is_name(at) && widths[at] > LEAST_NAME).max_by_key(|&at| widths[at])?;
        widths[widest] -= 1;
    }
    let broken = |(at, cell): (usize, &String)| {
        if !is_name(at) {
            return Some(cell.clone());
        }
        let lines: Vec<String> = cell.split('\n').flat_map(|line| wrapped(line, widths[at])).collect();
        (lines.len() <= most).then(|| lines.join("\n"))
    };
    let rows: Option<Vec<Vec<String>>> = rows.iter().map(|row| row.iter().enumerate().map(broken).collect()).collect();
    rows.map(|rows| physical(&rows))
}

/// Each row in as many lines as the cell with the most of them has.
fn physical(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let lines = |row: &Vec<String>| {
        let cells: Vec<Vec<&str>> = row.iter().map(|cell| cell.split('\n').collect()).collect();
        let most = cells.iter().map(Vec::len).max().unwrap_or(0);
        let line = |at: usize| cells.iter().map(|cell| cell.get(at).copied().unwrap_or_default().to_owned()).collect();
        (0..most).map(line).collect::<Vec<Vec<String>>>()
    };
    rows.iter().flat_map(lines).collect()
}

/// The table with setting and data below the name of a line, and the published accuracies below these, with
/// `errors_below` also what is behind an accuracy.
fn stacked(summary: &Summary, errors_below: bool) -> (Vec<Vec<String>>, Vec<Column>) {
    let all = Column::of(summary);
    let is_kept = |column: &&Column| matches!(column, Column::Run | Column::Accuracy(_));
    let columns: Vec<Column> = all.iter().filter(is_kept).copied().collect();
    let mut rows = vec![columns.iter().map(|column| column.heading()).collect::<Vec<String>>()];
    for line in &summary.runs {
        let below = |column: Column, cell: String| {
            if all.contains(&column) && !cell.is_empty() && !line.run.ends_with(&cell) {
                format!("\n  {cell}")
            } else {
                String::new()
            }
        };
        let cell = |column: &Column| match *column {
            Column::Accuracy(stage) => {
                let mut cell = column.cell(line, column.any_mark(summary));
                let score = line.evaluation(stage).and_then(|cell| cell.score.as_ref());
                if let Some((score, error)) =
                    score.filter(|_| errors_below).and_then(|score| Some((score, error(score)?)))
                {
                    let mark = cell[cell.trim_end_matches([' ', AT_CHANCE]).len()..].to_owned();
                    cell = format!("{}{mark}\n{error}", percent(score.mean));
                }
                let published = Column::Published(stage).cell(line, false);
                let is_known =
                    stage != Stage::Knn && all.contains(&Column::Published(stage)) && published != "not published";
                if is_known { format!("{cell}\npublished {published}") } else { cell }
            }
            _ => {
                let setting = below(Column::Setting, Column::Setting.cell(line, false));
                let data = below(Column::Data, Column::Data.cell(line, false));
                format!("{}{setting}{data}", line.run)
            }
        };
        rows.push(columns.iter().map(cell).collect());
    }
    for (data, chance) in chances(summary) {
        let cell = |column: &Column| match column {
            Column::Run => data.map_or_else(|| "chance".to_owned(), |data| format!("chance\n  {data}")),
            column => column.chance((data, chance), column.any_mark(summary)),
        };
        rows.push(columns.iter().map(cell).collect());
    }
    (rows, columns)
}
