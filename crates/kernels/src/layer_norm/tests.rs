use super::*;

const EPSILON: f32 = 1e-6;

fn numbers(n: usize, seed: u32) -> Vec<f32> {
    (0..n as u32).map(|i| ((i + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

/// h and 1 / deviation of a row in f64.
fn normalised(x: &[f32]) -> (Vec<f64>, f64) {
    let n = x.len() as f64;
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    let scale = 1.0 / (variance + f64::from(EPSILON)).sqrt();
    (x.iter().map(|&x| (f64::from(x) - mean) * scale).collect(), scale)
}

/// Sizes at every edge of the chunks of numbers and groups of rows, and some of a model's.
const SIZES: [(usize, usize); 12] =
    [(1, 1), (3, 4), (2, 15), (5, 16), (7, 17), (4, 8), (65, 31), (130, 128), (64, 48), (0, 8), (6, 192), (9, 20)];

#[test]
fn the_forward_pass_agrees_with_plain_loops_at_every_awkward_size() {
    for (rows, width) in SIZES {
        let (x, weight, bias) = (numbers(rows * width, 1), numbers(width, 3), numbers(width, 4));
        for set in InstructionSet::present() {
            let mut out = vec![f32::NAN; rows * width];
            forward_on(set, &x, &weight, &bias, EPSILON, &mut out);
            for (out, x) in out.chunks_exact(width).zip(x.chunks_exact(width)) {
                let (h, _) = normalised(x);
                for i in 0..width {
                    let want = h[i] * f64::from(weight[i]) + f64::from(bias[i]);
                    assert!((f64::from(out[i]) - want).abs() < 2e-6, "{set}: out of {rows}x{width}");
                }
            }
        }
    }
}

#[test]
fn the_backward_pass_agrees_with_plain_loops_and_adds_what_it_is_to_add() {
    for (rows, width) in SIZES {
        let (x, grad, around) = (numbers(rows * width, 1), numbers(rows * width, 2), numbers(rows * width, 9));
        let (weight, before) = (numbers(width, 3), numbers(width, 8));
        let (mut want_dx, mut want_dw, mut want_db) = (vec![], vec![0f64; width], vec![0f64; width]);
        for (x, grad) in x.chunks_exact(width).zip(grad.chunks_exact(width)) {
            let (h, scale) = normalised(x);
            let gw: Vec<f64> = grad.iter().zip(&weight).map(|(&g, &w)| f64::from(g) * f64::from(w)).collect();
            let mean_of_gw = gw.iter().sum::<f64>() / width as f64;
            let mean_of_gwh = gw.iter().zip(&h).map(|(gw, h)| gw * h).sum::<f64>() / width as f64;
            for i in 0..width {
                want_dx.push((gw[i] - mean_of_gw - h[i] * mean_of_gwh) * scale);
                want_dw[i] += f64::from(grad[i]) * h[i];
                want_db[i] += f64::from(grad[i]);
            }
        }
        for set in InstructionSet::present() {
            for add in [None, Some(&around[..])] {
                let (mut dx, mut dw, mut db) = (vec![f32::NAN; rows * width], before.clone(), before.clone());
                let (out, of_weight, of_bias) = (&mut dx[..], &mut dw[..], &mut db[..]);
                let (x, weight, grad) = (&x[..], &weight[..], &grad[..]);
                Backward { x, weight, epsilon: EPSILON, grad, add, dx: out, dw: of_weight, db: of_bias }.run_on(set);
                for (place, want) in want_dx.iter().enumerate() {
                    let found = f64::from(dx[place]) - add.map_or(0.0, |add| f64::from(add[place]));
                    assert!((found - want).abs() < 2e-5 * want.abs().max(1.0), "{set}: dx of {rows}x{width}");
                }
                for i in 0..width {
                    let before = f64::from(before[i]);
                    assert!((f64::from(dw[i]) - before - want_dw[i]).abs() < 1e-4, "{set}: dw of {rows}x{width}");
                    assert!((f64::from(db[i]) - before - want_db[i]).abs() < 1e-4, "{set}: db of {rows}x{width}");
                }
            }
        }
    }
}

#[test]
fn one_thread_and_four_give_the_same_bits() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (x, grad, weight) = (numbers(500 * 24, 5), numbers(500 * 24, 6), numbers(24, 7));
            let (mut dx, mut dw, mut db) = (vec![0.0; 500 * 24], vec![0.0; 24], vec![0.0; 24]);
            backward(&x, &weight, EPSILON, &grad, &mut dx, &mut dw, &mut db);
            (dx, dw, db)
        })
    };
    assert_eq!(run(1), run(4));
}
