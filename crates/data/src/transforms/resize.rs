//! Bicubic resizing as Pillow does it: the kernel with a = -0.5 (Catmull-Rom), widened when the image shrinks, so that
//! nothing aliases. The convolution is `fast_image_resize`'s.

use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use super::random_resized_crop::Area;
use crate::{DataError, Image};

/// The greatest side of an image, in pixels, that the transforms handle.
pub const MAX_SIDE: usize = 1 << 16;

/// The part `area` of an image, resized to `width` x `height` pixels. As in torchvision's `resized_crop`, the area is
/// cut out first: pixels outside it have no influence. A size that already fits is kept pixel by pixel.
///
/// # Errors
/// When the image, or what it shall become, is wider or higher than [`MAX_SIDE`].
pub fn resize(image: &Image, area: Area, width: usize, height: usize) -> Result<Image, DataError> {
    let side = |side: usize| match u32::try_from(side) {
        Ok(short) if side <= MAX_SIDE => Ok(short),
        _ => Err(DataError::ImageSize { found: side, max: MAX_SIDE }),
    };
    let impossible = |cause: &dyn std::fmt::Display| DataError::Resize { cause: cause.to_string() };
    let whole = TypedImageRef::<U8x3>::from_buffer(side(image.width())?, side(image.height())?, image.pixels())
        .map_err(|cause| impossible(&cause))?;
    let (left, top) = (side(area.left)?, side(area.top)?);
    let part = TypedCroppedImage::from_ref(&whole, left, top, side(area.width)?, side(area.height)?)
        .map_err(|cause| impossible(&cause))?;
    let mut pixels = vec![0; 3 * width * height];
    let mut resized = TypedImage::<U8x3>::from_buffer(side(width)?, side(height)?, &mut pixels)
        .map_err(|cause| impossible(&cause))?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    Resizer::new().resize_typed(&part, &mut resized, &options).map_err(|cause| impossible(&cause))?;
    drop(resized);
    Image::new(width, height, pixels)
}
