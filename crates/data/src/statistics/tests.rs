use super::*;
use crate::Image;
use crate::error::{LoaderError, TransformError};

/// Images of one colour each, which is also their label, and of growing size.
struct Plain(Vec<u8>);

impl Images for Plain {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let (width, height) = (index + 1, 2);
        Image::new(width, height, [self.0[index], 0, 255].repeat(width * height))
    }

    fn label(&self, index: usize) -> Option<usize> {
        Some(usize::from(self.0[index] / 255))
    }
}

#[test]
fn every_pixel_counts_the_same() {
    // Two pixels of 0 and four of 255: mean 2/3, variance 2/9.
    let statistics = Statistics::of(&Plain(vec![0, 255]), 3).expect("two images");
    let expected = Statistics {
        images: 2,
        mean: vec![2.0 / 3.0, 0.0, 1.0],
        std: vec![(2.0_f64 / 9.0).sqrt(), 0.0, 0.0],
        class_counts: vec![1, 1, 0],
        least_size: (1, 2),
        greatest_size: (2, 2),
        shorter_side: 2,
        common_ratio: None,
    };
    for channel in 0..3 {
        assert!((statistics.mean[channel] - expected.mean[channel]).abs() < 1e-12, "{statistics:?}");
        assert!((statistics.std[channel] - expected.std[channel]).abs() < 1e-12, "{statistics:?}");
    }
    assert_eq!(Statistics { mean: expected.mean.clone(), std: expected.std.clone(), ..statistics }, expected);
}

#[test]
fn no_images_have_no_statistics() {
    let error = Statistics::of(&Plain(Vec::new()), 0).expect_err("nothing to count");
    assert!(matches!(error, DataError::Loader(LoaderError::NoImages)), "{error}");
}

#[test]
fn the_error_of_an_image_comes_through() {
    struct Broken;
    impl Images for Broken {
        fn len(&self) -> usize {
            9
        }
        fn image(&self, index: usize) -> Result<Image, DataError> {
            Image::new(1, 1, vec![0; if index == 7 { 2 } else { 3 }])
        }
        fn label(&self, _: usize) -> Option<usize> {
            None
        }
    }
    assert!(matches!(
        Statistics::of(&Broken, 0),
        Err(DataError::Transforms(TransformError::ImageShape { samples: 2, .. }))
    ));
}

/// Squares of these sides, of one colour.
struct Squares(Vec<usize>);

impl Images for Squares {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let side = self.0[index];
        Image::new(side, 3 * side, vec![51; 9 * side * side])
    }

    fn label(&self, index: usize) -> Option<usize> {
        Some(index % 2)
    }
}

#[test]
fn the_shorter_side_is_that_which_half_of_the_images_have_at_least() {
    let of = |sides: &[usize]| Statistics::of(&Squares(sides.to_vec()), 0).expect("images").shorter_side;
    assert_eq!([of(&[7]), of(&[9, 1, 5]), of(&[1, 2, 3, 4]), of(&[2, 2, 2, 90])], [7, 5, 3, 2]);
}

#[test]
fn a_ratio_of_sides_is_common_where_three_quarters_of_the_images_share_it() {
    struct Sized(Vec<(usize, usize)>);
    impl Images for Sized {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn image(&self, index: usize) -> Result<Image, DataError> {
            let (width, height) = self.0[index];
            Image::new(width, height, vec![9; 3 * width * height])
        }
        fn label(&self, _: usize) -> Option<usize> {
            None
        }
    }
    let of = |sizes: &[(usize, usize)]| Statistics::of(&Sized(sizes.to_vec()), 0).expect("images").common_ratio;
    assert_eq!(of(&[(64, 32), (128, 64), (20, 10), (9, 9)]), Some(2.0));
    assert_eq!(of(&[(64, 32), (66, 32), (62, 32), (10, 30)]), Some(2.0), "about the same");
    assert_eq!(of(&[(64, 32), (32, 64), (64, 32), (32, 64)]), None, "lying and standing");
    assert_eq!(of(&[(32, 64); 3]), Some(0.5));
}

#[test]
fn some_images_are_spread_over_all_and_every_class_is_counted_whole() {
    let squares = Squares((1..=40).collect());
    let some = Statistics::of_some(&squares, 2, 4).expect("images");
    assert_eq!((some.images, some.least_size.0, some.greatest_size.0), (4, 1, 31));
    assert_eq!(some.class_counts, [20, 20]);
    assert_eq!(Statistics::of_some(&squares, 2, 1000).expect("images"), Statistics::of(&squares, 2).expect("images"));
}
