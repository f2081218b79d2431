//! A sweep by its name or from its file.

use bmae_output::path_text::from_text;
use toml::{Table, Value};

use super::builtin;
use super::error::SweepError;
use super::grid::{Grid, Sweep};
use crate::meanings::meant_word;
use crate::suggestion::did_you_mean;

/// The built-in sweep called `name`, or the one of the file at that path: a file is whatever ends in `.toml`.
///
/// # Errors
/// When there is none of that name, or the file cannot be read or is no sweep.
pub fn read(name: &str) -> Result<Sweep, SweepError> {
    if let Some(text) = builtin::text(name) {
        return parse(text, name);
    }
    let path = from_text(name);
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Err(SweepError::Unknown { name: name.to_owned(), hint: hint(name) });
    }
    let text =
        std::fs::read_to_string(&path).map_err(|source| SweepError::Unreadable { path: path.clone(), source })?;
    let mut sweep = parse(&text, name)?;
    sweep.grids.iter_mut().for_each(|grid| grid.see_paths_from(&path));
    Ok(sweep)
}

/// What is said behind the name of a sweep that there is none of: a file of that name, or the nearest sweep.
fn hint(name: &str) -> String {
    let file = format!("{name}.toml");
    if from_text(&file).is_file() {
        return did_you_mean(Some(&file));
    }
    did_you_mean(meant_word(name, &builtin::NAMES))
}

fn parse(text: &str, place: &str) -> Result<Sweep, SweepError> {
    let malformed = |what: String| SweepError::Malformed { place: place.to_owned(), what };
    let mut table: Table =
        text.parse().map_err(|error: toml::de::Error| malformed(error.message().replace('\n', " ")))?;
    let grids = match table.remove("grids") {
        Some(Value::Array(grids)) => grids,
        Some(_) => return Err(malformed("grids is no list of tables".to_owned())),
        None => return Err(malformed("it has no [[grids]]".to_owned())),
    };
    if let Some((key, _)) = table.iter().next() {
        return Err(malformed(format!("it has {key} beside its [[grids]]")));
    }
    let grid = |value: &Value| match value {
        Value::Table(table) => Grid::from_table(table, place),
        other => Err(malformed(format!("{other} stands where a table was expected"))),
    };
    Ok(Sweep { grids: grids.iter().map(grid).collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::NAMES;

    #[test]
    fn every_built_in_sweep_can_be_read() {
        let points =
            NAMES.map(|name| read(name).expect(name).grids.iter().map(|grid| grid.points().len()).sum::<usize>());
        assert_eq!(points, [16, 7, 7, 5, 9, 8, 27]);
    }

    #[test]
    fn what_is_no_sweep_is_refused_by_what_it_has() {
        let says = |text: &str, part: &str| {
            let refused = parse(text, "mine.toml").expect_err(text).to_string();
            assert!(refused.contains(part) && refused.contains("mine.toml"), "{part} in: {refused}");
        };
        says("grids = 3", "no list of tables");
        says("method.k = [1]", "no [[grids]]");
        says("seeds = 3\n[[grids]]\nmethod.k = [1]", "it has seeds beside");
        says("[[grids]", "no sweep");
        assert!(read("kk").expect_err("no such sweep").to_string().contains("report, k, wse, tau, lambda, methods"));
    }
}
