//! The first picture of a GIF.

use std::io::{Read, Seek, SeekFrom};

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};
use image::metadata::Orientation;

use super::fault::Fault;
use super::room::{Room, area};
use crate::{Image, Samples};

/// More pixels than a byte of a file can stand for: a code has at least 3 bits, and stands for at most 4096 pixels.
const MOST_PER_BYTE: u64 = 4096 * 8 / 3 + 1;

/// Reads the first picture of a GIF, on the black screen that it lies on. A picture that is larger than the screen
/// makes it larger, as in Pillow.
///
/// # Errors
/// When a part of it is missing or damaged.
pub fn read(source: &mut (impl Read + Seek)) -> Result<Image, Fault> {
    let length = source.seek(SeekFrom::End(0))?;
    source.rewind()?;
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // What is decoded goes to memory of ours.
    options.set_memory_limit(MemoryLimit::Unlimited);
    let mut decoder = options.read_info(source)?;
    let screen = (u32::from(decoder.width()), u32::from(decoder.height()));
    let frame = decoder.next_frame_info()?.ok_or_else(|| Fault::damaged("it holds no picture"))?;
    let [left, top, columns, rows] = [frame.left, frame.top, frame.width, frame.height].map(u32::from);
    let transparent = frame.transparent;
    let (width, height) = (screen.0.max(left + columns), screen.1.max(top + rows));
    let palette = decoder.palette()?.to_vec();
    let indices = u64::from(columns) * u64::from(rows);
    if indices > length.saturating_mul(MOST_PER_BYTE) {
        return Err(Fault::cut());
    }
    let bytes = 3 * area(width, height)?;
    let room = Room::wait_for(width, height, bytes + indices)?;
    let mut picture = room.zeros(indices)?;
    decoder.read_into_buffer(&mut picture)?;
    let mut rgb = room.zeros(bytes)?;
    if columns > 0 {
        let places = |row: usize| 3 * ((top as usize + row) * width as usize + left as usize);
        for (row, indices) in picture.chunks_exact(columns as usize).enumerate() {
            let (pixels, _) = rgb[places(row)..].as_chunks_mut::<3>();
            for (pixel, &index) in pixels.iter_mut().zip(indices) {
                if transparent != Some(index)
                    && let Some(colour) = palette.as_chunks::<3>().0.get(usize::from(index))
                {
                    *pixel = *colour;
                }
            }
        }
    }
    drop(picture);
    room.finish(Samples::U8(rgb), 3, None, Orientation::NoTransforms)
}

impl From<DecodingError> for Fault {
    fn from(cause: DecodingError) -> Self {
        match cause {
            DecodingError::Io(cause) => cause.into(),
            cause => Self::Damaged(cause.to_string()),
        }
    }
}
