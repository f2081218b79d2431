//! One image as a PNG file.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::shown::Shown;
use crate::error::PreviewError;
use crate::{DataError, Image};

/// The bytes of a PNG file with `image` at its own size, shown as any is.
///
/// # Errors
/// When it is too large for a PNG file.
pub fn image_to_png(image: &Image) -> Result<Vec<u8>, DataError> {
    let image = image.drawn(Shown::default());
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(image.pixels(), image.width() as u32, image.height() as u32, ExtendedColorType::Rgb8)
        .map_err(|cause| DataError::Preview(PreviewError::Encoding { cause: cause.to_string() }))?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_comes_back_from_its_file() {
        let image = Image::new(3, 2, (0..18).collect()).expect("3x2");
        let png = image::load_from_memory(&image_to_png(&image).expect("a file")).expect("a PNG file").to_rgb8();
        assert_eq!((png.dimensions(), png.into_raw()), ((3, 2), image.pixels().to_vec()));
    }
}
