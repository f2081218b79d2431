//! How far a recipe is from the published setting, which is the preset `paper`, key by key: `docs/recipes.md`, "The
//! published setting".

use bmae_output::plain::plain;
use bmae_recipe::{AnyKey, Choice, MethodName, Preset, keys};
use serde::Serialize;
use toml::{Table, Value};

use crate::run_directory::{Run, reads};

/// A key of the recipe that does not have the published value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecipeDifference {
    /// The key's path, such as `pretrain.epochs`.
    pub key: &'static str,
    /// The values found in the runs, in order of appearance.
    pub here: Vec<String>,
    /// The published value.
    pub published: String,
}

/// What no published figure depends on: how fast, how often and where to, and what is watched on the way; and what is
/// beside the figure anyway, the method with its parameters.
const NOT_JUDGED: [&str; 26] = [
    "seed",
    "precision",               // that of the published runs is not told
    "data.channels",           // of the data, which are judged
    "model.channels_from_rgb", // of given weights, which are judged
    "data.root",
    "data.shapes_seed",
    "data.shapes_train",
    "data.shapes_test",
    "data.test_fraction",
    "data.split_seed",
    "data.unreadable",
    "method.name",
    "method.k",
    "method.wse",
    "method.tau",
    "method.slow_weight",
    "pretrain.accumulate",
    "pretrain.checkpoint_every",
    "pretrain.from_sha256", // of pretrain.from, which is judged
    "finetune.accumulate",
    "finetune.checkpoint_every",
    "finetune.mixup_probability",        // of mixup and cutmix, which are judged
    "finetune.mixup_switch_probability", // the same
    "linprobe.accumulate",
    "linprobe.checkpoint_every",
    "linprobe.freeze", // it changes nothing
];

/// The data of the published runs, as a run names what it read.
const PUBLISHED_DATA: &str = "CIFAR-10";

/// Every key in which one of the runs differs from the published setting, among the keys that the run reads. A key that
/// a recipe does not spell out is not judged. Runs without a recipe say nothing.
pub fn differences(runs: &[Run]) -> Vec<RecipeDifference> {
    let preset: Table = Preset::Paper.text().parse().unwrap_or_default();
    let mut differences: Vec<RecipeDifference> = Vec::new();
    for key in keys::all().into_iter().filter(|key| is_judged(*key)) {
        for run in runs.iter().filter(|run| run_reads(run, key)) {
            let (path, published) = (key.path(), published(&preset, key, &run.about.setting.method));
            let Some(value) = lookup(&run.recipe, path) else { continue };
            let (same, text) = match run.about.data.as_deref().filter(|_| path == "data.source") {
                // What was read says more than what it was called.
                Some(data) => (data == PUBLISHED_DATA, data.to_owned()),
                None => (same(path, value, &published), plain(&text_of(value)).into_owned()),
            };
            if same {
                continue;
            }
            let published = text_of(&published);
            match differences.iter_mut().find(|other| (other.key, &other.published) == (path, &published)) {
                Some(other) if other.here.contains(&text) => {}
                Some(other) => other.here.push(text),
                None => differences.push(RecipeDifference { key: path, here: vec![text], published }),
            }
        }
    }
    differences
}

/// Whether a run read the data of the published runs: it says so, or, where it does not say, its recipe does; and it
/// has as many classes and test images, within its limit.
pub fn is_published_data(run: &Run) -> bool {
    const CLASSES: u64 = 10;
    const TEST_IMAGES: u64 = 10_000;
    let source = || lookup(&run.recipe, "data.source").and_then(Value::as_str);
    let is_called_so = match &run.about.data {
        Some(data) => data == PUBLISHED_DATA,
        None => source().is_some_and(is_cifar10),
    };
    let limit = lookup(&run.recipe, "data.test_limit").and_then(Value::as_integer).and_then(|n| u64::try_from(n).ok());
    let expected = limit.filter(|&limit| limit > 0).map_or(TEST_IMAGES, |limit| limit.min(TEST_IMAGES));
    is_called_so
        && run.about.classes.is_none_or(|classes| classes == CLASSES)
        && run.about.test_images.is_none_or(|images| images == expected)
}

/// Whether every run came with its recipe.
pub fn all_known(runs: &[Run]) -> bool {
    runs.iter().all(|run| !run.recipe.is_empty())
}

/// kNN was not published, and what is watched changes nothing; on which images accuracies were counted matters.
fn is_judged(key: &dyn AnyKey) -> bool {
    (key.changes_weights() || key.path() == "data.test_limit") && !NOT_JUDGED.contains(&key.path())
}

