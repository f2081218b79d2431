//! What a stage writes into its run directory, in bytes, from the sizes of its model (`docs/formats.md`, "Checkpoints and
//! resuming").

use bmae_architecture::{decoder_parameters, encoder_parameters, linear_parameters};
use bmae_recipe::{Recipe, Stage, TrainedStage};

const FLOAT: u128 = size_of::<f32>() as u128;
/// Recipe, `run.toml`, lock, and the headers of weight files.
const SMALL_FILES: u128 = 64 << 10;
/// Lines of an epoch, in `metrics.jsonl` and as TensorBoard's events.
const LINES_OF_AN_EPOCH: u128 = 4 << 10;

/// What an evaluation says of a test image: five classes, and its place on a map.
const LINES_OF_A_TEST_IMAGE: u128 = 256;
/// The picture of its mistakes.
const MISTAKES: u128 = 256 << 10;

/// What a stage writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// Weights and state that are there at its end: what is certain.
    pub weights: u128,
    /// What it needs besides while it is at work: the state of an epoch not yet whole, and one that is being written.
    pub meanwhile: u128,
    /// Metrics and pictures, about.
    pub rest: u128,
}

impl Written {
    /// Of `epochs` epochs of `stage`, on images of `classes` classes, of which `test_images` are to be tested.
    pub fn of(recipe: &Recipe, stage: Stage, epochs: usize, classes: usize, test_images: usize) -> Self {
        let tested = match stage {
            Stage::Pretrain => 0,
            Stage::Finetune | Stage::Linprobe | Stage::Knn => MISTAKES + LINES_OF_A_TEST_IMAGE * test_images as u128,
        };
        let Some(trained) = stage.trained() else {
            return Self { weights: 0, meanwhile: 0, rest: tested + SMALL_FILES };
        };
        let Model { weights, state } = Model::of(recipe, trained, classes);
        let epochs = epochs as u128;
        let kept = epochs.checked_div(recipe.stage(trained).checkpoint_every as u128).unwrap_or(0);
        // The last, and of an evaluation the best.
        let named = if trained == TrainedStage::Pretrain { 1 } else { 2 };
        let pictures = match trained {
            TrainedStage::Pretrain => pictures(recipe, epochs),
            TrainedStage::Finetune | TrainedStage::Linprobe => 0,
        };
        Self {
            weights: weights.saturating_mul(kept.saturating_add(named)).saturating_add(state),
            meanwhile: state.saturating_mul(2),
            rest: epochs
                .saturating_mul(LINES_OF_AN_EPOCH)
                .saturating_add(pictures)
                .saturating_add(tested)
                .saturating_add(SMALL_FILES),
        }
    }

    /// What is there at the end.
    pub fn kept(self) -> u128 {
        self.weights.saturating_add(self.rest)
    }
}

/// Bytes of the weights of a model, and of the state that a resume needs.
struct Model {
    weights: u128,
    state: u128,
}

impl Model {
    /// At the end of `stage`, when all targets are there.
    fn of(recipe: &Recipe, stage: TrainedStage, classes: usize) -> Self {
        let sizes = recipe.architecture();
        let encoder = encoder_parameters(sizes.grid, sizes.encoder);
        let (fixed, learned, targets) = match stage {
            TrainedStage::Pretrain => {
                let decoder = decoder_parameters(sizes.grid, sizes.encoder.dim, sizes.decoder);
                let method = &recipe.method;
                let head = |outputs| linear_parameters(sizes.decoder.dim, outputs);
                let (pixels, features) = (head(sizes.grid.values_per_patch()), head(sizes.encoder.dim));
                let heads = match (method.predicts_features_in(recipe.pretrain.stage.epochs - 1), method.pixel_weight) {
                    (false, _) => pixels,
                    (true, weight) if weight > 0.0 => pixels + features,
                    (true, _) => features,
                };
                let of_student = |target: &&bmae_recipe::TargetRecipe| target.update.weights().is_none();
                let targets = method.targets().iter().filter(of_student).count() as u128;
                let fixed = encoder.positions + decoder.positions;
                (fixed, encoder.learned + decoder.learned + heads, targets * encoder.total())
            }
            TrainedStage::Finetune => {
                let head = linear_parameters(sizes.encoder.dim, classes);
                (0, encoder.total() + head, 0)
            }
            TrainedStage::Linprobe => {
                let head = linear_parameters(sizes.encoder.dim, classes);
                (encoder.total(), head, 0)
            }
        };
        // The optimisers remember two values of each parameter that learns, that of a probe one.
        let remembered = if stage == TrainedStage::Linprobe { 1 } else { 2 };
        let weights = fixed + learned;
        Self { weights: weights * FLOAT, state: (weights + remembered * learned + targets) * FLOAT }
    }
}

/// The pictures of a pre-training, which lie in its folder and in TensorBoard's file: a view of an image, enlarged without
/// new detail, takes about what its pixels do.
fn pictures(recipe: &Recipe, epochs: u128) -> u128 {
    let monitor = &recipe.monitor;
    if monitor.pictures_every == 0 {
        return 0;
    }
    let drawn = epochs.div_ceil(monitor.pictures_every as u128);
    // The image, what is seen of it, and two of what is made of it; then the attention of every head.
    let views = (6 + recipe.model.encoder.heads) as u128;
    let view = recipe.architecture().grid.values_per_image() as u128;
    2 * drawn.saturating_mul(monitor.pictures as u128 * views).saturating_mul(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encoder of width 8 and depth 1 on 4 patches of 12 values, decoder of width 4 and depth 1.
    fn of(keys: &str, stage: Stage) -> Written {
        let text = "data.image_size = 4\nmodel = { patch_size = 2, encoder = { dim = 8, depth = 1, heads = 2 }, decoder = \
                    { dim = 4, depth = 1, heads = 1 } }\nmonitor.pictures_every = 0\npretrain.epochs = 6\n";
        let recipe = Recipe::from_toml(&format!("{text}{keys}")).expect("a recipe");
        Written::of(&recipe, stage, 6, 10, 100)
    }

    #[test]
    fn weights_that_are_kept_count_once_each_beside_the_last_and_the_best() {
        for (stage, section) in [(Stage::Pretrain, "pretrain"), (Stage::Finetune, "finetune")] {
            let few = of("", stage);
            let more = of(&format!("{section}.checkpoint_every = 2"), stage);
            let all = of(&format!("{section}.checkpoint_every = 1"), stage);
            assert_eq!((all.weights - few.weights), 2 * (more.weights - few.weights), "{section}");
            assert_eq!(all.meanwhile, few.meanwhile);
        }
        assert_eq!(of("", Stage::Knn).weights, 0);
    }

    #[test]
    fn a_target_that_is_made_of_the_student_is_a_part_of_its_state_and_one_that_never_comes_is_not() {
        let state = |method: &str| of(&format!("method = {{ {method} }}"), Stage::Pretrain).meanwhile / 2;
        let mae = state("name = 'mae'");
        // The head predicts 8 features in place of 12 pixels: weight, bias, and two moments of each.
        let heads = 4 * 5 * 3 * 4;
        let encoder = state("name = 'mae-new', k = 2") - state("name = 'mae-k', k = 2");
        assert_eq!(state("name = 'mae-k', k = 2"), mae + encoder - heads);
        assert!(encoder > 4 * 12 * 8 * 8);
        assert_eq!(state("name = 'mae-k', k = 9"), mae + encoder, "it is planned for all the same");
    }
}
