use bmae_nn::mae::masking::keep_count;
use bmae_nn::{Masking, ShapeError};

use crate::tiny::uniform;

/// Noise 0.3, 0.1, 0.4, 0.2: the order of noise is 1, 3, 0, 2.
#[test]
fn a_worked_example_as_the_official_code_has_it() {
    let masking = Masking::from_noise(&[0.3, 0.1, 0.4, 0.2], 4, 0.5).unwrap();
    assert_eq!(masking.kept(), [1, 3]);
    assert_eq!(masking.restore(), [2, 0, 3, 1]);
    assert_eq!(masking.mask(), [1.0, 0.0, 1.0, 0.0]);
    assert_eq!(masking.masked(), [0, 2]);
    assert_eq!(masking.masked_values(&[0., 0., 1., 1., 2., 2., 3., 3.], 2), [0., 0., 2., 2.]);
}

#[test]
fn equal_noise_keeps_the_order_of_the_patches() {
    let masking = Masking::from_noise(&[0.5; 6], 6, 0.5).unwrap();
    assert_eq!(masking.kept(), [0, 1, 2]);
}

#[test]
fn every_image_has_its_own_mask_and_keeps_the_same_number() {
    let masking = Masking::from_noise(&uniform(32 * 64, 1), 64, 0.75).unwrap();
    assert_eq!((masking.images(), masking.patches(), masking.keep()), (32, 64, 16));
    let masks = masking.mask();
    for mask in masks.chunks(64) {
        assert_eq!(mask.iter().sum::<f32>(), 48.0);
    }
    assert_ne!(masks[..64], masks[64..128]);
}

#[test]
fn keep_is_the_floor_of_the_kept_share_in_f64() {
    assert_eq!(keep_count(64, 0.75).unwrap(), 16);
    assert_eq!(keep_count(196, 0.75).unwrap(), 49);
    assert_eq!(keep_count(10, 0.75).unwrap(), 2, "2.5 is rounded down");
    // 1 - 0.9 is 0.0999.. in f64: Python's int(10 * (1 - 0.9)) is 0 too.
    assert!(keep_count(10, 0.9).is_err());
}

#[test]
fn a_ratio_that_keeps_or_masks_no_patch_is_refused_in_one_sentence() {
    for ratio in [0.0, 0.99, 1.0, -0.5, 1.5, f64::NAN] {
        let refused = Masking::from_noise(&[0.0; 16], 16, ratio).unwrap_err();
        assert!(matches!(refused, ShapeError::MaskRatio { patches: 16, .. }), "{ratio}: {refused}");
        assert!(refused.to_string().contains("choose a mask ratio"), "{refused}");
    }
}

#[test]
fn the_ratios_that_are_suggested_are_accepted() {
    for patches in [2, 3, 7, 16, 64, 100, 196, 1000, 4096] {
        let refused = keep_count(patches, 1.0).unwrap_err().to_string();
        let (_, ratios) = refused.split_once("choose a mask ratio between ").unwrap();
        for ratio in ratios.split(" and ") {
            assert!(keep_count(patches, ratio.parse().unwrap()).is_ok(), "{patches} patches: {refused}");
        }
    }
    assert!(keep_count(1, 0.5).unwrap_err().to_string().ends_with("have more patches, with a smaller patch size"));
}

#[test]
fn noise_of_another_length_is_refused() {
    assert!(matches!(Masking::from_noise(&[0.0; 17], 16, 0.5), Err(ShapeError::Length { found: 17, .. })));
}
