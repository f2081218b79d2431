//! The fused operations against the composed ones, values and gradients, on the same input.

use std::sync::Arc;

use bmae_architecture::Precision;
use bmae_kernels::tokens::{Placement, Source};
use bmae_nn::ops;
use burn::tensor::Tensor;

use crate::tiny::*;

/// Values, and the gradients for every input under an output gradient that differs from place to place.
fn run<const D: usize>(inputs: &[(Vec<f32>, Vec<usize>)], op: impl Fn(Vec<Tensor<1>>) -> Tensor<D>) -> Vec<Vec<f32>> {
    let leaves: Vec<Tensor<1>> =
        inputs.iter().map(|(v, _)| tensor(v.clone(), [v.len()], &device()).require_grad()).collect();
    let out = op(leaves.clone());
    let dims = out.dims();
    let slope = tensor(uniform(dims.iter().product(), 500), dims, &device());
    let grads = (out.clone() * slope).sum().backward();
    let mut all = vec![values(out)];
    all.extend(leaves.iter().map(|leaf| values(leaf.grad(&grads).expect("every input has a gradient"))));
    all
}

#[track_caller]
fn assert_agree(got: Vec<Vec<f32>>, want: Vec<Vec<f32>>) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(&want) {
        assert_close(got, want, 2e-5);
    }
}

#[test]
fn gelu() {
    let input = [(uniform(3 * 37, 501).iter().map(|x| x * 5.0).collect(), vec![3, 37])];
    let fused = run(&input, |x| ops::gelu(x[0].clone().reshape([3, 37])));
    assert_agree(fused, run(&input, |x| ops::gelu::composed(x[0].clone().reshape([3, 37]))));
}

#[test]
fn layer_norm() {
    for ([rows, width], epsilon) in [([1, 4], 1e-6), ([7, 24], 1e-12), ([130, 64], 1e-2)] {
        let input =
            [(uniform(rows * width, 502), vec![]), (uniform(width, 503), vec![]), (uniform(width, 504), vec![])];
        let rows_of = |x: &[Tensor<1>]| x[0].clone().reshape([rows, width]);
        let fused = run(&input, |x| ops::layer_norm(rows_of(&x), x[1].clone(), x[2].clone(), epsilon));
        assert_agree(
            fused,
            run(&input, |x| ops::layer_norm::composed(rows_of(&x), x[1].clone(), x[2].clone(), epsilon)),
        );
    }
}

#[test]
fn attention() {
    for (images, tokens, dim, heads) in [(2, 5, 8, 2), (3, 17, 48, 3), (1, 65, 64, 4)] {
        let shape = [images * tokens, 3 * dim];
        let input = [(uniform(shape[0] * shape[1], 505).iter().map(|x| x * 2.0).collect(), shape.to_vec())];
        let fused = run(&input, |x| ops::attention(x[0].clone().reshape(shape), tokens, heads));
        assert_agree(fused, run(&input, |x| ops::attention::composed(x[0].clone().reshape(shape), tokens, heads)));
    }
}

#[test]
fn linear() {
    for [rows, inputs, outputs] in [[1, 3, 2], [40, 24, 17], [600, 48, 16]] {
        let input = [
            (uniform(rows * inputs, 511), vec![]),
            (uniform(outputs * inputs, 512), vec![]),
            (uniform(outputs, 513), vec![]),
        ];
        for precision in [Precision::F32, Precision::Bf16] {
            let of = |op: fn(Tensor<2>, Tensor<2>, Tensor<1>, Precision) -> Tensor<2>| {
                run(&input, |x| {
                    let (weight, bias) = (x[1].clone().reshape([outputs, inputs]), x[2].clone());
                    op(x[0].clone().reshape([rows, inputs]), weight, bias, precision)
                })
            };
            assert_agree(of(ops::linear), of(ops::linear::composed));
        }
    }
}

