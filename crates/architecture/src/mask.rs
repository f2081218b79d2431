//! How many patches the encoder sees.

use crate::error::ArchitectureError;

/// Patches that a mask keeps of `patches`: floor(L * (1 - mask_ratio)), computed in f64 as the official code does
/// (`random_masking`: `int(L * (1 - mask_ratio))`). At most `patches`; 0 where the ratio is not a number.
pub fn kept_patches(patches: usize, mask_ratio: f64) -> usize {
    // `as` saturates, and gives 0 for NaN.
    ((patches as f64 * (1.0 - mask_ratio)) as usize).min(patches)
}

/// [`kept_patches`] where the mask keeps a patch and masks one.
///
/// # Errors
/// Otherwise, with the nearest ratio in thousandths that would do.
pub fn check_mask_ratio(patches: usize, mask_ratio: f64) -> Result<usize, ArchitectureError> {
    let ratio = mask_ratio;
    let of_thousandths = |n: u32| f64::from(n) / 1000.0;
    let possible = |n: &u32| (1..patches).contains(&kept_patches(patches, of_thousandths(*n)));
    let limit = |nearest: Option<u32>| nearest.map_or(0.5, of_thousandths);
    match kept_patches(patches, ratio) {
        _ if patches < 2 => Err(ArchitectureError::OnePatch),
        0 => Err(ArchitectureError::KeepsNothing { ratio, patches, limit: limit((1..1000).rev().find(possible)) }),
        kept if kept == patches => {
            Err(ArchitectureError::MasksNothing { ratio, patches, limit: limit((1..1000).find(possible)) })
        }
        kept => Ok(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_is_the_floor_of_the_kept_share_in_f64() {
        assert_eq!(kept_patches(64, 0.75), 16);
        assert_eq!(kept_patches(196, 0.75), 49);
        assert_eq!(kept_patches(10, 0.75), 2, "2.5 is rounded down");
        // 1 - 0.9 is 0.0999.. in f64: Python's int(10 * (1 - 0.9)) is 0 too.
        assert_eq!(kept_patches(10, 0.9), 0);
        assert_eq!([kept_patches(16, f64::NAN), kept_patches(16, -1e300), kept_patches(16, 2.0)], [0, 16, 0]);
    }

    #[test]
    fn the_limits_that_are_named_are_accepted_and_the_next_thousandth_is_not() {
        for patches in [2, 3, 7, 16, 64, 100, 196, 1000, 4096] {
            for (ratio, beyond) in [(1.0, 0.001), (0.0, -0.001)] {
                let limit = match check_mask_ratio(patches, ratio) {
                    Err(
                        ArchitectureError::KeepsNothing { limit, .. } | ArchitectureError::MasksNothing { limit, .. },
                    ) => limit,
                    other => panic!("{patches} patches at {ratio}: {other:?}"),
                };
                assert!(check_mask_ratio(patches, limit).is_ok(), "{patches} patches at {limit}");
                assert!(check_mask_ratio(patches, limit + beyond).is_err(), "{patches} patches beyond {limit}");
            }
        }
        assert_eq!(check_mask_ratio(1, 0.5), Err(ArchitectureError::OnePatch));
        assert!(matches!(check_mask_ratio(16, f64::NAN), Err(ArchitectureError::KeepsNothing { .. })));
    }
}
