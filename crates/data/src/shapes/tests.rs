use super::scene::Texture;
use super::*;
use crate::Selection;
use crate::open::{Source, open};
use crate::statistics::Statistics;

fn shapes(seed: u64, count: usize, size: usize) -> Dataset {
    open(&Source::Shapes { seed, train: count, test: count, size: ImageSize::square(size) }, &Selection::default())
        .expect("an ordinary set")
}

fn image(data: &Dataset, index: usize) -> Image {
    data.train.image(index).expect("a drawn image")
}

#[test]
fn an_image_depends_on_seed_split_and_number_but_not_on_the_count() {
    let (few, many, other) = (shapes(0, 20, 32), shapes(0, 40, 32), shapes(1, 20, 32));
    for index in 0..20 {
        assert_eq!(image(&few, index), image(&many, index));
        assert_ne!(image(&few, index), image(&other, index));
        let test = few.test.as_ref().expect("a test set").image(index).expect("a drawn image");
        assert_ne!(image(&few, index), test);
    }
}

#[test]
fn an_image_is_the_same_each_time_it_is_asked_for() {
    let data = shapes(3, 10, 32);
    assert_eq!(image(&data, 7), image(&data, 7));
}

#[test]
fn labels_are_balanced_and_named() {
    let data = shapes(0, 100, 16);
    assert_eq!(data.class_names.len(), 10);
    assert_eq!(data.class_names[0], "disc");
    assert_eq!(data.class_names[9], "pair");
    let statistics = Statistics::of(&*data.train, 10).expect("a hundred images");
    assert_eq!(statistics.class_counts, [10; 10]);
    assert_eq!(statistics.least_size, (16, 16));
}

#[test]
fn any_size_shows_the_same_scene() {
    let small = image(&shapes(0, 1, 32), 0);
    let large = image(&shapes(0, 1, 64), 0);
    // Means over 8x8 cells agree but for noise and the edges' antialiasing.
    let cell = |image: &Image, row: usize, column: usize| -> f64 {
        let side = image.width() / 8;
        let bytes = (0..side * side).map(|i| {
            let (y, x) = (row * side + i / side, column * side + i % side);
            f64::from(image.pixels()[3 * (y * image.width() + x)])
        });
        bytes.sum::<f64>() / (side * side) as f64
    };
    for (row, column) in (0..64).map(|i| (i / 8, i % 8)) {
        let difference = cell(&small, row, column) - cell(&large, row, column);
        assert!(difference.abs() < 16.0, "cell {row}, {column}: {difference}");
    }
}

/// Its colours beside the square in the middle are the background's alone, and noise is drawn pixel by pixel: the scene
/// is the same, not every value.
#[test]
fn an_image_that_is_not_square_shows_the_scene_of_the_square_in_its_middle() {
    let of_size = |height, width| {
        let source = Source::Shapes { seed: 0, train: 4, test: 1, size: ImageSize { height, width } };
        open(&source, 0, 0).expect("an ordinary set")
    };
    let (square, wide, high) = (of_size(32, 32), of_size(32, 64), of_size(64, 32));
    for index in 0..4 {
        let [square, wide, high] = [&square, &wide, &high].map(|data| image(data, index));
        assert_eq!((wide.height(), wide.width(), high.height(), high.width()), (32, 64, 64, 32));
        let at = |image: &Image, row: usize, column: usize| image.pixels()[3 * (row * image.width() + column)];
        let mut differences: Vec<u8> = (0..32 * 32)
            .flat_map(|place| {
                let (row, column) = (place / 32, place % 32);
                let there = at(&square, row, column);
                [at(&wide, row, column + 16).abs_diff(there), at(&high, row + 16, column).abs_diff(there)]
            })
            .collect();
        differences.sort_unstable();
        // Noise of 0.02 on either side: a difference has the deviation 7.
        assert!(differences[1024] < 10 && differences[2000] < 30, "{:?}", &differences[2000..]);
    }
}

#[test]
fn sizes_that_cannot_be_drawn_are_refused() {
    for size in [0, LEAST_SIZE - 1, GREATEST_SIZE + 1] {
        let refused =
            open(&Source::Shapes { seed: 0, train: 1, test: 1, size: ImageSize::square(size) }, &Selection::default());
        assert!(matches!(refused, Err(DataError::ShapeSize { .. })), "size {size}");
    }
}

/// Otherwise the class would show in how much of the image is covered.
#[test]
fn silhouettes_have_equal_areas_and_textures_equal_halves() {
    const STEPS: i32 = 400;
    let points = || {
        let place = |i: i32| 1.8 * (i as f32 + 0.5) / STEPS as f32;
        (-STEPS..STEPS).flat_map(move |i| (-STEPS..STEPS).map(move |j| (place(i), place(j))))
    };
    let cell = (1.8 / STEPS as f32).powi(2);
    for silhouette in Silhouette::ALL {
        let inside = points().filter(|&(x, y)| silhouette.contains(x, y)).count();
        let area = inside as f32 * cell;
        assert!((area - std::f32::consts::PI).abs() < 0.02, "{silhouette:?}: {area}");
        assert!(points().all(|(x, y)| !silhouette.contains(x, y) || x.hypot(y) <= Silhouette::REACH), "{silhouette:?}");
    }
    for texture in [Texture::Stripes, Texture::Checks] {
        let first = points().filter(|&(x, y)| texture.is_first(5.0 * x, 5.0 * y)).count();
        let share = first as f32 / points().count() as f32;
        assert!((share - 0.5).abs() < 0.01, "{texture:?}: {share}");
    }
}

#[test]
fn no_class_has_a_mean_colour_of_its_own() {
    let data = shapes(0, 2000, 16);
    let mut sums = [[0.0; 3]; CLASSES];
    for index in 0..2000 {
        let image = image(&data, index);
        for (position, &value) in image.pixels().iter().enumerate() {
            sums[index % CLASSES][position % 3] += f64::from(value) / (200.0 * 256.0);
        }
    }
    let all = [0, 1, 2].map(|channel| sums.iter().map(|means| means[channel]).sum::<f64>() / CLASSES as f64);
    // An image's mean varies by about 45 of 255, that of 200 images by 3: four times that on either side.
    for means in sums {
        assert!(means.iter().zip(all).all(|(mean, all)| (mean - all).abs() < 12.0), "{sums:?}");
    }
}
