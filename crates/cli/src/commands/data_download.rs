//! `bmae data download`.

use std::path::{Path, PathBuf};

use bmae_data::CifarSet;
use bmae_data::download::{Archive, Outcome, download};
use bmae_output::path_text::to_text;
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use serde_json::json;

use crate::arguments::{Cifar, Download, Everywhere, RecipeSource};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::progress::Bytes;

/// Fetches an archive, verifies it, and says where it lies and how to use it.
pub fn run(arguments: &Download, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let set = match arguments.name {
        Cifar::Cifar10 => CifarSet::Cifar10,
        Cifar::Cifar100 => CifarSet::Cifar100,
    };
    let mut archive = Archive::official(set);
    if let Some(url) = &arguments.url {
        archive.url.clone_from(url);
    }
    let folder = match &arguments.to {
        Some(folder) => folder.clone(),
        None => root(set, everywhere, output)?,
    };
    let mut bytes = Bytes::new(output);
    let outcome = download(&archive, &folder, &mut |done, total| bytes.show(done, total))?;
    drop(bytes);
    let (path, what) = match &outcome {
        Outcome::Downloaded(path) => (path, "downloaded and verified"),
        Outcome::AlreadyPresent(path) => (path, "is here already, with the right MD5"),
    };
    let place = quoted(path);
    let text = format!("{} {what}: {}; use it with --data {place}", archive.name, plain_path(path));
    let json = json!({
        "name": set.source_name(),
        "path": to_text(path),
        "already_present": matches!(outcome, Outcome::AlreadyPresent(_)),
    });
    Ok(output.result(&text, &json)?)
}

/// Where a recipe looks for the set.
fn root(set: CifarSet, everywhere: &Everywhere, output: &Output) -> Result<PathBuf, Ending> {
    let source = RecipeSource { preset: None, data: Some(set.source_name().to_owned()) };
    let recipe = layers::resolve(&layers::layers(&source, everywhere, &[])?, output)?;
    Ok(recipe.data.source.root().map(Path::to_owned).unwrap_or_default())
}
