//! Which images a picture shows.

use bmae_data::Images;

/// The places of `count` of `images`, or of all if there are fewer, rising within each class: so many classes as there is
/// room for, at equal distances, and of each its first images; where there are no classes, places at equal distances. They
/// depend on the images alone, so pictures of different epochs and runs show the same.
pub(crate) fn spread(images: &dyn Images, count: usize) -> Vec<usize> {
    let count = count.min(images.len());
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for index in 0..images.len() {
        let Some(label) = images.label(index) else { return evenly(images.len(), count) };
        if classes.len() <= label {
            classes.resize(label + 1, Vec::new());
        }
        classes[label].push(index);
    }
    classes.retain(|class| !class.is_empty());
    let shown: Vec<&Vec<usize>> = evenly(classes.len(), count).into_iter().map(|class| &classes[class]).collect();
    // One of each class after the other, until there are enough: all classes together have as many as are wanted, and where
    // not all are shown, each of the others gives one.
    let mut taken = vec![0; shown.len()];
    let mut left = count;
    while left > 0 {
        for (class, taken) in shown.iter().zip(&mut taken) {
            if left > 0 && *taken < class.len() {
                *taken += 1;
                left -= 1;
            }
        }
    }
    shown.iter().zip(taken).flat_map(|(class, taken)| class[..taken].iter().copied()).collect()
}

/// `count` of the numbers below `all`, at equal distances from 0 on; all of them where there are not more.
fn evenly(all: usize, count: usize) -> Vec<usize> {
    let count = count.min(all);
    (0..count).map(|place| place * all / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmae_data::{DataError, Image};

    /// Images that have nothing but labels.
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

    fn labels(labels: &[usize]) -> Labels {
        Labels(labels.iter().map(|&label| Some(label)).collect())
    }

    #[test]
    fn every_class_is_shown_before_one_is_shown_twice() {
        let sorted = labels(&[0, 0, 0, 1, 1, 1, 2, 2, 2]);
        assert_eq!(spread(&sorted, 3), [0, 3, 6]);
        assert_eq!(spread(&sorted, 5), [0, 1, 3, 4, 6]);
        assert_eq!(spread(&labels(&[2, 0, 2, 1, 0]), 3), [1, 3, 0]);
    }

    #[test]
    fn where_there_is_no_room_for_all_classes_those_at_equal_distances_are_shown() {
        let hundred: Vec<usize> = (0..100).collect();
        assert_eq!(spread(&labels(&hundred), 4), [0, 25, 50, 75]);
        assert_eq!(spread(&labels(&hundred), 1), [0]);
    }

    #[test]
    fn images_without_classes_are_shown_at_equal_distances() {
        assert_eq!(spread(&Labels(vec![None; 10]), 5), [0, 2, 4, 6, 8]);
        assert_eq!(spread(&Labels(vec![None; 3]), 8), [0, 1, 2]);
    }

    #[test]
    fn small_and_missing_classes_leave_their_places_to_the_others() {
        assert_eq!(spread(&labels(&[0, 7, 7, 7]), 3), [0, 1, 2]);
        assert_eq!(spread(&labels(&[0, 1]), 9), [0, 1]);
        assert!(spread(&labels(&[]), 4).is_empty());
    }
}
