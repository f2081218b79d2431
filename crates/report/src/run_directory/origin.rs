//! The run whose weights an evaluation started from, and whether it still has them.

use std::io;
use std::path::{Component, Path, PathBuf};

use bmae_output::path_text::from_text;
use sha2::{Digest, Sha256};

use super::about::{About, RUN_FILE, parse_about};
use super::stage::Stage;
use super::text_file::read_text;

/// The weights after the last whole epoch, within a run directory, and the best ones, which stand for an evaluation that
/// chooses its epoch on images that are held out.
const LAST_WEIGHTS: &str = "checkpoints/last.safetensors";
const BEST_WEIGHTS: &str = "checkpoints/best.safetensors";

/// The run directory that the run in `directory` started `from`, if it is there. `from` was typed somewhere when the run
/// began, and both may have been moved together since: looked for is the nearest folder with the same end, from the run's
/// own folder upwards, and then what was typed. A weights file of a run stands for the run.
pub fn origin(directory: &Path, from: &str) -> Option<PathBuf> {
    places(directory, from).into_iter().next()
}

/// The same of an evaluation, which may know the `checksum` of the weights that it started from: the first of these
/// places whose run ended with them, else the first of all.
pub fn origin_of_weights(directory: &Path, from: &str, checksum: Option<&str>) -> Option<PathBuf> {
    let places = places(directory, from);
    let has_them = |place: &&PathBuf| {
        places.len() > 1
            && checksum.is_some()
            && about_of(place).is_some_and(|of| of.weights_sha256.as_deref() == checksum)
    };
    places.iter().find(has_them).or(places.first()).cloned()
}

/// The run directories that `from` may lead to, the nearest first.
fn places(directory: &Path, from: &str) -> Vec<PathBuf> {
    let from = from_text(from);
    let from = run_of(&from);
    let Ok(directory) = std::path::absolute(directory) else { return Vec::new() };
    let mut end: Vec<Component> = from.components().rev().take(2).collect();
    end.reverse();
    let is_plain = end.iter().all(|part| matches!(part, Component::Normal(_)));
    let end: Option<PathBuf> =
        if is_plain { Some(end.into_iter().collect()) } else { from.file_name().map(PathBuf::from) };
    let beside = directory.ancestors().skip(1).filter_map(|folder| Some(folder.join(end.as_ref()?)));
    let all = beside.chain([from.to_owned()]);
    all.filter(|place| *place != directory && place.join(RUN_FILE).is_file()).collect()
}

/// Whether the evaluation in `directory` started from other weights than its origin has now. Where a checksum was not
/// recorded, as in runs of earlier versions, it is one that began before its origin did. What cannot be found or read is
/// not held against it.
pub(super) fn is_outdated(directory: &Path, about: &About) -> bool {
    let Some(from) = about.from.as_deref().filter(|_| about.stage != Stage::Pretrain) else { return false };
    let checksum = about.inputs.from_sha256.as_deref();
    let Some(origin) = origin_of_weights(directory, from, checksum) else { return false };
    let Some(of_origin) = about_of(&origin) else { return false };
    // A checkpoint that was kept on the way, or the best one, is not what the run has in the end.
    let from = from_text(from);
    let is_last = run_of(&from) == from || from.ends_with(LAST_WEIGHTS);
    let recorded = about.inputs.from_sha256.as_ref().filter(|_| is_last);
    let began_before = about.started.is_some() && about.started < of_origin.started;
    match recorded {
        Some(recorded) if of_origin.weights_sha256.as_ref() == Some(recorded) => false,
        Some(recorded) => match sha256(&origin.join(LAST_WEIGHTS)) {
            Ok(now) => now != *recorded && sha256(&origin.join(BEST_WEIGHTS)).ok().as_ref() != Some(recorded),
            Err(_) if of_origin.weights_sha256.is_some() => true,
            Err(_) => began_before,
        },
        None => began_before,
    }
}

/// What the run in `directory` says of itself; `None` where that cannot be read.
pub fn about_of(directory: &Path) -> Option<About> {
    let file = directory.join(RUN_FILE);
    let text = read_text(&file).ok().flatten()?;
    parse_about(&text, &file).ok()
}

/// The run directory that weights at `path` belong to: a file among its checkpoints stands for it.
pub fn run_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| folder.ends_with("checkpoints"));
    folder.and_then(Path::parent).unwrap_or(path)
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut std::fs::File::open(path)?, &mut digest)?;
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
