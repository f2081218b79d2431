//! What one step computes, from the sizes alone: multiply-adds of the matrix products and bytes, by part of the model.
//!
//! Multiply-adds. A Linear from `a` to `b` values takes R a b of them for R rows; attention takes 2 R T D (T tokens,
//! width D: queries by keys, and probabilities by values). A backward pass takes each product twice, once for the
//! gradient of either factor; the patch embedding and a probe's head, whose input needs no gradient, take theirs once.
//! Target encoders and a probe's encoder go forward only; a fixed one counts with the student's sizes. The encoder of a pre-training sees the kept patches and the
//! class token, the decoder all.
//!
//! Only what a step needs is counted. Of the last block of a decoder and of a target encoder the tokens are read that
//! the loss counts, the masked ones unless `pretrain.loss_on` says otherwise, of that of a classifier's or probe's encoder the class token, or all where the mean is taken: keys and values
//! are those of all tokens, everything else, queries too, is counted for the tokens that are read, and so are final
//! norms and heads. The program computes the queries of all tokens, and what a backward pass computes a second time
//! saves memory: neither is progress.
//!
//! Bytes. Every operation reads its operands and writes its result once, in single precision: what flows where each
//! goes by itself. Operations that are fused move less; how much less is the gain of fusing them.

use bmae_architecture::{decoder_parameters, encoder_parameters, kept_patches, linear_parameters};
use bmae_recipe::{Feature, LossOn, Pooling, Recipe, TrainedStage};

const FLOAT: f64 = 4.0;
/// Names of the parts of blocks: their Linears, their attention, and everything else in them.
type Names = [&'static str; 3];
const ENCODER: Names = ["encoder: linear", "encoder: attention", "encoder: norm, GELU, residual"];
const DECODER: Names = ["decoder: linear", "decoder: attention", "decoder: norm, GELU, residual"];
const TARGETS: Names = ["targets: linear", "targets: attention", "targets: norm, GELU, residual"];

/// The work of one optimiser step.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// By part of the model.
    pub parts: Vec<Part>,
}

/// The work of a part of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is.
    pub name: &'static str,
    /// Of its matrix products, forward and backward.
    pub multiply_adds: f64,
    /// Read and written by its operations.
    pub bytes: f64,
}

/// How often a part is gone through.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Passes {
    /// Forward.
    Frozen,
    /// Forward, and backward to the weights alone.
    First,
    /// Forward, and backward to weights and input.
    Trained,
}

impl Passes {
    /// Products for each of the forward pass.
    fn products(self) -> f64 {
        match self {
            Self::Frozen => 1.0,
            Self::First => 2.0,
            Self::Trained => 3.0,
        }
    }
}

/// Blocks of one width on the tokens of some images.
#[derive(Debug, Clone, Copy)]
struct Blocks {
    images: usize,
    tokens: usize,
    /// Tokens of each image whose output of the last block is read.
    read: usize,
    dim: usize,
    hidden: usize,
    depth: usize,
    passes: Passes,
}

