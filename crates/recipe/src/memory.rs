//! Whether a stage can fit in memory: a lower bound of what it needs, against what there is; and about what it takes.
//!
//! Counted is what any implementation must hold at once: the generated images, the weights with what the optimiser
//! keeps for each, the target encoders, and the activations that a backward pass reads again. A real step needs more;
//! the point is to refuse in one sentence, before anything is written, what would certainly be killed hours later.
//! All sizes are u128 and saturate, so that no absurd recipe can overflow them.

use bmae_architecture::{
    Autoencoder, Transformer, decoder_parameters, encoder_parameters, kept_patches, linear_parameters,
};

use super::bytes::Bytes;
use super::error::RecipeError;
use super::recipe::Recipe;
use super::sections::method::Method;
use super::sections::source::DataSource;
use super::stage::{Stage, TrainedStage};

/// The numbers of a step that come and go besides those that are kept for its backward pass, by which these are multiplied:
/// measured (`docs/decisions.md`, "Before it starts").
const COMING_AND_GOING: (u128, u128) = (3, 2);
/// Bytes of the program, of the batches that wait and of what the monitors keep: what the smallest runs take besides their
/// model, measured as well.
const BESIDES_THE_MODEL: u128 = 110 << 20;

const FLOAT: u128 = size_of::<f32>() as u128;

/// How much of a model is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// The encoder, with or without a head of its own.
    Encoder,
    /// Encoder and decoder.
    Autoencoder,
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
    /// Refuses what certainly does not fit into `available_memory` bytes (`None`: not looked at), before any of it is
    /// made.
    ///
    /// # Errors
    /// With the keys to lower.
    pub fn check_memory(&self, need: Need, available_memory: Option<u64>) -> Result<(), RecipeError> {
        match available_memory {
            Some(bytes) => Estimate::of_need(self, need).check(&Refusal::of_need(need), bytes),
            None => Ok(()),
        }
    }

    /// About the bytes of memory that `stage` takes on a CPU, `teachers` of them for the weights of fixed targets, whose
    /// sizes their files tell.
    pub fn memory(&self, stage: Stage, teachers: u128) -> Bytes {
        let least = Estimate::of(self, stage).with_teachers(stage, teachers);
        let (times, of) = COMING_AND_GOING;
        let activations = least.activations.saturating_mul(times) / of;
        Bytes(Estimate { activations, ..least }.total().saturating_add(BESIDES_THE_MODEL))
    }

    /// Refuses `stage` as [`check_stage`](Self::check_stage) does, counting `teachers` bytes of fixed targets.
    ///
    /// # Errors
    /// With the keys to lower.
    pub fn check_memory_with_teachers(
        &self,
        stage: Stage,
        teachers: u128,
        available_memory: u64,
    ) -> Result<(), RecipeError> {
        Estimate::of(self, stage).with_teachers(stage, teachers).check(&Refusal::of(stage), available_memory)
    }
}

/// Refuses a stage that certainly does not fit into `available` bytes, naming the largest part and the keys that decide
/// it.
pub(crate) fn check_stage(recipe: &Recipe, stage: Stage, available: u64) -> Result<(), RecipeError> {
    Estimate::of(recipe, stage).check(&Refusal::of(stage), available)
}

/// The parts of the estimate, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Estimate {
    images: u128,
    parameters: u128,
    activations: u128,
}

impl Estimate {
    /// What `stage` needs at the least.
    fn of(recipe: &Recipe, stage: Stage) -> Estimate {
        let sizes = recipe.architecture();
        let (encoder, autoencoder) = (weights(sizes, Used::Encoder), weights(sizes, Used::Autoencoder));
        // Weight, gradient and two moments for what is trained; the weight alone for what is not.
        let (trained, frozen) = (4, 1);
        let (parameters, per_image, images) = match stage {
            Stage::Pretrain => (
                autoencoder
                    .saturating_add(second_head_parameters(recipe))
                    .saturating_mul(trained)
                    .saturating_add(encoder.saturating_mul(largest_number_of_targets(recipe))),
                pretraining_activations(sizes, recipe.pretrain.mask_ratio),
                micro_batch(recipe, TrainedStage::Pretrain),
            ),
            Stage::Finetune => {
                let (fixed, learning) = split_at_frozen_blocks(sizes, recipe.finetune.labels.freeze);
                (
                    encoder.saturating_sub(fixed).saturating_mul(trained).saturating_add(fixed.saturating_mul(frozen)),
                    encoder_activations(learning, sizes.grid.patches()),
                    micro_batch(recipe, TrainedStage::Finetune),
                )
            }
            // Nothing is kept for a backward pass: one block of one image is the least.
            Stage::Linprobe | Stage::Knn => {
                (encoder.saturating_mul(frozen), block_activations(sizes.grid.patches(), sizes.encoder), 1)
            }
        };
        Estimate {
            images: generated_images(recipe),
            parameters: parameters.saturating_mul(FLOAT),
            activations: per_image.saturating_mul(images).saturating_mul(FLOAT),
        }
    }

