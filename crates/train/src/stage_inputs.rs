//! What a stage is given, taken before its first step: the fingerprints of its images, the checksum of its weights.

use bmae_data::{Dataset, Fingerprint, Split};
use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Recipe, Stage};

use crate::checksum::sha256;
use crate::run_directory::{Inputs, RunFile, has_checkpoint};
use crate::session::KnownImages;
use crate::start::is_gone;
use crate::{Session, TrainError};

/// The inputs of `planned`, whose images are `data`. The stages of a plan do not look into the files again while these
/// have the same names.
///
/// # Errors
/// When an image or the weights cannot be read.
pub(crate) fn inputs_of(session: &Session<'_>, planned: &PlannedStage, data: &Dataset) -> Result<Inputs, TrainError> {
    let PlannedStage { recipe, stage, .. } = planned;
    let is_tested = reads_test_images(recipe, *stage);
    let known = session.known_images(&recipe.data);
    let images = match known.filter(|known| known.train.as_ref().is_some_and(|train| train.lists(data, Split::Train))) {
        Some(known) => known.clone(),
        None => images_of(data, recipe, is_tested)?,
    };
    let test = images.test.filter(|_| is_tested);
    Ok(Inputs { from_sha256: checksum_of_start(planned)?, train: images.train, test })
}

/// The images that `recipe` chooses, which are `data`; of the test images nothing where none `is_tested`.
///
/// # Errors
/// When an image cannot be read.
pub(crate) fn images_of(data: &Dataset, recipe: &Recipe, is_tested: bool) -> Result<KnownImages, TrainError> {
    let test = if is_tested { Fingerprint::of(data, Split::Test)? } else { None };
    Ok(KnownImages { recipe: recipe.data.clone(), train: Fingerprint::of(data, Split::Train)?, test })
}

/// Whether something that `stage` measures depends on the test images: of a pre-training the quick nearest neighbours.
pub(crate) fn reads_test_images(recipe: &Recipe, stage: Stage) -> bool {
    stage != Stage::Pretrain || recipe.monitor.every > 0
}

/// The SHA-256 of the weights that an evaluation starts from; `None` for a random encoder, and for a pre-training. Where
/// they are gone, and the run goes on from a checkpoint of its own, it is that which the run recorded.
///
/// # Errors
/// When there are none, or they cannot be read.
pub(crate) fn checksum_of_start(planned: &PlannedStage) -> Result<Option<String>, TrainError> {
    let start = planned.start.path().filter(|_| planned.stage != Stage::Pretrain);
    match start {
        Some(path) if is_gone(path) && has_checkpoint(&planned.out) => {
            Ok(RunFile::read(&planned.out)?.inputs.from_sha256)
        }
        start => start.map(sha256).transpose(),
    }
}
