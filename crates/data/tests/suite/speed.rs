//! What an augmentation costs. Timings depend on the machine and its load, so that nothing is asserted in CI.

use std::time::Instant;

use bmae_data::Image;
use bmae_data::random::{Purpose, keyed};
use bmae_data::transforms::RandAugment;
use bmae_data::transforms::rand_augment::{Operation, Step};

fn image() -> Image {
    Image::new(32, 32, (0..3072_u32).map(|i| (i * i / 7 % 251) as u8).collect()).expect("32x32")
}

#[test]
#[ignore = "a timing"]
fn randaugment_of_a_cifar_image() {
    let (original, count) = (image(), 100_000);
    let start = Instant::now();
    let mut sum = 0_u64;
    for sample in 0..count {
        let mut image = original.clone();
        let mut generator = keyed(0, 0, sample, Purpose::RandAugment);
        RandAugment::M9_MSTD05_INC1.apply(&mut image, [125, 123, 114], &mut generator);
        sum += u64::from(image.pixels()[0]);
    }
    println!("RandAugment: {:.2} us an image ({sum})", start.elapsed().as_secs_f64() * 1e6 / count as f64);
    for operation in Operation::ALL {
        let mut image = original.clone();
        let start = Instant::now();
        for _ in 0..2000 {
            image.clone_from(&original);
            Step { operation, level: 9.0, negative: false }.apply(&mut image, [125, 123, 114]);
        }
        println!("{operation:?}: {:.2} us", start.elapsed().as_secs_f64() * 1e6 / 2000.0);
    }
}

#[test]
#[ignore = "a timing"]
fn resizing() {
    use bmae_data::transforms::{random_resized_crop::Area, resize::resize};
    let large = Image::new(500, 375, (0..562_500_u32).map(|i| (i * i / 7 % 251) as u8).collect()).expect("500x375");
    for (image, area, count) in [
        (image(), Area { left: 3, top: 4, width: 25, height: 27 }, 20_000),
        (large.clone(), Area { left: 0, top: 0, width: 500, height: 375 }, 200),
        (large, Area { left: 100, top: 50, width: 230, height: 240 }, 500),
    ] {
        let start = Instant::now();
        for _ in 0..count {
            resize(&image, area, 32, 32).expect("an ordinary size");
        }
        println!("{area:?}: {:.1} us", start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    }
}
