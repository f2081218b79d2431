//! How long RandAugment and resizing take, an image at a time on one thread.
//!
//! cargo bench -p bmae-benches --bench transforms [-- RandAugment]

use std::time::Duration;

use bmae_data::random::{Purpose, keyed};
use bmae_data::transforms::RandAugment;
use bmae_data::transforms::rand_augment::{DrawnOperation, Operation};
use bmae_data::transforms::resize::resize;
use bmae_data::{Image, Rectangle};
use criterion::{BatchSize, Criterion};

const FILL: &[f32] = &[125.0 / 255.0, 123.0 / 255.0, 114.0 / 255.0];

fn image(width: usize, height: usize) -> Image {
    let pixels = (0..3 * width * height).map(|i| (i * i / 7 % 251) as u8).collect();
    Image::new(width, height, pixels).expect("three bytes a pixel")
}

/// The recipe on a CIFAR image, and each of its operations alone.
fn randaugment(criterion: &mut Criterion) {
    let original = image(32, 32);
    let mut group = criterion.benchmark_group("RandAugment/32 x 32");
    let mut samples = 0..;
    group.bench_function("m9-mstd0.5-inc1", |bencher| {
        let input = || (original.clone(), keyed(0, 0, samples.next().unwrap_or(0), Purpose::RandAugment));
        let apply = |(mut image, mut generator)| {
            RandAugment::M9_MSTD05_INC1.apply(&mut image, FILL, &mut generator);
            image
        };
        bencher.iter_batched(input, apply, BatchSize::SmallInput);
    });
    for operation in Operation::ALL {
        let drawn = DrawnOperation { operation, magnitude: 9.0, negative: false };
        let apply = |mut image| {
            drawn.apply(&mut image, FILL);
            image
        };
        group.bench_function(format!("{operation:?}"), |bencher| {
            bencher.iter_batched(|| original.clone(), apply, BatchSize::SmallInput);
        });
    }
}

/// Crops of a CIFAR image and of a photograph, to 32 x 32.
fn resizing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resize to 32 x 32");
    let (small, large) = (image(32, 32), image(500, 375));
    for (image, area) in [
        (&small, Rectangle { left: 3, top: 4, width: 25, height: 27 }),
        (&large, Rectangle { left: 0, top: 0, width: 500, height: 375 }),
        (&large, Rectangle { left: 100, top: 50, width: 230, height: 240 }),
    ] {
        let name = format!("{} x {}", area.width, area.height);
        group.bench_function(name, |bencher| bencher.iter(|| resize(image, area, 32, 32)));
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    randaugment(&mut criterion);
    resizing(&mut criterion);
    criterion.final_summary();
}
