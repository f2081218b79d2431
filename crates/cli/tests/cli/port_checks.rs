//! `forward`, `replay` and `features`: what whoever checks a port types, and what comes of wrong files.

use std::path::Path;

use bmae_nn::{StateDict, TensorFile};

use crate::folder::Folder;

/// A file of the golden case `name`, copied into the folder.
fn golden(folder: &Folder, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden").join(name);
    folder.write(name, &std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
}

fn tensors(folder: &Folder, name: &str) -> TensorFile {
    TensorFile::from_file(&folder.path(name)).expect("a file of tensors")
}

/// Images [2, 3, 16, 16] and noise [2, 16] for the tiny recipe.
fn inputs(folder: &Folder) {
    let mut file = TensorFile::default();
    file.put_floats("images", &[2, 3, 16, 16], (0..2 * 768).map(|n| ((n * 37) % 101) as f32 / 50.0 - 1.0).collect());
    file.put_floats("noise", &[2, 16], (0..32).map(|n| ((n * 29) % 64) as f32 / 64.0).collect());
    folder.write("inputs.safetensors", &file.to_bytes().expect("whole tensors"));
}

#[test]
fn forward_takes_a_runs_weights_and_recipe_and_writes_every_tensor_in_its_shape() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    inputs(&folder);
    let command = "forward --weights a --inputs inputs.safetensors --outputs out.safetensors --grads --json";
    let json = folder.bmae(command).succeeds().json();
    let out = tensors(&folder, "out.safetensors");
    let dim =
        StateDict::from_file(&folder.path("a/checkpoints/last.safetensors")).expect("weights").tensors["cls_token"]
            .shape[2];
    assert_eq!(out.floats::<3>("latent", "").expect("latent").0, [2, 5, dim]);
    assert_eq!(out.floats::<3>("pred", "").expect("pred").0, [2, 16, 48]);
    assert_eq!(out.floats::<2>("mask", "").expect("mask").1.iter().sum::<f32>(), 24.0);
    assert_eq!(out.integers::<2>("ids_restore", "").expect("ids_restore").0, [2, 16]);
    let (_, loss) = out.floats::<1>("loss", "").expect("loss");
    assert!((f64::from(loss[0]) - json["loss"].as_f64().expect("a number")).abs() < 1e-6);
    assert_eq!(out.floats::<3>("grad.cls_token", "").expect("a gradient").0, [1, 1, dim]);
    assert!(!out.has("grad.pos_embed") && !out.has("target"), "{:?}", out.names().collect::<Vec<_>>());
}

#[test]
fn forward_without_noise_masks_by_the_seed() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    let mut file = TensorFile::default();
    file.put_floats("images", &[1, 3, 16, 16], vec![0.5; 768]);
    folder.write("inputs.safetensors", &file.to_bytes().expect("whole tensors"));
    let mask = |seed: u32| {
        folder
            .bmae(&format!("forward --weights a --inputs inputs.safetensors --outputs out.safetensors --seed {seed}"))
            .succeeds();
        tensors(&folder, "out.safetensors").floats::<2>("mask", "").expect("mask").1.to_vec()
    };
    assert_eq!(mask(1), mask(1));
    assert_ne!(mask(1), mask(2));
}

#[test]
fn replay_reproduces_recorded_losses_of_each_stage() {
    let folder = Folder::new();
    for (stage, case) in
        [("pretrain", "pretrain-mae-new"), ("finetune", "finetune-mean"), ("linprobe", "linprobe-class-token")]
    {
        for file in ["toml", "weights.safetensors", "batches.safetensors", "expected.safetensors"] {
            golden(&folder, &format!("{case}.{file}"));
        }
        folder
            .bmae(&format!(
                "replay --stage {stage} --preset {case}.toml --weights {case}.weights.safetensors \
                 --batches {case}.batches.safetensors --steps-per-epoch 3 --outputs out.safetensors"
            ))
            .succeeds();
        let [found, expected] = ["out.safetensors".to_owned(), format!("{case}.expected.safetensors")]
            .map(|name| tensors(&folder, &name).floats::<1>("loss", "").expect("losses").1.to_vec());
        assert_eq!(found.len(), 18);
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-4 * expected.abs(), "{case}: {found} is not {expected}");
        }
    }
}

#[test]
fn features_come_in_the_order_of_the_data_set_with_labels_where_there_are_some() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    let of = |split: &str, feature: &str| {
        let command =
            format!("features --preset tiny.toml --from a --split {split} --feature {feature} --out f.safetensors");
        folder.bmae(&command).succeeds();
        tensors(&folder, "f.safetensors")
    };
    let test = of("test", "mean");
    let ([images, dim], mean) = test.floats::<2>("features", "").expect("features");
    assert_eq!(test.integers::<1>("labels", "").expect("labels").0, [images]);
    let again = of("test", "mean");
    assert_eq!(again.floats::<2>("features", "").expect("features").1, mean);
    for other in ["class-token", "block:0"] {
        let other = of("test", other);
        let (shape, values) = other.floats::<2>("features", "").expect("features");
        assert_eq!(shape, [images, dim]);
        assert_ne!(values, mean);
    }
    let train = of("train", "class-token");
    assert_ne!(train.floats::<2>("features", "").expect("features").0[0], images);
}

#[test]
fn what_does_not_fit_is_said_in_one_sentence() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    inputs(&folder);
    let mut small = TensorFile::default();
    small.put_floats("images", &[1, 3, 8, 8], vec![0.0; 192]);
    folder.write("small.safetensors", &small.to_bytes().expect("whole tensors"));
    let mut labels = TensorFile::default();
    labels.put_floats("images", &[1, 2, 3, 16, 16], vec![0.0; 1536]);
    labels.put_integers("labels", &[1, 2], vec![3, -1]);
    folder.write("labels.safetensors", &labels.to_bytes().expect("whole tensors"));

    let refused = |command: &str, parts: &[&str]| {
        folder.bmae(&format!("{command} --outputs out.safetensors")).refuses(1, parts).leaves_no("out.safetensors");
    };
    refused("forward --weights a --inputs small.safetensors", &["8 x 8", "16 x 16", "data.image_size"]);
    refused("forward --weights a --inputs inputs.safetensors --target a", &["predicts 48 values", "16 features"]);
    refused("forward --weights a --inputs absent.safetensors", &["absent.safetensors"]);
    refused("forward --weights a --inputs tiny.toml", &["tiny.toml is not a safetensors file"]);
    let replay = "replay --weights a --steps-per-epoch 2 --stage";
    refused(&format!("{replay} pretrain --batches inputs.safetensors"), &["[S, N, 3, H, W]"]);
    refused(&format!("{replay} pretrain --batches labels.safetensors"), &["lacks the tensor noise [S, N, L]"]);
    refused(&format!("{replay} finetune --batches labels.safetensors"), &["the label -1"]);
    let features = "features --preset tiny.toml --from a --split test --out f --feature";
    folder.bmae(&format!("{features} block:9")).refuses(1, &["block 9", "from 0 to 0"]).leaves_no("f");
    let ended = folder.bmae(&format!("{features} block:x"));
    assert_eq!(ended.code, Some(2), "{}", ended.story());
    assert!(ended.stderr.contains("block:N"), "{}", ended.story());
}
