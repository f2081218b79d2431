//! What the commands that run one stage have in common.

use std::path::Path;

use bmae_output::path_text::{from_text, to_text};
use bmae_output::plain::{name_of_path, plain, plain_path};
use bmae_output::shell::quoted;
use bmae_recipe::plan::{PlannedStage, run_name};
use bmae_recipe::{Layers, Stage, Start, Used};
use bmae_train::{Outcome, run, start};
use serde_json::json;

use crate::arguments::{Evaluate, Everywhere};
use crate::ending::Ending;
use crate::going_on::{GoingOn, stopped};
use crate::layers;
use crate::means::Means;
use crate::output::Output;
use crate::progress::Progress;

/// Evaluates the encoder that `--from` names.
pub fn evaluate(stage: Stage, arguments: &Evaluate, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let start = Start::parse(&arguments.from);
    let carried = start::config_text(&start, Used::Encoder)?;
    let layers =
        layers::evaluation(&arguments.recipe, everywhere, stage, &arguments.from, &arguments.channels, carried)?;
    let recipe = layers::resolve(&layers, output)?;
    if arguments.recipe.preset.is_none() {
        tell_preset(stage, &layers, &arguments.from, "data, model and method", output);
    }
    let run = run_name(&arguments.out, stage, recipe.seed)
        .or_else(|| start::run_name(&start))
        .unwrap_or_else(|| name_of(&arguments.out));
    self::run(
        &PlannedStage { run, stage, recipe, start, out: arguments.out.clone(), ends_after: None },
        everywhere,
        output,
    )
}

/// Says that not all comes from the run `from`, but only `what`.
pub fn tell_preset(stage: Stage, layers: &Layers, from: &str, what: &str, output: &Output) {
    if from_text(from).is_dir() {
        output.note(&format!(
            "[{}] comes from the preset {}, since no --preset was given; only {what} come from {from}",
            stage.section(),
            layers.preset.name(),
        ));
    }
}

/// Runs `planned` with progress and Ctrl-C, and tells the result or how to go on.
pub fn run(planned: &PlannedStage, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let going_on = GoingOn::with(std::slice::from_ref(&planned.out), everywhere);
    run_with(&Means::of(everywhere, output)?, planned, everywhere.resume, &going_on, output)
}

/// The same with what other stages of the command compute with, too; where it is stopped, it is `going_on` so.
pub fn run_with(
    means: &Means,
    planned: &PlannedStage,
    resume: bool,
    going_on: &GoingOn,
    output: &Output,
) -> Result<(), Ending> {
    let mut progress = Progress::new(output);
    let outcome = run::stage(&mut means.session(&mut progress), planned, resume)?;
    drop(progress);
    if let Some(ending) = stopped(&outcome, &planned.out, going_on) {
        return Err(ending);
    }
    tell(planned, &outcome, output)
}

/// Tells the result of `planned`, whose `outcome` is that it is finished.
pub fn tell(planned: &PlannedStage, outcome: &Outcome, output: &Output) -> Result<(), Ending> {
    let PlannedStage { run: name, stage, out, .. } = planned;
    let (loss, top1) = match outcome {
        Outcome::Finished(summary) => (summary.loss, summary.top1),
        _ => (None, None),
    };
    let already = matches!(outcome, Outcome::AlreadyFinished);
    let (place, named) = (plain_path(out), plain(name));
    let text = match (already, top1, loss) {
        (true, ..) => {
            let longer = how_to_train_longer(planned);
            format!("{named} {} in {place} was finished earlier, nothing to do{longer}", stage.section())
        }
        (_, Some(top1), _) => format!("{named} {}: top-1 {top1:.2} %, in {place}", stage.section()),
        (_, None, Some(loss)) => format!("{named} {}: loss {loss:.4}, in {place}", stage.section()),
        (_, None, None) => format!("{named} {}: done, in {place}", stage.section()),
    };
    let json = json!({
        "run": name,
        "stage": stage.section(),
        "out": to_text(out),
        "already_finished": already,
        "loss": loss,
        "top1": top1,
    });
    Ok(output.result(&text, &json)?)
}

/// How to train a finished stage longer, as a clause; nothing where it has no epochs, or other runs begin with them.
fn how_to_train_longer(planned: &PlannedStage) -> String {
    let trained = planned.stage.trained().filter(|_| planned.ends_after.is_none());
    trained.map_or(String::new(), |stage| {
        let epochs = planned.recipe.stage(stage).epochs;
        format!(
            "; `bmae resume {} --epochs N` trains it longer, for N epochs in all (above {epochs})",
            quoted(&planned.out)
        )
    })
}

/// The run's name: that of its folder, what is no UTF-8 in it written out.
pub fn name_of(out: &Path) -> String {
    out.file_name().map_or_else(|| "run".to_owned(), name_of_path)
}
