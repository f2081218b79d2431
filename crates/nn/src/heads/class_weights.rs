//! How much the images of each class count in a loss.

/// A weight for each class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassWeights(Vec<f32>);

impl ClassWeights {
    /// Weights under which all classes count the same together: n / (C * n_c) for a class with n_c = `images[c]` of n
    /// images, where C is the number of classes that have any (scikit-learn's `compute_class_weight("balanced")`, after
    /// King and Zeng 2001). The images weigh 1 in the mean. A class without an image weighs 0: nothing is learned about it.
    pub fn balanced(images: &[usize]) -> Self {
        let all: usize = images.iter().sum();
        let classes = images.iter().filter(|count| **count > 0).count();
        let weight = |count: &usize| match count {
            0 => 0.0,
            count => (all as f64 / (classes as f64 * *count as f64)) as f32,
        };
        Self(images.iter().map(weight).collect())
    }

    /// One for each class, by label.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// Of all `labels` together; a label that no class has counts nothing.
    pub fn sum(&self, labels: &[i64]) -> f64 {
        let of_label = |label: &i64| usize::try_from(*label).ok().and_then(|label| self.0.get(label));
        labels.iter().filter_map(of_label).map(|weight| f64::from(*weight)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_that_has_images_weighs_the_same_and_an_image_one_in_the_mean() {
        let images = [6, 3, 0, 1];
        let weights = ClassWeights::balanced(&images);
        // sklearn.utils.class_weight.compute_class_weight("balanced", ...) of these images.
        assert_eq!(weights.values(), [10.0 / 18.0, 10.0 / 9.0, 0.0, 10.0 / 3.0]);
        let labels: Vec<i64> =
            images.iter().enumerate().flat_map(|(label, &count)| vec![label as i64; count]).collect();
        assert!((weights.sum(&labels) - 10.0).abs() < 1e-5);
        assert_eq!(weights.sum(&[-1, 4]), 0.0);
    }

    #[test]
    fn classes_of_equal_size_weigh_one() {
        assert_eq!(ClassWeights::balanced(&[7; 10]).values(), [1.0; 10]);
        assert_eq!(ClassWeights::balanced(&[0, 0]).values(), [0.0; 2]);
    }
}
