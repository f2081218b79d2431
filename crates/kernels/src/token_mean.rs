//! The mean over the patch tokens of an image, without its class token: what a mean-pooling classifier sees.

use rayon::prelude::*;

use crate::profile::{Operation, time};
use crate::sums::add;

/// `out` [N, D] = the means over tokens 1 .. T of `x` [N, T, D]; `tokens` is T, `dim` is D.
///
/// # Panics
/// When the lengths disagree, or an image has no patch token.
pub fn forward(x: &[f32], tokens: usize, dim: usize, out: &mut [f32]) {
    let _timer = time(Operation::Tokens);
    check(x.len(), out.len(), tokens, dim);
    x.par_chunks_exact(tokens * dim).zip(out.par_chunks_exact_mut(dim)).for_each(|(x, out)| {
        let _timer = time(Operation::Tokens);
        out.fill(0.0);
        for row in x[dim..].chunks_exact(dim) {
            add(out, row);
        }
        let patches = (tokens - 1) as f32;
        out.iter_mut().for_each(|sum| *sum /= patches);
    });
}

/// The gradient of x, `dx` [N, T, D], from that of the means, `grad` [N, D]: zero at class tokens.
///
/// # Panics
/// As [`forward`].
pub fn backward(grad: &[f32], tokens: usize, dim: usize, dx: &mut [f32]) {
    let _timer = time(Operation::Tokens);
    check(dx.len(), grad.len(), tokens, dim);
    grad.par_chunks_exact(dim).zip(dx.par_chunks_exact_mut(tokens * dim)).for_each(|(grad, dx)| {
        let _timer = time(Operation::Tokens);
        let (class_token, patches) = dx.split_at_mut(dim);
        class_token.fill(0.0);
        let share = 1.0 / (tokens - 1) as f32;
        for row in patches.chunks_exact_mut(dim) {
            row.iter_mut().zip(grad).for_each(|(out, grad)| *out = grad * share);
        }
    });
}

fn check(x: usize, out: usize, tokens: usize, dim: usize) {
    assert!(
        tokens > 1 && dim > 0 && out.is_multiple_of(dim) && x == out * tokens,
        "x is [N, T, D] and the means [N, D]"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_leave_the_class_token_out_and_give_it_no_gradient() {
        let (tokens, dim) = (4, 3);
        let x: Vec<f32> = (0..2 * tokens * dim).map(|i| i as f32).collect();
        let mut out = [f32::NAN; 6];
        forward(&x, tokens, dim, &mut out);
        assert_eq!(out, [6.0, 7.0, 8.0, 18.0, 19.0, 20.0]);

        let mut dx = vec![f32::NAN; x.len()];
        backward(&[3.0, 6.0, 9.0, 0.0, -3.0, 3.0], tokens, dim, &mut dx);
        assert_eq!(dx[..6], [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(dx[12..18], [0.0, 0.0, 0.0, 0.0, -1.0, 1.0]);
        assert_eq!(dx[9..12], dx[3..6]);
    }

    #[test]
    fn no_images_are_no_work() {
        forward(&[], 5, 2, &mut []);
        backward(&[], 5, 2, &mut []);
    }

    #[test]
    #[should_panic(expected = "x is [N, T, D]")]
    fn an_image_of_a_class_token_alone_has_no_mean() {
        forward(&[0.0; 2], 1, 2, &mut [0.0; 2]);
    }
}
