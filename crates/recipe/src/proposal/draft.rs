//! A proposal in the making: the choices so far, and the recipe that they are.

use std::path::Path;

use bmae_architecture::{CHANNELS, ImageSize, PatchGrid};
use toml::Value;

use super::at_hand::{Budget, ImagesAtHand};
use super::lengths::{average_rate, copy_every, to_digits, warmup_epochs};
use super::sizes::{ModelSize, image_sizes, patch_size};
use crate::error::RecipeError;
use crate::given::GivenKeys;
use crate::key::{Key, KeyValue};
use crate::layers::Layers;
use crate::preset::PresetChoice;
use crate::recipe::Recipe;
use crate::setting::Setting;
use crate::stage::Stage;

/// A probe moves its bias by this rate, which LARS does not scale; it is below the 3.8 / (1/2) at which momentum 0.9
/// diverges for two classes, and so for more (`docs/decisions.md`, "Proposed recipes").
const PROBE_PEAK_LR: f64 = 4.0;
/// Enough for a fine-tuned encoder of any of the sizes.
const FINETUNE_PEAK_LR: f64 = 1e-3;
/// From so many epochs on a fine-tuning sees its images so often that it needs them varied.
const EPOCHS_FOR_RANDAUGMENT: usize = 50;

/// A key with the value that is proposed, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProposedKey {
    pub path: String,
    pub value: Value,
    /// One sentence or two; empty where nothing is to be said.
    pub why: String,
}

/// The choices so far.
#[derive(Clone, Debug)]
pub(super) struct Draft<'a> {
    pub images: &'a ImagesAtHand,
    pub budget: &'a Budget,
    /// What was decided beforehand; it wins over every choice.
    pub settings: &'a [Setting],
    pub image_size: ImageSize,
    pub model: ModelSize,
    pub batch_size: usize,
    pub epochs: usize,
    pub finetune_epochs: usize,
    pub probe_epochs: usize,
}