    /// With the weights of fixed targets, which pre-training alone holds.
    fn with_teachers(self, stage: Stage, teachers: u128) -> Estimate {
        let more = if stage == Stage::Pretrain { teachers } else { 0 };
        Estimate { parameters: self.parameters.saturating_add(more), ..self }
    }

    fn total(&self) -> u128 {
        self.images.saturating_add(self.parameters).saturating_add(self.activations)
    }

    /// What `need` needs at the least.
    fn of_need(recipe: &Recipe, need: Need) -> Estimate {
        let (images, parameters, activations) = match need {
            Need::Weights(used) => (0, weights(recipe.architecture(), used).saturating_mul(FLOAT), 0),
            Need::Replay(stage) => (0, Estimate::of(recipe, stage.into()).parameters, 0),
            Need::Images => (generated_images(recipe), 0, 0),
            Need::Features => return Estimate::of(recipe, Stage::Knn),
        };
        Estimate { images, parameters, activations }
    }

    /// Refuses what cannot fit into `available` bytes.
    fn check(&self, refusal: &Refusal, available: u64) -> Result<(), RecipeError> {
        if self.total() <= u128::from(available) {
            return Ok(());
        }
        let largest = self.images.max(self.parameters).max(self.activations);
        let (part, lower) = if largest == self.images {
            ("for the generated images", keys(&["data.shapes_train", "data.shapes_test", "data.image_size"]))
        } else if largest == self.parameters {
            refusal.weights.clone()
        } else {
            refusal.activations.clone()
        };
        Err(RecipeError::Memory {
            what: refusal.what,
            needed: Bytes(self.total()),
            share: Bytes(largest),
            part,
            available: Bytes(u128::from(available)),
            lower,
        })
    }
}

