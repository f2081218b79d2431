//! Tables that give every value of a channel a new one.

use crate::Image;

/// A new value for each of the 256.
pub type Table = [u8; 256];

/// The table of a function of the value.
pub fn table(new_value: impl Fn(u8) -> u8) -> Table {
    let mut table = [0; 256];
    for (new, value) in table.iter_mut().zip(0..=u8::MAX) {
        *new = new_value(value);
    }
    table
}

/// Looks every value up, whatever its channel.
pub fn apply(image: &mut Image, table: &Table) {
    for value in image.pixels_mut() {
        *value = table[usize::from(*value)];
    }
}

/// Looks every value up in its channel's own table.
pub fn apply_by_channel(image: &mut Image, tables: &[Table; 3]) {
    let (pixels, _) = image.pixels_mut().as_chunks_mut::<3>();
    for pixel in pixels {
        for (value, table) in pixel.iter_mut().zip(tables) {
            *value = table[usize::from(*value)];
        }
    }
}

/// How many pixels have each value, channel by channel.
pub fn histograms(image: &Image) -> [[u32; 256]; 3] {
    let mut histograms = [[0; 256]; 3];
    let (pixels, _) = image.pixels().as_chunks::<3>();
    for pixel in pixels {
        for (&value, histogram) in pixel.iter().zip(&mut histograms) {
            histogram[usize::from(value)] += 1;
        }
    }
    histograms
}
