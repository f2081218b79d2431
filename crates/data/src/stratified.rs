//! Choices of images in which every class has its part.
//!
//! Every choice is a list of numbers in rising order, so that the images that are left keep their order. Images without
//! labels are one class.

use rand::RngExt;

use crate::Images;
use crate::random::{Purpose, keyed};

/// The first image of each class, then the second of each, and so on, until there are `count` of them, or all.
pub fn classes_in_turn(images: &dyn Images, count: usize) -> Vec<usize> {
    if count >= images.len() {
        return (0..images.len()).collect();
    }
    let classes = classes(images);
    let mut chosen = Vec::with_capacity(count);
    let mut turn = 0;
    while chosen.len() < count {
        let of_this_turn = classes.iter().filter_map(|class| class.get(turn));
        chosen.extend(of_this_turn.take(count - chosen.len()));
        turn += 1;
    }
    chosen.sort_unstable();
    chosen
}

/// A fraction (above 0, up to 1) of each class, drawn by `seed`: of n images the whole number nearest to `fraction` n, but
/// at least one. What a smaller fraction chooses is among what a greater one does.
pub fn fraction_of_each_class(images: &dyn Images, fraction: f64, seed: u64) -> Vec<usize> {
    let mut chosen = Vec::new();
    for (label, class) in classes(images).into_iter().enumerate() {
        let part = nearest(fraction, class.len()).max(1);
        chosen.extend(shuffled(class, seed, label, Purpose::LabelChoice).into_iter().take(part));
    }
    chosen.sort_unstable();
    chosen
}

/// Two parts of a set that have no image in common and are all of it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// What was held out.
    pub held_out: Vec<usize>,
    /// What is left.
    pub rest: Vec<usize>,
}

/// Holds out a fraction (from 0 to 1) of each class, drawn by `seed` and what it is for: of n images the whole number
/// nearest to `fraction` n, but at least one, and at least one is left: a class of a single image is not in what is held
/// out. Of a fraction of 0 nothing is held out.
pub fn hold_out(images: &dyn Images, fraction: f64, seed: u64, purpose: Purpose) -> Parts {
    let mut parts = Parts { held_out: Vec::new(), rest: Vec::new() };
    for (label, class) in classes(images).into_iter().enumerate() {
        let most = class.len().saturating_sub(1);
        let part = if fraction > 0.0 { nearest(fraction, class.len()).max(1).min(most) } else { 0 };
        let mut class = shuffled(class, seed, label, purpose);
        parts.rest.extend(class.split_off(part));
        parts.held_out.append(&mut class);
    }
    parts.held_out.sort_unstable();
    parts.rest.sort_unstable();
    parts
}

/// The numbers of the images of each class, in rising order, by label.
fn classes(images: &dyn Images) -> Vec<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for index in 0..images.len() {
        let label = images.label(index).unwrap_or(0);
        if label >= classes.len() {
            classes.resize_with(label + 1, Vec::new);
        }
        classes[label].push(index);
    }
    classes
}

/// The whole number nearest to `fraction` of `count`, at most `count`.
fn nearest(fraction: f64, count: usize) -> usize {
    ((fraction * count as f64).round() as usize).min(count)
}

