use burn::tensor::Tensor;

use crate::tiny::*;

/// Without blocks the decoder only puts tokens in place: the class token first, each kept patch where it came from, the
/// mask token everywhere else, each with its own position; then the final norm.
#[test]
fn the_decoder_puts_kept_patches_back_and_mask_tokens_elsewhere() {
    let mut model = autoencoder(90);
    model.decoder.blocks.clear();
    let masking = masking(2, 91);
    let (seen, dim) = (1 + masking.kept_per_image(), 4);
    let latent = uniform(2 * seen * 8, 92);

    let rows: Tensor<2> = tensor(latent.clone(), [2 * seen, 8], &device());
    let embedded = values(model.decoder.embed.forward(rows));
    let mask_token = values(model.decoder.mask_token.val());
    let positions = values(model.decoder.pos_embed.val());
    let mut tokens = Vec::new();
    for image in 0..2 {
        let row = |seen_token: usize| &embedded[(image * seen + seen_token) * dim..][..dim];
        let kept = &masking.kept()[image * masking.kept_per_image()..][..masking.kept_per_image()];
        for token in 0..1 + PATCHES {
            let value = match token.checked_sub(1) {
                None => row(0),
                Some(patch) => match kept.iter().position(|&k| k == patch) {
                    Some(place) => row(1 + place),
                    None => &mask_token,
                },
            };
            let position = &positions[token * dim..][..dim];
            tokens.extend(value.iter().zip(position).map(|(v, p)| v + p));
        }
    }
    let rows = tensor(tokens, [2 * (1 + PATCHES), dim], &device());
    let want = values(model.decoder.norm.forward(rows));

    let decoded = model.decode(tensor(latent, [2, seen, 8], &device()), &masking);
    assert_eq!(decoded.dims(), [2, 1 + PATCHES, dim]);
    assert_close(&values(decoded), &want, 1e-5);
}
