use super::random_resized_crop::{ASPECT_RATIO, CropRule};
use super::*;
use crate::Rectangle;
use crate::error::TransformError;

const PLAIN: Transform = Transform {
    augmentation: Augmentation::None,
    randaugment: None,
    image_size: ImageSize::square(4),
    mean: PerChannel::rgb([0.0; 3]),
    std: PerChannel::rgb([1.0; 3]),
    random_erasing: 0.0,
};

fn crop(scale: (f64, f64)) -> Transform {
    Transform { augmentation: Augmentation::RandomResizedCrop { scale }, ..PLAIN }
}

/// A picture with a different value at every place and channel.
fn numbered(side: usize) -> Image {
    Image::new(side, side, (0..side * side * 3).map(|i| i as u8).collect()).expect("three bytes a pixel")
}

fn apply(transform: &Transform, image: &Image, sample: u64) -> Vec<f32> {
    let mut out = vec![f32::NAN; transform.values_per_image()];
    transform.apply(image, 1, 2, sample, &mut out).expect("a possible transform");
    out
}

fn draws(draw: CropRule, width: usize, height: usize, scale: (f64, f64)) -> Vec<Rectangle> {
    let key = |sample| keyed(0, 0, sample, Purpose::Crop);
    (0..20_000).map(|sample| draw.draw((width, height), 1.0, scale, &mut key(sample))).collect()
}

fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0), |(sum, count), number| (sum + number, count + 1));
    sum / f64::from(count)
}

#[test]
fn an_evaluation_image_of_the_right_size_only_changes_its_layout() {
    let image = numbered(4);
    let out = apply(&PLAIN, &image, 0);
    for (place, value) in out.iter().enumerate() {
        let (channel, pixel) = (place / 16, place % 16);
        assert_eq!(*value, f32::from(image.pixels()[3 * pixel + channel]) / 255.0, "channel {channel}, pixel {pixel}");
    }
}

#[test]
fn a_crop_of_everything_is_the_image_or_its_mirror_image() {
    let image = numbered(4);
    let mut mirrored = image.clone();
    flip::mirror(&mut mirrored);
    let (plain, mirrored) = (apply(&PLAIN, &image, 0), apply(&PLAIN, &mirrored, 0));
    // At ratios near 1, a crop of the whole area is rounded to the whole image.
    let outcomes: Vec<Vec<f32>> = (0..400).map(|sample| apply(&crop((1.0, 1.0)), &image, sample)).collect();
    let times = |wanted: &Vec<f32>| outcomes.iter().filter(|outcome| *outcome == wanted).count();
    assert!(times(&plain) > 50 && times(&mirrored) > 50, "{} and {}", times(&plain), times(&mirrored));
}

#[test]
fn the_same_key_gives_the_same_image_and_each_part_of_it_matters() {
    let image = numbered(9);
    let transform = crop((0.2, 1.0));
    let apply = |seed, epoch, sample| {
        let mut out = vec![0.0; 48];
        transform.apply(&image, seed, epoch, sample, &mut out).expect("a possible transform");
        out
    };
    assert_eq!(apply(1, 2, 3), apply(1, 2, 3));
    for other in [apply(0, 2, 3), apply(1, 0, 3), apply(1, 2, 0)] {
        assert_ne!(other, apply(1, 2, 3));
    }
}

#[test]
fn torchvision_crops_have_a_uniform_area_and_a_log_uniform_ratio() {
    // Large and of middling scale, so that the first attempt always fits and rounding hardly matters.
    let areas = draws(CropRule::Torchvision, 1000, 1000, (0.1, 0.5));
    let shares: Vec<f64> = areas.iter().map(|a| (a.width * a.height) as f64 / 1e6).collect();
    let ratios: Vec<f64> = areas.iter().map(|a| (a.width as f64 / a.height as f64).ln()).collect();
    let bound = ASPECT_RATIO.1.ln();
    assert!(shares.iter().all(|share| (0.099..0.501).contains(share)));
    assert!(ratios.iter().all(|ratio| ratio.abs() < bound + 0.005));
    // Of a uniform number on an interval of length w: mean in the middle, variance w^2 / 12. Five standard errors.
    for (numbers, middle, width) in [(&shares, 0.3, 0.4), (&ratios, 0.0, 2.0 * bound)] {
        let deviation = width / 12_f64.sqrt();
        let found = mean(numbers.iter().copied());
        assert!((found - middle).abs() < 5.0 * deviation / 20_000_f64.sqrt(), "mean {found}");
        let variance = mean(numbers.iter().map(|number| (number - middle).powi(2)));
        assert!((variance / deviation.powi(2) - 1.0).abs() < 0.04, "variance {variance}");
    }
}

