//! Features of a data set under a frozen encoder, for use elsewhere: `docs/formats.md`, "Features".

mod comma_separated;
mod file;
mod format;
mod norm_of_mean;
mod npz;
mod safetensors_file;
mod table;

pub use file::{check_place, write};
pub use format::FeatureFormat;
pub use table::FeatureTable;

use std::path::Path;

use bmae_data::Split;
use bmae_output::plain::plain_path;
use bmae_recipe::{Recipe, Start};
use burn::tensor::{Tensor, TensorData};

use crate::evaluation::{EncoderFeature, FeatureRequest, Features, extract};
use crate::observer::Message;
use crate::{Session, TrainError, settled, start};

/// Images that the encoder sees at once.
const BATCH: usize = 256;

/// The features of the images of one half of the recipe's data, in its order and without augmentation, with their files and
/// labels. `None` when the session was stopped.
///
/// Of a classifier of the mean of the patch tokens, whose encoder has no final norm, they are what its `fc_norm` makes of
/// them.
///
/// # Errors
/// When the data or the weights cannot be read, there is no such half, or the encoder has no such block.
pub fn run(
    session: &mut Session<'_>,
    recipe: &Recipe,
    start: &Start,
    split: Split,
    feature: EncoderFeature,
) -> Result<Option<FeatureTable>, TrainError> {
    session.say_that_all_are_decoded(&recipe.data);
    let (data, settled) = settled::open(recipe, &mut |message| session.say(message))?;
    let recipe = &settled;
    session.say_of(&data);
    let Some(images) = data.images(split) else {
        return Err(TrainError::NoTestSet { stage: "a feature file of the test set", data: data.name });
    };
    let device = session.inference_device();
    let tell = &mut |message| session.say(message);
    let (encoder, norm_of_mean) = match feature {
        EncoderFeature::Block(_) => (start::encoder_without_norm(start, recipe, &device, tell)?, None),
        EncoderFeature::ClassToken | EncoderFeature::Mean => {
            norm_of_mean::encoder_and_norm(start, recipe, &device, tell)?
        }
    };
    if let (Some(_), EncoderFeature::ClassToken, Some(path)) = (&norm_of_mean, feature, start.path()) {
        session.say(Message::Note(format!(
            "{} classifies by the mean of the patch tokens and has a norm for that alone (fc_norm): the class token goes \
             through it, too",
            plain_path(path)
        )));
    }
    let request = FeatureRequest { feature, limit: 0, batch_size: BATCH };
    let mut features = extract(session, recipe, &encoder, images, request, || !session.stopped())?;
    if session.stopped() {
        return Ok(None);
    }
    if let Some(norm) = norm_of_mean {
        features.values = in_rows(&features, &device, |rows| norm.forward(rows));
    }
    let text = |file: &Path| file.to_str().map_or_else(|| plain_path(file), str::to_owned);
    let file = |index| images.file(index).map(text).unwrap_or_default();
    Ok(Some(FeatureTable {
        files: (0..features.len()).map(file).collect(),
        class_names: if features.labels.is_empty() { Vec::new() } else { data.class_names.clone() },
        features,
    }))
}

/// What `change` makes of the rows [N, D] of `features`, some at a time.
fn in_rows(features: &Features, device: &burn::tensor::Device, change: impl Fn(Tensor<2>) -> Tensor<2>) -> Vec<f32> {
    let dim = features.dim.max(1);
    let rows = features.values.chunks(BATCH * dim);
    rows.flat_map(|rows| {
        let tensor = Tensor::from_data(TensorData::new(rows.to_vec(), [rows.len() / dim, dim]), device);
        change(tensor).into_data().iter::<f32>().collect::<Vec<_>>()
    })
    .collect()
}
