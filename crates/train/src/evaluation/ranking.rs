//! The classes of an image, most probable first.

use std::cmp::Ordering;

/// A class and how probable a classifier holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedClass {
    /// Its number, from 0.
    pub class: usize,
    /// From 0 to 1; those of all classes of an image sum to 1. NaN where the classifier gave none.
    pub probability: f64,
}

/// The `most` most probable classes of an image with these `logits` `[C]`, or all if there are fewer; their
/// probabilities are the softmax over all C. Of equal logits the class with the smaller number comes first, as it does
/// for top-1; NaN comes last.
pub fn ranked_by_logits(logits: &[f32], most: usize) -> Vec<RankedClass> {
    let logits: Vec<f64> = logits.iter().map(|logit| f64::from(*logit)).collect();
    // As softmax is the same whatever is subtracted, no exponential need overflow.
    let largest = largest(&logits).map_or(0.0, |class| logits[class]);
    let weights: Vec<f64> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    ranked(&logits, &weights, most)
}

/// The `most` classes of an image with the most `votes` `[C]` (none below 0), or all if there are fewer; their
/// probabilities are their shares of the votes. The order is that of [`ranked_by_logits`].
pub fn ranked_by_votes(votes: &[f64], most: usize) -> Vec<RankedClass> {
    ranked(votes, votes, most)
}

/// The place of the largest value, the first of equals; NaN is less than any number. `None` where there is no value.
pub(super) fn largest<T: PartialOrd + Copy>(values: &[T]) -> Option<usize> {
    (0..values.len()).min_by(|&a, &b| largest_first(values, a, b))
}

/// The `most` largest of `scores`, each with its share of all `weights`.
fn ranked(scores: &[f64], weights: &[f64], most: usize) -> Vec<RankedClass> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let most = most.min(order.len());
    if most < order.len() {
        order.select_nth_unstable_by(most, |&a, &b| largest_first(scores, a, b));
        order.truncate(most);
    }
    order.sort_unstable_by(|&a, &b| largest_first(scores, a, b));
    let sum: f64 = weights.iter().sum();
    order.into_iter().map(|class| RankedClass { class, probability: weights[class] / sum }).collect()
}

/// The order of the places `a` and `b` of `values`.
fn largest_first<T: PartialOrd + Copy>(values: &[T], a: usize, b: usize) -> Ordering {
    // What compares with nothing, not even with itself, is no number.
    let is_number = |place: usize| values[place].partial_cmp(&values[place]).is_some();
    let by_value = values[b].partial_cmp(&values[a]).unwrap_or_else(|| is_number(b).cmp(&is_number(a)));
    by_value.then(a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(ranked: &[RankedClass]) -> Vec<usize> {
        ranked.iter().map(|ranked| ranked.class).collect()
    }

    #[test]
    fn the_most_probable_class_comes_first_with_its_softmax() {
        let ranked = ranked_by_logits(&[0.0, 2.0, -1.0, 1.0], 3);
        assert_eq!(classes(&ranked), [1, 3, 0]);
        let sum = 1.0 + 2f64.exp() + (-1f64).exp() + 1f64.exp();
        for (ranked, logit) in ranked.iter().zip([2.0f64, 1.0, 0.0]) {
            assert!((ranked.probability - logit.exp() / sum).abs() < 1e-12, "{ranked:?}");
        }
    }

    #[test]
    fn of_equals_the_smaller_number_comes_first_and_no_number_comes_last() {
        assert_eq!(classes(&ranked_by_logits(&[1.0, 3.0, 3.0, 3.0, 1.0], 4)), [1, 2, 3, 0]);
        assert_eq!(classes(&ranked_by_logits(&[f32::NAN, -7.0, f32::NAN], 3)), [1, 0, 2]);
        assert_eq!((largest(&[f32::NAN, f32::NAN]), largest::<f32>(&[])), (Some(0), None));
        for values in [vec![0.5f32, -0.5, 0.5], vec![-1.0, -1.0], vec![0.0, -0.0]] {
            assert_eq!(largest(&values), classes(&ranked_by_logits(&values, 1)).first().copied());
        }
    }

    #[test]
    fn large_logits_have_probabilities_too() {
        let ranked = ranked_by_logits(&[9000.0, 9000.0, -9000.0], 3);
        assert_eq!(ranked.iter().map(|ranked| ranked.probability).collect::<Vec<_>>(), [0.5, 0.5, 0.0]);
    }

    #[test]
    fn votes_become_shares() {
        let ranked = ranked_by_votes(&[1.0, 0.0, 3.0], 5);
        assert_eq!(classes(&ranked), [2, 0, 1]);
        assert_eq!(ranked.iter().map(|ranked| ranked.probability).collect::<Vec<_>>(), [0.75, 0.25, 0.0]);
    }
}