/// A class in an order of its own, each equally likely (Fisher-Yates).
fn shuffled(mut class: Vec<usize>, seed: u64, label: usize, purpose: Purpose) -> Vec<usize> {
    let mut generator = keyed(seed, 0, label as u64, purpose);
    for last in (1..class.len()).rev() {
        let other = generator.random_range(0..=last as u64) as usize;
        class.swap(last, other);
    }
    class
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataError, Image};

    /// Images of which only the labels are known.
    struct Labels(Vec<Option<usize>>);

    impl Images for Labels {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn image(&self, _index: usize) -> Result<Image, DataError> {
            Image::new(1, 1, vec![0; 3])
        }

        fn label(&self, index: usize) -> Option<usize> {
            self.0[index]
        }
    }

    fn labels(of_images: &[usize]) -> Labels {
        Labels(of_images.iter().copied().map(Some).collect())
    }

    /// So many images of each class, class by class.
    fn of_sizes(sizes: &[usize]) -> Labels {
        labels(&sizes.iter().enumerate().flat_map(|(label, &size)| vec![label; size]).collect::<Vec<_>>())
    }

    /// How many of each class.
    fn counts(images: &Labels, chosen: &[usize]) -> Vec<usize> {
        let classes = images.0.iter().flatten().max().map_or(1, |last| last + 1);
        let mut counts = vec![0; classes];
        chosen.iter().for_each(|&index| counts[images.0[index].unwrap_or(0)] += 1);
        counts
    }

    #[test]
    fn classes_take_turns_until_there_are_enough_and_the_order_stays() {
        assert_eq!(classes_in_turn(&labels(&[0, 0, 0, 1, 2, 2, 2]), 5), [0, 1, 3, 4, 5]);
        assert_eq!(classes_in_turn(&labels(&[2, 2, 1, 2, 0, 1]), 4), [0, 2, 4, 5]);
        assert_eq!(classes_in_turn(&labels(&[1, 1, 0]), 1), [2], "the classes take turns in the order of their labels");
        assert_eq!(classes_in_turn(&of_sizes(&[3, 0, 1]), 3), [0, 1, 3]);
        assert_eq!(classes_in_turn(&of_sizes(&[2, 2]), usize::MAX), [0, 1, 2, 3]);
        assert_eq!(classes_in_turn(&of_sizes(&[2, 2]), 0), [0; 0]);
    }

    #[test]
    fn without_labels_the_first_images_are_taken() {
        assert_eq!(classes_in_turn(&Labels(vec![None; 9]), 4), [0, 1, 2, 3]);
    }

    #[test]
    fn a_fraction_is_that_of_each_class_and_at_least_one_of_it() {
        let images = of_sizes(&[1000, 100, 10, 1]);
        let of_each = |fraction| counts(&images, &fraction_of_each_class(&images, fraction, 0));
        assert_eq!(of_each(0.01), [10, 1, 1, 1]);
        assert_eq!(of_each(0.1), [100, 10, 1, 1]);
        assert_eq!(of_each(0.256), [256, 26, 3, 1]);
        assert_eq!(of_each(1.0), [1000, 100, 10, 1]);
    }

    #[test]
    fn a_smaller_fraction_is_a_part_of_a_greater_one_and_another_seed_draws_others() {
        let images = of_sizes(&[50, 70]);
        let chosen = |fraction, seed| fraction_of_each_class(&images, fraction, seed);
        let greater = chosen(0.5, 3);
        assert!(greater.is_sorted());
        assert!(chosen(0.1, 3).iter().all(|index| greater.contains(index)));
        assert_ne!(chosen(0.1, 3), chosen(0.1, 4));
        assert_eq!(chosen(0.1, 3), chosen(0.1, 3));
    }

    #[test]
    fn every_image_is_held_out_or_left_and_each_class_has_both() {
        let images = of_sizes(&[40, 7, 2, 1]);
        for (fraction, held_out) in
            [(0.0, [0, 0, 0, 0]), (0.01, [1, 1, 1, 0]), (0.2, [8, 1, 1, 0]), (0.5, [20, 4, 1, 0]), (1.0, [39, 6, 1, 0])]
        {
            let parts = hold_out(&images, fraction, 0, Purpose::TestSplit);
            assert_eq!(counts(&images, &parts.held_out), held_out, "{fraction}");
            let mut all = [parts.held_out, parts.rest].concat();
            all.sort_unstable();
            assert_eq!(all, (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn seeds_and_purposes_hold_out_others() {
        let images = of_sizes(&[100]);
        let held_out = |seed, purpose| hold_out(&images, 0.3, seed, purpose).held_out;
        assert_eq!(held_out(0, Purpose::TestSplit), held_out(0, Purpose::TestSplit));
        assert_ne!(held_out(0, Purpose::TestSplit), held_out(1, Purpose::TestSplit));
        assert_ne!(held_out(0, Purpose::TestSplit), held_out(0, Purpose::ValidationSplit));
    }

    /// Runs of an older version must be tested on the same images.
    #[test]
    fn what_is_held_out_is_pinned_for_good() {
        let images = of_sizes(&[5, 5]);
        let pinned = hold_out(&images, 0.4, 0, Purpose::TestSplit).held_out;
        assert_eq!(pinned, [1, 2, 7, 9]);
    }
}
