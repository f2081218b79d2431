//! Products of numbers rounded to bfloat16: by the fused and by the composed operation, against plain loops.

use bmae_architecture::{Autoencoder, Precision, Transformer};
use bmae_nn::vit::Block;
use bmae_nn::{Classifier, Encoder, EncoderInit, HeadInit, Linear, MaskedAutoencoder, Pooling, ops};
use burn::module::Module;
use burn::tensor::Tensor;

use crate::tiny::*;

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::Bf16];

type LinearOperation = fn(Tensor<2>, Tensor<2>, Tensor<1>, Precision) -> Tensor<2>;
const BOTH: [(&str, LinearOperation); 2] = [("fused", ops::linear), ("composed", ops::linear::composed)];

/// `value` with 8 significant bits, ties to even; for what is neither tiny nor huge.
fn rounded(value: f32) -> f32 {
    if value == 0.0 {
        return 0.0;
    }
    let value = f64::from(value);
    let step = 2f64.powf(value.abs().log2().floor() - 7.0);
    ((value / step).round_ties_even() * step) as f32
}

/// Outputs [R, out], and the gradients of x [R, in], weight [out, in] and bias `[out]` under the gradient `grad`
/// [R, out] of the outputs.
struct Passes {
    outputs: Vec<f32>,
    gradients: [Vec<f32>; 3],
}

struct Given {
    sizes: [usize; 3],
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    grad: Vec<f32>,
}

impl Given {
    fn drawn(sizes: [usize; 3], change: fn(f32) -> f32) -> Self {
        let [rows, inputs, outputs] = sizes;
        let drawn = |n: usize, seed: u64| uniform(n, seed).into_iter().map(change).collect();
        let (x, weight) = (drawn(rows * inputs, 601), drawn(outputs * inputs, 602));
        Self { sizes, x, weight, bias: drawn(outputs, 603), grad: drawn(rows * outputs, 604) }
    }

    fn by(&self, operation: LinearOperation, precision: Precision) -> Passes {
        let [rows, inputs, outputs] = self.sizes;
        let x = tensor(self.x.clone(), [rows, inputs], &device()).require_grad();
        let weight = tensor(self.weight.clone(), [outputs, inputs], &device()).require_grad();
        let bias = tensor(self.bias.clone(), [outputs], &device()).require_grad();
        let out = operation(x.clone(), weight.clone(), bias.clone(), precision);
        let grads = (out.clone() * tensor(self.grad.clone(), [rows, outputs], &device())).sum().backward();
        let of = |gradient: Option<Tensor<2>>| values(gradient.expect("a gradient"));
        let of_bias = values(bias.grad(&grads).expect("a gradient"));
        Passes { outputs: values(out), gradients: [of(x.grad(&grads)), of(weight.grad(&grads)), of_bias] }
    }

    /// By plain loops in double precision, of factors that `round` has changed.
    fn by_loops(&self, round: fn(f32) -> f32) -> Passes {
        let [rows, inputs, outputs] = self.sizes;
        let factors = |values: &[f32]| values.iter().map(|&value| f64::from(round(value))).collect::<Vec<f64>>();
        let (x, weight, grad) = (factors(&self.x), factors(&self.weight), factors(&self.grad));
        let sums = |m: usize, n: usize, sum: &dyn Fn(usize, usize) -> f64| {
            (0..m * n).map(|place| sum(place / n, place % n) as f32).collect::<Vec<f32>>()
        };
        let output = |r: usize, o: usize| {
            (0..inputs).map(|i| x[r * inputs + i] * weight[o * inputs + i]).sum::<f64>() + f64::from(self.bias[o])
        };
        let of_x = |r: usize, i: usize| (0..outputs).map(|o| grad[r * outputs + o] * weight[o * inputs + i]).sum();
        let of_weight = |o: usize, i: usize| (0..rows).map(|r| grad[r * outputs + o] * x[r * inputs + i]).sum();
        // No product, so nothing is rounded.
        let of_bias = |_: usize, o: usize| (0..rows).map(|r| f64::from(self.grad[r * outputs + o])).sum();
        Passes {
            outputs: sums(rows, outputs, &output),
            gradients: [sums(rows, inputs, &of_x), sums(outputs, inputs, &of_weight), sums(1, outputs, &of_bias)],
        }
    }
}

#[track_caller]
fn assert_same(found: &Passes, expected: &Passes, tolerance: f32) {
    assert_close(&found.outputs, &expected.outputs, tolerance);
    for (found, expected) in found.gradients.iter().zip(&expected.gradients) {
        assert_close(found, expected, tolerance);
    }
}

