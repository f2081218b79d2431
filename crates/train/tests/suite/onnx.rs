//! What an exported ONNX file computes, run by tract, is what the model computes here.

use bmae_architecture::Autoencoder;
use bmae_data::random::{Purpose, keyed};
use bmae_nn::{Array, Classifier, Encoder, EncoderInit, HeadInit, LinearProbe, Pooling, StateDict, patchify};
use bmae_recipe::{Choice, Feature, Recipe};
use bmae_train::export::{OnnxInput, OnnxRequest, export_onnx};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use tract_onnx::prelude::{Datum, Framework, InferenceModelExt, IntoRunnable, Tensor as TractTensor, tvec};

use crate::small;

const CLASSES: usize = 5;
const LIMIT: f32 = 1e-4;
const INPUTS: [OnnxInput; 3] = [OnnxInput::Uint8, OnnxInput::Uint16, OnnxInput::Float];

/// A model with sizes that differ, so that none can stand for another.
fn recipe(keys: &str) -> Recipe {
    small::recipe(&format!(
        "model.norm_epsilon = 1e-3\nmodel.encoder.mlp_ratio = 3.0\ndata.mean = [0.3, 0.5, 0.6]\ndata.std = [0.2, 0.3, 0.4]\n{keys}"
    ))
}

fn encoder(recipe: &Recipe) -> Encoder {
    let Autoencoder { grid, encoder, .. } = recipe.architecture();
    let mut generator = keyed(1, 0, 0, Purpose::Initialisation);
    Encoder::init(grid, encoder, EncoderInit::Timm, &mut generator, &Device::flex()).unwrap()
}

/// The tensors of `module` with numbers in them of which each counts; scales and variances around 1.
fn varied(module: &impl Module) -> StateDict {
    let mut weights = StateDict::of(module);
    for (at, (name, Array { values, .. })) in weights.tensors.iter_mut().enumerate() {
        let is_scale = name.contains("norm") && (name.ends_with("weight") || name.ends_with("running_var"));
        for (i, value) in values.iter_mut().enumerate() {
            let drawn = 0.35 * ((i * i) as f32 * 0.37 + i as f32 * 1.7 + at as f32).sin();
            *value = if is_scale { 1.0 + drawn } else { drawn };
        }
    }
    weights
}

fn loaded<M: Module>(weights: &StateDict, module: M) -> M {
    let (module, report) = weights.load_into(module).unwrap();
    report.require(|_| false, |_| true).unwrap();
    module
}

/// `count` images [N, H, W, C] of 8 bits.
fn images(recipe: &Recipe, count: usize) -> Vec<u8> {
    let values = recipe.architecture().grid.values_per_image();
    (0..count * values).map(|i| (i * 7919 % 256) as u8 ^ (i / values) as u8).collect()
}

/// The planes [N, C, H, W] of images [N, H, W, C], from 0 to 1.
fn planes(recipe: &Recipe, images: &[u8]) -> Vec<f32> {
    let grid = recipe.architecture().grid;
    let (channels, values) = (grid.channels, grid.values_per_image());
    let of_image = |image: &[u8]| {
        let plane = |channel| image.iter().skip(channel).step_by(channels).map(|&value| f32::from(value) / 255.0);
        (0..channels).flat_map(plane).collect::<Vec<_>>()
    };
    images.chunks_exact(values).flat_map(of_image).collect()
}

/// The same as the model sees them, in patches [N, L, P].
fn patches(recipe: &Recipe, images: &[u8]) -> Tensor<3> {
    let grid = recipe.architecture().grid;
    let area = grid.values_per_image() / grid.channels;
    let mut planes = planes(recipe, images);
    let (means, deviations) = recipe.data.normalisation();
    for (at, plane) in planes.chunks_exact_mut(area).enumerate() {
        let (mean, std) = (means[at % grid.channels], deviations[at % grid.channels]);
        plane.iter_mut().for_each(|value| *value = (*value - mean) / std);
    }
    let shape = [planes.len() / grid.values_per_image(), grid.patches(), grid.values_per_patch()];
    Tensor::from_data(TensorData::new(patchify(&planes, grid).unwrap(), shape), &Device::flex())
}

fn feature_of(encoder: &Encoder, patches: Tensor<3>, feature: Feature) -> Tensor<2> {
    let tokens = encoder.forward(patches);
    let [images, count, dim] = tokens.dims();
    match feature {
        Feature::ClassToken => tokens.slice([0..images, 0..1, 0..dim]),
        Feature::Mean => tokens.slice([0..images, 1..count, 0..dim]).mean_dim(1),
    }
    .reshape([images, dim])
}

