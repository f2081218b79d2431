//! What the commands that run many stages have in common: the plan, and the report at its end.

use std::path::Path;

use bmae_output::claim::Foreign;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use bmae_recipe::plan::{PlanFile, PlannedStage, share_beginnings};
use bmae_report::check_place;
use bmae_train::TrainError;
use bmae_train::device::Machine;
use bmae_train::estimate::Effort;
use bmae_train::forecast::forecast;
use bmae_train::run::{self, PlanOutcome};
use serde_json::Value;

use crate::arguments::{Everywhere, PlanOptions};
use crate::device;
use crate::ending::Ending;
use crate::going_on::{GoingOn, stopped};
use crate::means::Means;
use crate::output::Output;
use crate::progress::Progress;
use crate::{advice, estimate, threads};

/// `stages` with what some of them begin alike trained once, unless that is not wanted.
pub fn shared(stages: Vec<PlannedStage>, out: &Path, options: &PlanOptions) -> Vec<PlannedStage> {
    if options.no_share { stages } else { share_beginnings(stages, out) }
}

/// Prints what `stages` will take instead of running them; `json` has more to say of them to a program.
pub fn list(
    stages: &[PlannedStage],
    out: &Path,
    json: Value,
    everywhere: &Everywhere,
    output: &Output,
) -> Result<(), Ending> {
    let threads = threads::set(everywhere.threads)?;
    let machine = Machine { device: device::open(everywhere, output)?, threads };
    let estimate = match forecast(stages, &machine, Effort::Always, || false) {
        Ok(estimate) => Some(estimate),
        Err(error @ TrainError::NoRoom { .. }) => return Err(error.into()),
        Err(error) => {
            output.note(&format!("what it takes cannot be told: {error}"));
            None
        }
    };
    for caution in estimate.iter().flat_map(|estimate| &estimate.cautions) {
        output.warn(&advice::with_advice(caution));
    }
    let mut json = json;
    json["stages"] = stages.iter().map(|stage| Value::from(to_text(&stage.out))).collect();
    json["estimate"] = estimate.as_ref().map_or(Value::Null, |estimate| estimate::as_json(stages, estimate));
    let text = match &estimate {
        Some(estimate) => estimate::table(stages, estimate, out),
        None => stages.iter().map(|stage| plain_path(&stage.out)).collect::<Vec<_>>().join("\n"),
    };
    Ok(output.result(&text, &json)?)
}

/// Runs `stages`, then writes the report into `out/report` and prints its table. `out` keeps what is asked for.
pub fn run(
    stages: &[PlannedStage],
    out: &Path,
    options: &PlanOptions,
    everywhere: &Everywhere,
    output: &Output,
) -> Result<(), Ending> {
    let going_on = GoingOn::with(&[out.to_owned()], everywhere);
    run_with(&Means::of(everywhere, output)?, stages, out, options.force.into(), &going_on, output)
}

/// The same with what other plans of the command compute with, too; where it is stopped, it is `going_on` so.
pub fn run_with(
    means: &Means,
    stages: &[PlannedStage],
    out: &Path,
    foreign: Foreign,
    going_on: &GoingOn,
    output: &Output,
) -> Result<(), Ending> {
    let report = out.join("report");
    check_place(&report, foreign)?;
    let diverged = train(means, stages, out, going_on, output)?;
    super::report::write(&[out.to_owned()], &report, out, foreign, output)?;
    match diverged {
        0 => Ok(()),
        count => {
            let (runs, them) =
                if count == 1 { ("1 stage".to_owned(), "it") } else { (format!("{count} stages"), "them") };
            let message = format!(
                "{runs} diverged, and what starts from {them} was not run; the report has the rest, `bmae runs {}` says why",
                quoted(out)
            );
            Err(Ending::Failure(message.into()))
        }
    }
}

/// Gives how many stages diverged.
fn train(
    means: &Means,
    stages: &[PlannedStage],
    out: &Path,
    going_on: &GoingOn,
    output: &Output,
) -> Result<usize, Ending> {
    let mut progress = Progress::of_plan(output, stages);
    let write_down = |stages: &[PlannedStage]| Ok(PlanFile::write(out, stages)?);
    let outcome = run::plan(&mut means.session(&mut progress), stages, write_down)?;
    drop(progress);
    match outcome {
        PlanOutcome::Finished => Ok(0),
        PlanOutcome::Diverged(errors) => Ok(errors.len()),
        PlanOutcome::Interrupted(stage, outcome) => stopped(&outcome, &stage.out, going_on).map_or(Ok(0), Err),
    }
}
