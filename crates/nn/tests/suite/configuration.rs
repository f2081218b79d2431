use bmae_nn::{DecoderConfig, EncoderConfig, ShapeError, patchify, pixel_target};

use crate::tiny::{decoder_config, encoder_config};

#[track_caller]
fn refused(config: EncoderConfig, says: &str) {
    let message = config.check().unwrap_err().to_string();
    assert!(message.contains(says), "{message}");
}

#[test]
fn sizes_that_fit_are_accepted() {
    encoder_config().check().unwrap();
    decoder_config().check().unwrap();
    assert_eq!((encoder_config().patches(), encoder_config().patch_len()), (9, 12));
}

#[test]
fn an_image_that_patches_do_not_divide_is_refused() {
    refused(
        EncoderConfig { image_size: 33, patch_size: 4, ..encoder_config() },
        "image_size 33 is not divisible by patch_size 4",
    );
}

#[test]
fn a_width_that_heads_or_four_do_not_divide_is_refused() {
    refused(
        EncoderConfig { dim: 16, heads: 3, ..encoder_config() },
        "encoder.dim 16 is not divisible by encoder.heads 3",
    );
    refused(EncoderConfig { dim: 10, heads: 2, ..encoder_config() }, "choose a multiple of 4");
    let decoder = DecoderConfig { dim: 6, ..decoder_config() };
    assert!(decoder.check().unwrap_err().to_string().contains("decoder.dim 6"));
}

#[test]
fn zero_sizes_are_refused_by_name() {
    for (config, name) in [
        (EncoderConfig { image_size: 0, ..encoder_config() }, "image_size"),
        (EncoderConfig { patch_size: 0, ..encoder_config() }, "patch_size"),
        (EncoderConfig { dim: 0, ..encoder_config() }, "encoder.dim"),
        (EncoderConfig { depth: 0, ..encoder_config() }, "encoder.depth"),
        (EncoderConfig { heads: 0, ..encoder_config() }, "encoder.heads"),
    ] {
        assert_eq!(config.check(), Err(ShapeError::Zero { what: name }));
    }
    refused(EncoderConfig { mlp_ratio: 0.0, ..encoder_config() }, "mlp_ratio 0");
    refused(EncoderConfig { mlp_ratio: f64::NAN, ..encoder_config() }, "mlp_ratio NaN");
}

#[test]
fn sizes_beyond_the_address_space_are_refused_before_anything_is_allocated() {
    refused(EncoderConfig { dim: 1 << 40, heads: 1, ..encoder_config() }, "larger than this machine can address");
    refused(EncoderConfig { image_size: 1 << 60, patch_size: 1 << 59, ..encoder_config() }, "larger than this machine");
    refused(EncoderConfig { mlp_ratio: 1e300, ..encoder_config() }, "larger than this machine");
    let decoder = DecoderConfig { dim: 1 << 62, depth: 1, heads: 1 };
    assert!(matches!(decoder.check(), Err(ShapeError::TooLarge { .. })));
}

#[test]
fn the_parameter_count_is_the_number_of_values() {
    let count: usize =
        bmae_nn::parameters(&crate::tiny::encoder(0)).iter().map(|p| p.shape.iter().product::<usize>()).sum();
    assert_eq!(encoder_config().parameter_count().unwrap(), count);
}

#[test]
fn images_of_another_size_are_refused() {
    assert!(matches!(patchify(&[0.0; 3 * 25], 5, 2), Err(ShapeError::NotDivisible { size: 5, .. })));
    assert!(matches!(patchify(&[0.0; 100], 4, 2), Err(ShapeError::Length { found: 100, .. })));
}

#[test]
fn the_pixel_target_is_the_patch_unless_it_is_normalised() {
    let patches = [1.0, 2.0, 3.0, 4.0];
    assert_eq!(pixel_target(&patches, 2, false), patches);
    let half = 0.5f32.sqrt();
    crate::tiny::assert_close(&pixel_target(&patches, 2, true), &[-half, half, -half, half], 1e-5);
}