/// What tract computes of `images` by the file at `path`.
fn run(recipe: &Recipe, path: &std::path::Path, input: OnnxInput, images: &[u8]) -> Vec<f32> {
    let grid = recipe.architecture().grid;
    let count = images.len() / grid.values_per_image();
    let [_, height, width] = shape_of_planes(recipe);
    let rows = [count, height, width, grid.channels];
    let given: TractTensor = match input {
        OnnxInput::Uint8 => tensor(&rows, images),
        OnnxInput::Uint16 => tensor(&rows, &images.iter().map(|&value| u16::from(value) * 257).collect::<Vec<_>>()),
        OnnxInput::Float => tensor(&[count, grid.channels, height, width], &planes(recipe, images)),
    };
    let model = tract_onnx::onnx().model_for_path(path).unwrap().into_optimized().unwrap().into_runnable().unwrap();
    let given = model.run(tvec!(given.into())).unwrap();
    given[0].to_plain_array_view::<f32>().unwrap().iter().copied().collect()
}

fn tensor<T: Datum + Copy>(shape: &[usize], values: &[T]) -> TractTensor {
    TractTensor::from_shape(shape, values).unwrap()
}

/// Channels, height and width.
fn shape_of_planes(recipe: &Recipe) -> [usize; 3] {
    let grid = recipe.architecture().grid;
    [grid.channels, grid.image.height, grid.image.width]
}

/// Exports `weights` with every input, runs them at batch 1 and 7, and compares with what `expected` makes of patches.
fn agrees(
    what: &str,
    weights: &StateDict,
    recipe: &Recipe,
    feature: Option<Feature>,
    expected: impl Fn(Tensor<3>) -> Tensor<2>,
) {
    let folder = tempfile::tempdir().unwrap();
    for input in INPUTS {
        let path = folder.path().join("model.onnx");
        export_onnx(weights, recipe, OnnxRequest { input: Some(input), feature }).unwrap().write(&path).unwrap();
        for count in [1, 7] {
            let images = images(recipe, count);
            let expected: Vec<f32> = expected(patches(recipe, &images)).into_data().iter::<f32>().collect();
            let found = run(recipe, &path, input, &images);
            assert_eq!(found.len(), expected.len(), "{what}, {input:?}");
            let most = expected.iter().fold(0f32, |most, value| most.max(value.abs()));
            assert!(most > 0.1, "{what}: numbers that say something, not {most}");
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() <= LIMIT, "{what}, {input:?}, {count}: {found} for {expected}");
            }
        }
    }
}

#[test]
fn an_encoder_gives_the_class_token_or_the_mean_of_the_patch_tokens() {
    let recipe = recipe("");
    let weights = varied(&encoder(&recipe));
    let model = loaded(&weights, encoder(&recipe));
    for feature in [Feature::ClassToken, Feature::Mean] {
        agrees(feature.word(), &weights, &recipe, Some(feature), |patches| feature_of(&model, patches, feature));
    }
}

#[test]
fn a_fine_tuned_classifier_gives_its_logits_and_its_features() {
    let recipe = recipe("");
    for pooling in [Pooling::ClassToken, Pooling::Mean] {
        let fresh = || {
            let mut generator = keyed(2, 0, 0, Purpose::HeadInitialisation);
            Classifier::init(encoder(&recipe), CLASSES, pooling, HeadInit::TIMM, &mut generator)
        };
        let weights = varied(&fresh());
        let model = loaded(&weights, fresh());
        agrees(&format!("{pooling:?}"), &weights, &recipe, None, |patches| model.forward(patches));
        // What the head sees of a mean goes through its own norm.
        let feature = if pooling == Pooling::Mean { Feature::Mean } else { Feature::ClassToken };
        agrees(&format!("features, {pooling:?}"), &weights, &recipe, Some(feature), |patches| {
            let pooled = feature_of(&model.encoder, patches, feature);
            match &model.fc_norm {
                Some(norm) => norm.forward(pooled),
                None => pooled,
            }
        });
    }
}

#[test]
fn a_probe_gives_its_logits_by_the_running_statistics() {
    for feature in [Feature::ClassToken, Feature::Mean] {
        let recipe = recipe(&format!("linprobe.feature = '{}'", feature.word()));
        let fresh = || {
            let mut generator = keyed(2, 0, 0, Purpose::HeadInitialisation);
            LinearProbe::init(recipe.model.encoder.dim, CLASSES, recipe.precision, &mut generator, &Device::flex())
        };
        let (of_encoder, of_probe) = (varied(&encoder(&recipe)), varied(&fresh()));
        let (model, probe) = (loaded(&of_encoder, encoder(&recipe)), loaded(&of_probe, fresh()));
        let mut weights = of_encoder;
        weights.tensors.extend(of_probe.tensors);
        agrees(&format!("probe, {feature:?}"), &weights, &recipe, None, |patches| {
            probe.forward_eval(feature_of(&model, patches, feature))
        });
    }
}
