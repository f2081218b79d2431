//! TIFF of any number of bands, of whole numbers and floats: what the decoder of RGB and grey leaves out.

use std::io::{Read, Seek, SeekFrom};

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::{ColorType, TiffError};

use super::fault::Fault;
use super::pixels::{exact, finite};
use super::room::{Room, SLACK, area};
use super::tiff_survey::TiffSurvey;
use crate::channels::PixelLayout;
use crate::image::MOST_CHANNELS;
use crate::samples::{Depth, Samples};
use crate::{Alpha, Image};

/// Channels and bits of such a TIFF.
///
/// # Errors
/// When it is damaged, or has other colours.
pub fn layout(source: &mut (impl Read + Seek), survey: &TiffSurvey) -> Result<PixelLayout, Fault> {
    let mut decoder = Decoder::new(AsBands::new(source, survey)?)?;
    Ok(Bands::of(&mut decoder, survey)?.layout)
}

/// Reads such a TIFF.
///
/// # Errors
/// When it is damaged, or has other colours, or values that 32-bit floats cannot hold.
pub fn read(source: &mut (impl Read + Seek), survey: &TiffSurvey) -> Result<Image, Fault> {
    let mut decoder = Decoder::new(AsBands::new(source, survey)?)?;
    let bands = Bands::of(&mut decoder, survey)?;
    let (width, height) = decoder.dimensions()?;
    let channels = bands.layout.channels;
    let bytes = area(width, height)? * channels as u64 * u64::from(bands.bits).div_ceil(8);
    // Its own buffer, what becomes of it, and floats of it.
    let room = Room::wait_for(width, height, 3 * bytes.max(4 * channels as u64 * area(width, height)?))?;
    let mut limits = Limits::default();
    let most = usize::try_from(bytes.saturating_mul(2).saturating_add(SLACK)).unwrap_or(usize::MAX);
    (limits.decoding_buffer_size, limits.intermediate_buffer_size) = (most, most);
    let mut decoder = decoder.with_limits(limits);
    let mut decoded = DecodingResult::U8(Vec::new());
    decoder.read_image_to_buffer(&mut decoded)?;
    let kind = |what: &str| format!("a TIFF file of {what}");
    let samples = match decoded {
        DecodingResult::U8(values) => Samples::U8(values),
        DecodingResult::U16(values) => Samples::U16(values),
        DecodingResult::F32(values) => finite(values)?,
        DecodingResult::F16(values) => finite(values.into_iter().map(f32::from).collect())?,
        DecodingResult::I8(values) => exact(values.into_iter().map(f64::from), &kind("signed integers of 8 bits"))?,
        DecodingResult::I16(values) => exact(values.into_iter().map(f64::from), &kind("signed integers of 16 bits"))?,
        DecodingResult::I32(values) => exact(values.into_iter().map(f64::from), &kind("signed integers of 32 bits"))?,
        DecodingResult::U32(values) => exact(values.into_iter().map(f64::from), &kind("integers of 32 bits"))?,
        DecodingResult::F64(values) => exact(values.into_iter(), &kind("64-bit floats"))?,
        DecodingResult::U64(_) | DecodingResult::I64(_) => return Err(Fault::Unsupported(survey.kind.clone())),
    };
    let expected = width as usize * height as usize * channels;
    if samples.len() != expected {
        return Err(Fault::damaged("its decoder gave another number of samples"));
    }
    let samples = if survey.is_planar && channels > 1 { interleaved(&samples, channels) } else { samples };
    let alpha = survey.alpha_of(channels);
    room.finish(samples, channels, alpha, survey.orientation)
}

/// What the directory says.
struct Bands {
    layout: PixelLayout,
    bits: u8,
}

