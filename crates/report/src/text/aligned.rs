//! Columns of text below each other, for a terminal.

use bmae_output::plain::plain;
use unicode_width::UnicodeWidthStr;

/// Rows of the same number of cells, texts to the left and `numeric` columns to the right, two blanks between them;
/// each cell [`plain`]. Ends with a line break.
pub fn aligned(rows: &[Vec<String>], numeric: &[bool]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| plain(cell).into_owned()).collect()).collect();
    let widths: Vec<usize> = (0..numeric.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).zip(numeric).map(|((cell, &width), numeric)| {
            let room = " ".repeat(width.saturating_sub(cell.width()));
            if *numeric { format!("{room}{cell}") } else { format!("{cell}{room}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_take_two_columns_are_counted_as_two() {
        let rows = [["猫", "1"], ["cat", "22"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows, &[false, true]), "猫    1\ncat  22\n");
    }
}