impl Draft<'_> {
    /// The stages that a recipe for these images is for.
    pub fn stages(&self) -> &'static [Stage] {
        match self.images.can_be_evaluated() {
            true => &Stage::ALL,
            false => &[Stage::Pretrain],
        }
    }

    /// The runs of a comparison, by their names, which are their methods; none where nothing can be compared.
    pub fn runs(&self) -> Vec<&'static str> {
        let bootstrapped: &[&str] = match copy_every(self.epochs) < self.epochs {
            true => &["mae-k", "ema-mae", "mae-new"],
            false => &[],
        };
        match self.images.can_be_evaluated() {
            true => [&["scratch", "mae"], bootstrapped].concat(),
            false => Vec::new(),
        }
    }

    /// What [`Draft::settings`] say of `key`.
    ///
    /// # Errors
    /// When they name a key that does not exist, or give one a value that it cannot have.
    pub fn decided<T: KeyValue>(&self, key: &Key<T>) -> Result<Option<T>, RecipeError> {
        Ok(given(self.settings)?.given(key))
    }

    /// The whole recipe of these choices.
    ///
    /// # Errors
    /// When what was decided beforehand does not fit together, or the whole not into half of the memory: a real step
    /// needs more than the estimate, which is a lower bound.
    pub fn recipe(&self) -> Result<Recipe, RecipeError> {
        let mut text = String::new();
        for ProposedKey { path, value, .. } in self.keys() {
            text.push_str(&format!("{path} = {value}\n"));
        }
        let runs: Vec<String> = self.runs().iter().map(|name| format!("{{ name = \"{name}\" }}")).collect();
        text.push_str(&format!("runs = [{}]\n", runs.join(", ")));
        let layers = Layers {
            preset: PresetChoice::File { path: Path::new("proposed.toml").to_owned(), text },
            settings: self.settings.to_vec(),
            stages: self.stages().to_vec(),
            available_memory: self.budget.memory.map(|bytes| bytes / 2),
            ..Layers::default()
        };
        Recipe::resolve(&layers).map(|(recipe, _)| recipe)
    }

    /// Every key that is proposed, section by section, in the order of [`crate::keys::all`].
    pub fn keys(&self) -> Vec<ProposedKey> {
        let mut keys = Keys::default();
        self.data(&mut keys);
        self.model(&mut keys);
        self.method(&mut keys);
        self.pretrain(&mut keys);
        if self.images.can_be_evaluated() {
            self.finetune(&mut keys);
            self.linprobe(&mut keys);
            self.knn(&mut keys);
        }
        self.monitor(&mut keys);
        keys.0
    }

    fn data(&self, keys: &mut Keys) {
        let images = self.images;
        let is_a_name = matches!(images.source.as_str(), "shapes" | "cifar10" | "cifar100");
        let relative = match is_a_name || Path::new(&images.source).is_absolute() {
            true => "",
            false => "As seen from the folder of this file.",
        };
        keys.put("data.source", images.source.as_str(), relative);
        if let Some(root) = &images.root {
            keys.put("data.root", root.to_string_lossy().as_ref(), "");
        }
        keys.put("data.image_size", self.image_size.write(), &self.why_image_size());
        let each = |values: &[f64]| -> Vec<Value> {
            values.iter().map(|value| Value::Float(to_digits(value.max(0.0), 3))).collect()
        };
        let looked_at = match images.looked_at == images.train {
            true => "those of the training images".to_owned(),
            false => format!("those of {} training images", images.looked_at),
        };
        keys.put("data.channels", count(images.mean.len()), "As many as the images have.");
        if !images.are_of_colours() {
            let why = "Measured when a training begins; its run records it.";
            keys.put("data.mean", "auto", why);
            keys.put("data.std", "auto", "");
            return;
        }
        keys.put("data.mean", each(&images.mean), &format!("Of each channel, red, green and blue: {looked_at}."));
        // Of images of one colour there is nothing to divide by.
        let std: Vec<f64> = images.std.iter().map(|&std| if std < 1e-3 { 1.0 } else { std }).collect();
        keys.put("data.std", each(&std), "");
    }

    fn why_image_size(&self) -> String {
        match self.image_size.is_square() {
            true => self.why_shorter_side(),
            false => format!("Height and width, in the form that most images have. {}", self.why_shorter_side()),
        }
    }

    fn why_shorter_side(&self) -> String {
        let size = self.image_size;
        match self.images.shorter_side {
            None => "Generated images have any size; this is that of the preset quick.".to_owned(),
            Some(side) if side == size.shorter_side() => "The median of the images' shorter sides.".to_owned(),
            Some(side) if side > size.shorter_side() && !image_sizes(self.images).contains(&size) => {
                format!(
                    "The median of the images' shorter sides is {side} pixels; this is a multiple of the patch size."
                )
            }
            Some(side) if side < size.shorter_side() => {
                format!("The images are small, {side} pixels: these are enlarged.")
            }
            Some(side) => {
                let shorter = "The median of the images' shorter sides is";
                let larger = image_sizes(self.images).into_iter().rev().filter(|larger| larger.area() > size.area());
                let larger: Vec<String> = larger.map(ImageSize::in_a_recipe).collect();
                match larger.is_empty() {
                    true => format!("{shorter} {side} pixels; this is the usual size next below."),
                    false => format!(
                        "{shorter} {side} pixels. At a larger size the time would do for too few steps; with more of it take {}.",
                        larger.join(", ")
                    ),
                }
            }
        }
    }

    fn model(&self, keys: &mut Keys) {
        let patch = patch_size(self.image_size);
        let grid = PatchGrid { channels: CHANNELS, image: self.image_size, patch }.size();
        let why = format!("{grid} patches, of which a quarter is visible. It must divide data.image_size.");
        keys.put("model.patch_size", patch.write(), &why);
        let ModelSize { encoder, decoder, like, .. } = self.model;
        let why = format!(
            "Encoder and decoder: {like}. The largest for which time, memory and the number of images are enough."
        );
        for (part, [dim, depth, heads], why) in [("encoder", encoder, why.as_str()), ("decoder", decoder, "")] {
            keys.put(&format!("model.{part}.dim"), count(dim), why);
            keys.put(&format!("model.{part}.depth"), count(depth), "");
            keys.put(&format!("model.{part}.heads"), count(heads), "");
        }
    }

    fn method(&self, keys: &mut Keys) {
        keys.put(
            "method.name",
            "mae",
            "Pixels throughout. The methods with a bootstrapped target read the keys below.",
        );
        let every = copy_every(self.epochs);
        let why = format!(
            "mae-k, mae-new: epochs on pixels, then of each copy. In proportion to {}.",
            bmae_output::count::count(self.epochs, "epoch")
        );
        keys.put("method.k", count(every), &why);
        keys.put("method.wse", count(every), "ema-mae: epochs on pixels, then the target follows the student.");
        let why = "ema-mae, mae-new: a rate at which the target forgets half of itself in a quarter of the epochs.";
        keys.put("method.tau", average_rate(self.epochs), why);
    }

    fn pretrain(&self, keys: &mut Keys) {
        let steps = self.images.train / self.batch_size;
        let why = format!("{steps} steps in an epoch of {} images.", self.images.train);
        // Why so many epochs is said where their time is known.
        keys.put("pretrain.epochs", count(self.epochs), "");
        keys.put("pretrain.batch_size", count(self.batch_size), &why);
        let peak = self.model.peak_lr;
        let why = format!("A peak of {peak} for this model: base_lr * batch_size / 256.");
        keys.put("pretrain.base_lr", self.base_lr(peak), &why);
        keys.put("pretrain.warmup_epochs", warmup_epochs(self.epochs), "A tenth of the epochs, 40 at the most.");
        keys.put(
            "pretrain.crop_scale",
            vec![Value::Float(0.2), Value::Float(1.0)],
            "Crops of a fifth of the image or more.",
        );
    }

    fn finetune(&self, keys: &mut Keys) {
        keys.put("finetune.epochs", count(self.finetune_epochs), "");
        keys.put("finetune.batch_size", count(self.batch_size), "");
        let why = format!("A peak of {FINETUNE_PEAK_LR} at the head, less in the blocks below it (layer_decay).");
        keys.put("finetune.base_lr", self.base_lr(FINETUNE_PEAK_LR), &why);
        keys.put("finetune.warmup_epochs", warmup_epochs(self.finetune_epochs), "");
        keys.put("finetune.crop_scale", vec![Value::Float(0.2), Value::Float(1.0)], "");
        let long = self.finetune_epochs >= EPOCHS_FOR_RANDAUGMENT;
        let why = match long {
            true => "So many epochs need images that vary.",
            false => "Regularisation of long trainings, which keeps a short one from learning: off.",
        };
        keys.put("finetune.drop_path", if long { 0.1 } else { 0.0 }, why);
        keys.put("finetune.randaugment", long, "");
        keys.put("finetune.random_erasing", if long { 0.25 } else { 0.0 }, "");
    }

    fn linprobe(&self, keys: &mut Keys) {
        let why = "Enough small steps to converge. The features are computed once, so that epochs cost little.";
        keys.put("linprobe.epochs", count(self.probe_epochs), why);
        keys.put("linprobe.batch_size", count(self.batch_size), "");
        let why =
            format!("A peak of {PROBE_PEAK_LR}: at much higher ones the loss rises before it falls, or for good.");
        keys.put("linprobe.base_lr", self.base_lr(PROBE_PEAK_LR), &why);
        keys.put("linprobe.warmup_epochs", warmup_epochs(self.probe_epochs), "");
        keys.put("linprobe.augmentation", "none", "");
    }

    fn knn(&self, keys: &mut Keys) {
        let of_a_class = self.images.train / self.images.classes.max(1);
        let why = "Neighbours that vote: no more than half of a class.";
        keys.put("knn.k", count((of_a_class / 2).clamp(1, 20)), why);
    }

    fn monitor(&self, keys: &mut Keys) {
        keys.put(
            "monitor.every",
            count((self.epochs / 20).max(1)),
            "Measurements and pictures: some twenty and ten in all.",
        );
        let stability = (self.images.train / 20).clamp(16, 256);
        let why = "Images that are looked at after every epoch: few beside those of an epoch.";
        keys.put("monitor.stability", count(stability), why);
        keys.put("monitor.pictures_every", count((self.epochs / 10).max(1)), "");
    }

    /// The rate for 256 images that makes the peak `peak`.
    fn base_lr(&self, peak: f64) -> f64 {
        to_digits(peak * 256.0 / self.batch_size as f64, 3)
    }
}

/// What `settings` give, the last one of each key.
pub(super) fn given(settings: &[Setting]) -> Result<GivenKeys, RecipeError> {
    let mut given = GivenKeys::default();
    for Setting { path, value, place } in settings {
        given.lay(&crate::read_toml::value(path, value, &crate::error::Place::Given(place.clone()))?);
    }
    Ok(given)
}

#[derive(Default)]
struct Keys(Vec<ProposedKey>);

impl Keys {
    fn put(&mut self, path: &str, value: impl Into<Value>, why: &str) {
        self.0.push(ProposedKey { path: path.to_owned(), value: value.into(), why: why.to_owned() });
    }
}

fn count(n: usize) -> Value {
    Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}
