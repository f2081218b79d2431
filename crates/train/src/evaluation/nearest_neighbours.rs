//! Weighted k-nearest neighbours by cosine similarity (Wu et al. 2018, section 3.4).

use super::Features;
use super::ranking::largest;
use crate::Session;

/// Test rows whose similarities are computed at once.
const ROWS: usize = 256;

/// The settings of the classifier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearestNeighbours {
    /// Neighbours that vote.
    pub k: usize,
    /// A neighbour of similarity s votes with weight exp(s / temperature).
    pub temperature: f64,
}

/// The votes of the neighbours among `train` for each of `test`, in its order: `take` gets the number of a row and its
/// votes, `classes` of them, or one more than the largest label if that is more. Rows of `test` need no labels. Nothing is
/// given where `train` is empty or unlabelled.
pub fn nearest_neighbours_votes(
    session: &Session<'_>,
    settings: NearestNeighbours,
    train: &Features,
    test: &Features,
    classes: usize,
    mut take: impl FnMut(usize, &[f64]),
) {
    let Some(largest) = train.labels.iter().max() else { return };
    let classes = classes.max(*largest as usize + 1);
    similarities(session, train, test, |row, similarities| {
        take(row, &votes(similarities, &train.labels, classes, settings));
    });
}

/// The cosine similarities of each of `test` to all of `train`, in their order: `take` gets the number of a row of `test`
/// and its similarities [rows of `train`], from -1 to 1.
pub(crate) fn similarities(
    session: &Session<'_>,
    train: &Features,
    test: &Features,
    mut take: impl FnMut(usize, &[f32]),
) {
    let (train, test) = (unit_rows(train), unit_rows(test));
    let bank = train.rows(0..train.len(), session).transpose();
    for start in (0..test.len()).step_by(ROWS) {
        let rows = start..test.len().min(start + ROWS);
        let similarities: Vec<f32> =
            test.rows(rows.clone(), session).matmul(bank.clone()).into_data().iter::<f32>().collect();
        for (row, similarities) in rows.zip(similarities.chunks_exact(train.len().max(1))) {
            take(row, similarities);
        }
    }
}

/// The places of the `k` largest of `similarities`, or of all if there are fewer, in no order; of equals the first.
pub(crate) fn nearest(similarities: &[f32], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..similarities.len()).collect();
    let nearest_first = |&a: &usize, &b: &usize| similarities[b].total_cmp(&similarities[a]).then(a.cmp(&b));
    if k < order.len() {
        order.select_nth_unstable_by(k, nearest_first);
        order.truncate(k);
    }
    order
}

/// Top-1 in percent of classifying each of `test` by its neighbours among `train`; `None` when one of them is empty
/// or unlabelled. Ties go to the class with the smaller number, so the result depends on nothing else.
pub fn nearest_neighbours_top1(
    session: &Session<'_>,
    settings: NearestNeighbours,
    train: &Features,
    test: &Features,
) -> Option<f64> {
    if train.labels.is_empty() || test.labels.is_empty() {
        return None;
    }
    let mut correct = 0;
    nearest_neighbours_votes(session, settings, train, test, 0, |row, votes| {
        correct += usize::from(largest(votes).is_some_and(|class| class as i64 == test.labels[row]));
    });
    Some(100.0 * correct as f64 / test.len() as f64)
}

/// The sum of the weights of the nearest neighbours of each class.
fn votes(similarities: &[f32], labels: &[i64], classes: usize, settings: NearestNeighbours) -> Vec<f64> {
    let order = nearest(similarities, settings.k);
    // Where a weight would overflow, all are divided by the largest: their shares stay the same.
    let overflows = settings.temperature.recip() > f64::MAX.ln() / 2.0;
    let nearest = order.iter().map(|&neighbour| similarities[neighbour]).fold(f32::NEG_INFINITY, f32::max);
    let origin = if overflows { f64::from(nearest) } else { 0.0 };
    let mut votes = vec![0.0; classes];
    for &neighbour in &order {
        votes[labels[neighbour] as usize] +=
            ((f64::from(similarities[neighbour]) - origin) / settings.temperature).exp();
    }
    votes
}

/// Every row scaled to length 1; a zero row stays zero.
fn unit_rows(features: &Features) -> Features {
    let mut unit = features.clone();
    for row in unit.values.chunks_exact_mut(features.dim) {
        let norm = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
        if norm > 0.0 {
            row.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
        }
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Silent;
    use std::sync::Arc;

    const SETTINGS: NearestNeighbours = NearestNeighbours { k: 3, temperature: 0.07 };

    fn vote(similarities: &[f32], labels: &[i64], classes: usize, settings: NearestNeighbours) -> usize {
        largest(&votes(similarities, labels, classes, settings)).expect("a class")
    }

    fn features(rows: &[([f32; 2], i64)]) -> Features {
        Features {
            values: rows.iter().flat_map(|(row, _)| *row).collect(),
            labels: rows.iter().map(|(_, label)| *label).collect(),
            dim: 2,
        }
    }

    fn top1(train: &Features, test: &Features) -> Option<f64> {
        let mut observer = Silent;
        let session = Session::new(burn::tensor::Device::flex(), 1, Arc::default(), &mut observer);
        nearest_neighbours_top1(&session, SETTINGS, train, test)
    }

    #[test]
    fn similarity_is_by_angle_not_by_distance() {
        let train = features(&[([10.0, 0.1], 0), ([9.0, 0.0], 0), ([0.1, 0.1], 1), ([0.0, 0.2], 1), ([0.0, 0.3], 1)]);
        // Near class 1 in distance, along class 0 in direction.
        let test = features(&[([0.2, 0.0], 0), ([0.0, 7.0], 1)]);
        assert_eq!(top1(&train, &test), Some(100.0));
    }

    #[test]
    fn one_close_neighbour_outvotes_two_far_ones() {
        let labels = [1, 0, 0, 0];
        assert_eq!(vote(&[0.99, 0.3, 0.3, -1.0], &labels, 2, SETTINGS), 1);
        let flat = NearestNeighbours { temperature: 1e6, ..SETTINGS };
        assert_eq!(vote(&[0.99, 0.3, 0.3, -1.0], &labels, 2, flat), 0);
    }

    #[test]
    fn only_k_neighbours_vote() {
        let labels = [0, 0, 0, 1, 1, 1, 1, 1, 1];
        let similarities = [0.5, 0.5, 0.5, 0.49, 0.49, 0.49, 0.49, 0.49, 0.49];
        assert_eq!(vote(&similarities, &labels, 2, SETTINGS), 0);
    }

    #[test]
    fn at_the_smallest_temperature_the_nearest_neighbour_alone_votes() {
        let settings = NearestNeighbours { k: 3, temperature: 1e-6 };
        let votes = votes(&[0.25, 0.5, 0.25], &[0, 1, 0], 2, settings);
        assert_eq!(votes, [0.0, 1.0]);
    }

    #[test]
    fn unlabelled_images_have_no_neighbours_to_vote() {
        let mut unlabelled = features(&[([1.0, 0.0], 0)]);
        unlabelled.labels.clear();
        assert_eq!(top1(&unlabelled, &unlabelled), None);
    }
}
