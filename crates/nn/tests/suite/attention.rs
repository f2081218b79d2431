use bmae_nn::ops;

use crate::tiny::*;

/// Attention as plain loops in f64 over one image: qkv [T, 3D], columns query, key, value, each split into heads.
fn reference(qkv: &[f32], tokens: usize, dim: usize, heads: usize) -> Vec<f32> {
    let head_dim = dim / heads;
    let at = |token: usize, part: usize, head: usize, i: usize| {
        f64::from(qkv[token * 3 * dim + part * dim + head * head_dim + i])
    };
    let mut out = vec![0.0; tokens * dim];
    for head in 0..heads {
        for t in 0..tokens {
            let scores: Vec<f64> = (0..tokens)
                .map(|s| {
                    (0..head_dim).map(|i| at(t, 0, head, i) * at(s, 1, head, i)).sum::<f64>() / (head_dim as f64).sqrt()
                })
                .collect();
            let total: f64 = scores.iter().map(|s| s.exp()).sum();
            for i in 0..head_dim {
                let sum: f64 =
                    scores.iter().enumerate().map(|(s, score)| score.exp() / total * at(s, 2, head, i)).sum();
                out[t * dim + head * head_dim + i] = sum as f32;
            }
        }
    }
    out
}

#[test]
fn attention_is_softmax_of_scaled_products_within_each_image_and_head() {
    for (images, tokens, dim, heads) in [(2, 5, 8, 2), (1, 1, 4, 1), (3, 17, 128, 4), (2, 65, 64, 4), (1, 10, 12, 3)] {
        let qkv: Vec<f32> = uniform(images * tokens * 3 * dim, 11).iter().map(|x| x * 3.0).collect();
        let want: Vec<f32> =
            qkv.chunks(tokens * 3 * dim).flat_map(|of_image| reference(of_image, tokens, dim, heads)).collect();
        for device in [device(), device().inner()] {
            let got = ops::attention(tensor(qkv.clone(), [images * tokens, 3 * dim], &device), tokens, heads);
            assert_close(&values(got), &want, 1e-5);
        }
    }
}

#[test]
fn layer_norm_has_the_biased_variance_and_epsilon_1e_6() {
    // Mean 2, biased variance 2/3; the second row is constant up to a thousandth, where epsilon tells.
    let rows = vec![1.0, 2.0, 3.0, 0.0, 0.0, 0.001];
    let scale = 1.0 / (2.0f32 / 3.0 + 1e-6).sqrt();
    let (mean, small) = (0.001 / 3.0, 1.0 / (0.001f32 * 0.001 * 2.0 / 9.0 + 1e-6).sqrt());
    let want = [
        -2.0 * scale + 1.0,
        1.0,
        0.5 * scale - 1.0,
        -2.0 * mean * small + 1.0,
        -mean * small * 1.0 + 1.0,
        0.5 * (0.001 - mean) * small - 1.0,
    ];
    for device in [device(), device().inner()] {
        let weight = tensor(vec![2.0, 1.0, 0.5], [3], &device);
        let bias = tensor(vec![1.0, 1.0, -1.0], [3], &device);
        let got = ops::layer_norm(tensor(rows.clone(), [2, 3], &device), weight, bias, 1e-6);
        assert_close(&values(got), &want, 1e-5);
    }
}

#[test]
fn gelu_is_the_exact_one() {
    // x Phi(x) from tables of the normal distribution; the tanh approximation is off by 1e-4 at 1 and by 5e-4 at -2.
    let x = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 10.0, -10.0];
    let want = [0.0, 0.841_344_8, -0.158_655_25, 1.954_499_7, -0.045_500_264, 2.995_950_3, 10.0, 0.0];
    for device in [device(), device().inner()] {
        assert_close(&values(ops::gelu(tensor(x.to_vec(), [8], &device))), &want, 1e-6);
    }
}
