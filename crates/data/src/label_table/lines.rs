//! The lines of a table.

use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::DataError;
use crate::error::LabelError;
use crate::split_names::is_of_a_split;

/// What the column of files may be called.
const FILE: [&str; 10] =
    ["file", "filename", "file_name", "path", "filepath", "file_path", "image", "img", "image_path", "image_name"];
/// What the column of labels may be called.
const LABEL: [&str; 6] = ["label", "class", "target", "category", "class_name", "label_name"];
/// What the column of splits may be called.
const SPLIT: [&str; 4] = ["split", "set", "subset", "partition"];
/// No table is longer, in bytes.
const LONGEST: u64 = 1 << 30;

/// An image, as a table has it.
#[derive(Debug, PartialEq, Eq)]
pub struct TableLine {
    /// The line, from 1.
    pub line: u64,
    /// The file, as it is written.
    pub file: PathBuf,
    /// Its label; never empty.
    pub label: String,
    /// The part of the data set, where the table says.
    pub split: Option<String>,
}

/// Which column holds what.
struct Columns {
    file: usize,
    label: usize,
    split: Option<usize>,
}

impl Columns {
    /// Those that a first line names; `None` where it names none.
    fn named(first: &StringRecord) -> Option<Self> {
        let find =
            |names: &[&str]| first.iter().position(|cell| names.iter().any(|name| name.eq_ignore_ascii_case(cell)));
        Some(Self { file: find(&FILE)?, label: find(&LABEL)?, split: find(&SPLIT) })
    }

    /// Those of a table whose first line is of an image already.
    fn usual(first: &StringRecord) -> Option<Self> {
        let has_split = first.len() == 3 && first.get(2).is_some_and(is_of_a_split);
        // A name without a dot is that of a column, not of a file.
        let is_file = first.get(0).is_some_and(|file| file.contains('.'));
        (is_file && (first.len() == 2 || has_split)).then_some(Self {
            file: 0,
            label: 1,
            split: has_split.then_some(2),
        })
    }
}

/// The lines of the table at `path`; commas, semicolons or tabs lie between its columns.
///
/// # Errors
/// When it cannot be read, its columns are not those of a table of labels, or a line has no file or no label.
pub fn lines(path: &Path) -> Result<Vec<TableLine>, DataError> {
    let wrong = |line: u64, what: String| DataError::from(LabelError::Line { path: path.to_owned(), line, what });
    let length = std::fs::metadata(path).map_err(DataError::io("read", path))?.len();
    if length > LONGEST {
        return Err(wrong(1, "the table has more than a gibibyte".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(DataError::io("read", path))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text.lines().next().unwrap_or_default()))
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut columns: Option<Columns> = None;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|cause| {
            wrong(cause.position().map_or(1, csv::Position::line), "it is no line of a CSV file".to_owned())
        })?;
        let line = record.position().map_or(1, csv::Position::line);
        let columns = match &columns {
            Some(columns) => columns,
            None => {
                if let Some(named) = Columns::named(&record) {
                    columns = Some(named);
                    continue;
                }
                let found = record.iter().collect::<Vec<_>>().join(", ");
                let usual = Columns::usual(&record);
                columns.insert(usual.ok_or_else(|| LabelError::Columns { path: path.to_owned(), found })?)
            }
        };
        let cell = |column: usize| record.get(column).filter(|cell| !cell.is_empty());
        let file = cell(columns.file).ok_or_else(|| wrong(line, "it names no file".to_owned()))?;
        let label = cell(columns.label).ok_or_else(|| wrong(line, format!("{file} has no label")))?;
        let split = columns.split.and_then(cell).map(str::to_owned);
        lines.push(TableLine { line, file: PathBuf::from(file), label: label.to_owned(), split });
    }
    Ok(lines)
}

/// What lies between the columns of a table, by its first line.
fn delimiter(first: &str) -> u8 {
    let has = |delimiter: &u8| first.as_bytes().contains(delimiter);
    [b',', b';', b'\t'].into_iter().find(has).unwrap_or(b',')
}
