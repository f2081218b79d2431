//! A Linear by itself, x W^T + b: embeddings and heads, whatever stands outside a [`block`](crate::block).

use bmae_architecture::Precision;

use crate::pool::Buffer;
use crate::product::{PackedMatrix, WeightGradient, product_on_all_threads, weight_gradients};
use crate::profile::{Operation, time};
use crate::sums::column_sums;

/// `out` [R, out] = `x` [R, in] times the transpose of `weight` [out, in], plus `bias` `[out]`.
///
/// # Panics
/// When the lengths disagree.
pub fn forward(x: &[f32], weight: &[f32], bias: &[f32], precision: Precision, out: &mut [f32]) {
    let _timer = time(Operation::Linear);
    let (inputs, outputs) = sizes(weight, bias.len());
    assert_eq!(x.len() * outputs, out.len() * inputs, "x is [R, in] and the output [R, out]");
    let packed = PackedMatrix::transposed(weight, outputs, inputs, precision);
    product_on_all_threads(Operation::Linear, x, &packed, Some(bias), out);
}

/// The gradient of the inputs, `dx` [R, in], from that of the outputs, `grad` [R, out]; `outputs` is out, of `weight`
/// [out, in].
///
/// # Panics
/// When the lengths disagree.
pub fn backward_input(grad: &[f32], weight: &[f32], outputs: usize, precision: Precision, dx: &mut [f32]) {
    let _timer = time(Operation::LinearInput);
    let (inputs, outputs) = sizes(weight, outputs);
    assert_eq!(dx.len() * outputs, grad.len() * inputs, "dx is [R, in] and the gradient [R, out]");
    let packed = PackedMatrix::new(weight, outputs, inputs, precision);
    product_on_all_threads(Operation::LinearInput, grad, &packed, None, dx);
}

/// The gradients of the weight [out, in] and of the bias `[out]` from that of the outputs, `grad` [R, out], and `x`
/// [R, in].
///
/// # Panics
/// When the lengths disagree, or a size is 0.
pub fn backward_weights(x: &[f32], grad: &[f32], inputs: usize, outputs: usize, precision: Precision) -> [Buffer; 2] {
    let _timer = time(Operation::LinearWeights);
    let mut weight = Buffer::uninitialised(outputs * inputs);
    let gradient = WeightGradient { outputs: grad, inputs: x, gradient: &mut weight, rows: outputs, columns: inputs };
    weight_gradients(vec![gradient], precision);
    [weight, column_sums(grad, outputs)]
}

/// Inputs and outputs.
fn sizes(weight: &[f32], outputs: usize) -> (usize, usize) {
    assert!(outputs > 0 && !weight.is_empty() && weight.len().is_multiple_of(outputs), "the weight is [out, in]");
    (weight.len() / outputs, outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + seed * 11) % 101) as f32 * 0.02 - 1.0).collect()
    }

    #[test]
    fn outputs_and_gradients_are_those_of_plain_loops() {
        for (rows, inputs, outputs) in [(0, 3, 2), (1, 1, 1), (5, 7, 19), (259, 48, 20), (600, 10, 50)] {
            let (x, weight, bias) = (numbers(rows * inputs, 1), numbers(outputs * inputs, 2), numbers(outputs, 3));
            let grad = numbers(rows * outputs, 4);
            let (mut out, mut dx) = (vec![f32::NAN; rows * outputs], vec![f32::NAN; rows * inputs]);
            forward(&x, &weight, &bias, Precision::F32, &mut out);
            backward_input(&grad, &weight, outputs, Precision::F32, &mut dx);
            let [dw, db] = backward_weights(&x, &grad, inputs, outputs, Precision::F32);
            // Roundings of single precision, one a term.
            let close = |found: f32, expected: f64, terms: usize, what: &str| {
                let error = (f64::from(found) - expected).abs();
                assert!(
                    error <= 3e-7 * terms.max(8) as f64,
                    "{what} of {rows}x{inputs}x{outputs}: {found}, not {expected}"
                );
            };
            let at = |values: &[f32], i: usize| f64::from(values[i]);
            for r in 0..rows {
                for o in 0..outputs {
                    let sum: f64 = (0..inputs).map(|i| at(&x, r * inputs + i) * at(&weight, o * inputs + i)).sum();
                    close(out[r * outputs + o], sum + at(&bias, o), inputs, "output");
                }
                for i in 0..inputs {
                    let sum = (0..outputs).map(|o| at(&grad, r * outputs + o) * at(&weight, o * inputs + i)).sum();
                    close(dx[r * inputs + i], sum, outputs, "dx");
                }
            }
            for o in 0..outputs {
                close(db[o], (0..rows).map(|r| at(&grad, r * outputs + o)).sum(), rows, "db");
                for i in 0..inputs {
                    let sum = (0..rows).map(|r| at(&grad, r * outputs + o) * at(&x, r * inputs + i)).sum();
                    close(dw[o * inputs + i], sum, rows, "dw");
                }
            }
        }
    }

    #[test]
    fn one_thread_and_three_give_the_same_bits() {
        let (x, weight, grad) = (numbers(700 * 30, 5), numbers(20 * 30, 6), numbers(700 * 20, 7));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let (mut out, mut dx) = (vec![0.0; grad.len()], vec![0.0; x.len()]);
                forward(&x, &weight, &[0.5; 20], Precision::F32, &mut out);
                backward_input(&grad, &weight, 20, Precision::F32, &mut dx);
                (out, dx, backward_weights(&x, &grad, 30, 20, Precision::F32))
            })
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    #[should_panic(expected = "the output [R, out]")]
    fn outputs_of_another_width_are_refused() {
        forward(&[0.0; 6], &[0.0; 6], &[0.0; 2], Precision::F32, &mut [0.0; 5]);
    }
}
