//! How light a colour is.

/// The luminance of a pixel (ITU-R BT.601: 0.299 red, 0.587 green, 0.114 blue), rounded: the weights in 65536ths, as
/// Pillow's conversion to grey has them.
pub fn luminance([red, green, blue]: [u8; 3]) -> u8 {
    let weighted = 19595 * u32::from(red) + 38470 * u32::from(green) + 7471 * u32::from(blue);
    ((weighted + 32768) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_keeps_its_value_and_colours_have_their_weights() {
        for value in 0..=255 {
            assert_eq!(luminance([value; 3]), value);
        }
        assert_eq!([[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(luminance), [76, 150, 29]);
    }
}