#[test]
fn crops_lie_anywhere_within_the_image() {
    for draw in [CropRule::Torchvision, CropRule::Byol] {
        let areas = draws(draw, 40, 30, (0.08, 1.0));
        assert!(areas.iter().all(|a| a.width >= 1 && a.height >= 1));
        assert!(areas.iter().all(|a| a.left + a.width <= 40 && a.top + a.height <= 30));
        // Where there is room, the place is uniform over it: on average, half of the room is on the left.
        let lefts = areas.iter().filter(|a| a.width < 40).map(|a| a.left as f64 / (40 - a.width) as f64);
        let tops = areas.iter().filter(|a| a.height < 30).map(|a| a.top as f64 / (30 - a.height) as f64);
        for share in [mean(lefts), mean(tops)] {
            assert!((share - 0.5).abs() < 0.02, "{draw:?}: {share}");
        }
        assert!(areas.iter().any(|a| a.left == 0) && areas.iter().any(|a| a.left + a.width == 40));
    }
}

#[test]
fn torchvision_falls_back_to_the_centre_when_nothing_fits() {
    // Ten times as wide as high: a crop of the whole area is always too high.
    for area in draws(CropRule::Torchvision, 300, 30, (1.0, 1.0)) {
        assert_eq!(area, Rectangle { left: 130, top: 0, width: 40, height: 30 });
    }
    for area in draws(CropRule::Torchvision, 30, 300, (1.0, 1.0)) {
        assert_eq!(area, Rectangle { left: 0, top: 130, width: 30, height: 40 });
    }
}

#[test]
fn byol_clamps_what_does_not_fit() {
    let areas = draws(CropRule::Byol, 300, 30, (1.0, 1.0));
    // The height is always 30; the width is sqrt(9000 r), so between 82 and 110.
    assert!(areas.iter().all(|a| a.height == 30 && (82..=110).contains(&a.width)));
    let widths: std::collections::BTreeSet<usize> = areas.iter().map(|a| a.width).collect();
    assert!(widths.len() > 20, "the width is still drawn: {widths:?}");
}

#[test]
fn the_whole_of_a_square_comes_whole_from_torchvision_and_cut_from_byol() {
    let whole =
        |draw| draws(draw, 1000, 1000, (1.0, 1.0)).iter().filter(|a| (a.width, a.height) == (1000, 1000)).count();
    assert_eq!(whole(CropRule::Torchvision), 20_000);
    // Only ratios that round to 1 leave a square: about 1 in 300.
    assert!(whole(CropRule::Byol) < 200);
}

#[test]
fn a_single_pixel_can_be_cropped() {
    let image = Image::new(1, 1, vec![255, 0, 51]).expect("one pixel");
    for augmentation in [
        Augmentation::RandomResizedCrop { scale: (0.08, 1.0) },
        Augmentation::ByolCrop { scale: (0.08, 1.0) },
        Augmentation::None,
    ] {
        let out = apply(&Transform { augmentation, ..PLAIN }, &image, 5);
        assert!(out[..16].iter().all(|&red| red == 1.0), "{augmentation:?}");
        assert!(out[32..].iter().all(|&blue| blue == 0.2), "{augmentation:?}");
    }
}

#[test]
fn pixels_outside_a_crop_have_no_influence_on_it() {
    let area = Rectangle { left: 8, top: 8, width: 8, height: 8 };
    let with_border = |border: u8| {
        let inside = |i: usize| (8..16).contains(&(i / 24)) && (8..16).contains(&(i % 24));
        let pixels = (0..576).flat_map(|i| [if inside(i) { (7 * i) as u8 } else { border }; 3]).collect();
        resize::resize(&Image::new(24, 24, pixels).expect("24x24"), area, 13, 13).expect("an ordinary size")
    };
    assert_eq!(with_border(0), with_border(255));
}