#[test]
fn place_tokens() {
    let places =
        vec![(Source::Token, 0), (Source::Row(2), 1), (Source::Token, 3), (Source::Row(0), 0), (Source::Token, 1)];
    let placement = Arc::new(Placement::new(places, 4, 5));
    let input = [(uniform(4 * 6, 514), vec![]), (uniform(6, 515), vec![]), (uniform(5 * 6, 516), vec![])];
    let parts = |x: &[Tensor<1>]| (x[0].clone().reshape([4, 6]), x[1].clone(), x[2].clone().reshape([5, 6]));
    let fused = run(&input, |x| {
        let (rows, token, positions) = parts(&x);
        ops::place_tokens(rows, token, positions, &placement)
    });
    let composed = run(&input, |x| {
        let (rows, token, positions) = parts(&x);
        ops::tokens::composed(rows, token, positions, &placement)
    });
    assert_agree(fused, composed);
}

#[test]
fn mean_squared_error() {
    for [rows, width] in [[1, 1], [7, 12], [400, 48]] {
        let input = [(uniform(rows * width, 517), vec![]), (uniform(rows * width, 518), vec![])];
        let two = |x: &[Tensor<1>]| (x[0].clone().reshape([rows, width]), x[1].clone().reshape([rows, width]));
        let fused = run(&input, |x| {
            let (prediction, target) = two(&x);
            ops::mean_squared_error(prediction, target)
        });
        let composed = run(&input, |x| {
            let (prediction, target) = two(&x);
            ops::squared_error::composed(prediction, target)
        });
        assert_agree(fused, composed);
    }
}

#[test]
fn mean_of_patch_tokens() {
    let input = [(uniform(3 * 5 * 7, 519), vec![])];
    let fused = run(&input, |x| ops::mean_of_patch_tokens(x[0].clone().reshape([15, 7]), 5));
    assert_agree(fused, run(&input, |x| ops::token_mean::composed(x[0].clone().reshape([15, 7]), 5)));
}

/// A block of 15 tokens, 5 an image, all of whose sizes are small.
struct SmallBlock {
    dim: usize,
    heads: usize,
    hidden: usize,
    selected: Option<ops::SelectedTokens>,
    branch_factors: Option<Arc<[Vec<f32>; 2]>>,
}

impl SmallBlock {
    /// All tokens, some of them, with factors on the branches, and both.
    fn kinds() -> [Self; 5] {
        let some = || Some(ops::SelectedTokens::new(vec![0, 3, 1, 2, 2, 4], 2));
        let factors = || Some(Arc::new([vec![1.25, 0.0, 1.25], vec![0.0, 2.0, 1.0]]));
        let of = |dim, heads, hidden, selected, branch_factors| Self { dim, heads, hidden, selected, branch_factors };
        [
            of(12, 3, 20, None, None),
            of(48, 3, 96, None, None),
            of(12, 3, 20, some(), None),
            of(16, 2, 32, None, factors()),
            of(16, 1, 64, some(), factors()),
        ]
    }

    /// Outputs and the gradients of x and the twelve parameters, by `operation`.
    fn run(
        &self,
        operation: fn(Tensor<2>, ops::BlockParameters, ops::BlockOptions) -> Tensor<2>,
        precision: Precision,
    ) -> Vec<Vec<f32>> {
        let (dim, hidden) = (self.dim, self.hidden);
        let of_attention = [3 * dim * dim, 3 * dim, dim * dim, dim];
        let of_mlp = [hidden * dim, hidden, dim * hidden, dim];
        let lengths = [vec![15 * dim, dim, dim], of_attention.to_vec(), vec![dim, dim], of_mlp.to_vec()].concat();
        let input: Vec<(Vec<f32>, Vec<usize>)> = lengths
            .iter()
            .enumerate()
            .map(|(i, &n)| (uniform(n, 520 + i as u64).iter().map(|x| x * 0.5).collect(), vec![]))
            .collect();
        run(&input, |x| {
            let two = |i: usize, rows: usize| x[i].clone().reshape([rows, x[i].dims()[0] / rows]);
            let norm = |i: usize| ops::WeightAndBias { weight: x[i].clone(), bias: x[i + 1].clone() };
            let linear = |i: usize, rows: usize| ops::WeightAndBias { weight: two(i, rows), bias: x[i + 1].clone() };
            let parameters = ops::BlockParameters {
                norm1: norm(1),
                qkv: linear(3, 3 * dim),
                proj: linear(5, dim),
                norm2: norm(7),
                fc1: linear(9, hidden),
                fc2: linear(11, dim),
            };
            let options = ops::BlockOptions {
                tokens: 5,
                heads: self.heads,
                norm_epsilon: 1e-3,
                precision,
                selected: self.selected.clone(),
                branch_factors: self.branch_factors.clone(),
            };
            operation(two(0, 15), parameters, options)
        })
    }
}

