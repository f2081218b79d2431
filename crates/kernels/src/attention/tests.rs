use super::*;

fn numbers(n: usize, seed: u32) -> Vec<f32> {
    (0..n as u32).map(|i| ((i + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 4_194_304.0 - 2.0).collect()
}

/// Output [M, D] and gradient for qkv of one image, in f64 by plain loops, where the tokens of `queries` have an
/// output.
fn reference(qkv: &[f32], sizes: AttentionSizes, queries: &[u32], grad: &[f32]) -> (Vec<f64>, Vec<f64>) {
    let AttentionSizes { tokens, dim, heads } = sizes;
    let head_dim = dim / heads;
    let scale = 1.0 / (head_dim as f64).sqrt();
    let (mut out, mut dqkv) = (vec![0.0; queries.len() * dim], vec![0.0; tokens * 3 * dim]);
    for head in 0..heads {
        let place = |t: usize, part: usize, i: usize| t * 3 * dim + part * dim + head * head_dim + i;
        let at = |t, part, i| f64::from(qkv[place(t, part, i)]);
        for (m, &query) in queries.iter().enumerate() {
            let t = query as usize;
            let g = |i: usize| f64::from(grad[m * dim + head * head_dim + i]);
            let e: Vec<f64> = (0..tokens)
                .map(|s| ((0..head_dim).map(|i| at(t, 0, i) * at(s, 1, i)).sum::<f64>() * scale).exp())
                .collect();
            let p: Vec<f64> = e.iter().map(|x| x / e.iter().sum::<f64>()).collect();
            let dp: Vec<f64> = (0..tokens).map(|s| (0..head_dim).map(|i| g(i) * at(s, 2, i)).sum()).collect();
            let inner: f64 = p.iter().zip(&dp).map(|(p, dp)| p * dp).sum();
            for s in 0..tokens {
                let ds = p[s] * (dp[s] - inner) * scale;
                for i in 0..head_dim {
                    out[m * dim + head * head_dim + i] += p[s] * at(s, 2, i);
                    dqkv[place(t, 0, i)] += ds * at(s, 1, i);
                    dqkv[place(s, 1, i)] += ds * at(t, 0, i);
                    dqkv[place(s, 2, i)] += p[s] * g(i);
                }
            }
        }
    }
    (out, dqkv)
}

/// Compares both passes of one image with [`reference`], for every instruction set; all queries where `chosen` is None.
fn agree(sizes: AttentionSizes, chosen: Option<&[u32]>) {
    let all: Vec<u32> = (0..sizes.tokens as u32).collect();
    let queries = chosen.unwrap_or(&all);
    let qkv = numbers(sizes.tokens * 3 * sizes.dim, 1);
    let grad = numbers(queries.len() * sizes.dim, 2);
    let (want, want_gradient) = reference(&qkv, sizes, queries, &grad);
    let mut scratch = Scratch::new(sizes);
    for set in InstructionSet::present() {
        let (mut out, mut dqkv) = (vec![f32::NAN; grad.len()], vec![f32::NAN; qkv.len()]);
        let scratch = &mut scratch;
        Forward { qkv: &qkv, sizes, queries: chosen, scratch, out: &mut out }.run_on(set);
        Backward { qkv: &qkv, sizes, queries: chosen, grad: &grad, scratch, dqkv: &mut dqkv }.run_on(set);
        for (i, (found, want)) in out.iter().zip(&want).enumerate() {
            assert!((f64::from(*found) - want).abs() < 5e-6, "{set}: out {i} of {sizes:?}: {found}, not {want}");
        }
        for (i, (found, want)) in dqkv.iter().zip(&want_gradient).enumerate() {
            let error = (f64::from(*found) - want).abs();
            assert!(error < 3e-5 * want.abs().max(1.0), "{set}: dqkv {i} of {sizes:?}: {found}, not {want}");
        }
    }
}

#[test]
fn forward_and_backward_agree_with_plain_loops_at_every_awkward_size() {
    let mut cases = vec![(1, 1, 1), (5, 8, 2), (17, 128, 4), (65, 64, 4), (10, 12, 3), (16, 32, 1), (17, 192, 3)];
    cases.extend((1..=34).map(|tokens| (tokens, 2 * tokens, 2)));
    cases.extend([(33, 16, 1), (49, 24, 1), (66, 32, 2), (81, 16, 1), (97, 40, 2), (130, 16, 2)]);
    for (tokens, dim, heads) in cases {
        agree(AttentionSizes { tokens, dim, heads }, None);
    }
}

#[test]
fn a_part_of_the_queries_gives_their_rows_and_no_gradient_to_other_queries() {
    for (tokens, dim, heads) in [(17, 64, 1), (17, 32, 2), (9, 10, 2), (65, 48, 2), (5, 16, 1)] {
        let sizes = AttentionSizes { tokens, dim, heads };
        let tokens = tokens as u32;
        agree(sizes, Some(&[0]));
        agree(sizes, Some(&[]));
        agree(sizes, Some(&[tokens - 1]));
        agree(sizes, Some(&(0..tokens).collect::<Vec<_>>()));
        agree(sizes, Some(&(1..tokens).collect::<Vec<_>>()));
        agree(sizes, Some(&(0..tokens).filter(|token| token % 4 > 0).collect::<Vec<_>>()));
    }
}

#[test]
fn many_images_on_any_number_of_threads_are_each_image_to_the_bit() {
    let sizes = AttentionSizes { tokens: 17, dim: 32, heads: 2 };
    let (of_image, images) = (17 * 32, 9);
    let (qkv, grad) = (numbers(images * 3 * of_image, 3), numbers(images * of_image, 4));
    let (mut out, mut dqkv) = (vec![0.0; grad.len()], vec![0.0; qkv.len()]);
    let mut scratch = Scratch::new(sizes);
    for image in 0..images {
        let (rows, of_qkv) =
            (image * of_image..(image + 1) * of_image, 3 * image * of_image..3 * (image + 1) * of_image);
        image_forward(&qkv[of_qkv.clone()], sizes, None, &mut scratch, &mut out[rows.clone()]);
        image_backward(&qkv[of_qkv.clone()], sizes, None, &grad[rows], &mut scratch, &mut dqkv[of_qkv]);
    }
    for threads in [1, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (mut threaded, mut gradient) = (vec![0.0; grad.len()], vec![0.0; qkv.len()]);
        pool.install(|| {
            forward(&qkv, sizes, &mut threaded);
            backward(&qkv, sizes, &grad, &mut gradient);
        });
        assert_eq!((&threaded, &gradient), (&out, &dqkv), "{threads} threads");
    }
}

#[test]
fn large_scores_do_not_overflow() {
    let sizes = AttentionSizes { tokens: 2, dim: 1, heads: 1 };
    // Scores of 1e6 against 0: all weight on the first value.
    let mut out = [0.0; 2];
    forward(&[1000.0, 1000.0, 3.0, 1000.0, 0.0, 7.0], sizes, &mut out);
    assert_eq!(out, [3.0, 3.0]);
}

#[test]
#[should_panic(expected = "do not divide")]
fn heads_that_do_not_divide_the_width_are_refused() {
    forward(&[0.0; 12], AttentionSizes { tokens: 1, dim: 4, heads: 3 }, &mut [0.0; 4]);
}

#[test]
#[should_panic(expected = "queries ascend")]
fn queries_out_of_order_are_refused() {
    let sizes = AttentionSizes { tokens: 2, dim: 2, heads: 1 };
    image_forward(&[0.0; 12], sizes, Some(&[1, 0]), &mut Scratch::new(sizes), &mut [0.0; 4]);
}

#[test]
#[should_panic(expected = "tokens of the image")]
fn queries_beyond_the_image_are_refused() {
    let sizes = AttentionSizes { tokens: 2, dim: 2, heads: 1 };
    image_forward(&[0.0; 12], sizes, Some(&[0, 2]), &mut Scratch::new(sizes), &mut [0.0; 4]);
}

#[test]
#[should_panic(expected = "the scratch is for these sizes")]
fn a_scratch_of_other_sizes_is_refused() {
    let sizes = AttentionSizes { tokens: 2, dim: 2, heads: 1 };
    let mut scratch = Scratch::new(AttentionSizes { tokens: 1, ..sizes });
    image_forward(&[0.0; 12], sizes, None, &mut scratch, &mut [0.0; 4]);
}
