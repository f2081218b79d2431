//! Whether a classifier is right as often as it says: expected calibration error over bins of equal width (Guo et al.
//! 2017, "On Calibration of Modern Neural Networks", section 2).

/// The bins of the paper.
const BINS: usize = 15;

/// Images by how sure the classifier was of its answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calibration {
    bins: [ConfidenceBin; BINS],
}

/// The images whose most probable class has a probability within one bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ConfidenceBin {
    /// How many.
    pub images: u64,
    right: u64,
    confidence_sum: f64,
}

impl ConfidenceBin {
    /// The share of them that was right; `None` without any.
    pub fn accuracy(self) -> Option<f64> {
        (self.images > 0).then(|| self.right as f64 / self.images as f64)
    }

    /// Their mean probability; `None` without any.
    pub fn confidence(self) -> Option<f64> {
        (self.images > 0).then(|| self.confidence_sum / self.images as f64)
    }
}

impl Calibration {
    /// Counts an image whose most probable class has the probability `confidence` and is the right one or not. Bin m of M
    /// is from (m - 1) / M, without it, to m / M; what is no number is left out.
    pub fn add(&mut self, confidence: f64, is_right: bool) {
        if confidence.is_nan() {
            return;
        }
        // A cast from a float saturates, and 0 belongs to the first bin.
        let place = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        let bin = &mut self.bins[place];
        bin.images += 1;
        bin.right += u64::from(is_right);
        bin.confidence_sum += confidence;
    }

    /// Adds another one.
    pub fn join(&mut self, other: &Self) {
        for (own, other) in self.bins.iter_mut().zip(&other.bins) {
            own.images += other.images;
            own.right += other.right;
            own.confidence_sum += other.confidence_sum;
        }
    }

    /// The bins from the least to the greatest confidence, all of one width.
    pub fn bins(&self) -> &[ConfidenceBin] {
        &self.bins
    }

    /// The expected calibration error: the distance between accuracy and confidence, mean over the images by bins, from 0
    /// to 1; `None` without images.
    pub fn expected_error(&self) -> Option<f64> {
        let images: u64 = self.bins.iter().map(|bin| bin.images).sum();
        let of_bin = |bin: &ConfidenceBin| (bin.right as f64 - bin.confidence_sum).abs();
        (images > 0).then(|| self.bins.iter().map(of_bin).sum::<f64>() / images as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_distance_of_accuracy_and_confidence_bin_by_bin() {
        let mut calibration = Calibration::default();
        // Nine of ten right at 0.9, and none of ten at 0.6.
        (0..10).for_each(|image| calibration.add(0.9, image > 0));
        assert!(calibration.expected_error().expect("images") < 1e-12);
        (0..10).for_each(|_| calibration.add(0.6, false));
        assert!((calibration.expected_error().expect("images") - 0.3).abs() < 1e-12);
        let filled: Vec<usize> = (0..BINS).filter(|&bin| calibration.bins()[bin].images > 0).collect();
        assert_eq!(filled, [8, 13], "0.6 is the end of the ninth bin, 0.9 within the fourteenth");
    }

    #[test]
    fn certainty_and_doubt_have_bins_and_nothing_has_no_error() {
        let mut calibration = Calibration::default();
        assert_eq!(calibration.expected_error(), None);
        calibration.add(1.0, true);
        calibration.add(0.0, false);
        calibration.add(f64::NAN, false);
        assert_eq!([calibration.bins()[0].images, calibration.bins()[14].images], [1, 1]);
        assert_eq!(calibration.expected_error(), Some(0.0));
    }
}
