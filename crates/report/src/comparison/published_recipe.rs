//! How far a recipe is from the published setting (preset `paper`), key by key: `docs/recipes.md`, "The published
//! setting".

use serde::Serialize;
use toml::{Table, Value};

use crate::run_directory::{Run, Stage};

/// A key of the recipe that does not have the published value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecipeDifference {
    /// The key's path, such as `pretrain.epochs`.
    pub key: &'static str,
    /// The values found in the runs, in order of appearance.
    pub here: Vec<String>,
    /// The published value.
    pub published: &'static str,
}

/// Whose key it is. An evaluation's directory has a recipe for pre-training too, which nothing was trained by.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    Everyone,
    /// Every run of one stage.
    Stage(Stage),
    /// Pre-trainings of the methods that predict features.
    Bootstrapped,
    /// Pre-trainings of one method.
    Method(&'static str),
    /// Evaluations of a random encoder.
    Scratch,
}

/// The published setting, in TOML's spelling of the values.
const PUBLISHED: [(&str, &str, Reader); 57] = [
    ("data.source", "cifar10", Reader::Everyone),
    ("data.train_limit", "0", Reader::Everyone),
    ("data.test_limit", "0", Reader::Everyone),
    ("data.image_size", "32", Reader::Everyone),
    ("data.mean", "[0.4914, 0.4822, 0.4465]", Reader::Everyone),
    ("data.std", "[0.2023, 0.1994, 0.2010]", Reader::Everyone),
    ("model.patch_size", "4", Reader::Everyone),
    ("model.encoder.dim", "192", Reader::Everyone),
    ("model.encoder.depth", "12", Reader::Everyone),
    ("model.encoder.heads", "3", Reader::Everyone),
    ("model.encoder.mlp_ratio", "4", Reader::Everyone),
    ("model.decoder.dim", "512", Reader::Stage(Stage::Pretrain)),
    ("model.decoder.depth", "8", Reader::Stage(Stage::Pretrain)),
    ("model.decoder.heads", "16", Reader::Stage(Stage::Pretrain)),
    ("method.feature_head", "frozen", Reader::Bootstrapped),
    ("method.scratch_init", "timm", Reader::Scratch),
    ("method.copy_at", "epoch-start", Reader::Method("mae-k")),
    ("method.copy_at", "epoch-end", Reader::Method("mae-new")),
    ("pretrain.epochs", "200", Reader::Stage(Stage::Pretrain)),
    ("pretrain.batch_size", "512", Reader::Stage(Stage::Pretrain)),
    ("pretrain.mask_ratio", "0.75", Reader::Stage(Stage::Pretrain)),
    ("pretrain.norm_pix", "false", Reader::Stage(Stage::Pretrain)),
    ("finetune.epochs", "100", Reader::Stage(Stage::Finetune)),
    ("finetune.batch_size", "512", Reader::Stage(Stage::Finetune)),
    ("finetune.drop_path", "0.1", Reader::Stage(Stage::Finetune)),
    ("finetune.randaugment", "true", Reader::Stage(Stage::Finetune)),
    ("finetune.random_erasing", "0.25", Reader::Stage(Stage::Finetune)),
    ("linprobe.epochs", "100", Reader::Stage(Stage::Linprobe)),
    ("linprobe.batch_size", "512", Reader::Stage(Stage::Linprobe)),
    ("pretrain.base_lr", "0.001", Reader::Stage(Stage::Pretrain)),
    ("pretrain.min_lr", "0", Reader::Stage(Stage::Pretrain)),
    ("pretrain.warmup_epochs", "40", Reader::Stage(Stage::Pretrain)),
    ("pretrain.weight_decay", "0.05", Reader::Stage(Stage::Pretrain)),
    ("pretrain.clip_norm", "0", Reader::Stage(Stage::Pretrain)),
    ("pretrain.augmentation", "random-resized-crop", Reader::Stage(Stage::Pretrain)),
    ("pretrain.crop_scale", "[0.2, 1.0]", Reader::Stage(Stage::Pretrain)),
    ("method.pixel_weight", "0", Reader::Bootstrapped),
    ("finetune.base_lr", "0.001", Reader::Stage(Stage::Finetune)),
    ("finetune.min_lr", "0.000001", Reader::Stage(Stage::Finetune)),
    ("finetune.warmup_epochs", "5", Reader::Stage(Stage::Finetune)),
    ("finetune.weight_decay", "0.05", Reader::Stage(Stage::Finetune)),
    ("finetune.clip_norm", "0", Reader::Stage(Stage::Finetune)),
    ("finetune.augmentation", "random-resized-crop", Reader::Stage(Stage::Finetune)),
    ("finetune.crop_scale", "[0.08, 1.0]", Reader::Stage(Stage::Finetune)),
    ("finetune.layer_decay", "0.75", Reader::Stage(Stage::Finetune)),
    ("finetune.label_smoothing", "0.1", Reader::Stage(Stage::Finetune)),
    ("finetune.pooling", "mean", Reader::Stage(Stage::Finetune)),
    ("finetune.mixup", "0", Reader::Stage(Stage::Finetune)),
    ("finetune.cutmix", "0", Reader::Stage(Stage::Finetune)),
    ("linprobe.base_lr", "0.1", Reader::Stage(Stage::Linprobe)),
    ("linprobe.min_lr", "0", Reader::Stage(Stage::Linprobe)),
    ("linprobe.warmup_epochs", "10", Reader::Stage(Stage::Linprobe)),
    ("linprobe.weight_decay", "0", Reader::Stage(Stage::Linprobe)),
    ("linprobe.clip_norm", "0", Reader::Stage(Stage::Linprobe)),
    ("linprobe.augmentation", "byol-crop", Reader::Stage(Stage::Linprobe)),
    ("linprobe.crop_scale", "[0.08, 1.0]", Reader::Stage(Stage::Linprobe)),
    ("linprobe.feature", "class-token", Reader::Stage(Stage::Linprobe)),
];

