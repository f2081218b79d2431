//! Posterisation: fewer different values.

use crate::Image;

/// Keeps the `bits` highest bits of every value and clears the others. 8 or more change nothing, 0 makes the image
/// black: so does Pillow's `ImageOps.posterize` (recent versions refuse 0, which RandAugment does reach).
pub fn posterise(image: &mut Image, bits: u8) {
    let cleared = u32::from(8_u8.saturating_sub(bits));
    let mask = u8::MAX.checked_shl(cleared).unwrap_or(0);
    for value in image.pixels_mut() {
        *value &= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bits_stay() {
        let with = |bits| {
            let mut image = Image::new(1, 1, vec![0b1011_0111, 255, 64]).expect("1x1");
            posterise(&mut image, bits);
            image.pixels().to_vec()
        };
        assert_eq!(with(0), [0, 0, 0]);
        assert_eq!(with(1), [128, 128, 0]);
        assert_eq!(with(3), [0b1010_0000, 224, 64]);
        for all in [8, 9, 255] {
            assert_eq!(with(all), [0b1011_0111, 255, 64]);
        }
    }
}
