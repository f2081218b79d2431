//! Which class was taken for which, and the scores of each class that follow from it.

use std::collections::BTreeMap;

/// How often images of each class were taken for each class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConfusionMatrix {
    /// By class and the class it was taken for.
    counts: BTreeMap<(usize, usize), u64>,
    classes: Vec<ClassCounts>,
}

/// What was counted of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassCounts {
    /// Its images.
    pub images: u64,
    /// The images that were taken for it.
    pub predicted: u64,
    /// Those that were both.
    pub right: u64,
}

impl ClassCounts {
    /// Of its images the share that was recognised: the accuracy of the class. `None` where it has no image.
    pub fn recall(self) -> Option<f64> {
        (self.images > 0).then(|| self.right as f64 / self.images as f64)
    }

    /// Of the images that were taken for it the share that is of it; 0 where there is none, as scikit-learn has it.
    pub fn precision(self) -> f64 {
        if self.predicted > 0 { self.right as f64 / self.predicted as f64 } else { 0.0 }
    }

    /// The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); 0 where there is neither.
    pub fn f1(self) -> f64 {
        let both = self.images + self.predicted;
        if both > 0 { 2.0 * self.right as f64 / both as f64 } else { 0.0 }
    }

    /// Whether anything is known of it: it has images, or images were taken for it.
    fn occurs(self) -> bool {
        self.images + self.predicted > 0
    }
}

/// Means over classes, each class counting the same, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MacroScores {
    /// Mean recall over the classes that have images.
    pub balanced_accuracy: f64,
    /// Mean precision over the classes that occur; the next two likewise.
    pub precision: f64,
    /// A class without images has the recall 0 here.
    pub recall: f64,
    /// Mean of the classes' F1.
    pub f1: f64,
}

impl ConfusionMatrix {
    /// An empty one of `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { counts: BTreeMap::new(), classes: vec![ClassCounts::default(); classes] }
    }

    /// Counts an image of `class` (below the number of classes) that was taken for `predicted`.
    pub fn add(&mut self, class: usize, predicted: usize) {
        *self.counts.entry((class, predicted)).or_default() += 1;
        self.classes[class].images += 1;
        self.classes[predicted].predicted += 1;
        self.classes[class].right += u64::from(class == predicted);
    }

    /// Adds another one of the same classes.
    pub fn join(&mut self, other: &Self) {
        for (pair, count) in &other.counts {
            *self.counts.entry(*pair).or_default() += count;
        }
        for (own, other) in self.classes.iter_mut().zip(&other.classes) {
            own.images += other.images;
            own.predicted += other.predicted;
            own.right += other.right;
        }
    }

    /// How often images of `class` were taken for `predicted`.
    pub fn count(&self, class: usize, predicted: usize) -> u64 {
        self.counts.get(&(class, predicted)).copied().unwrap_or(0)
    }

    /// Each class.
    pub fn classes(&self) -> &[ClassCounts] {
        &self.classes
    }

    /// The images.
    pub fn images(&self) -> u64 {
        self.classes.iter().map(|class| class.images).sum()
    }

    /// The share of all images that was recognised; `None` where there is none.
    pub fn accuracy(&self) -> Option<f64> {
        let right: u64 = self.classes.iter().map(|class| class.right).sum();
        (self.images() > 0).then(|| right as f64 / self.images() as f64)
    }

    /// The means over classes; `None` where there is no image.
    pub fn macro_scores(&self) -> Option<MacroScores> {
        let occurring: Vec<ClassCounts> = self.classes.iter().copied().filter(|class| class.occurs()).collect();
        let recalls: Vec<f64> = occurring.iter().filter_map(|class| class.recall()).collect();
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / occurring.len() as f64;
        (!recalls.is_empty()).then(|| MacroScores {
            balanced_accuracy: recalls.iter().sum::<f64>() / recalls.len() as f64,
            precision: mean(&mut occurring.iter().map(|class| class.precision())),
            recall: mean(&mut occurring.iter().map(|class| class.recall().unwrap_or(0.0))),
            f1: mean(&mut occurring.iter().map(|class| class.f1())),
        })
    }

    /// The mistakes by how often they were made: class, what it was taken for, and the number; of equals those of the
    /// first classes come first.
    pub fn mistakes(&self) -> Vec<(usize, usize, u64)> {
        let wrong = self.counts.iter().filter(|((class, predicted), _)| class != predicted);
        let mut mistakes: Vec<_> = wrong.map(|(&(class, predicted), &count)| (class, predicted, count)).collect();
        mistakes.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(classes: usize, images: &[(usize, usize)]) -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::new(classes);
        images.iter().for_each(|&(class, predicted)| matrix.add(class, predicted));
        matrix
    }

    #[test]
    fn scores_are_those_worked_by_hand() {
        // Of four images of class 0 three are right; of two of class 1 one.
        let matrix = matrix(2, &[(0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 0)]);
        let [first, second] = [matrix.classes()[0], matrix.classes()[1]];
        assert_eq!((first.recall(), first.precision()), (Some(0.75), 0.75));
        assert_eq!((second.recall(), second.precision(), second.f1()), (Some(0.5), 0.5, 0.5));
        let means = matrix.macro_scores().expect("images");
        assert_eq!((means.balanced_accuracy, means.precision, means.recall, means.f1), (0.625, 0.625, 0.625, 0.625));
        assert_eq!(matrix.accuracy(), Some(4.0 / 6.0));
        assert_eq!(matrix.mistakes(), [(0, 1, 1), (1, 0, 1)]);
    }

    #[test]
    fn a_class_that_nothing_was_taken_for_has_no_precision_and_one_without_images_no_recall() {
        // Class 1 is never said, class 2 has no image and is said once, class 3 does not occur.
        let matrix = matrix(4, &[(0, 0), (0, 2), (1, 0)]);
        let scores: Vec<_> =
            matrix.classes().iter().map(|class| (class.recall(), class.precision(), class.f1())).collect();
        assert_eq!(scores[1..], [(Some(0.0), 0.0, 0.0), (None, 0.0, 0.0), (None, 0.0, 0.0)]);
        let means = matrix.macro_scores().expect("images");
        assert_eq!(means.balanced_accuracy, 0.25, "over the two classes with images");
        assert_eq!((means.precision, means.recall), (0.5 / 3.0, 0.5 / 3.0), "over the three that occur");
        assert_eq!(ConfusionMatrix::new(3).macro_scores(), None);
    }

    #[test]
    fn matrices_of_several_seeds_add_up() {
        let mut sum = matrix(2, &[(0, 0), (1, 0)]);
        sum.join(&matrix(2, &[(1, 0), (1, 1)]));
        assert_eq!([sum.count(0, 0), sum.count(1, 0), sum.count(1, 1), sum.count(0, 1)], [1, 2, 1, 0]);
        assert_eq!(sum.images(), 4);
    }
}