impl Work {
    /// The work of a step of `stage` on `batch` images of `classes` classes; in pre-training after the switch.
    pub fn of(recipe: &Recipe, stage: TrainedStage, batch: usize, classes: usize) -> Self {
        let sizes = recipe.architecture();
        let (patches, pixels, dim) = (sizes.grid.patches(), sizes.grid.values_per_patch(), sizes.encoder.dim);
        let encoder = |tokens, read, passes| Blocks {
            images: batch,
            tokens,
            read,
            dim,
            hidden: sizes.encoder.hidden(),
            depth: sizes.encoder.depth,
            passes,
        };
        let trained_encoder = encoder_parameters(sizes.grid, sizes.encoder).learned;
        let mut work = Self { parts: Vec::new() };
        match stage {
            TrainedStage::Pretrain => {
                let kept = kept_patches(patches, recipe.pretrain.mask_ratio);
                let counted = match recipe.pretrain.loss_on {
                    LossOn::Masked => patches - kept,
                    LossOn::All => patches,
                };
                let (targets, width) = (recipe.method.targets(), sizes.decoder.dim);
                let predicted = if targets.is_empty() { pixels } else { dim };
                for _ in 0..recipe.method.masks_per_image() {
                    work.linear("patch embedding", batch * kept, pixels, dim, Passes::First);
                    let student = encoder(1 + kept, 1 + kept, Passes::Trained);
                    work.blocks(ENCODER, student);
                    work.norm(ENCODER[2], batch * (1 + kept), dim, Passes::Trained);

                    let decoder = Blocks {
                        tokens: 1 + patches,
                        read: counted,
                        dim: width,
                        hidden: sizes.decoder.hidden(),
                        depth: sizes.decoder.depth,
                        ..student
                    };
                    work.linear("decoder embedding", batch * (1 + kept), dim, width, Passes::Trained);
                    work.blocks(DECODER, decoder);
                    work.norm(DECODER[2], batch * counted, width, Passes::Trained);
                    work.linear("heads", batch * counted, width, predicted, Passes::Trained);
                }
                if !targets.is_empty() && recipe.method.pixel_weight > 0.0 {
                    work.linear("heads", batch * counted, width, pixels, Passes::Trained);
                }
                for target in targets {
                    work.linear("targets: patch embedding", batch * patches, pixels, dim, Passes::Frozen);
                    work.blocks(TARGETS, encoder(1 + patches, counted, Passes::Frozen));
                    work.norm(TARGETS[2], batch * counted * target.last_blocks, dim, Passes::Frozen);
                }
                let decoder = decoder_parameters(sizes.grid, dim, sizes.decoder).learned;
                work.optimiser(trained_encoder + decoder + linear_parameters(width, predicted));
            }
            TrainedStage::Finetune => {
                work.linear("patch embedding", batch * patches, pixels, dim, Passes::First);
                let read = match recipe.finetune.pooling {
                    Pooling::Mean => 1 + patches,
                    Pooling::ClassToken => 1,
                };
                let student = encoder(1 + patches, read, Passes::Trained);
                work.blocks(ENCODER, student);
                // Of the class token, or of the mean.
                work.norm(ENCODER[2], batch, dim, Passes::Trained);
                work.linear("heads", batch, dim, classes, Passes::Trained);
                work.optimiser(trained_encoder + linear_parameters(dim, classes));
            }
            TrainedStage::Linprobe => {
                work.linear("patch embedding", batch * patches, pixels, dim, Passes::Frozen);
                let read = match recipe.linprobe.feature {
                    Feature::ClassToken => 1,
                    Feature::Mean => 1 + patches,
                };
                work.blocks(ENCODER, encoder(1 + patches, read, Passes::Frozen));
                work.norm(ENCODER[2], batch * read, dim, Passes::Frozen);
                work.linear("heads", batch, dim, classes, Passes::First);
                work.optimiser(linear_parameters(dim, classes));
            }
        }
        work
    }

    /// Floating-point operations of all matrix products: two for each multiply-add.
    pub fn flop(&self) -> f64 {
        2.0 * self.parts.iter().map(|part| part.multiply_adds).sum::<f64>()
    }

    fn add(&mut self, name: &'static str, multiply_adds: f64, values: f64) {
        let bytes = values * FLOAT;
        match self.parts.iter_mut().find(|part| part.name == name) {
            Some(part) => {
                part.multiply_adds += multiply_adds;
                part.bytes += bytes;
            }
            None => self.parts.push(Part { name, multiply_adds, bytes }),
        }
    }

    fn linear(&mut self, name: &'static str, rows: usize, inputs: usize, outputs: usize, passes: Passes) {
        let [rows, inputs, outputs] = [rows, inputs, outputs].map(|size| size as f64);
        let values = rows * inputs + inputs * outputs + rows * outputs;
        self.add(name, passes.products() * rows * inputs * outputs, passes.products() * values);
    }

    fn blocks(&mut self, names: Names, blocks: Blocks) {
        let Blocks { images, tokens, dim, hidden, depth, passes, .. } = blocks;
        let [linear, attention, elementwise] = names;
        let rows = images * tokens;
        for block in 0..depth {
            let read = if block + 1 == depth { images * blocks.read } else { rows };
            self.queries_keys_values(linear, rows, read, dim, passes);
            self.linear(linear, read, dim, dim, passes);
            self.linear(linear, read, dim, hidden, passes);
            self.linear(linear, read, hidden, dim, passes);

            self.attention(attention, rows, read, tokens, dim, passes);
            self.norm(elementwise, rows, dim, passes);
            self.norm(elementwise, read, dim, passes);

            // The GELU reads and writes; backward it reads x and a gradient and writes one. A sum reads two arrays and
            // writes one, in either direction.
            let [of_gelu, of_sum] = if passes == Passes::Frozen { [2, 3] } else { [5, 6] };
            self.add(elementwise, 0.0, (read * hidden * of_gelu + 2 * read * dim * of_sum) as f64);
        }
    }

