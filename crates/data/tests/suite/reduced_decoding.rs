//! A large photograph of which a small image is made is decoded at a part of its size, and looks the same.

use std::fs;
use std::sync::Arc;

use bmae_architecture::ImageSize;
use bmae_data::transforms::{Augmentation, Transform};
use bmae_data::{Image, Images, PerChannel, Reduction, Selection, Source, open};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, Rgb, RgbImage};

/// Columns and rows of the photograph as its file has them.
const SIDES: (u32, u32) = (803, 605);

fn transform(augmentation: Augmentation, image_size: ImageSize) -> Transform {
    Transform {
        augmentation,
        randaugment: None,
        image_size,
        mean: PerChannel::rgb([0.0; 3]),
        std: PerChannel::rgb([1.0; 3]),
        random_erasing: 0.0,
    }
}

/// A folder of one photograph, lying on its side as Exif says: hills that 96 pixels can show.
fn photograph(orientation: u8) -> (tempfile::TempDir, Arc<dyn Images>) {
    let wave =
        |x: u32, y: u32, k: f64| 127.5 + 100.0 * (k * f64::from(x) / 90.0).sin() * (k * f64::from(y) / 70.0).cos();
    let picture =
        RgbImage::from_fn(SIDES.0, SIDES.1, |x, y| Rgb([0.3, 0.5, 0.8].map(|k: f64| wave(x, y, k).round() as u8)));
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 95);
    encoder.encode(&picture, SIDES.0, SIDES.1, ExtendedColorType::Rgb8).expect("a JPEG");
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() as u16 + 2).to_be_bytes();
    let jpeg = [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat();
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("photograph.jpg"), jpeg).expect("room");
    let images = open(&Source::Path(folder.path().to_owned()), &Selection::default()).expect("a photograph").train;
    (folder, images)
}

#[test]
fn a_crop_of_a_reduced_photograph_shows_what_the_crop_of_the_whole_one_shows() {
    let augmentation = Augmentation::RandomResizedCrop { scale: (0.2, 1.0) };
    for (orientation, upright) in [(1, (803, 605)), (6, (605, 803))] {
        let (_folder, images) = photograph(orientation);
        let whole = images.image(0).expect("whole");
        assert_eq!((whole.width(), whole.height()), upright);
        let mut reduced_to = Vec::new();
        for (image_size, sample) in [(32, 48), (64, 96)]
            .into_iter()
            .flat_map(|(height, width)| (0..20).map(move |n| (ImageSize { height, width }, n)))
        {
            let transform = transform(augmentation, image_size);
            let reduction = |width, height| {
                assert_eq!((width, height), upright, "it is asked with the sides as they are looked at");
                transform.reduction((width, height), 0, 0, sample)
            };
            let reduced = images.image_reduced(0, &reduction).expect("reduced");
            assert_eq!(reduced.native_size(), upright);
            reduced_to.push(reduced.width());
            let view = |image: &Image| {
                let mut out = vec![0.0; transform.values_per_image()];
                transform.apply(image, 0, 0, sample, &mut out).expect("a view");
                out
            };
            let (whole, reduced) = (view(&whole), view(&reduced));
            let apart: f32 = whole.iter().zip(&reduced).map(|(a, b)| (a - b).abs()).sum();
            // A crop is placed to half a pixel of the reduced picture, which are 4 of the whole one at the most, and one of
            // those is less than a level of 255 away from the next.
            assert!(apart / (whole.len() as f32) < 4.0 / 255.0, "sample {sample} of {image_size}: {apart}");
        }
        for factor in [2, 4, 8] {
            assert!(reduced_to.contains(&upright.0.div_ceil(factor)), "by {factor}: {reduced_to:?}");
        }
    }
}

#[test]
fn what_an_evaluation_sees_is_never_reduced() {
    assert_eq!(transform(Augmentation::None, ImageSize::square(32)).reduction((8000, 6000), 0, 0, 0), Reduction::Whole);
}
