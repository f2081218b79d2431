//! `bmae features`.

use std::path::{Path, PathBuf};

use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_recipe::{Need, Start, Used};
use bmae_train::features::{self, FeatureFormat};
use bmae_train::{Session, start};
use serde_json::json;

use crate::arguments::{Everywhere, Features};
use crate::commands::checkpoint_export::no_classifier;
use crate::device;
use crate::ending::Ending;
use crate::interrupt;
use crate::layers;
use crate::output::Output;
use crate::progress::Progress;
use crate::threads;

/// Features of one split of a data set, for use elsewhere.
pub fn run(arguments: &Features, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let mut start = Start::parse(&arguments.from);
    if let Some(encoder) = start.path().and_then(start::measured_encoder) {
        output.note(&no_classifier(Path::new(&arguments.from), &encoder));
        start = Start::From(encoder);
    }
    let carried = start::config_text(&start, Used::Encoder)?;
    let layers = layers::features(&arguments.recipe, everywhere, &arguments.from, carried)?;
    let recipe = layers::resolve(&layers, output)?;
    let format = FeatureFormat::of(&arguments.out)?;
    let from = start.path().map(start::file_of);
    let inputs: Vec<&Path> = from.iter().map(PathBuf::as_path).collect();
    features::check_place(&arguments.out, format, &inputs, arguments.force.into())?;
    recipe.check_memory(Need::Features, layers.available_memory)?;
    let threads = threads::set(everywhere.threads)?;
    let stop = interrupt::stop_when_asked()?;
    let mut progress = Progress::new(output);
    let mut session = Session::new(device::open(everywhere, output)?, threads, stop, &mut progress);
    let Some(table) = features::run(&mut session, &recipe, &start, arguments.split.into(), arguments.feature)? else {
        return Err(Ending::Interrupted("stopped: nothing was written".to_owned()));
    };
    features::write(&table, &arguments.out, format)?;

    let (images, dim) = (table.features.len(), table.features.dim);
    let labelled = !table.features.labels.is_empty();
    let labels = if labelled { "with labels" } else { "without labels" };
    let text = format!(
        "{} of {}, {labels}, in {}",
        count(images, "feature"),
        count(dim, "number"),
        plain_path(&arguments.out)
    );
    Ok(output
        .result(&text, &json!({ "images": images, "dim": dim, "labels": labelled, "out": to_text(&arguments.out) }))?)
}
