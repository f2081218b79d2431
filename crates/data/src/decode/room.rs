//! The memory of one picture: claimed before it is decoded, by what its size and kind need.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::fault::Fault;
use crate::Image;
use crate::memory::Claim;

/// The greatest area of an image that is decoded, in pixels: enough for any camera, too little for a file that claims
/// to be larger than memory.
pub const LARGEST_AREA: u64 = 200_000_000;

/// The bytes for each pixel of a finished image: itself, and the part of it that a transform cuts out.
const KEPT_PER_PIXEL: u64 = 2 * 3;

/// A picture's size, and memory for it.
pub struct Room {
    width: u32,
    height: u32,
    claim: Claim,
}

/// The pixels of a picture of this size, in number.
///
/// # Errors
/// When it has none, or more than [`LARGEST_AREA`].
pub fn area(width: u32, height: u32) -> Result<u64, Fault> {
    match u64::from(width) * u64::from(height) {
        0 => Err(Fault::damaged("it has no pixels")),
        area if area > LARGEST_AREA => Err(Fault::TooLarge { width, height }),
        area => Ok(area),
    }
}

impl Room {
    /// Waits for the memory of a picture whose decoder needs `bytes` in all.
    ///
    /// # Errors
    /// As [`area`].
    pub fn wait_for(width: u32, height: u32, bytes: u64) -> Result<Self, Fault> {
        let kept = KEPT_PER_PIXEL * area(width, height)?;
        Ok(Self { width, height, claim: Claim::wait_for(bytes.max(kept)) })
    }

    /// So many zeros, for a decoder to fill.
    ///
    /// # Errors
    /// When the system does not give them.
    pub fn zeros(&self, bytes: u64) -> Result<Vec<u8>, Fault> {
        let memory = || Fault::Memory { width: self.width, height: self.height };
        let bytes = usize::try_from(bytes).map_err(|_| memory())?;
        // Asked for in a way that can fail; zeros that nobody has written to then cost nothing.
        Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| memory())?;
        Ok(vec![0; bytes])
    }

    /// The finished image of `rgb` [height, width, 3], turned upright.
    ///
    /// # Errors
    /// When these are not three bytes for each pixel.
    pub fn finish(mut self, rgb: Vec<u8>, orientation: Orientation) -> Result<Image, Fault> {
        let wrong = || Fault::damaged("its decoder gave another number of pixels");
        let picture = RgbImage::from_raw(self.width, self.height, rgb).ok_or_else(wrong)?;
        let mut picture = DynamicImage::ImageRgb8(picture);
        picture.apply_orientation(orientation);
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        self.claim.keep(KEPT_PER_PIXEL * width as u64 * height as u64);
        let image = Image::new(width, height, picture.into_rgb8().into_raw()).map_err(|_| wrong())?;
        Ok(image.holding(self.claim))
    }
}
