//! Features of a data set under a frozen encoder, for use elsewhere: `docs/formats.md`, "Features".

use bmae_data::Split;
use bmae_nn::TensorFile;
use bmae_output::mark::SAFETENSORS_KEY;
use bmae_recipe::{Recipe, Start};

use crate::evaluation::{EncoderFeature, FeatureRequest, extract};
use crate::{Session, TrainError, settled, start};

/// What a file of features is, by its mark.
pub const MARK: &str = "features";

/// Images that the encoder sees at once.
const BATCH: usize = 256;

/// `features` [N, D] of the images of one half of the recipe's data, in its order and without augmentation, and
/// `labels` `[N]` where it has them. `None` when the session was stopped.
///
/// # Errors
/// When the data or the weights cannot be read, there is no such half, or the encoder has no such block.
pub fn run(
    session: &mut Session<'_>,
    recipe: &Recipe,
    start: &Start,
    split: Split,
    feature: EncoderFeature,
) -> Result<Option<TensorFile>, TrainError> {
    let (data, settled) = settled::open(recipe, &mut |message| session.say(message))?;
    let recipe = &settled;
    session.say_left_out(&data);
    let Some(images) = data.images(split) else {
        return Err(TrainError::NoTestSet { stage: "a feature file of the test set", data: data.name });
    };
    let device = session.inference_device();
    let tell = &mut |message| session.say(message);
    let encoder = match feature {
        EncoderFeature::Block(_) => start::encoder_without_norm(start, recipe, &device, tell)?,
        EncoderFeature::ClassToken | EncoderFeature::Mean => start::encoder(start, recipe, &device, tell)?,
    };
    let request = FeatureRequest { feature, limit: 0, batch_size: BATCH };
    let features = extract(session, recipe, &encoder, images, request, || !session.stopped())?;
    if session.stopped() {
        return Ok(None);
    }
    let mut file = TensorFile::default();
    file.put_text(SAFETENSORS_KEY, MARK);
    if !features.labels.is_empty() {
        file.put_integers("labels", &[features.labels.len()], features.labels.clone());
    }
    file.put_floats("features", &[features.len(), features.dim], features.values);
    Ok(Some(file))
}
