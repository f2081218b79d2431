//! Run directories for tests.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes `run.toml` of a run in `folder/directory` with `more` lines of its own, and gives the directory.
pub(crate) fn run(folder: &Path, directory: &str, stage: &str, more: &str) -> PathBuf {
    let name = directory.split('/').next().unwrap();
    let at = folder.join(directory);
    fs::create_dir_all(&at).unwrap();
    let about = format!("stage = \"{stage}\"\nname = \"{name}\"\nmethod = \"mae-k\"\nseed = 0\n{more}\n");
    fs::write(at.join("run.toml"), about).unwrap();
    at
}

/// `metrics.jsonl` of a pre-training with these losses, one an epoch of two seconds, switched after two epochs.
pub(crate) fn losses(directory: &Path, losses: &[f64]) {
    let line = |(epoch, loss): (usize, &f64)| {
        let event = match epoch {
            2 => r#","event":"switch""#,
            4 => r#","event":"copy""#,
            _ => "",
        };
        let (wall, thousand) = (2 * (epoch + 1), 1000 * epoch);
        let step = format!(r#"{{"kind":"step","epoch":{epoch},"epoch_1000x":{thousand},"loss":{loss},"lr":0.0}}"#);
        format!(
            "{step}\n{{\"kind\":\"epoch\",\"epoch\":{epoch},\"wall_s\":{wall},\"loss\":{loss},\"images_per_s\":512.0{event}}}\n"
        )
    };
    let text: String = losses.iter().enumerate().map(line).collect();
    fs::write(directory.join("metrics.jsonl"), text).unwrap();
}

/// `metrics.jsonl` of an evaluation with these accuracies in percent, one an epoch.
pub(crate) fn top1s(directory: &Path, top1s: &[f64]) {
    let line = |(epoch, top1): (usize, &f64)| format!("{{\"kind\":\"eval\",\"epoch\":{epoch},\"top1\":{top1}}}\n");
    let text: String = top1s.iter().enumerate().map(line).collect();
    fs::write(directory.join("metrics.jsonl"), text).unwrap();
}

/// Holds the lock of a run for as long as what it gives lives.
pub(crate) fn lock(directory: &Path) -> fs::File {
    let file = fs::File::create(directory.join("lock")).unwrap();
    file.lock().unwrap();
    file
}
