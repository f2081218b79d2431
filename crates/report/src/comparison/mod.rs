//! Runs side by side: which belong together, what came out, what is missing, and how they stand to the published
//! results.

mod copies;
mod data_set;
mod differing_keys;
mod encoder;
mod folders;
mod group;
mod highest;
mod labels;
mod main_data;
mod missing;
mod provenance;
mod published_accuracy;
mod published_recipe;
mod repeats;
mod score;
pub mod sentences;
mod summary;
mod swept_columns;

pub use data_set::DataSet;
pub(crate) use differing_keys::{differences_from, result_keys};
pub use encoder::Origin;
pub use group::{RunGroup, group_runs};
pub use highest::{Highest, best, highest};
pub(crate) use main_data::{main_data, on_main_data};
pub use missing::{MissingResult, MissingState};
pub use provenance::{RUN_COLUMNS, facts, recipes, run_rows, total_seconds};
pub use published_accuracy::{PublishedAccuracy, has_published_data, published_accuracy, published_beside};
pub use published_recipe::RecipeDifference;
pub use score::Score;
pub use summary::{Collapse, EvaluationSummary, GroupSummary, Summary, summarise};
pub(crate) use swept_columns::{SweptColumns, json_of};
