//! `results.csv`: one row per finished evaluation, the columns of `docs/formats.md`, "results.csv".

use crate::comparison::RunGroup;
use crate::run_directory::{Run, Stage};
use crate::text::csv_cell;

/// The columns, in order.
const COLUMNS: [&str; 13] = [
    "run",
    "method",
    "k",
    "wse",
    "tau",
    "slow_weight",
    "evaluation",
    "seed",
    "epochs",
    "top1",
    "best_top1",
    "images_per_s",
    "wall_s",
];

/// The whole file. Rows stand by line, evaluation and seed; accuracies have two decimals (percent), rates and seconds
/// one, and a cell that does not apply is empty. An evaluation without a result has no row.
pub fn results_csv(groups: &[RunGroup]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail: every row has as many cells as the header.
    let _ = writer.write_record(COLUMNS);
    for group in groups {
        for evaluation in Stage::EVALUATIONS {
            for run in group.stage(evaluation) {
                if let Some(top1) = run.top1() {
                    let _ = writer.write_record(row(group, run, top1));
                }
            }
        }
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn row(group: &RunGroup, run: &Run, top1: f64) -> [String; 13] {
    let setting = &group.setting;
    [
        csv_cell(&group.label),
        csv_cell(&setting.method),
        cell(setting.k),
        cell(setting.wse),
        cell(setting.tau),
        cell(setting.slow_weight),
        run.about.stage.name().to_owned(),
        run.about.seed.to_string(),
        cell(run.about.epochs),
        format!("{top1:.2}"),
        cell(run.best_top1().map(|best| format!("{best:.2}"))),
        cell(run.images_per_s().map(|rate| format!("{rate:.1}"))),
        cell(run.metrics.wall_s.map(|seconds| format!("{seconds:.1}"))),
    ]
}

fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
