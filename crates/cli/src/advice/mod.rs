//! What a user can do about an error of a library, in words of the command line.
//!
//! A library's error states facts: the thing, what was expected, what was found. It knows no flag and no command. The
//! sentence that names one is added here, one file a library; [`Ending`](crate::ending::Ending) puts it behind the
//! error.

mod asked;
mod data;
mod near_path;
mod output;
mod recipe;
mod report;
mod train;
mod typed;

pub use asked::of_asked;
pub use data::of_data;
pub use near_path::near_path;
pub use output::of_taken;
pub use recipe::{of_recipe, of_sbatch_options, of_sweep, of_warning};
pub use report::{figure_command, of_report};
pub use train::{of_export, of_train, of_weights, with_advice};
pub use typed::advised as of_typed;

/// What to do when memory is out, whatever was at work.
pub const OUT_OF_MEMORY: &str = "lower batch_size, data.image_size or --threads, or free some memory; a run keeps its last \
                                 checkpoint, and `bmae resume RUN` goes on from there";
