//! k-nearest neighbours on a frozen encoder: nothing is trained, one figure comes out.

use std::path::Path;
use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::Encoder;

use crate::evaluation::{NearestNeighbours, Wanted, extract, nearest_neighbours_top1};
use crate::input;
use crate::observer::Event;
use crate::run_directory::{EvalLine, Line, Opened, RunDirectory, RunFile};
use crate::session::Summary;
use crate::{Outcome, Session, TrainError};
use bmae_recipe::Recipe;
use bmae_recipe::Start;

/// Images that the encoder sees at once.
const BATCH: usize = 256;

/// Classifies the test images by the training images nearest to them under the encoder that `start` gives, and writes
/// the figure into the run directory `out`.
///
/// # Errors
/// Everything that [`TrainError`] names; nothing is written before data and model were found in order.
pub fn run(
    session: &mut Session<'_>,
    recipe: &Recipe,
    name: &str,
    start: &Start,
    out: &Path,
    resume: bool,
) -> Result<Outcome, TrainError> {
    let (data, test) = input::open_labelled(recipe, Stage::Knn)?;
    let encoder = start::encoder(start, recipe, &session.inference_device(), &mut |remark| session.remark(remark))?;

    let mut run_file = RunFile::new(Stage::Knn, name, recipe, &data.name, session);
    run_file.from = start.path().map(|path| path.display().to_string());
    let mut directory = match RunDirectory::open(out, &recipe.to_toml(), run_file, resume)? {
        Opened::Finished => {
            session.tell(Event::AlreadyFinished { run: name.into(), stage: Stage::Knn });
            return Ok(Outcome::AlreadyFinished);
        }
        Opened::Fresh(directory) | Opened::Resumed(directory, _) => directory,
    };
    let outcome = classify(session, recipe, (&data.train, &test), &encoder, &mut directory);
    directory.keep_failure(outcome)
}

/// The one figure, of training and test images.
fn classify(
    session: &mut Session<'_>,
    recipe: &Recipe,
    (train, test): (&Arc<dyn Images>, &Arc<dyn Images>),
    encoder: &Encoder,
    directory: &mut RunDirectory,
) -> Result<Outcome, TrainError> {
    let name = directory.name().to_owned();
    session.tell(Event::Started {
        run: name.clone(),
        stage: Stage::Knn,
        epochs: 1,
        first_epoch: 0,
        steps_per_epoch: 1,
        batch_size: train.len() + test.len(),
    });
    let wanted = Wanted { feature: recipe.knn.feature.into(), limit: 0, batch_size: BATCH };
    let features = |images| extract(session, recipe, encoder, images, wanted, || !session.stopped());
    let (train, test) = (features(train)?, features(test)?);
    if session.stopped() {
        return Ok(Outcome::Interrupted { epochs_kept: 0, epochs: 1, steps_lost: 0 });
    }
    let settings = NearestNeighbours { k: recipe.knn.k, temperature: recipe.knn.temperature };
    let top1 = nearest_neighbours_top1(session, settings, &train, &test);
    if let Some(top1) = top1 {
        directory.log(&Line::Eval(EvalLine {
            common: directory.common(0),
            evaluation: Stage::Knn.section(),
            top1,
            loss: None,
        }))?;
    }
    directory.finish()?;
    session.tell(Event::Finished { run: name, stage: Stage::Knn, loss: None, top1 });
    Ok(Outcome::Finished(Summary { loss: None, top1 }))
}
