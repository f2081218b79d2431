//! What one step computes, from the sizes alone: multiply-adds of the matrix products and bytes, by part of the model.
//!
//! Multiply-adds. A Linear from `a` to `b` values takes R a b of them for R rows; attention takes 2 R T D (T tokens, width D:
//! queries by keys, and probabilities by values). A backward pass takes each product twice, once for the gradient of either
//! factor; the patch embedding and a probe's head, whose input needs no gradient, take theirs once. Target encoders and a
//! probe's encoder go forward only. The encoder of a pre-training sees the kept patches and the class token, the decoder all.
//! What a backward pass computes a second time to save memory is not counted: it is no progress.
//!
//! Bytes. Every operation reads its operands and writes its result once, in single precision: what flows where each goes by
//! itself. Operations that are fused move less; how much less is the gain of fusing them.

use crate::recipe::Recipe;
use crate::recipe::TrainedStage;

const FLOAT: f64 = 4.0;
/// The decoder's MLP is so many times as wide as its tokens.
const DECODER_MLP: usize = 4;
/// Whether the count knows that the last block of decoder, targets and probe computes only the tokens whose output is read. It
/// does not yet: counts are a little high.
const LAST_BLOCK_ONLY_WHERE_READ: bool = false;

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
        let patches = recipe.model.patches(recipe.data.image_size);
        let pixels = 3 * recipe.model.patch_size * recipe.model.patch_size;
        let dim = recipe.model.encoder.dim;
        let encoder = |tokens, read, passes| Blocks {
            images: batch,
            tokens,
            read,
            dim,
            hidden: (dim as f64 * recipe.model.encoder.mlp_ratio) as usize,
            depth: recipe.model.encoder.depth,
            passes,
        };
        let mut work = Self { parts: Vec::new() };
        match stage {
            TrainedStage::Pretrain => {
                let kept = (patches as f64 * (1.0 - recipe.pretrain.mask_ratio)) as usize;
                let masked = patches - kept;
                work.linear("patch embedding", batch * kept, pixels, dim, Passes::First);
                let student = encoder(1 + kept, 1 + kept, Passes::Trained);
                work.blocks(["encoder: linear", "encoder: attention", "encoder: norm, GELU, residual"], student);

                let width = recipe.model.decoder.dim;
                let decoder = Blocks {
                    tokens: 1 + patches,
                    read: masked,
                    dim: width,
                    hidden: DECODER_MLP * width,
                    depth: recipe.model.decoder.depth,
                    ..student
                };
                work.linear("decoder embedding", batch * (1 + kept), dim, width, Passes::Trained);
                work.blocks(["decoder: linear", "decoder: attention", "decoder: norm, GELU, residual"], decoder);

                let targets = recipe.method.targets.len();
                let predicted = if targets > 0 { dim } else { pixels };
                work.linear("heads", batch * masked, width, predicted, Passes::Trained);
                if targets > 0 && recipe.method.pixel_weight > 0.0 {
                    work.linear("heads", batch * masked, width, pixels, Passes::Trained);
                }
                for _ in 0..targets {
                    work.linear("targets: patch embedding", batch * patches, pixels, dim, Passes::Frozen);
                    let target = encoder(1 + patches, masked, Passes::Frozen);
                    work.blocks(["targets: linear", "targets: attention", "targets: norm, GELU, residual"], target);
                }
                let head = predicted * (width + 1);
                let parameters = student.parameters(pixels) + decoder.parameters(dim) + head;
                work.optimiser(parameters);
            }
            TrainedStage::Finetune => {
                work.linear("patch embedding", batch * patches, pixels, dim, Passes::First);
                let student = encoder(1 + patches, 1 + patches, Passes::Trained);
                work.blocks(["encoder: linear", "encoder: attention", "encoder: norm, GELU, residual"], student);
                work.linear("heads", batch, dim, classes, Passes::Trained);
                work.optimiser(student.parameters(pixels) + classes * (dim + 1));
            }
            TrainedStage::Linprobe => {
                work.linear("patch embedding", batch * patches, pixels, dim, Passes::Frozen);
                let frozen = encoder(1 + patches, 1, Passes::Frozen);
                work.blocks(["encoder: linear", "encoder: attention", "encoder: norm, GELU, residual"], frozen);
                work.linear("heads", batch, dim, classes, Passes::First);
                work.optimiser(classes * (dim + 1));
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

    /// Under the names of their Linears, their attention, and everything else in them.
    fn blocks(&mut self, names: [&'static str; 3], blocks: Blocks) {
        let Blocks { images, tokens, dim, hidden, depth, passes, .. } = blocks;
        let [linear, attention, elementwise] = names;
        for block in 0..depth {
            let last = LAST_BLOCK_ONLY_WHERE_READ && block + 1 == depth;
            let rows = images * tokens;
            let read = if last { images * blocks.read } else { rows };
            self.linear(linear, read, dim, dim, passes);
            self.linear(linear, rows, dim, 2 * dim, passes);
            self.linear(linear, read, dim, dim, passes);
            self.linear(linear, read, dim, hidden, passes);
            self.linear(linear, read, hidden, dim, passes);

            let [rows, read, tokens, dim, hidden] = [rows, read, tokens, dim, hidden].map(|size| size as f64);
            let backward = passes != Passes::Frozen;
            // Forward reads q, k, v and writes the output; backward reads those and a gradient, and writes three.
            let values = (2.0 * rows + 2.0 * read) * dim + if backward { (4.0 * rows + 3.0 * read) * dim } else { 0.0 };
            self.add(attention, passes.products() * 2.0 * read * tokens * dim, values);
            // Norms read and write; backward they read x and a gradient and write one. So does the GELU. A sum reads two
            // arrays and writes one, in either direction.
            let norms = (rows + read) * dim * if backward { 5.0 } else { 2.0 };
            let gelu = read * hidden * if backward { 5.0 } else { 2.0 };
            let sums = 2.0 * read * dim * if backward { 6.0 } else { 3.0 };
            self.add(elementwise, 0.0, norms + gelu + sums);
        }
    }

    /// Parameter, gradient and both moments are read, all but the gradient written.
    fn optimiser(&mut self, parameters: usize) {
        self.add("optimiser", 0.0, 7.0 * parameters as f64);
    }
}

impl Blocks {
    /// Parameters of the blocks, a final norm, one token, and an embedding of `inputs` values.
    fn parameters(&self, inputs: usize) -> usize {
        let Self { dim, hidden, depth, .. } = *self;
        depth * (4 * dim * dim + 2 * dim * hidden + 9 * dim + hidden) + 2 * dim + dim + dim * (inputs + 1)
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

    #[test]
    fn a_step_on_pixels_counts_forward_once_and_backward_twice() {
        let encoder = 2.0 * block(9.0, 3.0, 8.0);
        let decoder = block(15.0, 5.0, 4.0) + 9.0 * 8.0 * 4.0 + 6.0 * 4.0 * 12.0;
        let expected = 3.0 * (encoder + decoder) + 2.0 * 6.0 * 12.0 * 8.0;
        assert_eq!(multiply_adds("{ name = 'mae' }", TrainedStage::Pretrain), expected);
    }

    #[test]
    fn every_target_adds_an_encoder_on_all_tokens_forward_only_and_the_head_predicts_its_width() {
        let pixels = multiply_adds("{ name = 'mae' }", TrainedStage::Pretrain);
        let heads = 3.0 * 6.0 * 4.0 * (8.0 - 12.0);
        let target = 2.0 * block(15.0, 5.0, 8.0) + 12.0 * 12.0 * 8.0;
        assert_eq!(multiply_adds("{ name = 'mae-k', k = 1 }", TrainedStage::Pretrain), pixels + heads + target);
        assert_eq!(multiply_adds("{ name = 'mae-new', k = 1 }", TrainedStage::Pretrain), pixels + heads + 2.0 * target);
    }

    #[test]
    fn fine_tuning_trains_the_encoder_on_all_tokens_and_the_probe_goes_through_it_forward() {
        let (encoder, embedding, head) = (2.0 * block(15.0, 5.0, 8.0), 12.0 * 12.0 * 8.0, 3.0 * 8.0 * 10.0);
        let method = "{ name = 'mae' }";
        assert_eq!(multiply_adds(method, TrainedStage::Finetune), 3.0 * (encoder + head) + 2.0 * embedding);
        assert_eq!(multiply_adds(method, TrainedStage::Linprobe), encoder + embedding + 2.0 * head);
    }

    #[test]
    fn the_optimiser_moves_seven_arrays_of_all_parameters() {
        let work = Work::of(&recipe("{ name = 'mae' }"), TrainedStage::Linprobe, 3, 10);
        let optimiser = work.parts.iter().find(|part| part.name == "optimiser").expect("it is there");
        assert_eq!(optimiser.bytes, 7.0 * 4.0 * 90.0);
    }
}
