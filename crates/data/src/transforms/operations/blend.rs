//! Between two values, and beyond them.

/// The value at `factor` on the way from `degenerate` (0) to `original` (1): factors above 1 overshoot. Fractions are
/// cut off and values kept within 0..=255, all in single precision, as Pillow's `Image.blend` does it.
pub fn blend(degenerate: u8, original: u8, factor: f32) -> u8 {
    let difference = f32::from(i16::from(original) - i16::from(degenerate));
    // The conversion cuts off and saturates.
    (f32::from(degenerate) + factor * difference) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_off_and_overshooting_saturates() {
        assert_eq!(blend(10, 20, 0.0), 10);
        assert_eq!(blend(10, 20, 1.0), 20);
        assert_eq!(blend(10, 21, 0.5), 15);
        assert_eq!(blend(21, 10, 0.5), 15);
        assert_eq!(blend(0, 200, 1.9), 255);
        assert_eq!(blend(255, 50, 1.9), 0);
    }
}
