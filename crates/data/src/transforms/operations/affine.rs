//! Shearing, moving and turning: affine warps with bicubic interpolation.
//!
//! This is not the bicubic of [resizing](crate::transforms::resize): the cubic has a = -1, nothing is averaged, results
//! are cut off instead of rounded, and pixels whose source lies outside the image get a fill colour. So does Pillow's
//! `Image.transform(AFFINE, resample=BICUBIC)`.

use crate::Image;
use crate::samples::{Sample, by_plane, by_type};

/// Where each pixel of a warped image comes from: the pixel at (x, y) from (`column` . (x, y, 1), `row` . (x, y, 1)) of
/// the original. Places are in pixels, the centre of the first pixel at (0.5, 0.5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// What x, y and 1 contribute to the column.
    pub column: [f64; 3],
    /// What x, y and 1 contribute to the row.
    pub row: [f64; 3],
}

impl Affine {
    const IDENTITY: Self = Self { column: [1.0, 0.0, 0.0], row: [0.0, 1.0, 0.0] };

    /// Row y is moved left by `factor` y pixels.
    pub fn shear_x(factor: f64) -> Self {
        Self { column: [1.0, factor, 0.0], ..Self::IDENTITY }
    }

    /// Column x is moved up by `factor` x pixels.
    pub fn shear_y(factor: f64) -> Self {
        Self { row: [factor, 1.0, 0.0], ..Self::IDENTITY }
    }

    /// Everything is moved left by `pixels`.
    pub fn translate_x(pixels: f64) -> Self {
        Self { column: [1.0, 0.0, pixels], ..Self::IDENTITY }
    }

    /// Everything is moved up by `pixels`.
    pub fn translate_y(pixels: f64) -> Self {
        Self { row: [0.0, 1.0, pixels], ..Self::IDENTITY }
    }

    /// A turn by `degrees` counter-clockwise about the centre of an image of `width` x `height` pixels. Pillow's
    /// `Image.rotate`, which reduces the angle to 0..360 and rounds sine and cosine to 15 decimals; its shortcuts for
    /// multiples of 90 degrees come to the same pixels.
    pub fn rotation(degrees: f64, width: usize, height: usize) -> Self {
        let angle = -degrees.rem_euclid(360.0).to_radians();
        let (sine, cosine) = (fifteen_decimals(angle.sin()), fifteen_decimals(angle.cos()));
        let (x, y) = (width as f64 / 2.0, height as f64 / 2.0);
        Self { column: [cosine, sine, cosine * -x + sine * -y + x], row: [-sine, cosine, -sine * -x + cosine * -y + y] }
    }
}

/// `number` to the nearest multiple of 1e-15.
fn fifteen_decimals(number: f64) -> f64 {
    // By way of its decimal digits, because a product with 1e15 would be rounded itself.
    format!("{number:.15}").parse().unwrap_or(number)
}

/// Warps an image in place; what comes from outside it becomes the `fill` of each channel, as it is normalised: 1 is white.
///
/// # Panics
/// When `fill` has fewer numbers than the image has channels.
pub fn warp(image: &mut Image, affine: Affine, fill: &[f32]) {
    let (width, height, channels) = (image.width(), image.height(), image.channels());
    by_type!(image.samples_mut(), values => match channels {
        3 => warp_pixels::<_, 3>(values, (width, height), affine, std::array::from_fn(|channel| level(fill[channel]))),
        _ => by_plane(values, channels, |channel, plane| {
            warp_pixels::<_, 1>(plane, (width, height), affine, [level(fill[channel])]);
        }),
    });
}

/// What a number as it is normalised is in an image: of whole numbers the nearest, halves to even.
fn level<T: Sample>(value: f32) -> T {
    match T::WHITE {
        1.0 => T::of_f64(f64::from(value)),
        white => T::of_f64(f64::from((value * white).round_ties_even())),
    }
}

fn warp_pixels<T: Sample, const C: usize>(
    values: &mut [T],
    (width, height): (usize, usize),
    affine: Affine,
    fill: [T; C],
) {
    let original = values.to_vec();
    let (original, _) = original.as_chunks::<C>();
    let (pixels, _) = values.as_chunks_mut::<C>();
    for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (x, y) = (x as f64 + 0.5, y as f64 + 0.5);
            let [column, row] = [affine.column, affine.row].map(|[by_x, by_y, offset]| by_x * x + by_y * y + offset);
            let inside = (0.0..width as f64).contains(&column) && (0.0..height as f64).contains(&row);
            *pixel = if inside { sample(original, (width, height), column, row) } else { fill };
        }
    }
}

/// The colour at a place within the image. Beyond the edge, the pixels of the edge go on.
fn sample<T: Sample, const C: usize>(
    pixels: &[[T; C]],
    (width, height): (usize, usize),
    column: f64,
    row: f64,
) -> [T; C] {
    let (columns, along_x) = four_around(column, width);
    let (rows, along_y) = four_around(row, height);
    let row_at = |y: usize| -> [f64; C] {
        let row = &pixels[y * width..(y + 1) * width];
        let [a, b, c, d] = columns.map(|x| row[x]);
        if along_x == 0.0 {
            return b.map(T::to_f64);
        }
        std::array::from_fn(|channel| cubic([a, b, c, d].map(|pixel| pixel[channel].to_f64()), along_x))
    };
    // Exactly on a row, the others count for nothing: shears and moves along x need a quarter of the work.
    let colour = if along_y == 0.0 {
        row_at(rows[1])
    } else {
        let rows = rows.map(row_at);
        std::array::from_fn(|channel| cubic(rows.map(|row| row[channel]), along_y))
    };
    colour.map(T::cut_off)
}