/// The data of the published runs, as a run names what it read.
const PUBLISHED_DATA: &str = "CIFAR-10";

/// Every key in which one of the runs differs from the published setting, among the keys that the run reads. A key that a
/// recipe does not spell out is not judged. Runs without a recipe say nothing.
pub fn differences(runs: &[Run]) -> Vec<RecipeDifference> {
    let mut differences = Vec::new();
    for (key, published, reader) in PUBLISHED {
        let mut here: Vec<String> = Vec::new();
        for run in runs.iter().filter(|run| reads(run, reader)) {
            let Some(value) = lookup(&run.recipe, key) else { continue };
            let text = plain(value);
            let data = run.about.data.as_deref().filter(|_| key == "data.source");
            let (same, text) = match data {
                // What was read says more than what it was called.
                Some(data) => (data == PUBLISHED_DATA, data.to_owned()),
                None => (same(key, value, published), text),
            };
            if !same && !here.contains(&text) {
                here.push(text);
            }
        }
        if !here.is_empty() {
            differences.push(RecipeDifference { key, here, published });
        }
    }
    differences
}

/// Whether every run came with its recipe.
pub fn all_known(runs: &[Run]) -> bool {
    runs.iter().all(|run| !run.recipe.is_empty())
}

fn reads(run: &Run, reader: Reader) -> bool {
    let method = run.about.setting.method.as_str();
    match reader {
        Reader::Everyone => true,
        Reader::Stage(stage) => run.about.stage == stage,
        Reader::Bootstrapped => run.about.stage == Stage::Pretrain && method != "mae",
        Reader::Method(of) => run.about.stage == Stage::Pretrain && method == of,
        Reader::Scratch => method == "scratch",
    }
}

