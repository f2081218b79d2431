//! `bmae init`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bmae_data::{folders_of_images, folders_with_images, holds_class_folders, holds_images};
use bmae_output::count::count;
use bmae_output::duration::{duration, seconds};
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_output::remedy::remedy;
use bmae_output::shell::quoted;
use bmae_output::whole_file::{check_place, write_whole};
use bmae_recipe::proposal::{Budget, Proposal, source_text};
use bmae_recipe::{DataSource, Layers, PresetChoice, Recipe, Setting, Stage};
use bmae_train::device::Machine;
use bmae_train::pipeline;
use bmae_train::proposal::{Named, propose};
use serde_json::json;

use crate::arguments::{Everywhere, Init, RecipeSource};
use crate::device;
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// Where images come from is read under these settings alone: a patch size of 1 fits any image size.
const BEFORE_ANYTHING_IS_KNOWN: &str = "data.image_size = 24\nmodel.patch_size = 1\n";
/// Steps of a pre-training that teach something (`docs/decisions.md`, "Proposed recipes").
const ENOUGH_STEPS: usize = 1_000;

/// Writes a recipe for the images, fitted to them and to this machine.
pub fn run(arguments: &Init, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let Init { time, force, out, .. } = arguments;
    check(out, *force)?;
    let data = match &arguments.data {
        Some(data) => data.clone(),
        None => images_here(out)?,
    };
    let source = RecipeSource { preset: None, data: Some(data) };
    let base = layers::layers(&source, everywhere, &[])?;
    let recipe = Recipe::resolve(&of_data(&base))?.0;
    let settings: Vec<Setting> = base.settings.into_iter().filter(|setting| !is_place(setting)).collect();
    let text = source_text(&recipe.data.source, out);
    let has_own_root = everywhere.set.iter().any(|set| set.trim_start().starts_with("data.root"));
    let named = Named { source: text, root: recipe.data.source.root().filter(|_| has_own_root).map(Path::to_owned) };

    let threads = threads::set(everywhere.threads)?;
    let images = pipeline::open(&recipe)?;
    let machine = Machine { device: device::open(everywhere, output)?, threads };
    output
        .note(&format!("looking at {}, and timing steps of a few models", count(images.train.len(), "training image")));
    let budget = Budget { time: *time, memory: base.available_memory };
    let proposal = propose(&images, &recipe.data, named, &budget, &settings, &machine)?;

    // Pictures of runs in a folder of images would be images.
    let is_pile = recipe.data.source == DataSource::Path(here()) && !images.is_labelled();
    let next = next(&proposal, out, if is_pile { "../runs" } else { "runs" });
    let file = format!("{}\n{}", head(out, *time, &next), proposal.text());
    write_whole(out, file.as_bytes()).map_err(|error| {
        Ending::Failure(format!("cannot write {}: {error}; {}", plain_path(out), remedy(&error)).into())
    })?;
    tell_time(&proposal, output);
    let text = format!("{}: {}\n\nnext:\n{}", plain_path(out), in_short(&proposal.recipe), commands(&next));
    let stages = proposal.stages.iter().map(|(stage, seconds)| (stage.section().to_owned(), json!(seconds)));
    let json = json!({
        "recipe": to_text(out),
        "images": images.train.len(),
        "image_size": proposal.recipe.data.image_size,
        "patch_size": proposal.recipe.model.patch_size,
        "batch_size": proposal.recipe.pretrain.stage.batch_size,
        "epochs": proposal.recipe.pretrain.stage.epochs,
        "seconds": stages.collect::<serde_json::Map<_, _>>(),
        "next": next.iter().map(|(_, command)| command).collect::<Vec<_>>(),
    });
    Ok(output.result(&text, &json)?)
}

/// Refuses a place that holds something, or to which nothing can be written, before any work is done.
fn check(out: &Path, force: bool) -> Result<(), Ending> {
    if !force && out.exists() {
        let message = format!("{} is there already: choose another name, or replace it with --force", plain_path(out));
        return Err(Ending::Usage(message.into()));
    }
    check_place(out).map_err(|error| {
        Ending::Failure(format!("cannot write {}: {error}; {}", plain_path(out), remedy(&error)).into())
    })
}