/// The four pixels about a place on a line of `length` pixels, and how far (0..1) it lies from the second to the third.
fn four_around(place: f64, length: usize) -> ([usize; 4], f64) {
    let place = place - 0.5;
    let second = place.floor();
    let indices = [-1, 0, 1, 2].map(|offset| (second as isize + offset).clamp(0, length as isize - 1) as usize);
    (indices, place - second)
}

/// Cubic convolution with a = -1 (Keys 1981), `along` (0..1) from the second value to the third. As a polynomial about
/// the second value, four equal values give exactly that value: a sum of weighted values might fall just below it, and
/// be cut off to the next.
fn cubic([a, b, c, d]: [f64; 4], along: f64) -> f64 {
    let linear = c - a;
    let quadratic = 2.0 * (a - b) + c - d;
    let cubic = b - a - c + d;
    b + along * (linear + along * (quadratic + along * cubic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(reds: &[u8]) -> Image {
        Image::new(reds.len(), 1, reds.iter().flat_map(|&red| [red, 0, 0]).collect()).expect("a row")
    }

    fn warped(image: &Image, affine: Affine) -> Vec<u8> {
        let mut image = image.clone();
        warp(&mut image, affine, &[7.0 / 255.0, 8.0 / 255.0, 9.0 / 255.0]);
        image.pixels().iter().step_by(3).copied().collect()
    }

    #[test]
    fn moving_by_whole_pixels_copies_them_and_fills_what_is_left() {
        let image = row(&[10, 20, 30, 40]);
        assert_eq!(warped(&image, Affine::translate_x(1.0)), [20, 30, 40, 7]);
        assert_eq!(warped(&image, Affine::translate_x(-2.0)), [7, 7, 10, 20]);
        assert_eq!(warped(&image, Affine::translate_y(1.0)), [7; 4]);
    }

    /// Half-way, the kernel with a = -1 has the weights -1/8, 5/8, 5/8, -1/8.
    #[test]
    fn half_a_pixel_shows_the_kernel() {
        let image = row(&[0, 0, 80, 0, 0, 0]);
        // -10 saturates to 0; the last place, 6.0, lies outside.
        assert_eq!(warped(&image, Affine::translate_x(0.5)), [0, 50, 50, 0, 0, 7]);
        // At the edge the first pixel stands in for the one before it: (5 - 1) / 8 of 100 + 5/8 of 20 - 1/8 of 60.
        assert_eq!(warped(&row(&[100, 20, 60, 0]), Affine::translate_x(0.5))[0], 55);
    }

    #[test]
    fn a_quarter_turn_moves_every_pixel_to_its_place() {
        let image = Image::new(2, 2, [1_u8, 2, 3, 4].into_iter().flat_map(|red| [red, 0, 0]).collect()).expect("2x2");
        assert_eq!(warped(&image, Affine::rotation(90.0, 2, 2)), [2, 4, 1, 3]);
        assert_eq!(warped(&image, Affine::rotation(180.0, 2, 2)), [4, 3, 2, 1]);
        assert_eq!(warped(&image, Affine::rotation(-90.0, 2, 2)), [3, 1, 4, 2]);
        assert_eq!(warped(&image, Affine::rotation(0.0, 2, 2)), [1, 2, 3, 4]);
    }

    #[test]
    fn a_flat_image_stays_exactly_flat() {
        let flat = Image::new(9, 7, [201, 13, 99].repeat(63)).expect("9x7");
        for affine in [Affine::shear_x(0.173), Affine::shear_y(-0.291), Affine::rotation(26.7, 9, 7)] {
            let mut image = flat.clone();
            warp(&mut image, affine, &[201.0 / 255.0, 13.0 / 255.0, 99.0 / 255.0]);
            assert_eq!(image, flat);
        }
    }

    #[test]
    fn what_comes_from_outside_is_the_mean_as_it_is_stored_and_halves_go_to_even() {
        assert_eq!([0.4914, 0.4822, 0.4465].map(level::<u8>), [125, 123, 114]);
        assert_eq!([0.1, 0.3, 0.5].map(level::<u8>), [26, 76, 128]);
        assert_eq!([-0.1, 1.2, 1.0].map(level::<u8>), [0, 255, 255]);
        assert_eq!([0.5, 2.0].map(level::<u16>), [32768, 65535]);
        assert_eq!([0.5, -7.25].map(level::<f32>), [0.5, -7.25]);
    }

    #[test]
    fn numbers_that_are_none_fill_everything() {
        assert_eq!(warped(&row(&[1, 2]), Affine::translate_x(f64::NAN)), [7, 7]);
        assert_eq!(warped(&row(&[1, 2]), Affine::shear_y(f64::INFINITY)), [7, 7]);
    }
}
