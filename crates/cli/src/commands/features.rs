//! `bmae features`.

use std::path::PathBuf;

use bmae_output::claim::check_file;
use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_recipe::{Need, Start, Used};
use bmae_train::start;
use bmae_train::whole_file::{check_place, write_whole};
use bmae_train::{Session, features};
use serde_json::json;

use crate::arguments::{Everywhere, Features};
use crate::ending::Ending;
use crate::interrupt;
use crate::layers;
use crate::output::Output;
use crate::progress::Progress;
use crate::threads;

/// Features of one split of a data set, for use elsewhere.
pub fn run(arguments: &Features, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let start = Start::parse(&arguments.from);
    let carried = start::config_text(&start, Used::Encoder)?;
    let layers = layers::features(&arguments.recipe, everywhere, &arguments.from, carried)?;
    let recipe = layers::resolve(&layers, output)?;
    check_place(&arguments.out)?;
    let from = start.path().map(start::file_of);
    check_file(
        &arguments.out,
        features::MARK,
        &from.iter().map(PathBuf::as_path).collect::<Vec<_>>(),
        arguments.force.into(),
    )?;
    recipe.check_memory(Need::Features, layers.available_memory)?;
    let threads = threads::set(everywhere.threads)?;
    let stop = interrupt::stop_when_asked()?;
    let mut progress = Progress::new(output);
    let mut session = Session::new(everywhere.device.into(), threads, stop, &mut progress)?;
    let Some(file) = features::run(&mut session, &recipe, &start, arguments.split.into(), arguments.feature)? else {
        return Err(Ending::Interrupted("stopped: nothing was written".to_owned()));
    };
    write_whole(&arguments.out, &file.to_bytes()?)?;

    let ([images, dim], _) = file.floats::<2>("features", "[N, D]")?;
    let labelled = file.has("labels");
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
