//! How images are cut into patches.

use crate::error::ArchitectureError;
use crate::multiple::nearest_multiple;

/// Colour channels of every image.
pub const CHANNELS: usize = 3;

/// Square patches over a square image: the `PatchEmbed` of the official code (`img_size`, `patch_size`, `in_chans`).
///
/// The counts are meaningful once [`check`](Self::check) has passed; before it they are still numbers, never a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchGrid {
    /// Channels of an image.
    pub channels: usize,
    /// Side of the image in pixels.
    pub image_size: usize,
    /// Side of a patch in pixels; divides `image_size`.
    pub patch_size: usize,
}

impl PatchGrid {
    /// Patches over colour images, [`CHANNELS`] channels.
    pub const fn rgb(image_size: usize, patch_size: usize) -> Self {
        Self { channels: CHANNELS, image_size, patch_size }
    }

    /// Patches along a side of the image: S / p.
    pub fn patches_per_side(&self) -> usize {
        self.image_size / self.patch_size.max(1)
    }

    /// L, the patches of an image: (S / p)^2.
    pub fn patches(&self) -> usize {
        self.patches_per_side().saturating_mul(self.patches_per_side())
    }

    /// P, the values of a patch: p * p * C.
    pub fn values_per_patch(&self) -> usize {
        self.patch_size.saturating_mul(self.patch_size).saturating_mul(self.channels)
    }

    /// The values of an image: C * S * S.
    pub fn values_per_image(&self) -> usize {
        self.image_size.saturating_mul(self.image_size).saturating_mul(self.channels)
    }

    /// Refuses sizes of zero, and a side that patches do not divide.
    pub fn check(&self) -> Result<(), ArchitectureError> {
        let Self { image_size, patch_size, .. } = *self;
        for (key, size) in [("data.image_size", image_size), ("model.patch_size", patch_size)] {
            if size == 0 {
                return Err(ArchitectureError::Zero { key: key.to_owned() });
            }
        }
        match image_size.is_multiple_of(patch_size) {
            true => Ok(()),
            false => Err(ArchitectureError::Patches {
                image_size,
                patch_size,
                nearest: nearest_multiple(image_size, patch_size as u128),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_s_patches_are_64_of_48_values() {
        let grid = PatchGrid::rgb(32, 4);
        assert_eq!(grid.check(), Ok(()));
        assert_eq!((grid.patches_per_side(), grid.patches(), grid.values_per_patch()), (8, 64, 48));
        assert_eq!(grid.patches() * grid.values_per_patch(), grid.values_per_image());
        assert_eq!(PatchGrid { channels: 1, ..grid }.values_per_patch(), 16);
    }

    #[test]
    fn sizes_that_do_not_divide_are_refused_with_the_nearest_that_does() {
        let refused = |image_size, patch_size| PatchGrid::rgb(image_size, patch_size).check().unwrap_err().to_string();
        assert_eq!(
            refused(30, 8),
            "an image of 30 x 30 pixels does not divide into patches of 8 x 8: set `data.image_size` to a multiple of \
             `model.patch_size`, such as 32"
        );
        assert!(refused(2, 8).ends_with("such as 8"), "never 0");
        assert_eq!(refused(0, 8), "`data.image_size` is 0, but must be at least 1");
        assert_eq!(refused(8, 0), "`model.patch_size` is 0, but must be at least 1");
    }

    #[test]
    fn absurd_sizes_saturate() {
        let grid = PatchGrid::rgb(usize::MAX, 1);
        assert_eq!((grid.patches(), grid.values_per_image()), (usize::MAX, usize::MAX));
        assert_eq!(PatchGrid::rgb(usize::MAX, usize::MAX).values_per_patch(), usize::MAX);
        assert_eq!(PatchGrid::rgb(8, 0).patches(), 64, "no division by zero");
        assert!(PatchGrid::rgb(usize::MAX, usize::MAX - 1).check().is_err());
    }
}
