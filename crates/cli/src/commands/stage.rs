//! What the commands that run one stage have in common.

use std::path::Path;

use bmae_recipe::Start;
use bmae_recipe::plan::run_of;
use bmae_recipe::{Recipe, Stage};
use bmae_train::start;
use bmae_train::{Outcome, Session, TrainError};
use serde_json::json;

use crate::arguments::{Evaluate, Everywhere};
use crate::ending::Ending;
use crate::interrupt::{self, GoesOn};
use crate::layers;
use crate::output::Output;
use crate::progress::Progress;
use crate::provenance::provenance;
use crate::threads;

/// A loop on an encoder: [`bmae_train::finetune::run`] and its like.
pub type Loop = fn(&mut Session<'_>, &Recipe, &str, &Start, &Path, bool) -> Result<Outcome, TrainError>;

/// Evaluates the encoder that `--from` names with one of the loops.
pub fn evaluate(
    stage: Stage,
    run: Loop,
    arguments: &Evaluate,
    everywhere: &Everywhere,
    output: &Output,
) -> Result<(), Ending> {
    let start = Start::parse(&arguments.from);
    let layers =
        layers::evaluation(&arguments.recipe, everywhere, stage, &arguments.from, start::config_text(&start)?)?;
    let recipe = layers::resolve(&layers, output)?;
    if arguments.recipe.preset.is_none() && matches!(&start, Start::From(path) if path.is_dir()) {
        output.note(&format!(
            "[{}] is that of preset {}, since no --preset was given: of {} come data, model and method alone",
            stage.section(),
            layers.preset.name(),
            arguments.from
        ));
    }
    let planned = run_of(&arguments.out, stage, recipe.seed);
    let name = planned.or_else(|| start::run_name(&start)).unwrap_or_else(|| name_of(&arguments.out));
    with_session(everywhere, output, |session| run(session, &recipe, &name, &start, &arguments.out, everywhere.resume))
        .and_then(|outcome| tell(stage, &name, &arguments.out, &outcome, output))
}

/// Gives `work` a session with progress and Ctrl-C.
pub fn with_session(
    everywhere: &Everywhere,
    output: &Output,
    work: impl FnOnce(&mut Session<'_>) -> Result<Outcome, TrainError>,
) -> Result<Outcome, Ending> {
    let threads = threads::set(everywhere.threads)?;
    let stop = interrupt::stop_on_ctrl_c()?;
    let mut progress = Progress::new(output);
    let session = Session::new(everywhere.device.into(), threads, stop, &mut progress)?;
    Ok(work(&mut session.with_provenance(provenance()))?)
}

/// The result of one stage, or how to go on with it.
pub fn tell(stage: Stage, name: &str, out: &Path, outcome: &Outcome, output: &Output) -> Result<(), Ending> {
    if let Some(ending) = interrupt::stopped(outcome, out, GoesOn::WithResume) {
        return Err(ending);
    }
    let (loss, top1) = match outcome {
        Outcome::Finished(summary) => (summary.loss, summary.top1),
        _ => (None, None),
    };
    let already = matches!(outcome, Outcome::AlreadyFinished);
    let place = out.display();
    let text = match (already, top1, loss) {
        (true, ..) => format!("{name} {} in {place} was finished earlier, nothing was done", stage.section()),
        (_, Some(top1), _) => format!("{name} {}: top-1 {top1:.2} %, in {place}", stage.section()),
        (_, None, Some(loss)) => format!("{name} {}: loss {loss:.4}, in {place}", stage.section()),
        (_, None, None) => format!("{name} {}: done, in {place}", stage.section()),
    };
    let json = json!({
        "run": name,
        "stage": stage.section(),
        "out": out,
        "already_finished": already,
        "loss": loss,
        "top1": top1,
    });
    Ok(output.result(&text, &json)?)
}

/// The run's name: that of its folder.
pub fn name_of(out: &Path) -> String {
    out.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
}
