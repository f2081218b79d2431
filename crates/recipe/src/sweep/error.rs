//! What can be wrong with a sweep.

use std::path::PathBuf;

use bmae_output::plain::plain_path;

use crate::RecipeError;

/// Why a sweep cannot be planned; its text is fit for a user.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A combination is no recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// No such sweep.
    #[error("there is no sweep called {name}: choose one of {known}, or give a file that ends in .toml{hint}", known = super::builtin::NAMES.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// "; did you mean ...?", or nothing.
        hint: String,
    },
    /// The file cannot be read.
    #[error("cannot read the sweep {path}: {source}; give a TOML file with [[grids]]", path = plain_path(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no sweep.
    #[error(
        "{place} is no sweep: {what}; a sweep holds [[grids]], each with keys of a recipe and lists of their values"
    )]
    Malformed {
        /// Where.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// An axis without a key or without values.
    #[error("`{argument}` is no list of values of a key, such as method.k=1,2,4")]
    NotAGrid {
        /// What was given.
        argument: String,
    },
    /// Nothing to try.
    #[error("there is nothing to sweep: name a sweep ({known}) or give a file", known = super::builtin::NAMES.join(", "))]
    Nothing,
    /// A key is swept and set, or swept twice in a grid.
    #[error("{key} is swept, and {also} as well: give it once")]
    Twice {
        /// The key.
        key: String,
        /// Where else, as a clause: "set by --set method.k=3".
        also: String,
    },
    /// A key that changes nothing.
    #[error("{key} is swept, but nothing that would be run reads it: sweep a method or an evaluation that does")]
    Unread {
        /// The key.
        key: String,
    },
    /// Two combinations would be run in the same folder.
    #[error("two different combinations would both be run in {folder}: sweep them into folders of their own", folder = plain_path(folder))]
    SameFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// More than anybody runs.
    #[error(
        "the grids have {count} combinations, more than the {most} that are planned at once: take fewer values, or several sweeps"
    )]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// The seed is no axis.
    #[error(
        "seed cannot be swept: every combination has the same seeds, over which the report takes means and deviations"
    )]
    Seed,
    /// `[[runs]]` is no axis.
    #[error("{key} cannot be swept: sweep keys of [method] instead")]
    Runs {
        /// The key.
        key: String,
    },
    /// No evaluation and no pre-training is left.
    #[error("{run} has nothing to run: the method scratch pre-trains nothing, so it needs an evaluation")]
    NothingToRun {
        /// The combination.
        run: String,
    },
}
