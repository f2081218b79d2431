//! A labelled set that names no test images is divided.

use std::sync::Arc;

use crate::random::Purpose;
use crate::stratified::{Parts, hold_out};
use crate::{Dataset, Images, Selection, Subset, TestOrigin};

/// `dataset` with a part of each class for testing, where it has labels and no test images. Without labels, with a
/// fraction of 0, or where no class has two images, it stays as it is.
pub fn divided(dataset: Dataset, selection: &Selection) -> Dataset {
    let (fraction, seed) = (selection.test_fraction, selection.split_seed);
    if !dataset.is_labelled() || dataset.test.is_some() || fraction <= 0.0 {
        return dataset;
    }
    let Parts { held_out, rest } = hold_out(&*dataset.train, fraction, seed, Purpose::TestSplit);
    if held_out.is_empty() {
        return dataset;
    }
    let part = |chosen| Arc::new(Subset::new(Arc::clone(&dataset.train), chosen)) as Arc<dyn Images>;
    Dataset {
        train: part(rest),
        test: Some(part(held_out)),
        test_origin: Some(TestOrigin::HeldOut { fraction, seed }),
        ..dataset.clone()
    }
}