    /// One Linear, which gives keys and values for all rows and queries for those that are read.
    fn queries_keys_values(&mut self, name: &'static str, rows: usize, read: usize, dim: usize, passes: Passes) {
        let [rows, read, dim] = [rows, read, dim].map(|size| size as f64);
        let outputs = 2.0 * rows + read;
        let values = rows * dim + 3.0 * dim * dim + outputs * dim;
        self.add(name, passes.products() * outputs * dim * dim, passes.products() * values);
    }

    /// Of the queries that are `read` with all keys and values.
    fn attention(&mut self, name: &'static str, rows: usize, read: usize, tokens: usize, dim: usize, passes: Passes) {
        // Forward reads q, k, v and writes the output; backward reads those and a gradient, and writes three.
        let arrays = 2 * rows + 2 * read + if passes == Passes::Frozen { 0 } else { 4 * rows + 3 * read };
        let products = passes.products() * (2 * read * tokens * dim) as f64;
        self.add(name, products, (arrays * dim) as f64);
    }

    /// A norm reads and writes; backward it reads x and a gradient and writes one.
    fn norm(&mut self, name: &'static str, rows: usize, dim: usize, passes: Passes) {
        let arrays = if passes == Passes::Frozen { 2.0 } else { 5.0 };
        self.add(name, 0.0, arrays * (rows * dim) as f64);
    }

