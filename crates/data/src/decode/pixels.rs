//! The pixels of any kind of picture as RGB of 8 bits, made where they lie as far as they get shorter.

use image::ColorType;

use super::fault::Fault;

/// What the last channel of a picture with four channels, or two, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpha {
    /// How opaque a pixel is; its colours are what they are.
    Straight,
    /// How opaque a pixel is; its colours are multiplied by it already.
    Associated,
    /// Something else.
    Unused,
}

/// The bytes of `pixels` (channels of 8 or 16 bits or f32 in the machine's order) as RGB: grey as three equal channels,
/// 16 bits rounded to 8, floats between 0 and 1 likewise, transparency over black.
///
/// # Errors
/// When the colours are of another kind.
pub fn to_rgb(pixels: Vec<u8>, colour: ColorType, alpha: Alpha) -> Result<Vec<u8>, Fault> {
    let over_black = move |value: u8, opacity: u8| match alpha {
        Alpha::Straight => ((u16::from(value) * u16::from(opacity) + 127) / 255) as u8,
        Alpha::Associated | Alpha::Unused => value,
    };
    Ok(match colour {
        ColorType::Rgb8 => pixels,
        ColorType::L8 => each(pixels, |&[grey]: &[u8; 1]| [grey; 3]),
        ColorType::La8 => each(pixels, |&[grey, a]: &[u8; 2]| [over_black(grey, a); 3]),
        ColorType::Rgba8 => each(pixels, |&[r, g, b, a]: &[u8; 4]| [r, g, b].map(|value| over_black(value, a))),
        ColorType::L16 => each(pixels, |grey: &[u8; 2]| [of_16(grey); 3]),
        ColorType::La16 => each(pixels, |pixel: &[u8; 4]| {
            let [grey, a] = [0, 1].map(|channel| of_16(&pixel[2 * channel..]));
            [over_black(grey, a); 3]
        }),
        ColorType::Rgb16 => each(pixels, |pixel: &[u8; 6]| [0, 1, 2].map(|channel| of_16(&pixel[2 * channel..]))),
        ColorType::Rgba16 => each(pixels, |pixel: &[u8; 8]| {
            [0, 1, 2].map(|channel| over_black(of_16(&pixel[2 * channel..]), of_16(&pixel[6..])))
        }),
        ColorType::Rgb32F => each(pixels, |pixel: &[u8; 12]| [0, 1, 2].map(|channel| of_f32(&pixel[4 * channel..]))),
        ColorType::Rgba32F => each(pixels, |pixel: &[u8; 16]| {
            [0, 1, 2].map(|channel| over_black(of_f32(&pixel[4 * channel..]), of_f32(&pixel[12..])))
        }),
        other => return Err(Fault::Unsupported(format!("a picture of colours {other:?}"))),
    })
}

/// The nearest of 256 levels to one of 65,536.
fn of_16(bytes: &[u8]) -> u8 {
    ((u32::from(u16::from_ne_bytes([bytes[0], bytes[1]])) + 128) / 257) as u8
}

/// The nearest of 256 levels to a number between 0 and 1; what is no number counts as 1.
fn of_f32(bytes: &[u8]) -> u8 {
    let value = f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let value = if value < 1.0 { value.max(0.0) } else { 1.0 };
    (value * 255.0).round() as u8
}

/// Three bytes for every `N`.
fn each<const N: usize>(mut pixels: Vec<u8>, rgb: impl Fn(&[u8; N]) -> [u8; 3]) -> Vec<u8> {
    if N < 3 {
        let (pixels, _) = pixels.as_chunks::<N>();
        let mut longer = Vec::with_capacity(3 * pixels.len());
        pixels.iter().for_each(|pixel| longer.extend_from_slice(&rgb(pixel)));
        return longer;
    }
    let count = pixels.len() / N;
    let mut pixel = [0; N];
    for place in 0..count {
        pixel.copy_from_slice(&pixels[N * place..][..N]);
        pixels[3 * place..][..3].copy_from_slice(&rgb(&pixel));
    }
    pixels.truncate(3 * count);
    if N > 4 {
        pixels.shrink_to_fit();
    }
    pixels
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageBuffer};

    use super::*;

    /// Every level of every channel, in some order.
    fn levels<const N: usize>() -> Vec<[u16; N]> {
        (0..=u16::MAX).map(|i| std::array::from_fn(|channel| i.wrapping_mul(2 * channel as u16 + 1))).collect()
    }

    fn bytes(samples: &[u16]) -> Vec<u8> {
        samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect()
    }

    #[test]
    fn sixteen_bits_and_floats_become_what_the_image_crate_makes_of_them() {
        let rgb: Vec<u16> = levels::<3>().concat();
        let expected: ImageBuffer<image::Rgb<u16>, _> = ImageBuffer::from_raw(256, 256, rgb.clone()).expect("its size");
        let expected = DynamicImage::ImageRgb16(expected).into_rgb8().into_raw();
        assert!(to_rgb(bytes(&rgb), ColorType::Rgb16, Alpha::Unused).is_ok_and(|found| found == expected));

        let grey: Vec<u16> = levels::<1>().concat();
        let expected: ImageBuffer<image::Luma<u16>, _> =
            ImageBuffer::from_raw(256, 256, grey.clone()).expect("its size");
        let expected = DynamicImage::ImageLuma16(expected).into_rgb8().into_raw();
        assert!(to_rgb(bytes(&grey), ColorType::L16, Alpha::Unused).is_ok_and(|found| found == expected));

        let floats: Vec<f32> =
            (0..3 * 64 * 64).map(|i| i as f32 / 10_000.0 - 0.1).chain([f32::NAN, 7.0, -7.0]).collect();
        let expected: ImageBuffer<image::Rgb<f32>, _> =
            ImageBuffer::from_raw(4097, 1, floats.clone()).expect("its size");
        let expected = DynamicImage::ImageRgb32F(expected).into_rgb8().into_raw();
        let bytes = floats.iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert!(to_rgb(bytes, ColorType::Rgb32F, Alpha::Unused).is_ok_and(|found| found == expected));
    }

    #[test]
    fn sixteen_bits_with_alpha_are_rounded_and_then_put_over_black() {
        let rgba: Vec<u16> = levels::<4>().concat();
        let picture: ImageBuffer<image::Rgba<u16>, _> =
            ImageBuffer::from_raw(256, 256, rgba.clone()).expect("its size");
        let rounded = DynamicImage::ImageRgba16(picture).into_rgba8().into_raw();
        for alpha in [Alpha::Straight, Alpha::Associated] {
            let expected = to_rgb(rounded.clone(), ColorType::Rgba8, alpha).expect("known");
            assert!(to_rgb(bytes(&rgba), ColorType::Rgba16, alpha).is_ok_and(|found| found == expected), "{alpha:?}");
        }
    }

    #[test]
    fn alpha_is_multiplied_once_and_only_where_it_is_alpha() {
        let glass = vec![200, 100, 50, 128];
        let made = |alpha| to_rgb(glass.clone(), ColorType::Rgba8, alpha).expect("known");
        assert_eq!(made(Alpha::Straight), [100, 50, 25]);
        assert_eq!(made(Alpha::Associated), [200, 100, 50]);
        assert_eq!(made(Alpha::Unused), [200, 100, 50]);
        assert_eq!(to_rgb(vec![90, 128], ColorType::La8, Alpha::Straight).expect("known"), [45; 3]);
        assert_eq!(to_rgb(vec![90], ColorType::L8, Alpha::Straight).expect("known"), [90; 3]);
    }
}
