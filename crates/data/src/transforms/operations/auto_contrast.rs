//! Auto-contrast: each channel stretched so that it reaches from 0 to 255.

use super::lookup::{self, Table};
use crate::Image;

/// Stretches each channel linearly until its least value is 0 and its greatest 255; fractions are cut off. A channel
/// with one value only stays as it is. Pillow's `ImageOps.autocontrast`.
pub fn auto_contrast(image: &mut Image) {
    let tables = lookup::histograms(image).map(|histogram| stretch(&histogram));
    lookup::apply_by_channel(image, &tables);
}

fn stretch(histogram: &[u32; 256]) -> Table {
    let least = histogram.iter().position(|&count| count > 0).unwrap_or(0);
    let greatest = histogram.iter().rposition(|&count| count > 0).unwrap_or(0);
    if greatest <= least {
        return lookup::table(|value| value);
    }
    let scale = 255.0 / (greatest - least) as f64;
    // Scale and offset, and not the difference scaled: where the two differ in the last bit, cutting off shows it.
    let offset = -(least as f64) * scale;
    lookup::table(|value| (f64::from(value) * scale + offset) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_stretched_one_by_one_and_a_flat_one_is_left_alone() {
        let mut image = Image::new(3, 1, vec![10, 7, 0, 30, 7, 100, 110, 7, 255]).expect("3x1");
        auto_contrast(&mut image);
        // 20 of 100 is 51 of 255.
        assert_eq!(image.pixels(), [0, 7, 0, 51, 7, 100, 255, 7, 255]);
    }
}
