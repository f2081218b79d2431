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
    assert_eq!((masking.images(), masking.patches(), masking.kept_per_image()), (32, 64, 16));
    let masks = masking.mask();
    for mask in masks.chunks(64) {
        assert_eq!(mask.iter().sum::<f32>(), 48.0);
    }
    assert_ne!(masks[..64], masks[64..128]);
}

#[test]
fn a_ratio_that_keeps_or_masks_no_patch_is_refused() {
    use bmae_architecture::ArchitectureError::{KeepsNothing, MasksNothing};
    for ratio in [0.0, 0.99, 1.0, -0.5, 1.5, f64::NAN] {
        let refused = Masking::from_noise(&[0.0; 16], 16, ratio).unwrap_err();
        let ShapeError::Architecture(KeepsNothing { patches: 16, .. } | MasksNothing { patches: 16, .. }) = refused
        else {
            panic!("{ratio}: {refused}")
        };
    }
}

#[test]
fn noise_of_another_length_is_refused() {
    assert!(matches!(Masking::from_noise(&[0.0; 17], 16, 0.5), Err(ShapeError::Length { found: 17, .. })));
}

#[test]
fn all_patches_are_the_tokens_behind_the_class_token_of_each_image() {
    let masking = Masking::from_noise(&[0.4, 0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 0.7], 4, 0.5).expect("a masking");
    let tokens = masking.patch_tokens();
    assert_eq!((tokens.tokens(), tokens.per_image()), (&[1, 2, 3, 4, 1, 2, 3, 4][..], 4));
}