const SIZES_OF_LINEARS: [[usize; 3]; 4] = [[1, 1, 1], [5, 7, 19], [40, 48, 20], [300, 20, 33]];

#[test]
fn bf16_multiplies_rounded_factors_in_both_passes_and_adds_up_unrounded_in_f32() {
    for sizes in SIZES_OF_LINEARS {
        let given = Given::drawn(sizes, |value| value);
        for (_, operation) in BOTH {
            // Roundings of single precision, one a term.
            let tolerance = 3e-7 * sizes.into_iter().max().map_or(8.0, |terms| terms.max(8) as f32);
            assert_same(&given.by(operation, Precision::Bf16), &given.by_loops(rounded), tolerance);
        }
    }
}

#[test]
fn factors_that_are_bfloat16_numbers_already_give_what_f32_gives() {
    for sizes in SIZES_OF_LINEARS {
        let given = Given::drawn(sizes, rounded);
        for (_, operation) in BOTH {
            assert_same(&given.by(operation, Precision::Bf16), &given.by(operation, Precision::F32), 1e-6);
        }
    }
}

#[test]
fn numbers_are_rounded_to_the_nearest_bfloat16_and_halfway_to_the_even_one() {
    let numbers = [
        (1.0, 1.0),
        (1.0 + 1.0 / 256.0, 1.0),
        (1.0 + 3.0 / 256.0, 1.0 + 4.0 / 256.0),
        (-(1.0 + 1.1 / 256.0), -(1.0 + 2.0 / 256.0)),
        (255.5, 256.0),
        (1e-30, 9.984_021e-31),
        (3.0e38, 3.0040553e+38),
        (0.0, 0.0),
    ];
    let given: Vec<f32> = numbers.iter().map(|(given, _)| *given).collect();
    for (path, operation) in BOTH {
        let x = tensor(given.clone(), [numbers.len(), 1], &device().inner());
        let one = tensor(vec![1.0], [1, 1], &device().inner());
        let found = values(operation(x, one, tensor(vec![0.0], [1], &device().inner()), Precision::Bf16));
        for (found, (given, expected)) in found.iter().zip(numbers) {
            assert_eq!(*found, expected, "{given} by the {path} operation");
        }
    }
}

/// The linear layers of a block.
fn of_block(block: &Block) -> [&Linear; 4] {
    [&block.attn.qkv, &block.attn.proj, &block.mlp.fc1, &block.mlp.fc2]
}

#[test]
fn every_linear_layer_of_a_model_multiplies_in_the_precision_of_its_sizes_and_so_does_a_copy() {
    for precision in PRECISIONS {
        let Autoencoder { grid, encoder, decoder } = SIZES;
        let sizes = Autoencoder {
            encoder: Transformer { precision, ..encoder },
            decoder: Transformer { precision, ..decoder },
            grid,
        };
        let model = MaskedAutoencoder::init(&sizes, &mut rng(611), &device()).expect("sizes that can be");
        for model in [model.valid(), model] {
            assert_eq!([model.encoder.precision(), model.encoder.patch_embed.precision()], [precision; 2]);
            let blocks = model.encoder.blocks.iter().chain(&model.decoder.blocks).flat_map(of_block);
            for linear in blocks.chain([&model.decoder.embed, &model.pred]) {
                assert_eq!(linear.precision(), precision);
            }
        }
        let encoder = Encoder::init(grid, sizes.encoder, EncoderInit::Timm, &mut rng(612), &device()).expect("sizes");
        let classifier = Classifier::init(encoder, 3, Pooling::Mean, HeadInit::FINETUNE, &mut rng(613));
        assert_eq!([classifier.head.precision(), classifier.encoder.precision()], [precision; 2]);
    }
}

/// Of the whole model: what it gives in bfloat16 is not what it gives in f32, and near it.
#[test]
fn a_model_in_bf16_predicts_nearly_what_it_predicts_in_f32() {
    let predicted = PRECISIONS.map(|precision| {
        let of = |part: Transformer| Transformer { precision, ..part };
        let sizes = Autoencoder { encoder: of(SIZES.encoder), decoder: of(SIZES.decoder), grid: SIZES.grid };
        let model = MaskedAutoencoder::init(&sizes, &mut rng(614), &device()).expect("sizes that can be");
        let masking = masking(2, 615);
        let latent = model.encoder.forward_masked(&patches(2, 616), &masking).expect("patches of the masking");
        values(model.predict_masked(latent, &masking))
    });
    assert_close(&predicted[1], &predicted[0], 3e-2);
    let apart = predicted[0].iter().zip(&predicted[1]).filter(|(a, b)| a != b).count();
    assert!(apart > predicted[0].len() / 2, "{apart} of {} differ", predicted[0].len());
}
