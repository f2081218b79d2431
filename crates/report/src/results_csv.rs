//! `results.csv`: one row per finished evaluation, the columns of `docs/formats.md`, "results.csv".

use bmae_output::plain::plain_path;

use crate::comparison::{GroupSummary, RunGroup, Summary, SweptColumns, best};
use crate::run_directory::{Run, Stage};
use crate::text::csv_cell;

/// The columns, in order. The keys in which runs differ stand behind them.
const COLUMNS: [&str; 18] = [
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
    "directory",
    "data",
    "chance",
    "above_chance",
    "best",
];

/// The whole file. Rows stand by line, evaluation and seed; accuracies have two decimals (percent), rates and seconds
/// one, and a cell that does not apply is empty. An evaluation without a result has no row.
pub fn results_csv(groups: &[RunGroup], summary: &Summary) -> String {
    let runs: Vec<&Run> = groups.iter().flat_map(|group| group.runs.iter().copied()).collect();
    let swept = SweptColumns::of(&runs);
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail: every row has as many cells as the header.
    let _ = writer.write_record(COLUMNS.into_iter().chain(swept.keys.iter().map(String::as_str)));
    let best = Stage::EVALUATIONS.map(|evaluation| (evaluation, best(summary, evaluation)));
    for (group, line) in groups.iter().zip(&summary.runs) {
        for (evaluation, best) in &best {
            let is_best = best.iter().any(|best| best.run == line.run);
            for run in group.stage(*evaluation) {
                if let Some(top1) = run.top1() {
                    let keys = swept.cells(run).into_iter().map(|value| csv_cell(&value));
                    let _ = writer.write_record(
                        of_run(group, run, top1).into_iter().chain(of_line(group, line, run, is_best)).chain(keys),
                    );
                }
            }
        }
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// What an evaluation is and what came out.
fn of_run(group: &RunGroup, run: &Run, top1: f64) -> [String; 13] {
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

/// Where it lies, on what data, and what is said of its line.
fn of_line(group: &RunGroup, line: &GroupSummary, run: &Run, is_best: bool) -> [String; 5] {
    let chance = group.data.as_ref().and_then(|data| data.chance_percent);
    let above_chance = line.evaluation(run.about.stage).and_then(|cell| cell.above_chance);
    [
        csv_cell(&plain_path(&run.directory)),
        csv_cell(line.data.as_deref().unwrap_or_default()),
        cell(chance.map(|chance| format!("{chance:.2}"))),
        cell(above_chance),
        is_best.to_string(),
    ]
}

fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
