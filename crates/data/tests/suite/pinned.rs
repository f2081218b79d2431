//! Draws that must never change: a run from an older version goes on with the same images.

use bmae_data::mixing::{DrawnMixing, Mixing};
use bmae_data::random::{Purpose, keyed};
use bmae_data::transforms::random_erasing;
use bmae_data::transforms::{RandAugment, rand_augment::DrawnOperation};

#[test]
fn the_operations_of_the_first_images_are_pinned_for_good() {
    let drawn = |sample| {
        let mut generator = keyed(1, 0, sample, Purpose::RandAugment);
        let mut name = || match RandAugment::M9_MSTD05_INC1.draw(&mut generator) {
            None => "nothing".to_owned(),
            Some(DrawnOperation { operation, magnitude, negative }) => {
                format!("{operation:?} {magnitude:.4} {}", if negative { "negative" } else { "positive" })
            }
        };
        [name(), name()]
    };
    assert_eq!(
        [drawn(0), drawn(1), drawn(2), drawn(3)].as_flattened(),
        [
            "Colour 9.6973 negative",
            "nothing",
            "Equalise 9.3877 negative",
            "Sharpness 8.2435 positive",
            "Brightness 9.2706 positive",
            "Sharpness 10.0000 positive",
            "nothing",
            "TranslateX 9.0573 positive",
        ]
    );
}

#[test]
fn the_first_erased_boxes_are_pinned_for_good() {
    let drawn = |sample| {
        let area = random_erasing::draw(32, 32, 0.9, &mut keyed(1, 0, sample, Purpose::RandomErasing));
        area.map(|area| (area.left, area.top, area.width, area.height))
    };
    assert_eq!(
        [drawn(0), drawn(1), drawn(2), drawn(3)],
        [(18, 3, 10, 25), (14, 0, 6, 16), (1, 13, 17, 16), (6, 6, 18, 18)].map(Some)
    );
}

#[test]
fn how_the_first_batches_are_mixed_is_pinned_for_good() {
    let mixing = Mixing { mixup: 0.8, cutmix: 1.0, probability: 0.9, switch_probability: 0.5 };
    let drawn = |batch| match mixing
        .draw(bmae_architecture::ImageSize::square(32), &mut keyed(1, 0, batch, Purpose::Mixing))
        .expect("good numbers")
    {
        DrawnMixing::Nothing => "nothing".to_owned(),
        DrawnMixing::Mixup { lambda } => format!("mixup {lambda:.6}"),
        DrawnMixing::CutMix { rows, columns } => format!("rows {rows:?}, columns {columns:?}"),
    };
    assert_eq!(
        [drawn(0), drawn(1), drawn(2), drawn(3)],
        ["mixup 0.186226", "mixup 0.938835", "rows 16..26, columns 0..5", "rows 0..16, columns 15..32"]
    );
}
