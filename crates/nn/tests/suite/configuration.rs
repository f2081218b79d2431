use bmae_architecture::{
    ArchitectureError, Autoencoder, PatchGrid, Transformer, decoder_parameters, encoder_parameters,
};
use bmae_nn::{MaskedAutoencoder, ShapeError, parameters, patchify, pixel_target};

use crate::tiny::{SIZES, autoencoder, device, rng};

#[test]
fn sizes_that_cannot_be_are_refused_before_anything_is_allocated() {
    let Autoencoder { encoder, decoder, .. } = SIZES;
    for (sizes, says) in [
        (Autoencoder { grid: PatchGrid::rgb(33, 4), ..SIZES }, "33 x 33 pixels does not divide into patches of 4 x 4"),
        (
            Autoencoder { encoder: Transformer { heads: 3, ..encoder }, ..SIZES },
            "must be divisible by 3 (`model.encoder.heads`)",
        ),
        (Autoencoder { encoder: Transformer { depth: 0, ..encoder }, ..SIZES }, "`model.encoder.depth` is 0"),
        (
            Autoencoder { encoder: Transformer { dim: 1 << 40, heads: 1, ..encoder }, ..SIZES },
            "larger than this machine",
        ),
        (Autoencoder { decoder: Transformer { dim: 6, ..decoder }, ..SIZES }, "`model.decoder.dim` is 6"),
        (Autoencoder { decoder: Transformer { dim: 1 << 62, ..decoder }, ..SIZES }, "larger than this machine"),
    ] {
        let refused = MaskedAutoencoder::init(&sizes, &mut rng(0), &device()).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn the_numbers_of_parameters_are_those_of_the_model() {
    let model = autoencoder(0);
    let count = |decoder: bool| -> usize {
        let is_head = |name: &str| name.starts_with("decoder_pred.");
        let is_decoder = |name: &str| name.starts_with("decoder_") || name == "mask_token";
        let of_part = parameters(&model).into_iter().filter(|p| !is_head(&p.name) && is_decoder(&p.name) == decoder);
        of_part.map(|p| p.shape.iter().product::<usize>()).sum()
    };
    let Autoencoder { grid, encoder, decoder } = SIZES;
    assert_eq!(encoder_parameters(grid, encoder).total(), count(false) as u128);
    assert_eq!(decoder_parameters(grid, encoder.dim, decoder).total(), count(true) as u128);
}

#[test]
fn images_of_another_size_are_refused() {
    let refused = patchify(&[0.0; 3 * 25], PatchGrid::rgb(5, 2));
    assert!(matches!(refused, Err(ShapeError::Architecture(ArchitectureError::Patches { .. }))));
    assert!(matches!(patchify(&[0.0; 100], PatchGrid::rgb(4, 2)), Err(ShapeError::Length { found: 100, .. })));
}

#[test]
fn the_pixel_target_is_the_patch_unless_it_is_normalised() {
    let patches = [1.0, 2.0, 3.0, 4.0];
    assert_eq!(*pixel_target(&patches, 2, false), patches);
    let half = 0.5f32.sqrt();
    crate::tiny::assert_close(&pixel_target(&patches, 2, true), &[-half, half, -half, half], 1e-5);
}
