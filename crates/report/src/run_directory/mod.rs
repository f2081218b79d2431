//! Run directories, read by this crate's own types: `run.toml`, `config.toml` and `metrics.jsonl` as `docs/formats.md`,
//! "Run directory", describes them.
//!
//! Fields that this crate does not know are ignored, so that newer runs stay readable. Numbers that were not finite are
//! absent or `null` in the files and `None` here.

mod about;
mod directory;
mod find;
mod metrics;
mod origin;
mod stability;
mod stage;
mod state;
mod test_map;
mod test_predictions;
mod test_set;
mod text_file;

pub use about::{About, Fingerprint, Inputs, MethodSetting, RUN_FILE, Session};
pub use directory::{METRICS_FILE, Run, harmonic_mean, read_run};
pub use find::{CollectedRuns, collect_runs, find_runs};
pub use metrics::{Epoch, Eval, Metrics, Step, TargetChange, each_line};
pub use origin::{about_of, origin, origin_of_weights, run_of};
pub use stability::{Renewal, Stability};
pub use stage::{Stage, reads};
pub use state::{RunState, is_locked};
pub use test_map::{TestMap, test_map};
pub use test_predictions::{PredictedImage, each_prediction};
pub use text_file::open;
