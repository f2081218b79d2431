//! From an image file to its pixels.
//!
//! What is decoded is whole: a file of which a part is missing or damaged is refused, and so is one of a kind that is
//! not decoded. Memory is claimed before it is taken ([`memory`](crate::memory)), in proportion to the pixels.

mod bands;
mod directory;
mod fault;
mod gif;
mod inspection;
mod jpeg;
mod kind;
mod npy;
mod orientation;
mod pixels;
mod png;
mod quiet;
mod room;
mod tiff_survey;
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
use image::{ImageDecoder, ImageError, Limits as DecoderLimits};

use crate::error::FolderError;
use crate::{Alpha, DataError, Depth, Image, PixelLayout, Reduction};
pub use fault::Fault;
pub use inspection::Inspection;
use kind::Kind;
pub use npy::{NpyHeader, image_of as npy_image};
use room::{LARGEST_AREA, Room, SLACK, area};
use tiff_survey::TiffSurvey;

/// Reads an image file at its native size, in the channels and bits that it has: turned upright as its metadata say, of
/// an animation the first picture. What kind of file it is, its contents tell, not its name. A file that passed the
/// `inspection` before is not looked through for missing parts again.
///
/// # Errors
/// When it cannot be read, is of a kind that is not decoded, is damaged or cut short, has more than 200 million
/// pixels or its decoder fails; each names it as `place`.
pub fn decode(source: &mut (impl BufRead + Seek), place: &Path, inspection: &Inspection) -> Result<Image, DataError> {
    decode_reduced(source, place, inspection, &|_, _| Reduction::Whole)
}

/// Reads an image file as [`decode`] does; a JPEG at a part of its size where `reduction`, asked with its native width and
/// height, allows it.
///
/// # Errors
/// As [`decode`].
pub fn decode_reduced(
    source: &mut (impl BufRead + Seek),
    place: &Path,
    inspection: &Inspection,
    reduction: &dyn Fn(usize, usize) -> Reduction,
) -> Result<Image, DataError> {
    named(place, || read(source, inspection, reduction))
}

/// The channels and bits of an image file, as its header tells; its pixels are not looked at.
///
/// # Errors
/// As [`decode`].
pub fn layout(source: &mut (impl BufRead + Seek), place: &Path) -> Result<PixelLayout, DataError> {
    named(place, || read_layout(source))
}