/// The folder that the command is called in, where it holds images.
fn images_here(out: &Path) -> Result<String, Ending> {
    let (here, near) = (Path::new("."), folders_of_images(Path::new(".")));
    // An image or two beside folders of them are no data set; the splits of one are no folders beside it.
    let holds_splits = folders_with_images(here) != [here];
    if holds_images(here) && (near.is_empty() || holds_splits) {
        return Ok(".".to_owned());
    }
    if holds_class_folders(here)
        && let Some(first) = near.first()
    {
        let (first, out) = (quoted(first.strip_prefix(".").unwrap_or(first)), quoted(out));
        let message = format!(
            "no --data was given, and this folder holds others with images: `bmae init --data . {out}` takes each of them \
             as a class, `bmae init --data {first} {out}` the images of that one"
        );
        return Err(Ending::Usage(message.into()));
    }
    let message = match near.first() {
        Some(first) => {
            let first = quoted(first.strip_prefix(".").unwrap_or(first));
            format!("no --data was given, and this folder holds others with images: did you mean `bmae init --data {first} {}`?", quoted(out))
        }
        None => "no --data was given, and the folder that bmae is called in holds no images: give their folder with --data, or \
                 --data shapes for generated ones".to_owned(),
    };
    Err(Ending::Usage(message.into()))
}

/// The folder that the command is called in, as a recipe would have it.
fn here() -> PathBuf {
    std::path::absolute(".").unwrap_or_default()
}

/// The layers as far as they say where images come from.
fn of_data(base: &Layers) -> Layers {
    let is_of_data = |setting: &&Setting| setting.path == "data" || setting.path.starts_with("data.");
    Layers {
        preset: PresetChoice::File { path: PathBuf::from("init"), text: BEFORE_ANYTHING_IS_KNOWN.to_owned() },
        settings: base.settings.iter().filter(is_of_data).cloned().collect(),
        ..Layers::default()
    }
}

/// Whether a setting says where the images lie, which the recipe says in its own way.
fn is_place(setting: &Setting) -> bool {
    matches!(setting.path.as_str(), "data.source" | "data.root")
}

/// What to do with the recipe, in order: what it is, and the command.
fn next(proposal: &Proposal, out: &Path, runs: &str) -> Vec<(&'static str, String)> {
    let stem = out.file_stem().map_or_else(|| "run".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let recipe = quoted(out);
    let run = |kind: &str| quoted(format!("{runs}/{stem}{kind}"));
    let mut next = vec![("pre-train an encoder", format!("bmae pretrain --preset {recipe} --out {}", run("")))];
    let evaluations = [(Stage::Linprobe, "measure what it learned"), (Stage::Finetune, ""), (Stage::Knn, "")];
    for (stage, what) in evaluations {
        if proposal.stages.iter().any(|(planned, _)| *planned == stage) {
            let name = stage.section();
            let own = run(&format!("-{name}"));
            next.push((what, format!("bmae {name} --preset {recipe} --from {} --out {own}", run(""))));
        }
    }
    if proposal.stages.len() > 1 {
        next.push(("look at it", format!("bmae report {runs} --out report")));
        next.push(("or compare all methods", format!("bmae reproduce --preset {recipe}")));
    }
    next
}

/// Each command behind what it is for.
fn commands(next: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    for (what, command) in next {
        if !what.is_empty() {
            text.push_str(&format!("  # {what}\n"));
        }
        text.push_str(&format!("  {command}\n"));
    }
    text
}

/// What stands above everything in the file.
fn head(out: &Path, time: Duration, next: &[(&'static str, String)]) -> String {
    let commands: String = next.iter().map(|(_, command)| format!("#     {command}\n")).collect();
    format!(
        "# {}: a recipe for the images at hand and a pre-training of {} on this machine, by bmae init.\n{commands}\
         # `bmae keys` lists every key; --set KEY=VALUE changes one for a single run. An interrupted run goes on with\n\
         # `bmae resume RUN`.\n#",
        plain_path(out.file_name().unwrap_or(out.as_os_str())),
        duration(time),
    )
}

/// The recipe in one line.
fn in_short(recipe: &Recipe) -> String {
    let encoder = &recipe.model.encoder;
    format!(
        "images of {} pixels in patches of {}, encoder of {} x {}, {} of pre-training",
        recipe.data.image_size.in_words(),
        recipe.model.patch_size.in_words(),
        encoder.dim,
        encoder.depth,
        count(recipe.pretrain.stage.epochs, "epoch"),
    )
}

/// How long everything will take, and whether that is enough.
fn tell_time(proposal: &Proposal, output: &Output) {
    let of = |(stage, taken): &(Stage, f64)| format!("{} {}", stage.words(), seconds(taken.round()));
    let all: Vec<String> = proposal.stages.iter().map(of).collect();
    output.note(&format!("on this machine about: {}", all.join(", ")));
    let settings = &proposal.recipe.pretrain.stage;
    let steps = settings.epochs.saturating_mul(proposal.train_images() / settings.batch_size.max(1));
    if steps < ENOUGH_STEPS
        && let Some((_, taken)) = proposal.stages.first()
    {
        let needed = taken * ENOUGH_STEPS as f64 / steps.max(1) as f64;
        output.warn(&format!(
            "a pre-training of {} learns little: {} would do, which take about {} here (--time)",
            count(steps, "step"),
            count(ENOUGH_STEPS, "step"),
            seconds(needed),
        ));
    }
}
