//! k-nearest neighbours on a frozen encoder: nothing is trained, one figure comes out.

use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::Encoder;
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Recipe, Stage};

use crate::evaluation::{FeatureRequest, NearestNeighbours, TestPredictions, extract};
use crate::run_directory::{EvalLine, Line, RunDirectory};
use crate::session::Summary;
use crate::stage_inputs::inputs_of;
use crate::stage_run::{Extent, StageRun};
use crate::test_outcome::TestImages;
use crate::{Outcome, Session, TrainError, input, start};

/// Images that the encoder sees at once.
const BATCH: usize = 256;

/// Classifies the test images by the training images nearest to them under the encoder that `planned` starts from, and
/// writes the figure into its run directory.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub(crate) fn run(session: &mut Session<'_>, planned: &PlannedStage, resume: bool) -> Result<Outcome, TrainError> {
    let PlannedStage { recipe, start, .. } = planned;
    let (data, test) = input::open_labelled(recipe, Stage::Knn)?;
    let inputs = inputs_of(session, planned, &data)?;
    let encoder = start::encoder(start, recipe, &session.inference_device(), &mut |message| session.say(message))?;
    let Some(run) = StageRun::open(session, planned, &data, inputs, resume)? else {
        return Ok(Outcome::AlreadyFinished);
    };
    let extent =
        Extent { epochs: 1, steps_per_epoch: 1, batch_size: data.train.len() + test.len(), features_once: true };
    run.work(session, extent, None, |session, directory| {
        let test = TestImages { recipe, images: &test, class_names: &data.class_names };
        classify(session, recipe, &encoder, &data.train, test, directory)
    })
}

/// The top-1 accuracy on the images of `test` by those of `train`.
fn classify(
    session: &mut Session<'_>,
    recipe: &Recipe,
    encoder: &Encoder,
    train: &Arc<dyn Images>,
    test_images: TestImages<'_>,
    directory: &mut RunDirectory,
) -> Result<Outcome, TrainError> {
    let request = FeatureRequest { feature: recipe.knn.feature.into(), limit: 0, batch_size: BATCH };
    let features = |images| extract(session, recipe, encoder, images, request, || !session.stopped());
    let (train, test) = (features(train)?, features(test_images.images)?);
    if session.stopped() {
        return Ok(Outcome::Interrupted { epochs_kept: 0, epochs: 1, steps_kept: 0 });
    }
    let settings = NearestNeighbours { k: recipe.knn.k, temperature: recipe.knn.temperature };
    let predictions = TestPredictions::by_neighbours(session, settings, &train, &test, test_images.class_names.len());
    let top1 = predictions.top1();
    if let Some(top1) = top1 {
        let common = directory.common(0);
        directory.log(&Line::Eval(EvalLine { common, evaluation: Stage::Knn.section(), top1, loss: None }))?;
        test_images.keep_map(directory, &test, 0)?;
        test_images.keep_predictions(session, directory, &predictions)?;
    }
    Ok(Outcome::Finished(Summary { loss: None, top1 }))
}