/// What `read` finds, its fault as an error that names `place`.
fn named<T>(place: &Path, read: impl FnOnce() -> Result<T, Fault>) -> Result<T, DataError> {
    let path = || place.to_owned();
    let fault = match quiet::caught(read) {
        Ok(Ok(read)) => return Ok(read),
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

fn kind(source: &mut (impl BufRead + Seek)) -> Result<Kind, Fault> {
    let mut start = Vec::new();
    source.take(kind::BYTES as u64).read_to_end(&mut start)?;
    source.rewind()?;
    Kind::of(&start)
}

/// Reads an image from where it lies.
fn read(
    source: &mut (impl BufRead + Seek),
    inspection: &Inspection,
    reduction: &dyn Fn(usize, usize) -> Reduction,
) -> Result<Image, Fault> {
    match kind(source)? {
        Kind::Jpeg => jpeg::read(source, inspection, reduction),
        Kind::Gif => gif::read(source),
        Kind::Npy => npy::read(source),
        Kind::Png => {
            let orientation = png::orientation(source)?;
            source.rewind()?;
            with_decoder(png_decoder(source)?, orientation, Alpha::Straight, 0)
        }
        Kind::WebP => {
            let survey = webp::survey(source)?;
            source.rewind()?;
            // A second copy of the picture in four channels, and what it is predicted from.
            let beside = if survey.is_animated { 12 } else { 6 };
            with_decoder(WebPDecoder::new(source)?, survey.orientation, Alpha::Straight, beside)
        }
        Kind::Tiff => {
            let survey = tiff_survey::survey(source);
            source.rewind()?;
            let mut read = || {
                if survey.has_unread_bands {
                    return bands::read(source, &survey);
                }
                match TiffDecoder::new(&mut *source) {
                    Ok(mut decoder) => {
                        let bytes = decoder.total_bytes().saturating_mul(2).saturating_add(SLACK);
                        let mut limits = DecoderLimits::no_limits();
                        limits.max_alloc = Some(bytes);
                        decoder.set_limits(limits)?;
                        // It fills memory of its own first.
                        let beside = u64::from(decoder.color_type().bytes_per_pixel());
                        with_decoder(decoder, survey.orientation, survey.alpha, beside)
                    }
                    Err(ImageError::Unsupported(_)) => bands::read(source, &survey),
                    Err(error) => Err(error.into()),
                }
            };
            read().map_err(|fault| in_words(fault, &survey))
        }
        Kind::Bmp => with_decoder(BmpDecoder::new(source)?, Orientation::NoTransforms, Alpha::Straight, 0),
        Kind::Qoi => with_decoder(QoiDecoder::new(source)?, Orientation::NoTransforms, Alpha::Straight, 0),
        Kind::Pnm => with_decoder(PnmDecoder::new(source)?, Orientation::NoTransforms, Alpha::Straight, 0),
    }
}

/// Channels and bits of an image, from its header.
fn read_layout(source: &mut (impl BufRead + Seek)) -> Result<PixelLayout, Fault> {
    match kind(source)? {
        Kind::Jpeg => jpeg::layout(source),
        Kind::Gif => Ok(PixelLayout { channels: 3, depth: Depth::Bits8, has_alpha: false }),
        Kind::Npy => npy::layout(source),
        Kind::Png => pixels::layout(png_decoder(source)?.color_type()),
        Kind::WebP => pixels::layout(WebPDecoder::new(source)?.color_type()),
        Kind::Tiff => {
            let survey = tiff_survey::survey(source);
            source.rewind()?;
            let mut read = || {
                if survey.has_unread_bands {
                    return bands::layout(source, &survey);
                }
                match TiffDecoder::new(&mut *source) {
                    Ok(decoder) => pixels::layout(decoder.color_type()),
                    Err(ImageError::Unsupported(_)) => bands::layout(source, &survey),
                    Err(error) => Err(error.into()),
                }
            };
            read().map_err(|fault| in_words(fault, &survey))
        }
        Kind::Bmp => pixels::layout(BmpDecoder::new(source)?.color_type()),
        Kind::Qoi => pixels::layout(QoiDecoder::new(source)?.color_type()),
        Kind::Pnm => pixels::layout(PnmDecoder::new(source)?.color_type()),
    }
}

fn png_decoder<R: BufRead + Seek>(source: R) -> Result<PngDecoder<R>, Fault> {
    let mut limits = DecoderLimits::no_limits();
    limits.max_alloc = Some(4 * SLACK);
    Ok(PngDecoder::with_limits(source, limits)?)
}

/// The fault of a TIFF; of a kind that is not decoded, in words of our own, unless it says more.
fn in_words(fault: Fault, survey: &TiffSurvey) -> Fault {
    match fault {
        Fault::Unsupported(kind) if kind.contains("which") || kind.contains("where") => Fault::Unsupported(kind),
        Fault::Unsupported(_) => Fault::Unsupported(survey.kind.clone()),
        fault => fault,
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
    let layout = pixels::layout(decoder.color_type())?;
    let bytes = area * u64::from(decoder.color_type().bytes_per_pixel());
    // What is deeper than 8 bits is written once more.
    let again = if layout.depth == Depth::Bits8 { 0 } else { bytes };
    let room = Room::wait_for(width, height, bytes + again.max(beside * area))?;
    let mut pixels = room.zeros(bytes)?;
    decoder.read_image(&mut pixels)?;
    let alpha = Some(alpha).filter(|_| layout.has_alpha);
    room.finish(pixels::samples(pixels, layout.depth)?, layout.channels, alpha, orientation)
}

#[cfg(test)]
mod tests;
