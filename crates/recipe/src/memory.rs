//! Whether a stage can fit in memory: a lower bound of what it needs, against what there is.
//!
//! Counted is what any implementation must hold at once: the generated images, the weights with what the optimiser
//! keeps for each, the target encoders, and the activations that a backward pass reads again. A real step needs more;
//! the point is to refuse in one sentence, before anything is written, what would certainly be killed hours later.
//! All sizes are u128 and saturate, so that no absurd recipe can overflow them.

use std::fmt;

use super::error::RecipeError;
use super::layers::{Stage, TrainedStage};
use super::{DataSource, EncoderRecipe, Recipe, Used};

const FLOAT: u128 = 4;

/// Bytes that a program may still take on this machine: `MemAvailable` of `/proc/meminfo`. `None` where the system has no
/// such file.
pub fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The parts of the estimate, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    images: u128,
    parameters: u128,
    activations: u128,
}

impl Estimate {
    pub(super) fn of(recipe: &Recipe, stage: Stage) -> Estimate {
        let shape = Shape::of(recipe);
        let (encoder, decoder) = (shape.encoder_parameters(), shape.decoder_parameters());
        // Weight, gradient and two moments for what is trained; the weight alone for what is not.
        let (trained, frozen) = (4, 1);
        let targets = largest_number_of_targets(recipe);
        let (parameters, per_image, images) = match stage {
            Stage::Pretrain => (
                encoder
                    .saturating_add(decoder)
                    .saturating_add(shape.second_head_parameters())
                    .saturating_mul(trained)
                    .saturating_add(encoder.saturating_mul(targets)),
                shape.pretraining_activations(recipe.pretrain.mask_ratio),
                part(recipe.pretrain.stage.batch_size, recipe.pretrain.stage.accumulate),
            ),
            Stage::Finetune => (
                encoder.saturating_mul(trained),
                shape.encoder_activations(shape.patches),
                part(recipe.finetune.stage.batch_size, recipe.finetune.stage.accumulate),
            ),
            // Nothing is kept for a backward pass: one block of one image is the least.
            Stage::Linprobe | Stage::Knn => {
                (encoder.saturating_mul(frozen), shape.block_activations(shape.patches, &recipe.model.encoder), 1)
            }
        };
        Estimate {
            images: shape.generated_images(recipe),
            parameters: parameters.saturating_mul(FLOAT),
            activations: per_image.saturating_mul(images).saturating_mul(FLOAT),
        }
    }

    fn total(&self) -> u128 {
        self.images.saturating_add(self.parameters).saturating_add(self.activations)
    }

    /// What `need` needs at the least.
    fn of_need(recipe: &Recipe, need: Need) -> Estimate {
        let shape = Shape::of(recipe);
        let weights = |used| match used {
            Used::Encoder => shape.encoder_parameters(),
            Used::Autoencoder => shape.encoder_parameters().saturating_add(shape.decoder_parameters()),
        };
        let (images, parameters, activations) = match need {
            Need::Weights(used) => (0, weights(used).saturating_mul(FLOAT), 0),
            Need::Replay(stage) => (0, Estimate::of(recipe, stage.into()).parameters, 0),
            Need::Images => (shape.generated_images(recipe), 0, 0),
            Need::Features => return Estimate::of(recipe, Stage::Knn),
        };
        Estimate { images, parameters, activations }
    }

    /// Refuses what cannot fit into `available` bytes, naming the largest part and the keys that decide it.
    pub(super) fn check(&self, stage: Stage, available: u64) -> Result<(), RecipeError> {
        self.check_in_words(&Words::of(stage), available)
    }

    fn check_in_words(&self, words: &Words, available: u64) -> Result<(), RecipeError> {
        if self.total() <= u128::from(available) {
            return Ok(());
        }
        let largest = self.images.max(self.parameters).max(self.activations);
        let (part, lower) = if largest == self.images {
            ("for the generated images", keys(&["data.shapes_train", "data.shapes_test", "data.image_size"]))
        } else if largest == self.parameters {
            words.weights.clone()
        } else {
            words.activations.clone()
        };
        Err(RecipeError::Memory {
            what: words.what,
            needed: Bytes(self.total()),
            share: Bytes(largest),
            part,
            available: Bytes(u128::from(available)),
            lower,
        })
    }
}

