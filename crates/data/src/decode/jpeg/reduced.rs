//! A JPEG at a half, a quarter or an eighth of its size: each block of 8 x 8 pixels becomes one of 4 x 4, 2 x 2 or a single
//! pixel, made of its lowest frequencies alone, which is quicker than all pixels, and than resizing them.

use jpeg_decoder::{Decoder, PixelFormat};

use crate::reduction::Reduction;

/// A picture that was decoded smaller than it is.
pub struct ReducedPicture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// Its pixels [height, width, channels].
    pub pixels: Vec<u8>,
}

/// Decodes the JPEG `bytes`, known to be whole and of `width` x `height` pixels, reduced. `None` where its decoder does not:
/// whoever decodes it whole is told what is wrong.
pub fn decode(bytes: &[u8], (width, height): (u32, u32), reduction: Reduction) -> Option<ReducedPicture> {
    let reduced = |side: u32| side.div_ceil(reduction.factor() as u32);
    let sides = (reduced(width), reduced(height));
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().ok()?;
    let asked = (u16::try_from(sides.0).ok()?, u16::try_from(sides.1).ok()?);
    let channels = match decoder.info()?.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::L16 | PixelFormat::CMYK32 => return None,
    };
    // It takes the smallest scale at which a side is at least as long as asked.
    if decoder.scale(asked.0, asked.1).ok()? != asked {
        return None;
    }
    let pixels = decoder.decode().ok()?;
    Some(ReducedPicture { width: sides.0, height: sides.1, channels, pixels })
}