/// How a refusal reads: what is refused, and each part with what to lower.
struct Refusal {
    what: &'static str,
    weights: (&'static str, String),
    activations: (&'static str, String),
}

impl Refusal {
    fn of(stage: Stage) -> Refusal {
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
        Refusal { what: stage.words(), weights: (weights, lower_model(used)), activations }
    }

    fn of_need(need: Need) -> Refusal {
        let like_knn = Refusal::of(Stage::Knn);
        match need {
            Need::Weights(used) => {
                Refusal { what: "a model of these sizes", weights: ("for the weights", lower_model(used)), ..like_knn }
            }
            Need::Replay(stage) => Refusal::of(stage.into()),
            Need::Images => Refusal { what: "the data set", ..like_knn },
            Need::Features => Refusal { what: "computing features", ..like_knn },
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

fn micro_batch(recipe: &Recipe, stage: TrainedStage) -> u128 {
    let settings = recipe.stage(stage);
    settings.batch_size.div_ceil(settings.accumulate.max(1)) as u128
}

/// Of those that are copies or averages of the student: what a fixed one needs, only its weights tell.
fn largest_number_of_targets(recipe: &Recipe) -> u128 {
    let runs = recipe.runs.iter().map(|run| &run.method);
    let made_of_the_student =
        |method: &Method| method.targets().iter().filter(|target| target.update.weights().is_none()).count();
    runs.chain([&recipe.method]).map(made_of_the_student).max().unwrap_or(0) as u128
}

/// Bytes of the generated images, three a pixel.
fn generated_images(recipe: &Recipe) -> u128 {
    let data = &recipe.data;
    let taken = |count: usize, limit: usize| (if limit == 0 { count } else { count.min(limit) }) as u128;
    match data.source {
        DataSource::Shapes => taken(data.shapes_train, data.train_limit)
            .saturating_add(taken(data.shapes_test, data.test_limit))
            .saturating_mul(recipe.architecture().grid.values_per_image() as u128),
        _ => 0,
    }
}

fn weights(sizes: Autoencoder, used: Used) -> u128 {
    let encoder = encoder_parameters(sizes.grid, sizes.encoder).total();
    let decoder = decoder_parameters(sizes.grid, sizes.encoder.dim, sizes.decoder).total();
    match used {
        Used::Encoder => encoder,
        Used::Autoencoder => encoder
            .saturating_add(decoder)
            .saturating_add(linear_parameters(sizes.decoder.dim, sizes.grid.values_per_patch())),
    }
}

/// The head for features, where that for pixels stays beside it in some run.
fn second_head_parameters(recipe: &Recipe) -> u128 {
    let runs = recipe.runs.iter().map(|run| &run.method);
    let mut methods = runs.chain([&recipe.method]);
    match methods.any(|method| method.predicts_features() && method.pixel_weight > 0.0) {
        true => linear_parameters(recipe.model.decoder.dim, recipe.model.encoder.dim),
        false => 0,
    }
}

fn pretraining_activations(sizes: Autoencoder, mask_ratio: f64) -> u128 {
    let patches = sizes.grid.patches();
    let decoder = block_activations(patches, sizes.decoder).saturating_mul(sizes.decoder.depth as u128);
    encoder_activations(sizes, kept_patches(patches, mask_ratio))
        .saturating_add(decoder)
        .saturating_add(sizes.grid.values_per_image() as u128)
}

/// The parameters that are not trained where the first `freeze` blocks are not, and the model of the blocks that are: no
/// backward pass reads the activations of the others.
fn split_at_frozen_blocks(sizes: Autoencoder, freeze: usize) -> (u128, Autoencoder) {
    let encoder = Transformer { depth: sizes.encoder.depth.saturating_sub(freeze), ..sizes.encoder };
    let frozen = match freeze {
        0 => 0,
        blocks => encoder_parameters(sizes.grid, Transformer { depth: blocks, ..sizes.encoder }).total(),
    };
    (frozen, Autoencoder { encoder, ..sizes })
}

fn encoder_activations(sizes: Autoencoder, patches: usize) -> u128 {
    block_activations(patches, sizes.encoder)
        .saturating_mul(sizes.encoder.depth as u128)
        .saturating_add(sizes.grid.values_per_image() as u128)
}

/// What the backward pass of one block reads again, for one image: its input, queries, keys and values, the result of the
/// attention, the input of the second norm, and the hidden layer before GELU. All else is computed once more (`kernels`,
/// `block`); where Burn composes the block, more is kept.
fn block_activations(patches: usize, blocks: Transformer) -> u128 {
    let tokens = (patches as u128).saturating_add(1);
    let per_token = (blocks.dim as u128).saturating_mul(6).saturating_add(blocks.hidden() as u128);
    per_token.saturating_mul(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;
    use crate::tests::{layers, resolve};

    fn paper(set: &[&str]) -> Recipe {
        resolve(&layers(Preset::Paper, set))
    }

    #[test]
    fn a_head_for_pixels_that_stays_counts_beside_that_for_features() {
        let of = |set: &[&str]| Estimate::of(&paper(set), Stage::Pretrain).parameters;
        // Weight, gradient and two moments of 512 x 192 weights and 192 biases of 4 bytes.
        assert_eq!(
            of(&["method.name=mae-k", "method.pixel_weight=1"]) - of(&["method.name=mae-k"]),
            4 * (512 + 1) * 192 * 4
        );
        assert_eq!(of(&["method.name=mae", "method.pixel_weight=1"]), of(&["method.name=mae"]));
    }

    #[test]
    fn targets_with_masks_of_their_own_need_no_more_activations_for_their_passes_follow_each_other() {
        let of = |masks: &str| Estimate::of(&paper(&["method.name=mae-new", masks]), Stage::Pretrain);
        assert_eq!(of("method.masks=separate"), of("method.masks=shared"));
    }

    #[test]
    fn the_weights_of_a_teacher_count_in_pre_training_alone() {
        let of = |stage, teachers| paper(&[]).memory(stage, teachers).0;
        assert_eq!(of(Stage::Pretrain, 1 << 30) - of(Stage::Pretrain, 0), 1 << 30);
        assert_eq!(of(Stage::Finetune, 1 << 30), of(Stage::Finetune, 0));
        let check = |teachers| paper(&[]).check_memory_with_teachers(Stage::Pretrain, teachers, 64 << 30);
        assert!(check(1 << 30).is_ok() && check(64 << 30).is_err());
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
            let error = check_stage(&recipe, stage, u64::MAX).expect_err("it cannot fit");
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
        let error = estimate.check(&Refusal::of(Stage::Finetune), 1 << 30).expect_err("it does not fit");
        assert_eq!(
            error.to_string(),
            "fine-tuning needs at least 3.0 GiB of memory, of which 3.0 GiB for the activations of one step, but 1.0 GiB are \
             available: lower `finetune.batch_size`, `data.image_size`, `model.encoder.dim`, `model.encoder.depth`, or raise \
             `finetune.accumulate` or `model.patch_size`"
        );
        assert!(estimate.check(&Refusal::of(Stage::Finetune), 4 << 30).is_ok());
    }
}
