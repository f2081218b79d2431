//! Data sets and weights of a few bytes.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};

use crate::folder::Folder;

/// A CIFAR-10 directory `cifar` whose six files hold `records` records each.
pub fn cifar10(folder: &Folder, records: usize) {
    for (file, name) in
        (0..6).map(|n| (n, if n == 5 { "test_batch".to_owned() } else { format!("data_batch_{}", n + 1) }))
    {
        folder.write(&format!("cifar/{name}.bin"), &cifar10_records(records, file));
    }
}

/// Records of CIFAR-10: a label, then 3072 bytes of pixels.
pub fn cifar10_records(records: usize, file: usize) -> Vec<u8> {
    let record = |n: usize| {
        let label = u8::try_from(n % 10).expect("it is a digit");
        let pixels =
            (0..3072).map(move |byte| u8::try_from((byte * 7 + n * 31 + file * 13) % 256).expect("it is a byte"));
        std::iter::once(label).chain(pixels)
    };
    (0..records).flat_map(record).collect()
}

/// The bytes of a picture of 20 x 16 pixels that depends on `number`.
pub fn picture(number: u32, format: ImageFormat) -> Vec<u8> {
    let shade = |n: u32| u8::try_from(n % 256).expect("it is a byte");
    let image = RgbImage::from_fn(20, 16, |x, y| image::Rgb([shade(x * 12), shade(y * 15), shade(number * 40)]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("a picture can be encoded");
    bytes.into_inner()
}

/// `photos/train/<class>/` and `photos/test/<class>/` with PNGs.
pub fn class_folders(folder: &Folder) {
    for class in ["cat", "dog"] {
        for number in 0..6 {
            folder.write(&format!("photos/train/{class}/{number}.png"), &picture(number, ImageFormat::Png));
        }
        for number in 0..3 {
            folder.write(&format!("photos/test/{class}/{number}.png"), &picture(number, ImageFormat::Png));
        }
    }
}

/// `pile/` with JPEGs at two depths and no classes.
pub fn unlabelled_folder(folder: &Folder) {
    for number in 0..8 {
        folder.write(&format!("pile/{number}.jpg"), &picture(number, ImageFormat::Jpeg));
        folder.write(&format!("pile/deep/er/{number}.jpg"), &picture(number, ImageFormat::Jpeg));
    }
}
