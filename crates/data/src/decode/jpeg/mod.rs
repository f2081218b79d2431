//! JPEG: read whole, looked through for missing and damaged parts the first time, and then decoded, smaller than it is where
//! that is enough.

mod frame;
mod huffman;
mod reduced;
mod scan;
mod survey;

use std::io::{Read, Seek};

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::fault::Fault;
use super::inspection::Inspection;
use super::orientation;
use super::room::{Room, area, upright_sides};
use crate::channels::PixelLayout;
use crate::reduction::Reduction;
use crate::samples::Depth;
use crate::{Image, Samples};

/// How much is read before the size of the picture is known; its header lies within, behind previews and profiles.
const HEAD: u64 = 64 << 20;

/// More bytes for each pixel than any JPEG has; what lies behind is no part of the picture, such as the video of a
/// moving photograph.
const MOST_PER_PIXEL: u64 = 4;

/// Reads a JPEG, at the size that `reduction` allows for its width and height as it is looked at.
///
/// # Errors
/// When a part is missing or damaged, or it is of a kind that is not decoded.
pub fn read(
    source: &mut (impl Read + Seek),
    inspection: &Inspection,
    reduction: &dyn Fn(usize, usize) -> Reduction,
) -> Result<Image, Fault> {
    let mut bytes = Vec::new();
    source.take(HEAD).read_to_end(&mut bytes)?;
    let (width, height) = survey::size(&bytes)?;
    let area = area(width, height)?;
    source.take(MOST_PER_PIXEL * area).read_to_end(&mut bytes)?;
    let survey = match inspection.is_kept_whole(bytes.len()) {
        Some(is_kept_whole) => survey::of_headers(&bytes, is_kept_whole)?,
        None => survey::survey(&bytes)?,
    };
    if survey.strays.is_empty() {
        inspection.passed(bytes.len(), survey.is_kept_whole);
    }
    for stray in survey.strays.iter().rev() {
        bytes.drain(stray.clone());
    }
    let orientation = orientation::of_metadata(survey.exif.as_deref(), survey.xmp.as_deref());
    let (upright_width, upright_height) = upright_sides((width as usize, height as usize), orientation);
    let reduction = reduction(upright_width, upright_height);
    if reduction != Reduction::Whole {
        let kept = if survey.is_kept_whole { 2 * survey.colours as u64 * area } else { 0 };
        let room = Room::wait_for(width, height, kept + 3 * area.div_ceil(4) + bytes.len() as u64)?;
        if let Some(reduced) = reduced::decode(&bytes, (width, height), reduction) {
            let room = room.of_size(reduced.width, reduced.height);
            let image = room.finish(Samples::U8(reduced.pixels), reduced.channels, None, orientation)?;
            return Ok(image.reduced_from(upright_width, upright_height));
        }
    }
    // The decoder's coefficients have 16 bits, for each colour of each pixel, and are gathered beside the pixels.
    let per_pixel = if survey.is_kept_whole { 3 + 2 * survey.colours as u64 } else { 3 + 1 };
    let room = Room::wait_for(width, height, per_pixel * area + bytes.len() as u64)?;
    let options =
        || DecoderOptions::default().set_strict_mode(true).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes.as_slice()), options());
    decoder.decode_headers()?;
    let (colours, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    decoder.set_options(options().jpeg_set_out_colorspace(colours));
    let mut pixels = room.zeros(channels as u64 * area)?;
    decoder.decode_into(&mut pixels)?;
    drop(decoder);
    drop(bytes);
    room.finish(Samples::U8(pixels), channels, None, orientation)
}

/// The channels of a JPEG, as its header tells.
///
/// # Errors
/// When it has none, or ends before it.
pub fn layout(source: &mut impl Read) -> Result<PixelLayout, Fault> {
    let mut bytes = Vec::new();
    // The header mostly lies within the first pages.
    for length in [1 << 16, HEAD] {
        source.take(length).read_to_end(&mut bytes)?;
        if let Ok(colours) = survey::colours(&bytes) {
            let channels = if colours == 1 { 1 } else { 3 };
            return Ok(PixelLayout { channels, depth: Depth::Bits8, has_alpha: false });
        }
    }
    survey::colours(&bytes).map(|_| PixelLayout { channels: 3, depth: Depth::Bits8, has_alpha: false })
}

impl From<DecodeErrors> for Fault {
    fn from(cause: DecodeErrors) -> Self {
        match cause {
            DecodeErrors::Unsupported(cause) => {
                Self::Unsupported(format!("a JPEG file that its decoder lacks ({cause:?})"))
            }
            cause => Self::Damaged(cause.to_string()),
        }
    }
}
