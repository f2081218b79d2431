//! What an evaluation leaves of its test images once it is through: what it predicted for each, its most confident
//! mistakes as a picture, and of a frozen encoder a map of the images by their features.
//!
//! All of it belongs to the weights whose top-1 the run reports. It is written behind the last checkpoint and before the
//! run counts as finished: a session that finds the last epoch done and the run unfinished writes it again, the same.

use std::sync::Arc;

use bmae_data::Images;
use bmae_recipe::Recipe;

use crate::evaluation::{FeatureMap, Features, TestPredictions};
use crate::observer::Message;
use crate::pictures::mistakes;
use crate::run_directory::{Line, MapLine, RunDirectory, TestFile};
use crate::{Session, TrainError};

/// The test images of an evaluation.
#[derive(Clone, Copy)]
pub(crate) struct TestImages<'a> {
    /// The recipe that they are seen by.
    pub recipe: &'a Recipe,
    /// The images.
    pub images: &'a Arc<dyn Images>,
    /// What their classes are called.
    pub class_names: &'a [String],
}

impl TestImages<'_> {
    /// Keeps the `predictions` for all images, and says which classes are the hardest.
    pub fn keep_predictions(
        &self,
        session: &mut Session<'_>,
        directory: &RunDirectory,
        predictions: &TestPredictions,
    ) -> Result<(), TrainError> {
        if !directory.is_written() {
            return Ok(());
        }
        let csv = predictions.to_csv(self.images.as_ref(), self.class_names);
        directory.keep_test_file(TestFile::Predictions, Some(csv))?;
        let picture = mistakes(self.recipe, self.images, self.class_names, predictions)?;
        directory.keep_test_file(TestFile::Mistakes, picture)?;
        if let Some(hardest) = predictions.hardest(self.class_names) {
            session.say(Message::Note(hardest));
        }
        Ok(())
    }

    /// Keeps a map of the images by their `features`, where there can be one; it belongs to `epoch` (from 0).
    pub fn keep_map(&self, directory: &mut RunDirectory, features: &Features, epoch: usize) -> Result<(), TrainError> {
        if !directory.is_written() {
            return Ok(());
        }
        let map = FeatureMap::of(features);
        let csv = map.as_ref().map(|map| map.to_csv(self.images.as_ref(), self.class_names));
        directory.keep_test_file(TestFile::Map, csv)?;
        match map {
            Some(FeatureMap { variance, .. }) => {
                directory.log(&Line::Map(MapLine { common: directory.common(epoch), variance }))
            }
            None => Ok(()),
        }
    }
}