/// What needs memory besides a whole stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Weights alone: to be loaded, checked and written.
    Weights(Used),
    /// Weights and optimiser of a stage, whose batches are there.
    Replay(TrainedStage),
    /// The images of the recipe.
    Images,
    /// Those and an encoder.
    Features,
}

impl Recipe {
    /// Refuses what certainly does not fit into `available_memory` bytes (`None`: not looked at), before any of it is made.
    ///
    /// # Errors
    /// With the keys to lower.
    pub fn check_memory(&self, need: Need, available_memory: Option<u64>) -> Result<(), RecipeError> {
        match available_memory {
            Some(bytes) => Estimate::of_need(self, need).check_in_words(&Words::of_need(need), bytes),
            None => Ok(()),
        }
    }
}

/// How a refusal reads: what is refused, and each part with what to lower.
struct Words {
    what: &'static str,
    weights: (&'static str, String),
    activations: (&'static str, String),
}

impl Words {
    fn of(stage: Stage) -> Words {
        let model = ["data.image_size", "model.encoder.dim", "model.encoder.depth"];
        let batch = format!("{}.batch_size", stage.section());
        let activations = match stage {
            Stage::Pretrain | Stage::Finetune => (
                "for the activations of one step",
                format!(
                    "{}, or raise `{}.accumulate` or `model.patch_size`",
                    keys(&[&[batch.as_str()], &model[..]].concat()),
                    stage.section()
                ),
            ),
            Stage::Linprobe | Stage::Knn => {
                ("for the activations of one image", format!("{}, or raise `model.patch_size`", keys(&model)))
            }
        };
        let (weights, used) = match stage {
            Stage::Pretrain => ("for the weights, their gradients and moments", Used::Autoencoder),
            Stage::Finetune => ("for the weights, their gradients and moments", Used::Encoder),
            Stage::Linprobe | Stage::Knn => ("for the weights", Used::Encoder),
        };
        Words { what: stage.words(), weights: (weights, lower_model(used)), activations }
    }

    fn of_need(need: Need) -> Words {
        let like_knn = Words::of(Stage::Knn);
        match need {
            Need::Weights(used) => {
                Words { what: "a model of these sizes", weights: ("for the weights", lower_model(used)), ..like_knn }
            }
            Need::Replay(stage) => Words::of(stage.into()),
            Need::Images => Words { what: "the data set", ..like_knn },
            Need::Features => Words { what: "computing features", ..like_knn },
        }
    }
}

fn lower_model(used: Used) -> String {
    let encoder = ["model.encoder.dim", "model.encoder.depth"];
    let decoder = ["model.decoder.dim", "model.decoder.depth"];
    let image = ["data.image_size"];
    match used {
        Used::Encoder => keys(&[encoder.as_slice(), &image].concat()),
        Used::Autoencoder => keys(&[encoder.as_slice(), &decoder, &image].concat()),
    }
}

fn keys(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn part(batch_size: usize, accumulate: usize) -> u128 {
    wide(batch_size.div_ceil(accumulate.max(1)))
}

fn largest_number_of_targets(recipe: &Recipe) -> u128 {
    let runs = recipe.runs.iter().map(|run| run.method.targets.len());
    wide(runs.chain([recipe.method.targets.len()]).max().unwrap_or(0))
}

/// The numbers of a model that sizes are made of.
struct Shape<'a> {
    recipe: &'a Recipe,
    patches: u128,
    pixels_of_a_patch: u128,
    pixels: u128,
}

impl<'a> Shape<'a> {
    fn of(recipe: &'a Recipe) -> Shape<'a> {
        let side = wide(recipe.data.image_size / recipe.model.patch_size.max(1));
        let square = |side: usize| wide(side).saturating_mul(wide(side));
        Shape {
            recipe,
            patches: side.saturating_mul(side),
            pixels_of_a_patch: square(recipe.model.patch_size).saturating_mul(3),
            pixels: square(recipe.data.image_size).saturating_mul(3),
        }
    }

    fn generated_images(&self, recipe: &Recipe) -> u128 {
        match &recipe.data.source {
            DataSource::Shapes => taken(recipe.data.shapes_train, recipe.data.train_limit)
                .saturating_add(taken(recipe.data.shapes_test, recipe.data.test_limit))
                .saturating_mul(self.pixels),
            _ => 0,
        }
    }

    fn encoder_parameters(&self) -> u128 {
        let encoder = &self.recipe.model.encoder;
        let dim = wide(encoder.dim);
        blocks(encoder)
            .saturating_add(dim.saturating_mul(self.pixels_of_a_patch))
            .saturating_add(dim.saturating_mul(self.patches.saturating_add(1)))
    }

    fn decoder_parameters(&self) -> u128 {
        let decoder = self.decoder();
        let dim = wide(decoder.dim);
        blocks(&decoder)
            .saturating_add(dim.saturating_mul(wide(self.recipe.model.encoder.dim)))
            .saturating_add(dim.saturating_mul(self.patches.saturating_add(1)))
            .saturating_add(dim.saturating_mul(self.pixels_of_a_patch))
    }

    /// The head for features, where that for pixels stays beside it in some run.
    fn second_head_parameters(&self) -> u128 {
        let runs = self.recipe.runs.iter().map(|run| &run.method);
        let mut methods = runs.chain([&self.recipe.method]);
        match methods.any(|method| !method.targets.is_empty() && method.pixel_weight > 0.0) {
            true => wide(self.recipe.model.decoder.dim).saturating_mul(wide(self.recipe.model.encoder.dim)),
            false => 0,
        }
    }

    /// The decoder is an encoder whose hidden layers are four times as wide.
    fn decoder(&self) -> EncoderRecipe {
        let decoder = &self.recipe.model.decoder;
        EncoderRecipe { dim: decoder.dim, depth: decoder.depth, heads: decoder.heads, mlp_ratio: 4.0 }
    }

    fn pretraining_activations(&self, mask_ratio: f64) -> u128 {
        let kept = (self.patches as f64 * (1.0 - mask_ratio)).floor() as u128;
        let decoder = self.decoder();
        self.encoder_activations(kept)
            .saturating_add(self.block_activations(self.patches, &decoder).saturating_mul(wide(decoder.depth)))
            .saturating_add(self.pixels)
    }

    fn encoder_activations(&self, patches: u128) -> u128 {
        let encoder = &self.recipe.model.encoder;
        self.block_activations(patches, encoder).saturating_mul(wide(encoder.depth)).saturating_add(self.pixels)
    }

    /// What the backward pass of one block reads again, for one image: both norms' inputs and outputs, queries, keys and
    /// values, the attention's weights and its result, and the hidden layer before and after GELU.
    fn block_activations(&self, patches: u128, of: &EncoderRecipe) -> u128 {
        let tokens = patches.saturating_add(1);
        let dim = wide(of.dim);
        let per_token = dim.saturating_mul(8).saturating_add(hidden(of).saturating_mul(2));
        let attention = wide(of.heads).saturating_mul(tokens).saturating_mul(tokens);
        per_token.saturating_mul(tokens).saturating_add(attention)
    }
}

/// Parameters of all blocks: four square matrices of attention and two of the MLP each.
fn blocks(of: &EncoderRecipe) -> u128 {
    let dim = wide(of.dim);
    let block =
        dim.saturating_mul(dim).saturating_mul(4).saturating_add(dim.saturating_mul(hidden(of)).saturating_mul(2));
    block.saturating_mul(wide(of.depth))
}

fn hidden(of: &EncoderRecipe) -> u128 {
    (of.dim as f64 * of.mlp_ratio) as u128
}

/// Of `count` records, how many a limit leaves; 0: all.
fn taken(count: usize, limit: usize) -> u128 {
    wide(if limit == 0 { count } else { count.min(limit) })
}

fn wide(count: usize) -> u128 {
    count as u128
}

/// A size in bytes, shown as people say it: "1.5 GiB".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u128);

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        let mut size = self.0 as f64;
        let mut unit = 0;
        while size >= 1024.0 && unit + 1 < UNITS.len() {
            size /= 1024.0;
            unit += 1;
        }
        match size < 1e6 {
            true => write!(formatter, "{size:.1} {}", UNITS[unit]),
            false => write!(formatter, "millions of {}", UNITS[unit]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layers, Preset, PresetChoice};

    fn paper(set: &[&str]) -> Recipe {
        let layers = Layers {
            preset: PresetChoice::Builtin(Preset::Paper),
            sets: set.iter().map(|&text| text.to_owned()).collect(),
            ..Layers::default()
        };
        Recipe::resolve(&layers).expect("the recipe is right").0
    }

    #[test]
    fn the_parameters_of_the_paper_s_encoder_are_those_of_deit_tiny() {
        let recipe = paper(&[]);
        let counted = Shape::of(&recipe).encoder_parameters();
        // 12 blocks of 12 * 192^2 weights, 48 x 192 for the patches, 65 x 192 positions: biases and norms are left out.
        assert_eq!(counted, 12 * 12 * 192 * 192 + 48 * 192 + 65 * 192);
    }

    #[test]
    fn a_head_for_pixels_that_stays_counts_beside_that_for_features() {
        let of = |set: &[&str]| Estimate::of(&paper(set), Stage::Pretrain).parameters;
        // Weight, gradient and two moments of 512 x 192 numbers of 4 bytes.
        assert_eq!(of(&["method.name=mae-k", "method.pixel_weight=1"]) - of(&["method.name=mae-k"]), 4 * 512 * 192 * 4);
        assert_eq!(of(&["method.name=mae", "method.pixel_weight=1"]), of(&["method.name=mae"]));
    }

    #[test]
    fn parts_of_a_batch_need_less_memory_than_the_whole() {
        let whole = Estimate::of(&paper(&[]), Stage::Pretrain);
        let parts = Estimate::of(&paper(&["pretrain.accumulate=8"]), Stage::Pretrain);
        assert_eq!(whole.activations, 8 * parts.activations);
        assert_eq!(whole.parameters, parts.parameters);
    }

    #[test]
    fn a_million_of_everything_saturates_instead_of_overflowing() {
        let recipe = paper(&[
            "data.image_size=1000000",
            "model.patch_size=1",
            "model.encoder={dim=1000000000, depth=1000000, heads=250000000, mlp_ratio=1000}",
            "pretrain.batch_size=9223372036854775807",
        ]);
        for stage in Stage::ALL {
            let error = Estimate::of(&recipe, stage).check(stage, u64::MAX).expect_err("it cannot fit");
            assert!(error.to_string().contains("lower `"), "{error}");
        }
    }

    #[test]
    fn weights_alone_need_less_than_their_training_and_absurd_ones_are_refused_by_what_they_are_for() {
        let bytes = |need| Estimate::of_need(&paper(&[]), need).total();
        let (encoder, autoencoder) = (Need::Weights(Used::Encoder), Need::Weights(Used::Autoencoder));
        assert!(bytes(encoder) < bytes(autoencoder));
        assert!(4 * bytes(autoencoder) <= bytes(Need::Replay(TrainedStage::Pretrain)));
        let refused =
            |set: &str, need| paper(&[set]).check_memory(need, Some(1 << 40)).expect_err("too large").to_string();
        let model = refused("model.encoder.depth=1000000", encoder);
        assert!(model.starts_with("a model of these sizes needs at least ") && !model.contains("decoder"), "{model}");
        let features = refused("data={source='shapes', shapes_train=1000000000}", Need::Features);
        assert!(
            features.contains("computing features needs") && features.contains("`data.shapes_train`"),
            "{features}"
        );
        assert!(paper(&["data.image_size=1000000"]).check_memory(encoder, None).is_ok());
    }

    #[test]
    fn the_sentence_names_the_part_that_is_too_large_and_the_keys_that_decide_it() {
        let estimate = Estimate { images: 0, parameters: 1 << 20, activations: 3 << 30 };
        let error = estimate.check(Stage::Finetune, 1 << 30).expect_err("it does not fit");
        assert_eq!(
            error.to_string(),
            "fine-tuning needs at least 3.0 GiB of memory, of which 3.0 GiB for the activations of one step, but 1.0 GiB are \
             available: lower `finetune.batch_size`, `data.image_size`, `model.encoder.dim`, `model.encoder.depth`, or raise \
             `finetune.accumulate` or `model.patch_size`"
        );
        assert!(estimate.check(Stage::Finetune, 4 << 30).is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_says_how_much_memory_there_is() {
        assert!(available_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
