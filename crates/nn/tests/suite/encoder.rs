use bmae_nn::{ShapeError, parameters, patchify};
use burn::module::Module;

use crate::tiny::*;

/// The patch embedding against the convolution it stands for: kernel and stride p, weight [D, 3, p, p], image
/// [3, S, S].
#[test]
fn the_patch_embedding_is_the_convolution_of_its_weight() {
    let encoder = encoder(3);
    let image = uniform(3 * IMAGE * IMAGE, 4);
    let weight = values(encoder.patch_embed.proj.weight.val());
    let bias = values(encoder.patch_embed.proj.bias.val());
    let mut want = Vec::new();
    for (top, left) in (0..3).flat_map(|i| (0..3).map(move |j| (i * PATCH, j * PATCH))) {
        for (kernel, bias) in weight.chunks(PATCH_LEN).zip(&bias) {
            let mut sum = *bias;
            for (c, y, x) in (0..3).flat_map(|c| (0..PATCH).flat_map(move |y| (0..PATCH).map(move |x| (c, y, x)))) {
                sum += kernel[(c * PATCH + y) * PATCH + x] * image[(c * IMAGE + top + y) * IMAGE + left + x];
            }
            want.push(sum);
        }
    }
    let patches = tensor(patchify(&image, SIZES.grid).unwrap(), [PATCHES, PATCH_LEN], &device());
    assert_close(&values(encoder.patch_embed.forward(patches)), &want, 1e-5);
}

/// With nothing masked but one patch, the tokens that are left must see exactly what a whole pass without that patch
/// would: here every patch is kept but in another order, by comparing each image with its own unmasked pass at depth
/// zero.
#[test]
fn kept_patches_carry_their_own_pixels_and_positions() {
    let mut encoder = encoder(5);
    encoder.blocks.clear();
    let (patches, masking) = (patches(2, 6), masking(2, 7));
    let whole = values(encoder.forward(tensor(patches.clone(), [2, PATCHES, PATCH_LEN], &device())));
    let seen = values(encoder.forward_masked(&patches, &masking).unwrap());
    let dim = encoder.dim();
    let mut want = Vec::new();
    for (image, kept) in masking.kept().chunks(masking.kept_per_image()).enumerate() {
        for token in std::iter::once(0).chain(kept.iter().map(|l| l + 1)) {
            let at = (image * (1 + PATCHES) + token) * dim;
            want.extend_from_slice(&whole[at..at + dim]);
        }
    }
    assert_close(&seen, &want, 1e-5);
}

#[test]
fn images_of_a_batch_do_not_see_each_other() {
    let encoder = encoder(5).valid();
    let inner = device().inner();
    let two = patches(2, 8);
    let both = values(encoder.forward(tensor(two.clone(), [2, PATCHES, PATCH_LEN], &inner)));
    let second = values(encoder.forward(tensor(two[PATCHES * PATCH_LEN..].to_vec(), [1, PATCHES, PATCH_LEN], &inner)));
    assert_close(&both[both.len() / 2..], &second, 1e-5);
}

#[test]
fn the_mean_of_the_last_block_is_the_plain_pass_and_of_two_the_mean_of_both() {
    let encoder = encoder(9).valid();
    let batch = || tensor(patches(2, 10), [2, PATCHES, PATCH_LEN], &device().inner());
    let plain = values(encoder.forward(batch()));
    assert_eq!(values(encoder.forward_last_blocks(batch(), 1).unwrap()), plain);

    let mut shorter = encoder.clone();
    shorter.blocks.pop();
    let before = values(shorter.forward(batch()));
    let want: Vec<f32> = plain.iter().zip(&before).map(|(a, b)| (a + b) / 2.0).collect();
    assert_close(&values(encoder.forward_last_blocks(batch(), 2).unwrap()), &want, 1e-5);
}

#[test]
fn more_last_blocks_than_there_are_is_refused() {
    for asked in [0, 3] {
        let batch = tensor(patches(1, 1), [1, PATCHES, PATCH_LEN], &device());
        assert_eq!(
            encoder(1).forward_last_blocks(batch, asked).unwrap_err(),
            ShapeError::LastBlocks { asked, depth: 2 }
        );
    }
}

#[test]
fn patches_of_another_batch_than_the_mask_are_refused() {
    assert!(matches!(encoder(1).forward_masked(&patches(3, 1), &masking(2, 1)), Err(ShapeError::Length { .. })));
}

#[test]
fn positions_are_fixed_until_they_are_made_trainable() {
    let trainable = |encoder| parameters(&encoder).iter().find(|p| p.name == "pos_embed").unwrap().trainable;
    assert!(!trainable(encoder(1)));
    assert!(trainable(encoder(1).with_trainable_positions()));
}

/// Weights and values give the attention's own output for the class token: that is what the weights are.
#[test]
fn the_class_tokens_attention_weighs_the_values_that_its_output_is_made_of() {
    let (images, dim, heads, tokens) = (2, 8, 2, 1 + PATCHES);
    let encoder = encoder(31);
    let patches = tensor(patches(images, 32), [images, PATCHES, PATCH_LEN], &device());
    let weights = values(encoder.class_attention(patches.clone()).expect("it has blocks"));
    let last = encoder.blocks.last().expect("it has blocks");
    let before = encoder.forward_to_block(patches, encoder.blocks.len() - 2).expect("the block before");
    let normed = last.norm1.forward(before.reshape([images * tokens, dim]));
    let qkv = values(last.attn.qkv.forward(normed.clone()));
    let mut mixed = vec![0.0f32; images * dim];
    for image in 0..images {
        for column in 0..dim {
            let of_head = &weights[(image * heads + column / (dim / heads)) * PATCHES..][..PATCHES];
            let own = 1.0 - of_head.iter().sum::<f32>();
            let value = |token: usize| qkv[((image * tokens + token) * 3 + 2) * dim + column];
            let of_patches = of_head.iter().enumerate().map(|(patch, weight)| weight * value(1 + patch));
            mixed[image * dim + column] = own * value(0) + of_patches.sum::<f32>();
        }
    }
    let mixed = last.attn.proj.forward(tensor(mixed, [images, dim], &device()));
    let whole = last.attn.forward(normed, tokens).reshape([images, tokens, dim]);
    assert_close(&values(mixed), &values(whole.slice([0..images, 0..1, 0..dim])), 1e-5);
}