/// Halving a step edge, worked by hand. The kernel (a = -0.5) reaches over eight input pixels; its values at their
/// distances are k(0.25) = 0.8672, k(0.75) = 0.2266, k(1.25) = -0.0703, k(1.75) = -0.0234 on either side, together 2.
/// Output pixel 3 takes 0.2266 - 0.0703 - 0.0234 of the light side, pixel 4 the rest, pixel 5 all but -0.0234.
#[test]
fn shrinking_is_bicubic_with_antialiasing() {
    let row: Vec<u8> = (0..16).flat_map(|x| [if x < 8 { 0 } else { 200 }; 3]).collect();
    let image = Image::new(16, 1, row).expect("16x1");
    let area = Rectangle { left: 0, top: 0, width: 16, height: 1 };
    let half = resize::resize(&image, area, 8, 1).expect("an ordinary size");
    let share = (0.2266 - 0.0703 - 0.0234) / 2.0;
    let values: [f64; 8] = [0.0, 0.0, -0.0234 / 2.0, share, 1.0 - share, 1.0 + 0.0234 / 2.0, 1.0, 1.0];
    let expected: Vec<u8> = values.iter().flat_map(|value| [(200.0 * value).round() as u8; 3]).collect();
    assert_eq!(half.pixels(), expected);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let good = crop((0.2, 1.0));
    assert!(good.check().is_ok());
    for scale in [(0.0, 1.0), (0.5, 0.4), (0.2, 1.1), (f64::NAN, 1.0), (-1.0, 0.5)] {
        assert!(
            matches!(crop(scale).check(), Err(DataError::Transforms(TransformError::CropScale { .. }))),
            "{scale:?}"
        );
    }
    for side in [0, resize::MAX_SIDE + 1, usize::MAX] {
        for image_size in
            [ImageSize::square(side), ImageSize { height: 8, width: side }, ImageSize { height: side, width: 8 }]
        {
            let transform = Transform { image_size, ..good };
            assert!(
                matches!(transform.check(), Err(DataError::Transforms(TransformError::ImageSize { .. }))),
                "{image_size}"
            );
        }
    }
    let mut short = [0.0; 47];
    let refused = good.apply(&numbered(4), 0, 0, 0, &mut short);
    assert!(matches!(refused, Err(DataError::Transforms(TransformError::OutputLength { expected: 48, found: 47 }))));
}

/// The steps stand in their order, each with its own random numbers: a transform with everything is the plain one, its
/// 8-bit image augmented, normalised and erased.
#[test]
fn augmenting_and_erasing_follow_the_crop_and_each_has_its_own_numbers() {
    use crate::transforms::random_erasing::{draw, erase};
    let image = Image::new(16, 16, (0..768).map(|i| (i * 31 % 256) as u8).collect()).expect("16x16");
    let plain = Transform {
        image_size: ImageSize::square(16),
        mean: PerChannel::rgb([0.5, 0.25, 0.1]),
        std: PerChannel::rgb([0.25; 3]),
        ..crop((0.2, 1.0))
    };
    let whole = Transform { randaugment: Some(RandAugment::M9_MSTD05_INC1), random_erasing: 0.5, ..plain };
    let (mut augmented, mut erased) = (0, 0);
    for sample in 0..100 {
        let cropped =
            plain.normalisation().denormalise(&apply(&plain, &image, sample), ImageSize::square(16)).expect("16x16");
        let mut expected_image = cropped.clone();
        let mut generator = keyed(1, 2, sample, Purpose::RandAugment);
        RandAugment::M9_MSTD05_INC1.apply(&mut expected_image, &[0.5, 0.25, 0.1], &mut generator);
        augmented += usize::from(expected_image != cropped);
        let mut expected = vec![0.0; 768];
        plain.normalisation().normalise(&expected_image, &mut expected);
        let mut generator = keyed(1, 2, sample, Purpose::RandomErasing);
        if let Some(area) = draw(16, 16, 0.5, &mut generator) {
            erase(&mut expected, 3, 16, area, &mut generator);
            erased += 1;
        }
        assert_eq!(apply(&whole, &image, sample), expected, "sample {sample}");
    }
    assert!(augmented > 50 && (30..70).contains(&erased), "{augmented} augmented, {erased} erased");
}

#[test]
fn impossible_augmentations_are_refused() {
    for random_erasing in [-0.1, 1.1, f64::NAN] {
        let refused = Transform { random_erasing, ..PLAIN }.check();
        assert!(matches!(refused, Err(DataError::Transforms(TransformError::Probability { .. }))), "{random_erasing}");
    }
    let randaugment = Some(RandAugment { magnitude: 11.0, ..RandAugment::M9_MSTD05_INC1 });
    assert!(matches!(
        Transform { randaugment, ..PLAIN }.check(),
        Err(DataError::Transforms(TransformError::Magnitude { .. }))
    ));
}

