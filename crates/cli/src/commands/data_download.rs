//! `bmae data download`.

use std::path::{Path, PathBuf};

use bmae_data::cifar::Kind;
use bmae_data::download::{Archive, Outcome, download};
use serde_json::json;

use crate::arguments::{Cifar, Download, Everywhere, RecipeSource};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::progress::Bytes;

/// Fetches an archive, verifies it, and says where it lies and how to use it.
pub fn run(arguments: &Download, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let kind = match arguments.name {
        Cifar::Cifar10 => Kind::Cifar10,
        Cifar::Cifar100 => Kind::Cifar100,
    };
    let mut archive = Archive::official(kind);
    if let Some(url) = &arguments.url {
        archive.url.clone_from(url);
    }
    let folder = match &arguments.to {
        Some(folder) => folder.clone(),
        None => root(kind, everywhere, output)?,
    };
    let mut bytes = Bytes::new(output);
    let outcome = download(&archive, &folder, &mut |done, total| bytes.show(done, total))?;
    drop(bytes);
    let (path, what) = match &outcome {
        Outcome::Downloaded(path) => (path, "downloaded and verified"),
        Outcome::AlreadyPresent(path) => (path, "is here already and right"),
    };
    let text = format!("{} {what}: {}; use it with --data {}", archive.name, path.display(), path.display());
    let json = json!({
        "name": kind.source_name(),
        "path": path,
        "already_present": matches!(outcome, Outcome::AlreadyPresent(_)),
    });
    Ok(output.result(&text, &json)?)
}

/// Where a recipe looks for the set.
fn root(kind: Kind, everywhere: &Everywhere, output: &Output) -> Result<PathBuf, Ending> {
    let source = RecipeSource { preset: None, data: Some(kind.source_name().to_owned()) };
    let recipe = layers::resolve(&layers::layers(&source, everywhere, &[])?, output)?;
    Ok(recipe.data.source.root().map(Path::to_owned).unwrap_or_default())
}
