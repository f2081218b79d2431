//! How images are cut into patches.

use crate::error::ArchitectureError;
use crate::size::{GridSize, ImageSize, PatchSize};

/// Channels of colour images.
pub const CHANNELS: usize = 3;

/// The most channels that images may have.
pub const MOST_CHANNELS: usize = 32;

/// Patches over an image: the `PatchEmbed` of the official code (`img_size`, `patch_size`, `in_chans`). Neither has to be
/// square.
///
/// The counts are meaningful once [`check`](Self::check) has passed; before it they are still numbers, never a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatchGrid {
    /// C, the channels of an image.
    pub channels: usize,
    /// H x W, the size of the image in pixels.
    pub image: ImageSize,
    /// h x w, the size of a patch in pixels; each side divides that of the image.
    pub patch: PatchSize,
}

impl PatchGrid {
    /// Square patches over square colour images, [`CHANNELS`] channels.
    pub const fn rgb(image_side: usize, patch_side: usize) -> Self {
        Self { channels: CHANNELS, image: ImageSize::square(image_side), patch: PatchSize::square(patch_side) }
    }

    /// Patches from top to bottom: H / h.
    pub fn rows(&self) -> usize {
        self.image.height / self.patch.height.max(1)
    }

    /// Patches from left to right: W / w.
    pub fn columns(&self) -> usize {
        self.image.width / self.patch.width.max(1)
    }

    /// Patches in each direction.
    pub fn size(&self) -> GridSize {
        GridSize { rows: self.rows(), columns: self.columns() }
    }

    /// L, the patches of an image: (H / h) * (W / w). They are numbered row by row.
    pub fn patches(&self) -> usize {
        self.size().area()
    }

    /// The top left pixel of patch number `patch`: row and column. Past the last patch it lies below the image.
    pub fn corner(&self, patch: usize) -> (usize, usize) {
        let columns = self.columns().max(1);
        (patch / columns * self.patch.height, patch % columns * self.patch.width)
    }

    /// The number of the patch that covers the pixel at (`row`, `column`) of the image.
    pub fn patch_at(&self, row: usize, column: usize) -> usize {
        row / self.patch.height.max(1) * self.columns() + column / self.patch.width.max(1)
    }

    /// P, the values of a patch: h * w * C.
    pub fn values_per_patch(&self) -> usize {
        self.patch.area().saturating_mul(self.channels)
    }

    /// The values of an image: C * H * W.
    pub fn values_per_image(&self) -> usize {
        self.image.area().saturating_mul(self.channels)
    }

    /// Refuses sizes of zero, and a height or width that patches do not divide.
    pub fn check(&self) -> Result<(), ArchitectureError> {
        let Self { image, patch, .. } = *self;
        for (key, size) in
            [("data.image_size", image.shorter_side()), ("model.patch_size", patch.height.min(patch.width))]
        {
            if size == 0 {
                return Err(ArchitectureError::Zero { key: key.to_owned() });
            }
        }
        match image.height.is_multiple_of(patch.height) && image.width.is_multiple_of(patch.width) {
            true => Ok(()),
            false => Err(ArchitectureError::Patches { image, patch }),
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
        assert_eq!((grid.rows(), grid.columns(), grid.patches(), grid.values_per_patch()), (8, 8, 64, 48));
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
        let refused = PatchGrid::rgb(usize::MAX, usize::MAX - 1).check().unwrap_err();
        assert!(refused.to_string().contains("does not divide"), "{refused}");
    }

    #[test]
    fn patches_of_an_image_that_is_not_square_are_numbered_row_by_row() {
        let image = ImageSize { height: 32, width: 64 };
        let grid = PatchGrid { channels: 3, image, patch: PatchSize { height: 4, width: 16 } };
        assert_eq!(grid.check(), Ok(()));
        assert_eq!((grid.rows(), grid.columns(), grid.patches(), grid.values_per_patch()), (8, 4, 32, 192));
        assert_eq!(grid.patches() * grid.values_per_patch(), grid.values_per_image());
        assert_eq!((grid.corner(0), grid.corner(3), grid.corner(4)), ((0, 0), (0, 48), (4, 0)));
        for patch in 0..grid.patches() {
            let (row, column) = grid.corner(patch);
            assert_eq!((grid.patch_at(row, column), grid.patch_at(row + 3, column + 15)), (patch, patch));
        }
    }

    #[test]
    fn a_patch_that_does_not_divide_one_side_is_refused_by_that_side() {
        let refused = |(height, width), (rows, columns)| {
            let (image, patch) = (ImageSize { height, width }, PatchSize { height: rows, width: columns });
            PatchGrid { channels: 3, image, patch }.check().unwrap_err().to_string()
        };
        assert_eq!(
            refused((60, 32), (8, 8)),
            "an image of 60 x 32 pixels does not divide into patches of 8 x 8: its height of 60 is no multiple of 8: set \
             `data.image_size` to a multiple of `model.patch_size`, such as [64, 32]"
        );
        assert!(refused((64, 33), (8, 8)).contains("its width of 33 is no multiple of 8: "));
        assert!(refused((64, 33), (8, 8)).ends_with("such as [64, 32]"));
        assert!(refused((64, 64), (8, 6)).contains("its width of 64 is no multiple of 6: "));
        assert!(
            refused((63, 33), (8, 6)).contains("its height of 63 is no multiple of 8 and its width of 33 none of 6: ")
        );
        assert!(refused((60, 62), (8, 8)).ends_with("such as 64"), "a number where it is square");
    }
}