#[test]
fn a_part_beyond_the_image_is_refused() {
    let refused = |left, top, width, height| {
        let result = resize::resize(&numbered(4), Rectangle { left, top, width, height }, 3, 3);
        matches!(result, Err(DataError::Transforms(TransformError::PartOfImage { width: 4, height: 4, .. })))
    };
    assert!(!refused(1, 2, 3, 2));
    for (left, top, width, height) in [(2, 0, 3, 4), (0, 1, 4, 4), (0, 0, 0, 1), (0, 0, 1, 0), (usize::MAX, 0, 2, 1)] {
        assert!(refused(left, top, width, height), "{left}, {top}, {width}x{height}");
    }
}

#[test]
fn a_crop_has_about_the_form_of_the_image_that_it_becomes() {
    let key = |sample| keyed(0, 0, sample, Purpose::Crop);
    for rule in [CropRule::Torchvision, CropRule::Byol] {
        for form in [0.5, 2.0] {
            let ratios = (0..5000).map(|sample| {
                let crop = rule.draw((800, 600), form, (0.05, 0.2), &mut key(sample));
                crop.width as f64 / crop.height as f64 / form
            });
            // Sides are rounded to pixels, of which there are 100 or more.
            let beyond = ratios.filter(|ratio| !(0.74..=1.35).contains(ratio)).count();
            assert_eq!(beyond, 0, "{rule:?} at {form}");
        }
    }
}

/// What a device does that makes views itself (`bmae-nn`, `gpu_images.rs`), number by number.
fn by_weights(transform: &Transform, image: &Image, view: View, channel: usize, (row, column): (usize, usize)) -> f32 {
    use super::resize::{FRACTION_BITS, height_first, weights_of_8_bits};
    let View { area, is_mirrored } = view;
    let ImageSize { height, width } = transform.image_size;
    let column = if is_mirrored { width - 1 - column } else { column };
    let (left, across) = &weights_of_8_bits(area.width, width)[column];
    let (top, down) = &weights_of_8_bits(area.height, height)[row];
    let value = |y: usize, x: usize| {
        let place = (area.top + top + y) * image.width() + area.left + left + x;
        i32::from(image.pixels()[place * image.channels() + channel])
    };
    let sample = |sum: i32| (sum >> FRACTION_BITS).clamp(0, 255);
    let half = 1 << (FRACTION_BITS - 1);
    let weighted = |weights: &[i32], values: &dyn Fn(usize) -> i32| {
        sample(weights.iter().enumerate().fold(half, |sum, (at, weight)| sum + values(at) * weight))
    };
    let level = match height_first(area, (width, height)) {
        false => weighted(down, &|y| weighted(across, &|x| value(y, x))),
        true => weighted(across, &|x| weighted(down, &|y| value(y, x))),
    };
    transform.normalisation().levels(channel)[level as usize]
}

#[test]
fn a_view_its_weights_and_its_levels_make_what_the_transform_makes_to_the_bit() {
    let mut seen = [false; 2];
    for (sample, (width, height)) in [(32, 32), (40, 33), (20, 63), (63, 20), (9, 12)].into_iter().enumerate() {
        let pixels = (0..width * height * 3).map(|at| (at * 7919 / 13 % 256) as u8).collect();
        let image = Image::new(width, height, pixels).expect("three bytes a pixel");
        let transform = Transform {
            augmentation: Augmentation::RandomResizedCrop { scale: (0.1, 1.0) },
            randaugment: None,
            image_size: ImageSize { height: 16, width: 24 },
            mean: PerChannel::rgb([0.4, 0.5, 0.6]),
            std: PerChannel::rgb([0.2, 0.25, 0.3]),
            random_erasing: 0.0,
        };
        assert!(transform.is_view_alone());
        for epoch in 0..20 {
            let mut planes = vec![0.0; transform.values_per_image()];
            transform.apply(&image, 3, epoch, sample as u64, &mut planes).expect("an image");
            let view = transform.view((width, height), 3, epoch, sample as u64).expect("a crop");
            seen[usize::from(super::resize::height_first(view.area, (24, 16)))] = true;
            for (at, value) in planes.into_iter().enumerate() {
                let place = (at / 24 % 16, at % 24);
                assert_eq!(value.to_bits(), by_weights(&transform, &image, view, at / (16 * 24), place).to_bits());
            }
        }
    }
    assert_eq!(seen, [true; 2], "either direction came first");
}
