//! How far a recipe is from the published setting (design, section 2, preset `paper`), key by key.

use serde::Serialize;
use toml::{Table, Value};

use crate::read::{Run, Stage};

/// A key of the recipe that does not have the published value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The key's path, such as `pretrain.epochs`.
    pub key: &'static str,
    /// The values found in the runs, in order of appearance.
    pub here: Vec<String>,
    /// The published value.
    pub published: &'static str,
}

/// Who reads a key.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    Everyone,
    Pretrained,
    Bootstrapped,
    Stage(Stage),
}

/// The published setting, in TOML's spelling of the values.
const PUBLISHED: [(&str, &str, Reader); 48] = [
    ("data.source", "cifar10", Reader::Everyone),
    ("data.train_limit", "0", Reader::Everyone),
    ("data.test_limit", "0", Reader::Everyone),
    ("data.image_size", "32", Reader::Everyone),
    ("model.patch_size", "4", Reader::Everyone),
    ("model.encoder.dim", "192", Reader::Everyone),
    ("model.encoder.depth", "12", Reader::Everyone),
    ("model.encoder.heads", "3", Reader::Everyone),
    ("model.decoder.dim", "512", Reader::Pretrained),
    ("model.decoder.depth", "8", Reader::Pretrained),
    ("model.decoder.heads", "16", Reader::Pretrained),
    ("method.feature_head", "frozen", Reader::Bootstrapped),
    ("pretrain.epochs", "200", Reader::Pretrained),
    ("pretrain.batch_size", "512", Reader::Pretrained),
    ("pretrain.mask_ratio", "0.75", Reader::Pretrained),
    ("pretrain.norm_pix", "false", Reader::Pretrained),
    ("finetune.epochs", "100", Reader::Stage(Stage::Finetune)),
    ("finetune.batch_size", "512", Reader::Stage(Stage::Finetune)),
    ("finetune.drop_path", "0.1", Reader::Stage(Stage::Finetune)),
    ("finetune.randaugment", "true", Reader::Stage(Stage::Finetune)),
    ("finetune.random_erasing", "0.25", Reader::Stage(Stage::Finetune)),
    ("linprobe.epochs", "100", Reader::Stage(Stage::Linprobe)),
    ("linprobe.batch_size", "512", Reader::Stage(Stage::Linprobe)),
    ("pretrain.base_lr", "0.001", Reader::Pretrained),
    ("pretrain.min_lr", "0", Reader::Pretrained),
    ("pretrain.warmup_epochs", "40", Reader::Pretrained),
    ("pretrain.weight_decay", "0.05", Reader::Pretrained),
    ("pretrain.clip_norm", "0", Reader::Pretrained),
    ("pretrain.augmentation", "random-resized-crop", Reader::Pretrained),
    ("method.pixel_weight", "0", Reader::Bootstrapped),
    ("finetune.base_lr", "0.001", Reader::Stage(Stage::Finetune)),
    ("finetune.min_lr", "0.000001", Reader::Stage(Stage::Finetune)),
    ("finetune.warmup_epochs", "5", Reader::Stage(Stage::Finetune)),
    ("finetune.weight_decay", "0.05", Reader::Stage(Stage::Finetune)),
    ("finetune.clip_norm", "0", Reader::Stage(Stage::Finetune)),
    ("finetune.augmentation", "random-resized-crop", Reader::Stage(Stage::Finetune)),
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
    ("linprobe.feature", "class-token", Reader::Stage(Stage::Linprobe)),
];

/// Every key in which one of the runs differs from the published setting, among the keys that the run reads. A key that a
/// recipe does not spell out is not judged. Runs without a recipe say nothing.
pub fn differences(runs: &[Run]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (key, published, reader) in PUBLISHED {
        let mut here: Vec<String> = Vec::new();
        for run in runs.iter().filter(|run| reads(run, reader)) {
            let Some(value) = lookup(&run.recipe, key) else { continue };
            let text = plain(value);
            if !same(key, value, published) && !here.contains(&text) {
                here.push(text);
            }
        }
        if !here.is_empty() {
            differences.push(Difference { key, here, published });
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
        Reader::Pretrained => method != "scratch",
        Reader::Bootstrapped => !matches!(method, "scratch" | "mae"),
        Reader::Stage(stage) => run.about.stage == stage,
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
        other => plain(other) == published,
    }
}

/// `cifar10`, or a path of which the last part says so, such as `cifar-10-batches-bin` (`cifar-100-binary` does not).
fn is_cifar10(source: &str) -> bool {
    let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source).to_lowercase();
    ["cifar10", "cifar-10"].iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cifar_10_is_told_from_cifar_100() {
        for source in ["cifar10", "../data/cifar-10-batches-bin", "/x/cifar-10-binary.tar.gz", "CIFAR10/"] {
            assert!(is_cifar10(source), "{source}");
        }
        for source in ["cifar100", "cifar-100-binary", "shapes", "photos", "/cifar10/photos"] {
            assert!(!is_cifar10(source), "{source}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(same("pretrain.mask_ratio", &Value::Float(0.75), "0.75"));
        assert!(same("finetune.drop_path", &Value::Float(0.10), "0.1"));
        assert!(!same("pretrain.epochs", &Value::Integer(20), "200"));
        assert!(same("finetune.randaugment", &Value::Boolean(true), "true"));
    }
}
