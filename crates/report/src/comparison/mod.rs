//! Runs side by side: which belong together, what came out, what is missing, and how they stand to the published
//! results.

mod differing_keys;
mod group;
mod highest;
mod lineage;
mod missing;
mod provenance;
mod published_accuracy;
mod published_recipe;
mod score;
pub mod sentences;
mod summary;

pub use group::{RunGroup, group_runs};
pub use highest::{Highest, best, highest};
pub use missing::{MissingResult, MissingState};
pub use provenance::{RUN_COLUMNS, facts, recipes, run_rows, total_seconds};
pub use published_accuracy::{PublishedAccuracy, has_published_data, published_accuracy, published_beside};
pub use published_recipe::RecipeDifference;
pub use score::Score;
pub use summary::{Collapse, EvaluationSummary, GroupSummary, Summary, summarise};
