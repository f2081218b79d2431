//! Sharpness.

use super::blend::blend;
use crate::Image;

/// Blends the smoothed image (`factor` 0) with the image itself (1); above 1 it becomes sharper. Pillow's
/// `ImageEnhance.Sharpness`.
///
/// Smoothing is the mean of a pixel, taken five times, and its eight neighbours, rounded. Pixels of the border have
/// fewer neighbours and stay as they are.
pub fn sharpness(image: &mut Image, factor: f64) {
    let (width, height, factor) = (image.width(), image.height(), factor as f32);
    if width < 3 || height < 3 {
        return;
    }
    let row_values = 3 * width;
    let original = image.pixels().to_vec();
    // For each value of a row: itself and the values above and below it.
    let mut columns = vec![0_u16; row_values];
    for y in 1..height - 1 {
        let [above, row, below] = [y - 1, y, y + 1].map(|y| &original[y * row_values..(y + 1) * row_values]);
        for (x, sum) in columns.iter_mut().enumerate() {
            *sum = u16::from(above[x]) + u16::from(row[x]) + u16::from(below[x]);
        }
        let sharpened = &mut image.pixels_mut()[y * row_values..(y + 1) * row_values];
        for x in 3..row_values - 3 {
            let sum = columns[x - 3] + columns[x] + columns[x + 3] + 4 * u16::from(row[x]);
            // An odd divisor: no half to be rounded either way.
            let smooth = (sum + 6) / 13;
            sharpened[x] = blend(smooth as u8, row[x], factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_is_spread_over_its_neighbours_but_not_over_the_border() {
        let mut pixels = vec![0; 75];
        pixels[36..39].fill(130);
        let mut image = Image::new(5, 5, pixels).expect("5x5");
        sharpness(&mut image, 0.0);
        let reds: Vec<u8> = image.pixels().iter().step_by(3).copied().collect();
        let expected = [0, 0, 0, 0, 0, 0, 10, 10, 10, 0, 0, 10, 50, 10, 0, 0, 10, 10, 10, 0, 0, 0, 0, 0, 0];
        assert_eq!(reds, expected);
    }

    #[test]
    fn an_image_that_is_all_border_stays() {
        let original = Image::new(2, 5, (0..30).collect()).expect("2x5");
        let mut image = original.clone();
        sharpness(&mut image, 1.9);
        assert_eq!(image, original);
    }
}