#[test]
fn block() {
    for block in SmallBlock::kinds() {
        let of = |operation| block.run(operation, Precision::F32);
        assert_agree(of(ops::block), of(ops::block::composed));
    }
}

/// In bfloat16 a factor whose last bits the two compute differently may round to the next number, 2^-8 of itself away.
/// That is rare: what they differ in is small beside what rounding every factor changes, in the root of the mean square.
#[test]
fn block_of_bf16() {
    for block in SmallBlock::kinds() {
        let fused = block.run(ops::block, Precision::Bf16);
        let composed = block.run(ops::block::composed, Precision::Bf16);
        let unrounded = block.run(ops::block, Precision::F32);
        for (place, ((fused, composed), unrounded)) in fused.iter().zip(&composed).zip(&unrounded).enumerate() {
            let [apart, changed] = [composed, unrounded].map(|other| root_mean_square_difference(fused, other));
            // What no rounding reaches agrees as in f32.
            assert!(apart <= 0.2 * changed + 1e-6, "tensor {place}: {apart:e} apart, {changed:e} by rounding");
        }
    }
}

fn root_mean_square_difference(one: &[f32], other: &[f32]) -> f64 {
    let squares = one.iter().zip(other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    (squares.sum::<f64>() / one.len() as f64).sqrt()
}

/// A view that is not contiguous must be read as what it shows.
#[test]
fn of_a_transposed_input() {
    let input = [(uniform(12 * 20, 506), vec![])];
    let turned = |x: &[Tensor<1>]| x[0].clone().reshape([20, 12]).transpose();
    let slope = uniform(20, 507);
    let ones = || tensor(slope.clone(), [20], &device());
    let fused = run(&input, |x| ops::gelu(ops::layer_norm(turned(&x), ones(), ones(), 1e-6)));
    assert_agree(
        fused,
        run(&input, |x| ops::gelu::composed(ops::layer_norm::composed(turned(&x), ones(), ones(), 1e-6))),
    );
}

/// A frozen weight gets no gradient, and the others still do.
#[test]
fn of_a_frozen_weight() {
    let weight = tensor(uniform(8, 508), [8], &device());
    let x = tensor(uniform(16, 509), [2, 8], &device()).require_grad();
    let bias = tensor(uniform(8, 510), [8], &device()).require_grad();
    let grads = ops::layer_norm(x.clone(), weight.clone(), bias.clone(), 1e-6).sum().backward();
    assert!(weight.grad(&grads).is_none());
    assert_close(&values(bias.grad(&grads).unwrap()), &[2.0; 8], 1e-6);
    assert_eq!(x.grad(&grads).unwrap().dims(), [2, 8]);
}

/// What is not trained gets no gradient: inputs of an embedding, fixed positions, targets.
#[test]
fn of_untracked_inputs() {
    let fixed = |n: usize, shape: [usize; 2], seed| tensor(uniform(n, seed), shape, &device());
    let weight = fixed(20, [4, 5], 530).require_grad();
    let bias = tensor(uniform(4, 531), [4], &device());
    let (patches, positions, target) = (fixed(15, [3, 5], 532), fixed(8, [2, 4], 533), fixed(8, [2, 4], 534));
    let token = tensor(uniform(4, 535), [4], &device());
    let placement = Arc::new(Placement::new(vec![(Source::Row(1), 1), (Source::Row(0), 0)], 3, 2));
    let rows = ops::linear(patches.clone(), weight.clone(), bias.clone(), Precision::F32);
    let placed = ops::place_tokens(rows, token.clone(), positions.clone(), &placement);
    let grads = ops::mean_squared_error(placed, target.clone()).backward();
    assert_eq!(weight.grad(&grads).expect("the one trained tensor").dims(), [4, 5]);
    assert!(patches.grad(&grads).is_none() && positions.grad(&grads).is_none() && target.grad(&grads).is_none());
    assert!(bias.grad(&grads).is_none() && token.grad(&grads).is_none());
}
