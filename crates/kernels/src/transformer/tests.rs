use bmae_architecture::Precision;

use super::*;
use crate::block::{BlockSizes, Gradients, Linear, Norm, Parameters, SelectedTokens};

fn numbers(n: usize, seed: u32) -> Vec<f32> {
    (0..n as u32).map(|i| ((i + seed * 977).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

/// A block's twelve parameters, weights small enough that nothing saturates.
struct Owned {
    sizes: BlockSizes,
    values: [Vec<f32>; 12],
}

impl Owned {
    fn new(sizes: BlockSizes) -> Self {
        let BlockSizes { dim, hidden, .. } = sizes;
        let lengths =
            [dim, dim, 3 * dim * dim, 3 * dim, dim * dim, dim, dim, dim, hidden * dim, hidden, dim * hidden, dim];
        let mut values = std::array::from_fn(|i| numbers(lengths[i], i as u32));
        for norm in [0, 6] {
            values[norm].iter_mut().for_each(|weight| *weight = 1.0 + 0.3 * *weight);
        }
        for (weight, inputs) in [(2, dim), (4, dim), (8, dim), (10, hidden)] {
            values[weight].iter_mut().for_each(|weight| *weight *= 1.5 / (inputs as f32).sqrt());
        }
        Self { sizes, values }
    }

    fn block(&self) -> Block<'_> {
        let [n1w, n1b, qw, qb, pw, pb, n2w, n2b, f1w, f1b, f2w, f2b] = &self.values;
        let parameters = Parameters {
            norm1: Norm { weight: n1w, bias: n1b },
            qkv: Linear { weight: qw, bias: qb },
            proj: Linear { weight: pw, bias: pb },
            norm2: Norm { weight: n2w, bias: n2b },
            fc1: Linear { weight: f1w, bias: f1b },
            fc2: Linear { weight: f2w, bias: f2b },
        };
        Block::new(self.sizes, parameters, 1e-6)
    }
}

/// Everything of a case in f64.
#[derive(Clone)]
struct Reference {
    sizes: BlockSizes,
    values: [Vec<f64>; 12],
    x: Vec<f64>,
    selected: Vec<Vec<usize>>,
    factors: [Vec<f64>; 2],
}

impl Reference {
    /// The block by plain loops.
    fn forward(&self) -> Vec<f64> {
        let BlockSizes { tokens, dim, heads, hidden } = self.sizes;
        let [n1w, n1b, qw, qb, pw, pb, n2w, n2b, f1w, f1b, f2w, f2b] = &self.values;
        let head_dim = dim / heads;
        let mut out = Vec::new();
        for (image, selected) in self.selected.iter().enumerate() {
            let x: Vec<&[f64]> = self.x[image * tokens * dim..(image + 1) * tokens * dim].chunks(dim).collect();
            let qkv: Vec<Vec<f64>> = x.iter().map(|x| linear(&norm(x, n1w, n1b), qw, qb)).collect();
            for &t in selected {
                let mut attended = vec![0.0; dim];
                for head in 0..heads {
                    let at = |t: usize, part: usize, i: usize| qkv[t][part * dim + head * head_dim + i];
                    let score = |s: usize| {
                        (0..head_dim).map(|i| at(t, 0, i) * at(s, 1, i)).sum::<f64>() / (head_dim as f64).sqrt()
                    };
                    let e: Vec<f64> = (0..tokens).map(|s| score(s).exp()).collect();
                    let total: f64 = e.iter().sum();
                    for i in 0..head_dim {
                        attended[head * head_dim + i] = (0..tokens).map(|s| e[s] / total * at(s, 2, i)).sum();
                    }
                }
                let middle = plus(x[t], &linear(&attended, pw, pb), self.factors[0][image]);
                let h: Vec<f64> = linear(&norm(&middle, n2w, n2b), f1w, f1b).into_iter().map(gelu).collect();
                assert_eq!(h.len(), hidden);
                out.extend(plus(&middle, &linear(&h, f2w, f2b), self.factors[1][image]));
            }
        }
        out
    }

    /// The derivative of sum(out * grad) by a number of this case, by central differences.
    fn derivative(&self, grad: &[f32], number: impl Fn(&mut Self) -> &mut f64) -> f64 {
        let loss = |step: f64| {
            let mut moved = self.clone();
            *number(&mut moved) += step;
            moved.forward().iter().zip(grad).map(|(out, &grad)| out * f64::from(grad)).sum::<f64>()
        };
        (loss(1e-5) - loss(-1e-5)) / 2e-5
    }
}

fn norm(x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    x.iter().zip(weight).zip(bias).map(|((x, w), b)| (x - mean) / (variance + 1e-6).sqrt() * w + b).collect()
}

fn linear(x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    weight.chunks(x.len()).zip(bias).map(|(row, b)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + b).collect()
}

fn plus(residual: &[f64], branch: &[f64], factor: f64) -> Vec<f64> {
    residual.iter().zip(branch).map(|(a, b)| a + factor * b).collect()
}

/// x Phi(x), Phi by Simpson's rule.
fn gelu(x: f64) -> f64 {
    let h = x / 200.0;
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let inner: f64 = (1..200).map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * density(h * f64::from(i))).sum();
    x * (0.5 + h / 3.0 * (density(0.0) + inner + density(x)))
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Compares one case, forward and backward, with the reference.
fn check(sizes: BlockSizes, images: usize, selected: Option<(&[u32], usize)>, factors: Option<[&[f32]; 2]>) {
    let owned = Owned::new(sizes);
    let x = numbers(images * sizes.tokens * sizes.dim, 40);
    let mut block = owned.block();
    if let Some((tokens, per_image)) = selected {
        block = block.for_tokens(SelectedTokens { tokens, per_image });
    }
    if let Some(factors) = factors {
        block = block.with_branch_factors(factors);
    }
    let all: Vec<u32> = (0..images * sizes.tokens).map(|row| (row % sizes.tokens) as u32).collect();
    let (tokens, each) = selected.unwrap_or((&all, sizes.tokens));
    let ones = vec![1.0; images];
    let reference = Reference {
        sizes,
        values: owned.values.each_ref().map(|values| doubles(values)),
        x: doubles(&x),
        selected: tokens.chunks(each).map(|tokens| tokens.iter().map(|&token| token as usize).collect()).collect(),
        factors: factors.unwrap_or([&ones, &ones]).map(doubles),
    };
    let what = format!("{sizes:?}, {images} images, {selected:?}, {factors:?}");
    let close = |found: f32, expected: f64, place: &str| {
        assert!(
            (f64::from(found) - expected).abs() < 2e-5 * expected.abs().max(1.0),
            "{place}: {found}, not {expected}; {what}"
        );
    };

    let expected = reference.forward();
    let mut out = vec![f32::NAN; expected.len()];
    forward(&[block], &x, &mut out);
    out.iter().zip(&expected).for_each(|(&found, &expected)| close(found, expected, "out"));
    let mut again = vec![f32::NAN; expected.len()];
    let saved = forward_saving(&[block], &x, &mut again);
    assert_eq!(out, again, "saving changes nothing; {what}");

    let grad = numbers(out.len(), 50);
    let mut dx = vec![f32::NAN; x.len()];
    let [gradients] = backward(&[block], &x, saved, &grad, &mut dx).try_into().expect("one block");
    for i in (0..x.len()).step_by(1 + x.len() / 40) {
        close(dx[i], reference.derivative(&grad, |case| &mut case.x[i]), &format!("dx {i}"));
    }
    let Gradients { norm1, qkv, proj, norm2, fc1, fc2 } = gradients;
    for (number, found) in [norm1, qkv, proj, norm2, fc1, fc2].as_flattened().iter().enumerate() {
        assert_eq!(found.len(), owned.values[number].len());
        for i in (0..found.len()).step_by(1 + found.len() / 12) {
            let expected = reference.derivative(&grad, |case| &mut case.values[number][i]);
            close(found[i], expected, &format!("parameter {number}, {i}"));
        }
    }
}

const SMALL: BlockSizes = BlockSizes { tokens: 5, dim: 12, heads: 3, hidden: 20 };

#[test]
fn a_block_and_its_gradients_agree_with_plain_loops_and_differences() {
    check(SMALL, 3, None, None);
    check(BlockSizes { tokens: 1, dim: 4, heads: 1, hidden: 4 }, 1, None, None);
    check(BlockSizes { tokens: 3, dim: 32, heads: 2, hidden: 48 }, 2, None, None);
    check(BlockSizes { tokens: 17, dim: 8, heads: 2, hidden: 8 }, 9, None, None);
}

#[test]
fn some_tokens_alone_have_the_outputs_and_gradients_of_all() {
    check(SMALL, 2, Some((&[1, 4, 0, 2], 2)), None);
    check(SMALL, 3, Some((&[0, 0, 0], 1)), None);
}

#[test]
fn branches_are_multiplied_by_their_factors() {
    check(SMALL, 3, None, Some([&[1.25, 0.0, 1.25], &[0.0, 1.25, 1.25]]));
    check(SMALL, 2, Some((&[1, 4, 0, 2], 2)), Some([&[2.0, 0.0], &[0.5, 1.0]]));
}

/// Passes of three blocks in `precision`: outputs, dx, and the gradients of the second block.
fn three_blocks(precision: Precision) -> Vec<Vec<f32>> {
    let sizes = BlockSizes { tokens: 17, dim: 36, heads: 3, hidden: 72 };
    let owned: [Owned; 3] = std::array::from_fn(|_| Owned::new(sizes));
    let blocks = owned.each_ref().map(|owned| owned.block().with_precision(precision));
    let (x, grad) = (numbers(40 * 17 * 36, 80), numbers(40 * 17 * 36, 81));
    let (mut out, mut dx) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
    let saved = forward_saving(&blocks, &x, &mut out);
    let [_, gradients, _] = backward(&blocks, &x, saved, &grad, &mut dx).try_into().expect("three blocks");
    let Gradients { norm1, qkv, proj, norm2, fc1, fc2 } = gradients;
    let of_parameters = [norm1, qkv, proj, norm2, fc1, fc2].into_iter().flatten().map(|values| values.to_vec());
    [out, dx].into_iter().chain(of_parameters).collect()
}

#[test]
fn blocks_one_after_the_other_are_one_operation_with_the_bits_of_many() {
    let sizes = BlockSizes { tokens: 5, dim: 12, heads: 3, hidden: 20 };
    let owned = [Owned::new(sizes), Owned::new(sizes)];
    let [first, second] = owned.each_ref().map(Owned::block);
    let second = second.for_tokens(SelectedTokens { tokens: &[1, 4, 0, 2, 3, 4], per_image: 2 });
    let (x, grad) = (numbers(3 * 60, 82), numbers(3 * 24, 83));
    let (mut between, mut out, mut dx) = (vec![f32::NAN; x.len()], vec![f32::NAN; 72], vec![f32::NAN; x.len()]);
    let saved = [forward_saving(&[first], &x, &mut between), forward_saving(&[second], &between, &mut out)];
    let [of_first, of_second] = saved;
    let mut dbetween = vec![f32::NAN; x.len()];
    let second_gradients = backward(&[second], &between, of_second, &grad, &mut dbetween);
    let first_gradients = backward(&[first], &x, of_first, &dbetween, &mut dx);

    let (mut out_of_both, mut dx_of_both) = (vec![f32::NAN; 72], vec![f32::NAN; x.len()]);
    let saved = forward_saving(&[first, second], &x, &mut out_of_both);
    let gradients = backward(&[first, second], &x, saved, &grad, &mut dx_of_both);
    assert_eq!((&out, &dx), (&out_of_both, &dx_of_both));
    assert_eq!(gradients, first_gradients.into_iter().chain(second_gradients).collect::<Vec<_>>());
}

#[test]
fn in_bfloat16_every_result_differs_from_that_in_f32_by_rounding() {
    let root_mean_square = |values: &[f32]| {
        (values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    };
    for (number, (rounded, exact)) in three_blocks(Precision::Bf16).iter().zip(three_blocks(Precision::F32)).enumerate()
    {
        let apart: Vec<f32> = rounded.iter().zip(&exact).map(|(a, b)| a - b).collect();
        let share = root_mean_square(&apart) / root_mean_square(&exact);
        // A factor is rounded by 2^-9 of itself at most; dozens of layers add up.
        assert!(share > 1e-4 && share < 3e-2, "result {number}: {share}");
    }
}

#[test]
fn the_keys_bias_has_no_gradient() {
    let owned = Owned::new(SMALL);
    let x = numbers(3 * 60, 60);
    let mut out = vec![0.0; x.len()];
    let saved = forward_saving(&[owned.block()], &x, &mut out);
    let gradients = backward(&[owned.block()], &x, saved, &numbers(x.len(), 61), &mut out);
    assert_eq!(gradients[0].qkv[1][12..24], [0.0; 12]);
    assert!(gradients[0].qkv[1][..12].iter().chain(&gradients[0].qkv[1][24..]).all(|value| *value != 0.0));
}

#[test]
fn one_thread_and_three_give_the_same_bits() {
    let sizes = BlockSizes { tokens: 17, dim: 32, heads: 2, hidden: 64 };
    let owned = Owned::new(sizes);
    let (x, grad) = (numbers(40 * 17 * 32, 70), numbers(40 * 17 * 32, 71));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let (mut out, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            let saved = forward_saving(&[owned.block()], &x, &mut out);
            let gradients = backward(&[owned.block()], &x, saved, &grad, &mut dx);
            (out, dx, gradients)
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn no_images_are_no_work() {
    let owned = Owned::new(SMALL);
    forward(&[owned.block()], &[], &mut []);
    let saved = forward_saving(&[owned.block()], &[], &mut []);
    let gradients = backward(&[owned.block()], &[], saved, &[], &mut []);
    assert_eq!(*gradients[0].fc1[0], [0.0; 240]);
}
