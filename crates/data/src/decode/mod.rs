//! From an image file to its pixels.
//!
//! What is decoded is whole: a file of which a part is missing or damaged is refused, and so is one of a kind that is
//! not decoded. Memory is claimed before it is taken ([`memory`](crate::memory)), in proportion to the pixels.

mod directory;
mod fault;
mod gif;
mod inspection;
mod jpeg;
mod kind;
mod orientation;
mod pixels;
mod png;
mod quiet;
mod room;
mod tiff;
mod webp;

use std::io::{BufRead, Read, Seek};
use std::path::Path;

use image::codecs::bmp::BmpDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::pnm::PnmDecoder;
use image::codecs::qoi::QoiDecoder;
use image::codecs::tiff::TiffDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ImageDecoder, Limits as DecoderLimits};

use crate::error::FolderError;
use crate::{DataError, Image};
use fault::Fault;
pub use inspection::Inspection;
use kind::Kind;
use pixels::Alpha;
use room::{LARGEST_AREA, Room, area};

/// What a decoder may take for profiles, texts and single rows, in bytes.
const SLACK: u64 = 16 << 20;

/// Reads an image file as RGB at its native size: turned upright as its metadata say, grey as three equal channels,
/// 16 bits as 8, transparency over black, of an animation the first picture. What kind of file it is, its contents
/// tell, not its name. A file that passed the `inspection` before is not looked through for missing parts again.
///
/// # Errors
/// When it cannot be read, is of a kind that is not decoded, is damaged or cut short, has more than 200 million
/// pixels or its decoder fails; each names it as `place`.
pub fn decode(source: &mut (impl BufRead + Seek), place: &Path, inspection: &Inspection) -> Result<Image, DataError> {
    let path = || place.to_owned();
    let fault = match quiet::caught(|| read(source, inspection)) {
        Ok(Ok(image)) => return Ok(image),
        Ok(Err(fault)) => fault,
        Err(message) => return Err(FolderError::DecoderFailed { path: path(), message }.into()),
    };
    Err(match fault {
        Fault::Io(cause) => DataError::io("read", path())(cause),
        Fault::Damaged(cause) => FolderError::CorruptImage { path: path(), cause }.into(),
        Fault::Unsupported(kind) => FolderError::UnsupportedImage { path: path(), kind }.into(),
        Fault::Memory { width, height } => FolderError::ImageMemory { path: path(), width, height }.into(),
        Fault::TooLarge { width, height } => {
            let max_megapixels = LARGEST_AREA / 1_000_000;
            FolderError::ImageTooLarge { path: path(), width, height, max_megapixels }.into()
        }
    })
}

/// Reads an image from where it lies.
fn read(source: &mut (impl BufRead + Seek), inspection: &Inspection) -> Result<Image, Fault> {
    let mut start = Vec::new();
    source.take(kind::BYTES as u64).read_to_end(&mut start)?;
    source.rewind()?;
    match Kind::of(&start)? {
        Kind::Jpeg => jpeg::read(source, inspection),
        Kind::Gif => gif::read(source),
        Kind::Png => {
            let orientation = png::orientation(source)?;
            source.rewind()?;
            let mut limits = DecoderLimits::no_limits();
            limits.max_alloc = Some(4 * SLACK);
            with_decoder(PngDecoder::with_limits(source, limits)?, orientation, Alpha::Straight, 0)
        }
        Kind::WebP => {
            let survey = webp::survey(source)?;
            source.rewind()?;
            // A second copy of the picture in four channels, and what it is predicted from.
            let beside = if survey.is_animated { 12 } else { 6 };
            with_decoder(WebPDecoder::new(source)?, survey.orientation, Alpha::Straight, beside)
        }
        Kind::Tiff => {
            let survey = tiff::survey(source);
            source.rewind()?;
            let mut read = || {
                let mut decoder = TiffDecoder::new(&mut *source)?;
                let bytes = decoder.total_bytes().saturating_mul(2).saturating_add(SLACK);
                let mut limits = DecoderLimits::no_limits();
                limits.max_alloc = Some(bytes);
                decoder.set_limits(limits)?;
                // It fills memory of its own first.
                let beside = u64::from(decoder.color_type().bytes_per_pixel());
                with_decoder(decoder, survey.orientation, survey.alpha, beside)
            };
            read().map_err(|fault| match fault {
                Fault::Unsupported(_) => Fault::Unsupported(survey.kind),
                fault => fault,
            })
        }
        Kind::Bmp => with_decoder(BmpDecoder::new(source)?, Orientation::NoTransforms, Alpha::Straight, 0),
        Kind::Qoi => with_decoder(QoiDecoder::new(source)?, Orientation::NoTransforms, Alpha::Straight, 0),
        Kind::Pnm => with_decoder(PnmDecoder::new(source)?, Orientation::NoTransforms, Alpha::Straight, 0),
    }
}

/// Decodes into memory that was claimed, with as many more bytes for each pixel as the decoder needs `beside`.
fn with_decoder(
    decoder: impl ImageDecoder,
    orientation: Orientation,
    alpha: Alpha,
    beside: u64,
) -> Result<Image, Fault> {
    let (width, height) = decoder.dimensions();
    let area = area(width, height)?;
    let colour = decoder.color_type();
    let bytes = area * u64::from(colour.bytes_per_pixel());
    // What is longer or shorter than three bytes is written once more.
    let again = if matches!(colour.bytes_per_pixel(), 3 | 4) { 0 } else { 3 * area };
    let room = Room::wait_for(width, height, bytes + again.max(beside * area))?;
    let mut pixels = room.zeros(bytes)?;
    decoder.read_image(&mut pixels)?;
    room.finish(pixels::to_rgb(pixels, colour, alpha)?, orientation)
}

#[cfg(test)]
mod tests;