impl Bands {
    fn of<R: Read + Seek>(decoder: &mut Decoder<R>, survey: &TiffSurvey) -> Result<Self, Fault> {
        let unsupported = || Fault::Unsupported(survey.kind.clone());
        let (channels, bits) = match decoder.colortype()? {
            ColorType::Gray(bits) => (1, bits),
            ColorType::GrayA(bits) => (2, bits),
            ColorType::RGB(bits) => (3, bits),
            ColorType::RGBA(bits) => (4, bits),
            ColorType::Multiband { bit_depth, num_samples } => (usize::from(num_samples), bit_depth),
            _ => return Err(unsupported()),
        };
        if !(1..=MOST_CHANNELS).contains(&channels) {
            return Err(Fault::Unsupported(format!(
                "a TIFF file of {channels} bands, where 1 to {MOST_CHANNELS} are read"
            )));
        }
        let depth = match (bits, survey.is_whole_numbers) {
            (8, true) => Depth::Bits8,
            (16, true) => Depth::Bits16,
            (8 | 16 | 32 | 64, _) => Depth::Float32,
            _ => return Err(unsupported()),
        };
        let has_alpha = survey.alpha_of(channels).is_some();
        Ok(Self { layout: PixelLayout { channels, depth, has_alpha }, bits })
    }
}

/// Samples that were stored plane by plane, pixel by pixel.
fn interleaved(samples: &Samples, channels: usize) -> Samples {
    fn pixels<T: Copy>(values: &[T], channels: usize) -> Vec<T> {
        let area = values.len() / channels;
        (0..area).flat_map(|place| (0..channels).map(move |channel| values[channel * area + place])).collect()
    }
    match samples {
        Samples::U8(values) => Samples::U8(pixels(values, channels)),
        Samples::U16(values) => Samples::U16(pixels(values, channels)),
        Samples::F32(values) => Samples::F32(pixels(values, channels)),
    }
}

/// A TIFF whose bands are all alike to its decoder: where its first three are called red, green and blue, and others
/// follow, the decoder would leave these out, so its colours are called levels of grey.
struct AsBands<'a, R> {
    source: &'a mut R,
    /// The place of the byte that says what its colours are, where it is to read 1.
    colours_at: Option<u64>,
    position: u64,
}

impl<'a, R: Read + Seek> AsBands<'a, R> {
    fn new(source: &'a mut R, survey: &TiffSurvey) -> Result<Self, Fault> {
        source.seek(SeekFrom::Start(0))?;
        Ok(Self { source, colours_at: survey.colours_at.filter(|_| survey.has_unread_bands), position: 0 })
    }
}

impl<R: Read + Seek> Read for AsBands<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.source.read(buffer)?;
        let within = self.colours_at.and_then(|at| at.checked_sub(self.position)).filter(|at| *at < length as u64);
        if let Some(byte) = within.and_then(|at| buffer.get_mut(usize::try_from(at).ok()?)) {
            *byte = 1;
        }
        self.position += length as u64;
        Ok(length)
    }
}

impl<R: Read + Seek> Seek for AsBands<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.position = self.source.seek(to)?;
        Ok(self.position)
    }
}

impl TiffSurvey {
    /// What the last of so many channels is: where red, green and blue have one more, or grey has, as the file says it.
    fn alpha_of(&self, channels: usize) -> Option<Alpha> {
        match (self.is_rgb, channels) {
            (true, 4) => Some(self.alpha),
            (false, 2) => Some(self.alpha).filter(|alpha| *alpha != Alpha::Unused && self.has_extra_samples),
            _ => None,
        }
    }
}

impl From<TiffError> for Fault {
    fn from(cause: TiffError) -> Self {
        match cause {
            TiffError::IoError(cause) => cause.into(),
            TiffError::UnsupportedError(cause) => {
                Self::Unsupported(format!("a TIFF file of a kind that its decoder lacks ({cause})"))
            }
            TiffError::LimitsExceeded => Self::damaged("its decoder asks for more memory than its pixels need"),
            cause => Self::Damaged(cause.to_string()),
        }
    }
}
