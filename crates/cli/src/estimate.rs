//! What a plan will take, in words, as a table and as JSON.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use bmae_output::count::count;
use bmae_output::duration::duration;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_recipe::Bytes;
use bmae_recipe::plan::PlannedStage;
use bmae_train::estimate::{PlanEstimate, StageEstimate};
use serde_json::{Value, json};

use crate::width::shortened;

/// Columns of the table, and of them for the name of a run.
const WIDTH: usize = 80;
const NAME: usize = 36;

/// One sentence about what is left to do.
pub fn in_words(estimate: &PlanEstimate) -> String {
    let what = match estimate.stages.len() {
        1 => "this takes".to_owned(),
        _ => format!("{} {}", count(estimate.due(), "run"), if estimate.due() == 1 { "takes" } else { "take" }),
    };
    let time = match estimate.steps_timed {
        0 => "a few seconds".to_owned(),
        _ => format!("about {}", time(estimate.seconds())),
    };
    let free = estimate.free.map(|free| format!(" ({free} are free)")).unwrap_or_default();
    format!("{what} {time}, {} of disk{free} and {} of memory{}", estimate.disk, estimate.memory(), timed(estimate))
}

/// Behind a sentence: what the times come from.
fn timed(estimate: &PlanEstimate) -> String {
    match estimate.steps_timed {
        0 => String::new(),
        steps => format!("; {} timed, the first of each kind left out", count(steps, "step")),
    }
}

/// A row for each run of `stages`, which lie in `out`, and one for all: 80 columns at the most, a name that is longer than
/// its column on a line of its own.
pub fn table(stages: &[PlannedStage], estimate: &PlanEstimate, out: &Path) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut row = |name: &str, [steps, time, disk, memory]: [&str; 4]| {
        let mut name = name;
        if name.chars().count() > NAME {
            let _ = writeln!(text, "{}", shortened(name, WIDTH));
            name = "";
        }
        let _ = writeln!(text, "{}", format!("{name:<NAME$} {steps:>8} {time:>11} {disk:>10} {memory:>10}").trim_end());
    };
    row(&plain_path(out), ["steps", "time", "disk", "memory"]);
    for (stage, of) in stages.iter().zip(&estimate.stages) {
        row(&name(stage, out), cells(of).each_ref().map(String::as_str));
    }
    let steps: usize = estimate.stages.iter().map(steps).sum();
    let all = [steps.to_string(), time(estimate.seconds()), estimate.disk.to_string(), estimate.memory().to_string()];
    let finished = stages.len() - estimate.due();
    let finished = if finished > 0 { format!(", {finished} of them done") } else { String::new() };
    row(&format!("{}{finished}", count(stages.len(), "run")), all.each_ref().map(String::as_str));
    text
}

fn cells(of: &StageEstimate) -> [String; 4] {
    match of.is_due {
        true => [
            if of.epochs > 0 { steps(of).to_string() } else { String::new() },
            time(of.seconds),
            of.disk.to_string(),
            of.memory.to_string(),
        ],
        false => ["", "done", "", ""].map(str::to_owned),
    }
}

fn steps(of: &StageEstimate) -> usize {
    if of.is_due { of.epochs.saturating_mul(of.steps_per_epoch) } else { 0 }
}

/// The folder of a run below that of all.
fn name(stage: &PlannedStage, out: &Path) -> String {
    plain_path(stage.out.strip_prefix(out).unwrap_or(&stage.out))
}

fn time(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds).map_or_else(|_| "for ever".to_owned(), duration)
}

/// The same for a program.
pub fn as_json(stages: &[PlannedStage], estimate: &PlanEstimate) -> Value {
    let bytes = |Bytes(bytes): Bytes| u64::try_from(bytes).unwrap_or(u64::MAX);
    let of_stage = |(planned, of): (&PlannedStage, &StageEstimate)| {
        json!({
            "out": to_text(&planned.out),
            "run": planned.run,
            "stage": planned.stage.section(),
            "seed": planned.recipe.seed,
            "done": !of.is_due,
            "epochs": of.epochs,
            "steps_per_epoch": of.steps_per_epoch,
            "seconds": of.seconds,
            "disk_bytes": bytes(of.disk),
            "memory_bytes": bytes(of.memory),
        })
    };
    json!({
        "seconds": estimate.seconds(),
        "steps_timed": estimate.steps_timed,
        "disk_bytes": bytes(estimate.disk),
        "free_bytes": estimate.free.map(bytes),
        "memory_bytes": bytes(estimate.memory()),
        "runs": stages.iter().zip(&estimate.stages).map(of_stage).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use bmae_recipe::{Recipe, Stage, Start};

    use super::*;

    fn estimate(seconds: &[f64]) -> PlanEstimate {
        let stage = |&seconds: &f64| StageEstimate {
            is_due: seconds > 0.0,
            epochs: 24,
            steps_per_epoch: 31,
            seconds,
            disk: Bytes(12 << 20),
            memory: Bytes(95 << 20),
        };
        PlanEstimate {
            stages: seconds.iter().map(stage).collect(),
            steps_timed: 9,
            disk: Bytes(30 << 20),
            free: Some(Bytes(40 << 30)),
            cautions: Vec::new(),
        }
    }

    #[test]
    fn a_sentence_says_time_disk_and_memory_of_what_is_left() {
        assert_eq!(
            in_words(&estimate(&[50.0])),
            "this takes about 50 s, 30.0 MiB of disk (40.0 GiB are free) and 95.0 MiB of memory; 9 steps timed, the first of \
             each kind left out"
        );
        assert!(in_words(&estimate(&[50.0, 0.0, 100.0])).starts_with("2 runs take about 2 min 30 s, "));
        let guessed = PlanEstimate { steps_timed: 0, free: None, ..estimate(&[2.0, 3.0]) };
        assert_eq!(in_words(&guessed), "2 runs take a few seconds, 30.0 MiB of disk and 95.0 MiB of memory");
    }

    #[test]
    fn a_table_has_80_columns_however_long_names_and_numbers_are() {
        let recipe = Recipe::from_toml("").expect("a recipe");
        let stage = |out: &str| PlannedStage {
            run: "a".to_owned(),
            stage: Stage::Pretrain,
            recipe: recipe.clone(),
            start: Start::Scratch,
            out: out.into(),
            ends_after: None,
        };
        let long = "runs/mae-new-k5-tau0.005-slow_weight0.25-seed12/pretrain";
        let stages = [stage("runs/a/pretrain"), stage(long), stage("runs/b/pretrain")];
        let text = table(&stages, &estimate(&[1e6, 9e6, 0.0]), Path::new("runs"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!((lines.len(), lines[2]), (1 + 2 + 3, &long["runs/".len()..]), "{text}");
        assert!(lines[1].starts_with("a/pretrain ") && lines[1].contains(" 744 "), "{text}");
        assert!(lines[4].ends_with(" done") && lines[5].starts_with("3 runs, 1 of them done "), "{text}");
    }
}
