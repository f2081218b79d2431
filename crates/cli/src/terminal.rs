//! The terminal that results are printed to.

/// What is taken where stdout is no terminal.
const COLUMNS: usize = 100;
/// Where lines are longer than this, nobody likes to read.
const MOST_COLUMNS: usize = 120;
/// Narrower than this, nothing can be told in columns.
const LEAST_COLUMNS: usize = 40;

/// The columns of the terminal that stdout is; `None` where it is none, or has no width.
pub fn shown_columns() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, width)| usize::from(width))
}

/// The columns that a text for stdout should fit into.
pub fn columns() -> usize {
    shown_columns().map_or(COLUMNS, |width| width.clamp(LEAST_COLUMNS, MOST_COLUMNS))
}
