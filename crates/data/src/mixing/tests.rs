use super::*;
use crate::random::{Purpose, keyed};

const OFF: Mixing = Mixing { mixup: 0.0, cutmix: 0.0, probability: 1.0, switch_probability: 0.5 };
const MIXUP: Mixing = Mixing { mixup: 0.8, ..OFF };
const FOUR: ImageSize = ImageSize::square(4);
const CUTMIX: Mixing = Mixing { cutmix: 1.0, ..OFF };

/// Images whose every value tells the image, the channel and the pixel.
fn numbered(count: usize, size: usize) -> Vec<f32> {
    (0..count * 3 * size * size).map(|i| i as f32).collect()
}

fn generator(sample: u64) -> impl Rng {
    keyed(0, 0, sample, Purpose::Mixing)
}

#[test]
fn without_mixing_images_stay_and_targets_are_smoothed_labels() {
    for mixing in [OFF, Mixing { probability: 0.0, ..MIXUP }] {
        assert!(!mixing.is_on());
        let mut images = numbered(2, 2);
        let targets = mixing
            .apply(&mut images, &[2, 0], (3, ImageSize::square(2)), 4, 0.1, &mut generator(0))
            .expect("two good labels");
        assert_eq!(images, numbered(2, 2));
        let expected = [0.025, 0.025, 0.925, 0.025, 0.925, 0.025, 0.025, 0.025];
        assert_eq!(targets, expected);
    }
}

#[test]
fn mixup_weighs_every_image_and_label_with_its_partner_in_the_reversed_batch() {
    let labels = [0, 1, 2, 0, 1];
    let before = numbered(5, 4);
    let mut images = before.clone();
    let targets = MIXUP
        .apply(&mut images, &labels, (3, ImageSize::square(4)), 3, 0.0, &mut generator(3))
        .expect("five good labels");
    let DrawnMixing::Mixup { lambda } = MIXUP.draw(ImageSize::square(4), &mut generator(3)).expect("good numbers")
    else {
        panic!("only mixup is on");
    };
    assert!(0.0 < lambda && lambda < 1.0);
    let lambda = lambda as f32;
    for image in 0..5 {
        let partner = 4 - image;
        for value in 0..48 {
            let expected = lambda * before[48 * image + value] + (1.0 - lambda) * before[48 * partner + value];
            assert!((images[48 * image + value] - expected).abs() < 1e-4);
        }
        for class in 0..3 {
            let is = |image: usize| f32::from(u8::from(labels[image] == class));
            let expected = lambda * is(image) + (1.0 - lambda) * is(partner);
            assert!((targets[3 * image + class as usize] - expected).abs() < 1e-6);
        }
    }
}

#[test]
fn cutmix_exchanges_one_rectangle_and_weighs_labels_by_its_true_area() {
    let (size, labels) = (8, [0, 1, 2, 3]);
    let values = 3 * size * size;
    let before = numbered(4, size);
    let mut clipped = 0;
    for sample in 0..200 {
        let mut images = before.clone();
        let targets = CUTMIX
            .apply(&mut images, &labels, (3, ImageSize::square(size)), 4, 0.2, &mut generator(sample))
            .expect("good labels");
        let mix = CUTMIX.draw(ImageSize::square(size), &mut generator(sample)).expect("good numbers");
        let DrawnMixing::CutMix { rows, columns } = mix.clone() else { panic!("only CutMix is on") };
        clipped += usize::from(rows.len() != columns.len());
        let mut kept = [0; 4];
        for (place, &value) in images.iter().enumerate() {
            let (image, channel, row, column) =
                (place / values, place / (size * size) % 3, place / size % size, place % size);
            let inside = rows.contains(&row) && columns.contains(&column);
            let source = if inside { 3 - image } else { image };
            assert_eq!(value, before[source * values + (channel * size + row) * size + column]);
            kept[image] += usize::from(source == image);
        }
        for image in 0..4 {
            let own = kept[image] as f64 / values as f64;
            assert!((own - mix.lambda(ImageSize::square(size))).abs() < 1e-12);
            let expected = |class| {
                0.05 + 0.8
                    * if class == image {
                        own
                    } else if class == 3 - image {
                        1.0 - own
                    } else {
                        0.0
                    }
            };
            for class in 0..4 {
                assert!((f64::from(targets[4 * image + class]) - expected(class)).abs() < 1e-6);
            }
        }
    }
    assert!(clipped > 20, "{clipped} of 200 rectangles were cut off at an edge");
}

