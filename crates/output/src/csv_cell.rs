//! Foreign text in CSV.

use crate::plain::plain;

/// Text from a file as a cell: [`plain`], and behind an apostrophe where a spreadsheet would take it for a formula. A
/// number stays one, also below zero.
pub fn csv_cell(text: &str) -> String {
    let text = plain(text);
    // The last four are the wide forms, which some spreadsheets take for the same.
    let is_formula = text.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    match is_formula && text.parse::<f64>().is_err() {
        true => format!("'{text}"),
        false => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula_and_a_number_stays_one() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-x", "'-x"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\t=1", "\\t=1"),
            ("-0.25", "-0.25"),
            ("+1e-3", "+1e-3"),
            ("mae-k", "mae-k"),
            ("a\r\nb", "a\\r\\nb"),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