fn run_reads(run: &Run, key: &dyn AnyKey) -> bool {
    let method = MethodName::from_word(&run.about.setting.method);
    reads(run.about.stage, key) && method.is_none_or(|method| key.methods().contains(&method))
}

/// The value of a key in the published runs of a method: what the preset says of that run, else of all, else the
/// default.
fn published(preset: &Table, key: &dyn AnyKey, method: &str) -> Value {
    let own = key.path().strip_prefix("method.").and_then(|name| {
        let is_of_method = |run: &&Value| run.get("method").or(run.get("name")).is_some_and(|of| text_of(of) == method);
        preset.get("runs")?.as_array()?.iter().find(is_of_method)?.get(name)
    });
    own.or(lookup(preset, key.path())).cloned().unwrap_or_else(|| key.default_value())
}

fn lookup<'a>(recipe: &'a Table, key: &str) -> Option<&'a Value> {
    let mut parts = key.split('.');
    let first = recipe.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Numbers are the same however they are written.
fn same(key: &str, value: &Value, published: &Value) -> bool {
    let number = |value: &Value| value.as_float().or(value.as_integer().map(|number| number as f64));
    match (value, published) {
        (Value::String(text), _) if key == "data.source" => is_cifar10(text),
        (Value::Array(values), Value::Array(published)) => {
            values.len() == published.len() && values.iter().zip(published).all(|(a, b)| same(key, a, b))
        }
        _ => value == published || number(value).is_some_and(|value| Some(value) == number(published)),
    }
}

/// `cifar10`, or a path that ends in the name of the official archive or of its folder.
fn is_cifar10(source: &str) -> bool {
    let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source).to_lowercase();
    matches!(name.as_str(), "cifar10" | "cifar-10" | "cifar-10-batches-bin" | "cifar-10-binary.tar.gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cifar_10_is_told_from_cifar_100() {
        for source in ["cifar10", "../data/cifar-10-batches-bin", "/x/cifar-10-binary.tar.gz", "CIFAR10/"] {
            assert!(is_cifar10(source), "{source}");
        }
        for source in ["cifar100", "cifar-100-binary", "shapes", "photos", "/cifar10/photos", "cifar-10-tiny-noisy"] {
            assert!(!is_cifar10(source), "{source}");
        }
    }

    #[test]
    fn every_key_of_the_published_recipe_is_judged_or_changes_nothing() {
        let preset: Table = Preset::Paper.text().parse().expect("the preset is TOML");
        for path in NOT_JUDGED {
            assert!(keys::find(path).is_some(), "there is no key {path}");
        }
        let judged: Vec<_> = keys::all().into_iter().filter(|key| is_judged(*key)).collect();
        assert_eq!(judged.len(), 78, "a new key is judged or named above");
        for key in judged {
            // Defaults, which the preset need not spell out.
            let of_method = ["copy_at", "born", "normalisation", "masks", "warmup_weight", "pixel_weight"];
            let is_default = key.path().strip_prefix("method.").is_some_and(|name| of_method.contains(&name))
                || key.path() == "pretrain.from"
                || key.name() == "replanned";
            assert!(lookup(&preset, key.path()).is_some() != is_default, "{}", key.path());
        }
    }

    #[test]
    fn each_run_of_the_preset_is_published_with_its_own_keys() {
        let preset: Table = Preset::Paper.text().parse().expect("the preset is TOML");
        let value = |path: &str, method: &str| text_of(&published(&preset, keys::find(path).expect(path), method));
        assert_eq!(value("method.copy_at", "mae-k"), "epoch-start");
        assert_eq!(value("method.copy_at", "mae-new"), "epoch-end");
        assert_eq!(value("method.feature_head", "ema-mae"), "frozen");
        assert_eq!(value("method.masks", "mae-new"), "separate");
        assert_eq!(value("method.warmup_weight", "mae-new"), "sum");
        assert_eq!(value("method.scratch_init", "scratch"), "timm");
        assert_eq!(value("pretrain.epochs", "mae"), "200");
        assert_eq!(value("method.pixel_weight", "mae-k").parse(), Ok(0.0));
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let crop = Value::Array(vec![0.2.into(), 1.0.into()]);
        assert!(same("pretrain.crop_scale", &Value::Array(vec![0.2.into(), 1.into()]), &crop));
        assert!(!same("pretrain.crop_scale", &Value::Array(vec![0.2.into()]), &crop));
        assert!(same("pretrain.mask_ratio", &0.75.into(), &0.75.into()));
        assert!(same("pretrain.min_lr", &0.into(), &0.0.into()));
        assert!(!same("pretrain.epochs", &20.into(), &200.into()));
        assert!(same("finetune.randaugment", &true.into(), &true.into()));
    }
}
