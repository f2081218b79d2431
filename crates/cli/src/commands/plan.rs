//! What the commands that run many stages have in common: the plan, and the report at its end.

use std::path::Path;

use bmae_output::shell::quoted;
use bmae_recipe::plan::{PlannedStage, share_beginnings};
use bmae_report::check_place;
use bmae_train::Session;
use bmae_train::run::{self, PlanOutcome};

use crate::arguments::{Everywhere, PlanOptions};
use crate::ending::Ending;
use crate::interrupt::{self, GoesOn};
use crate::output::Output;
use crate::progress::Progress;
use crate::provenance::provenance;
use crate::threads;

/// `stages` with what some of them begin alike trained once, unless that is not wanted.
pub fn shared(stages: Vec<PlannedStage>, out: &Path, options: &PlanOptions) -> Vec<PlannedStage> {
    if options.no_share { stages } else { share_beginnings(stages, out) }
}

/// Runs `stages`, then writes the report into `out/report` and prints its table.
pub fn run(
    stages: &[PlannedStage],
    out: &Path,
    options: &PlanOptions,
    everywhere: &Everywhere,
    output: &Output,
) -> Result<(), Ending> {
    let (report, foreign) = (out.join("report"), options.force.into());
    check_place(&report, foreign)?;
    let diverged = train(stages, everywhere, output)?;
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
fn train(stages: &[PlannedStage], everywhere: &Everywhere, output: &Output) -> Result<usize, Ending> {
    let threads = threads::set(everywhere.threads)?;
    let stop = interrupt::stop_on_ctrl_c()?;
    let mut progress = Progress::of_plan(output, stages);
    let session = Session::new(everywhere.device.into(), threads, stop, &mut progress)?;
    let outcome = run::plan(&mut session.with_provenance(provenance()), stages)?;
    drop(progress);
    match outcome {
        PlanOutcome::Finished => Ok(0),
        PlanOutcome::Diverged(errors) => Ok(errors.len()),
        PlanOutcome::Interrupted(stage, outcome) => match interrupt::stopped(&outcome, &stage.out, GoesOn::AsItWas) {
            Some(ending) => Err(ending),
            None => Ok(0),
        },
    }
}