    /// Parameter, gradient and both moments are read, all but the gradient written.
    fn optimiser(&mut self, parameters: u128) {
        self.add("optimiser", 0.0, 7.0 * parameters as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encoder of width 8 and depth 2, decoder of width 4 and depth 1; 4 patches of 12 values, 2 of them kept.
    fn recipe(method: &str) -> Recipe {
        let text = "data.image_size = 4\nmodel = { patch_size = 2, encoder = { dim = 8, depth = 2, heads = 2 }, \
                    decoder = { dim = 4, depth = 1, heads = 1 } }\npretrain.mask_ratio = 0.5\nmethod";
        Recipe::from_toml(&format!("{text} = {method}")).expect("a recipe")
    }

    fn multiply_adds(method: &str, stage: TrainedStage) -> f64 {
        Work::of(&recipe(method), stage, 3, 10).flop() / 2.0
    }

    /// A block's forward pass by hand: 4 D^2 + 2 D H a row for H = 4 D, and 2 T D a row of attention.
    fn block(rows: f64, tokens: f64, dim: f64) -> f64 {
        rows * (12.0 * dim * dim + 2.0 * tokens * dim)
    }

    /// A last block's by hand: 2 D^2 a row for key and value; and, for each row that is read, D^2 each for query and
    /// projection, 8 D^2 for the MLP, and 2 T D of attention.
    fn last_block(rows: f64, read: f64, tokens: f64, dim: f64) -> f64 {
        rows * 2.0 * dim * dim + read * (10.0 * dim * dim + 2.0 * tokens * dim)
    }

    #[test]
    fn a_step_on_pixels_counts_forward_once_and_backward_twice_and_the_last_decoder_block_where_it_is_masked() {
        let encoder = 2.0 * block(9.0, 3.0, 8.0);
        let decoder = last_block(15.0, 6.0, 5.0, 4.0) + 9.0 * 8.0 * 4.0 + 6.0 * 4.0 * 12.0;
        let expected = 3.0 * (encoder + decoder) + 2.0 * 6.0 * 12.0 * 8.0;
        assert_eq!(multiply_adds("{ name = 'mae' }", TrainedStage::Pretrain), expected);
    }

    #[test]
    fn every_target_adds_an_encoder_on_all_tokens_forward_only_and_the_head_predicts_its_width() {
        let pixels = multiply_adds("{ name = 'mae' }", TrainedStage::Pretrain);
        let heads = 3.0 * 6.0 * 4.0 * (8.0 - 12.0);
        let target = block(15.0, 5.0, 8.0) + last_block(15.0, 6.0, 5.0, 8.0) + 12.0 * 12.0 * 8.0;
        assert_eq!(multiply_adds("{ name = 'mae-k', k = 1 }", TrainedStage::Pretrain), pixels + heads + target);
        assert_eq!(multiply_adds("{ name = 'mae-new', k = 1 }", TrainedStage::Pretrain), pixels + heads + 2.0 * target);
    }

    #[test]
    fn targets_with_masks_of_their_own_take_a_student_each() {
        let step = |keys: &str| multiply_adds(&format!("{{ name = 'mae-new', k = 1{keys} }}"), TrainedStage::Pretrain);
        let pixels = multiply_adds("{ name = 'mae' }", TrainedStage::Pretrain);
        let student = pixels + 3.0 * 6.0 * 4.0 * (8.0 - 12.0);
        assert_eq!(step(", masks = 'separate'") - step(", masks = 'shared'"), student);
    }

    #[test]
    fn a_loss_on_all_patches_reads_the_visible_ones_of_the_last_block_too() {
        let step = |loss_on: &str| {
            let keys = format!("{{ name = 'mae' }}\npretrain.loss_on = '{loss_on}'");
            multiply_adds(&keys, TrainedStage::Pretrain)
        };
        let more = last_block(0.0, 6.0, 5.0, 4.0) + 6.0 * 4.0 * 12.0;
        assert_eq!(step("all") - step("masked"), 3.0 * more);
    }

    #[test]
    fn fine_tuning_trains_the_encoder_and_the_probe_goes_through_it_forward() {
        let (encoder, embedding, head) = (2.0 * block(15.0, 5.0, 8.0), 12.0 * 12.0 * 8.0, 3.0 * 8.0 * 10.0);
        let mean = "{ name = 'mae' }\nfinetune.pooling = 'mean'\nlinprobe.feature = 'mean'";
        assert_eq!(multiply_adds(mean, TrainedStage::Finetune), 3.0 * (encoder + head) + 2.0 * embedding);
        assert_eq!(multiply_adds(mean, TrainedStage::Linprobe), encoder + embedding + 2.0 * head);
    }

    #[test]
    fn where_only_the_class_token_is_seen_the_last_block_is_counted_for_it_alone() {
        let encoder = block(15.0, 5.0, 8.0) + last_block(15.0, 3.0, 5.0, 8.0);
        let (embedding, head) = (12.0 * 12.0 * 8.0, 3.0 * 8.0 * 10.0);
        let class_token = "{ name = 'mae' }\nfinetune.pooling = 'class-token'\nlinprobe.feature = 'class-token'";
        assert_eq!(multiply_adds(class_token, TrainedStage::Finetune), 3.0 * (encoder + head) + 2.0 * embedding);
        assert_eq!(multiply_adds(class_token, TrainedStage::Linprobe), encoder + embedding + 2.0 * head);
    }

    fn bytes(part: &str, stage: TrainedStage) -> f64 {
        let work = Work::of(&recipe("{ name = 'mae' }"), stage, 3, 10);
        work.parts.iter().find(|found| found.name == part).expect("it is there").bytes
    }

    #[test]
    fn each_product_of_a_linear_moves_its_two_factors_and_its_result_once() {
        // 15 rows in, 15 keys, 15 values and 6 queries out; then 6 rows through projection and MLP.
        let qkv = 15.0 * 4.0 + 3.0 * 4.0 * 4.0 + 36.0 * 4.0;
        let projection = 6.0 * 4.0 + 4.0 * 4.0 + 6.0 * 4.0;
        let mlp = 2.0 * (6.0 * 4.0 + 4.0 * 16.0 + 6.0 * 16.0);
        assert_eq!(bytes("decoder: linear", TrainedStage::Pretrain), 3.0 * 4.0 * (qkv + projection + mlp));
    }

    #[test]
    fn norms_gelu_and_residuals_move_rows_where_they_are_read_and_the_final_norm_those_of_masked_patches() {
        let norms = 5.0 * 4.0 * (15.0 + 6.0 + 6.0);
        let (gelu, residuals) = (5.0 * 6.0 * 16.0, 2.0 * 6.0 * 6.0 * 4.0);
        assert_eq!(bytes("decoder: norm, GELU, residual", TrainedStage::Pretrain), 4.0 * (norms + gelu + residuals));
    }

    #[test]
    fn the_optimiser_moves_seven_arrays_of_all_parameters() {
        assert_eq!(bytes("optimiser", TrainedStage::Linprobe), 7.0 * 4.0 * 90.0);
    }
}