/// 0.4.12 takes half the side, rounded down, on either side of the centre; later versions of timm round one half up.
#[test]
fn the_rectangle_has_even_sides_about_its_centre() {
    let mut sides = std::collections::BTreeSet::new();
    for sample in 0..500 {
        // sqrt(1 - 0.75) of 22 is 11.
        if let DrawnMixing::CutMix { rows, .. } = DrawnMixing::cut(ImageSize::square(22), 0.75, &mut generator(sample))
        {
            sides.insert(rows.len());
        }
    }
    assert_eq!(sides, (5..=10).collect());
}

/// Each side of the rectangle is the same share of its side of the image: half of it here.
#[test]
fn in_an_image_that_is_not_square_rows_and_columns_are_cut_in_proportion() {
    let size = ImageSize { height: 8, width: 40 };
    let (mut rows_seen, mut columns_seen) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for sample in 0..500 {
        let mix = DrawnMixing::cut(size, 0.75, &mut generator(sample));
        let DrawnMixing::CutMix { rows, columns } = &mix else { panic!("it is CutMix") };
        assert!(rows.end <= 8 && columns.end <= 40, "{mix:?}");
        assert!((mix.lambda(size) - (1.0 - (rows.len() * columns.len()) as f64 / 320.0)).abs() < 1e-12);
        rows_seen.insert(rows.len());
        columns_seen.insert(columns.len());
        let before: Vec<f32> = (0..2 * 3 * 320).map(|at| at as f32).collect();
        let mut images = before.clone();
        mix.apply(&mut images, size, 2);
        for (at, value) in images.iter().enumerate() {
            let (row, column) = (at % 320 / 40, at % 40);
            let is_cut = rows.contains(&row) && columns.contains(&column);
            let own = before[if is_cut { (at + 960) % 1920 } else { at }];
            assert_eq!(*value, own, "row {row}, column {column}, {mix:?}");
        }
    }
    assert_eq!((rows_seen, columns_seen), ((2..=4).collect(), (10..=20).collect()));
}

#[test]
fn every_extreme_of_alpha_gives_a_share() {
    for alpha in [1e-3, 0.1, 1.0, 1e3] {
        for sample in 0..1000 {
            let mixing = Mixing { mixup: alpha, ..OFF };
            let lambda = mixing.draw(FOUR, &mut generator(sample)).expect("good numbers").lambda(FOUR);
            assert!((0.0..=1.0).contains(&lambda), "alpha {alpha} gave {lambda}");
        }
    }
}

#[test]
fn a_batch_of_one_or_of_none_is_no_problem() {
    for mixing in [MIXUP, CUTMIX] {
        let mut images = numbered(1, 4);
        let targets = mixing.apply(&mut images, &[1], (3, FOUR), 2, 0.0, &mut generator(1)).expect("one good label");
        assert_eq!(images, numbered(1, 4));
        assert!((targets[0] - 0.0).abs() < 1e-6 && (targets[1] - 1.0).abs() < 1e-6);
        assert!(mixing.apply(&mut [], &[], (3, FOUR), 2, 0.0, &mut generator(1)).expect("no label at all").is_empty());
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_changed() {
    let refused = |mixing: Mixing, labels: &[i64], smoothing: f64| {
        let mut images = numbered(2, 4);
        let error =
            mixing.apply(&mut images, labels, (3, FOUR), 2, smoothing, &mut generator(0)).expect_err("impossible");
        assert_eq!(images, numbered(2, 4));
        error.to_string()
    };
    assert!(refused(MIXUP, &[0], 0.0).contains("48"));
    assert!(refused(MIXUP, &[0, 2], 0.0).contains("label 2"));
    assert!(refused(MIXUP, &[0, -1], 0.0).contains("label -1"));
    assert!(refused(MIXUP, &[0, 1], 1.5).contains("1.5"));
    assert!(refused(Mixing { mixup: -1.0, ..OFF }, &[0, 1], 0.0).contains("mixup"));
    assert!(refused(Mixing { cutmix: f64::NAN, ..OFF }, &[0, 1], 0.0).contains("cutmix"));
    assert!(refused(Mixing { probability: 2.0, ..MIXUP }, &[0, 1], 0.0).contains("probability"));
    assert!(refused(Mixing { switch_probability: -0.5, ..MIXUP }, &[0, 1], 0.0).contains("probability"));
}
