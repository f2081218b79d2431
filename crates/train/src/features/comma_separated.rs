//! Features as a table of text: `file`, `label` where there are labels, `f0`, `f1`, ...

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use bmae_output::csv_cell::csv_cell;

use super::table::FeatureTable;

/// How the header begins, with labels and without.
const HEADERS: [&str; 2] = ["file,label,f0", "file,f0"];

/// Whether the file at `path` begins as one that is written here.
pub(super) fn is_one(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(32).read_to_end(&mut head)?;
    let ends = |rest: &[u8]| matches!(rest.first(), Some(b',' | b'\n' | b'\r'));
    Ok(HEADERS.iter().any(|header| head.strip_prefix(header.as_bytes()).is_some_and(ends)))
}

pub(super) fn write(out: &mut dyn Write, table: &FeatureTable) -> io::Result<()> {
    let dim = table.features.dim;
    let labels = &table.features.labels;
    let mut writer = csv::Writer::from_writer(out);
    let label = (!labels.is_empty()).then(|| "label".to_owned());
    let columns = (0..dim).map(|column| format!("f{column}"));
    writer.write_record(["file".to_owned()].into_iter().chain(label).chain(columns))?;
    for (row, (file, values)) in table.files.iter().zip(table.features.values.chunks_exact(dim.max(1))).enumerate() {
        let label = labels.get(row).map(|&label| class(table, label));
        let values = values.iter().map(f32::to_string);
        writer.write_record([csv_cell(file)].into_iter().chain(label).chain(values))?;
    }
    writer.flush()
}

/// The name of a class, or its number.
fn class(table: &FeatureTable, label: i64) -> String {
    let name = usize::try_from(label).ok().and_then(|label| table.class_names.get(label));
    name.map_or_else(|| label.to_string(), |name| csv_cell(name))
}