fn lookup<'a>(recipe: &'a Table, key: &str) -> Option<&'a Value> {
    let mut parts = key.split('.');
    let first = recipe.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn same(key: &str, value: &Value, published: &str) -> bool {
    match value {
        Value::String(text) if key == "data.source" => is_cifar10(text),
        Value::Float(number) => published.parse() == Ok(*number),
        Value::Integer(number) => published.parse() == Ok(*number as f64),
        Value::Array(_) => numbers(&plain(value)) == numbers(published),
        other => plain(other) == published,
    }
}

/// The numbers of a list such as `[0.2, 1.0]`; `None` for anything else.
fn numbers(list: &str) -> Option<Vec<f64>> {
    list.strip_prefix('[')?.strip_suffix(']')?.split(',').map(|number| number.trim().parse().ok()).collect()
}

/// `cifar10`, or a path that ends in the name of the official archive or of its folder.
fn is_cifar10(source: &str) -> bool {
    let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source).to_lowercase();
    matches!(name.as_str(), "cifar10" | "cifar-10" | "cifar-10-batches-bin" | "cifar-10-binary.tar.gz")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::run_directory::flatten;

    #[test]
    fn cifar_10_is_told_from_cifar_100() {
        for source in ["cifar10", "../data/cifar-10-batches-bin", "/x/cifar-10-binary.tar.gz", "CIFAR10/"] {
            assert!(is_cifar10(source), "{source}");
        }
        for source in ["cifar100", "cifar-100-binary", "shapes", "photos", "/cifar10/photos", "cifar-10-tiny-noisy"] {
            assert!(!is_cifar10(source), "{source}");
        }
    }

    /// What no published figure depends on: how fast, how often and where to, and what is watched on the way.
    const CHANGES_NOTHING: [&str; 17] = [
        "seed",
        "runs",
        "method.name",
        "pretrain.accumulate",
        "pretrain.checkpoint_every",
        "finetune.accumulate",
        "finetune.checkpoint_every",
        "finetune.mixup_probability",        // of mixup and cutmix, which are judged
        "finetune.mixup_switch_probability", // the same
        "linprobe.accumulate",
        "linprobe.checkpoint_every",
        "knn.k", // kNN was not published
        "knn.temperature",
        "knn.feature",
        "monitor.every",
        "monitor.knn_train_limit",
        "monitor.pictures_every",
    ];

    #[test]
    fn every_key_of_the_published_recipe_is_judged_or_changes_nothing() {
        let preset: Table = include_str!("../../../../configs/paper.toml").parse().expect("the preset is TOML");
        let mut paths = BTreeMap::new();
        flatten("", &preset, &mut paths);
        assert!(paths.len() > 60, "{paths:?}");
        for path in paths.keys() {
            let judged = PUBLISHED.iter().any(|(key, ..)| key == path);
            assert!(judged != CHANGES_NOTHING.contains(&path.as_str()), "{path}: judged {judged}");
        }
        for (key, published, reader) in PUBLISHED {
            if let Some(value) = lookup(&preset, key) {
                assert!(same(key, value, published), "{key} is {value} in the preset, {published} here");
            } else {
                // Defaults, which the preset need not spell out.
                assert!(key.starts_with("method."), "{key}");
                assert!(reader != Reader::Everyone, "{key}");
            }
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(same("pretrain.crop_scale", &Value::Array(vec![0.2.into(), 1.into()]), "[0.2, 1.0]"));
        assert!(!same("pretrain.crop_scale", &Value::Array(vec![0.2.into()]), "[0.2, 1.0]"));
        assert!(same("pretrain.mask_ratio", &Value::Float(0.75), "0.75"));
        assert!(same("finetune.drop_path", &Value::Float(0.10), "0.1"));
        assert!(!same("pretrain.epochs", &Value::Integer(20), "200"));
        assert!(same("finetune.randaugment", &Value::Boolean(true), "true"));
    }
}
