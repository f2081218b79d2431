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

#[test]
fn weights_without_positions_take_the_size_of_the_recorded_images_and_the_fixed_ones() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    inputs(&folder);
    let mut bare = StateDict::from_file(&folder.path("a/checkpoints/last.safetensors")).expect("weights");
    for name in ["pos_embed", "decoder_pos_embed"] {
        bare.tensors.remove(name).expect("it was there");
    }
    bare.metadata.clear();
    folder.write("bare.safetensors", &bare.to_bytes().expect("whole tensors"));
    let forward = |weights: &str, more: &str| {
        folder.bmae(&format!(
            "forward --weights {weights} --inputs inputs.safetensors --outputs out.safetensors --json{more}"
        ))
    };
    let whole = forward("a", "").succeeds().json();
    let ended = forward("bare.safetensors", " --set model.encoder.heads=2 --set model.decoder.heads=2").succeeds();
    assert_eq!((&ended.json()["loss"], &ended.json()["head"]), (&whole["loss"], &"decoder_pred".into()));
    assert!(ended.stderr.contains("has no pos_embed and decoder_pos_embed: the fixed sin-cos"), "{}", ended.story());
    assert!(!ended.stderr.contains("attention heads"), "they were given{}", ended.story());
    // --set lies above the images.
    forward("bare.safetensors", " -q --set model.encoder.heads=2 --set model.decoder.heads=2 --set data.image_size=8")
        .refuses(1, &["16 x 16 pixels, but the model is for 8 x 8"]);
    // The decoder's heads are said where it is used alone, and under the right key.
    let said = forward("bare.safetensors", " --preset tiny.toml --set model.encoder.heads=2").succeeds();
    assert!(said.stderr.contains("note: bare.safetensors does not tell the number of attention heads of its decoder"));
    assert!(said.stderr.contains("--set model.decoder.heads=N") && !said.stderr.contains("model.encoder.heads=N"));
}

#[test]
fn what_cannot_come_to_an_end_is_refused_before_it_begins() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    inputs(&folder);
    // Nothing is read before it is clear that something can be written.
    for command in [
        "forward --weights none --inputs none --outputs nowhere/out",
        "replay --stage finetune --weights none --batches none --steps-per-epoch 1 --outputs nowhere/out",
        "features --from none --data none --split test --feature mean --out nowhere/out",
        "data preview --preset tiny.toml --stage finetune --out nowhere/out.png",
    ] {
        let ended = folder.bmae(command);
        assert!(ended.code == Some(1) && !ended.stderr.contains("--out"), "{}", ended.story());
    }
    folder
        .bmae("forward --weights none --inputs none --outputs nowhere/out")
        .refuses(1, &["cannot write nowhere/out", "choose another place to write"])
        .leaves_no("nowhere");

    let forward = "forward --weights a --inputs inputs.safetensors --outputs out";
    let replay = "replay --weights a --batches inputs.safetensors --steps-per-epoch 1 --outputs out --stage";
    let features = "features --preset tiny.toml --from a --split test --feature mean --out out";
    let huge = "--set model.encoder.dim=4000 --set model.encoder.depth=1000000";
    for (command, part) in [
        (format!("{forward} --set pretrain.mask_ratio=0.99"), "keeps none of the 16 patches"),
        (format!("{replay} pretrain --set pretrain.mask_ratio=0.99"), "keeps none of the 16 patches"),
        (format!("{forward} {huge}"), "a model of these sizes needs at least"),
        (format!("{forward} --set data.image_size=1000000"), "a model of these sizes needs at least"),
        (format!("{replay} pretrain {huge}"), "pre-training needs at least"),
        (format!("{replay} linprobe {huge}"), "linear probing needs at least"),
        (format!("{features} {huge}"), "computing features needs at least"),
        (format!("{features} --set data.shapes_train=1000000000"), "`data.shapes_train`"),
    ] {
        folder.bmae(&command).refuses(2, &[part]).leaves_no("out");
    }
}

#[test]
fn features_need_no_more_of_foreign_weights_than_they_look_at() {
    let folder = Folder::new();
    let weights = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/weights").join(name);
        folder.write(name, &std::fs::read(path).expect("a fixture"));
    };
    weights("official.pth");
    weights("classifier_timm.safetensors");
    let data = "--split test --out f --set data.shapes_test=5 --set data.shapes_train=5 --set model.encoder.heads=2";
    // 16 heads do not divide its decoder's width, which nothing looks at.
    let of = |from: &str, feature: &str| {
        folder.bmae(&format!(
            "features --preset paper --data shapes --set data.image_size=16 --from {from} --feature {feature} {data}"
        ))
    };
    of("official.pth", "mean").succeeds();
    of("classifier_timm.safetensors", "block:1").succeeds();
    // It has no final norm, but one of the mean, which does for the class token, too.
    of("classifier_timm.safetensors", "mean").succeeds();
    let token = of("classifier_timm.safetensors", "class-token").succeeds();
    assert!(token.stderr.contains("(fc_norm): the class token goes through it, too"), "{}", token.story());
}

#[test]
fn a_preview_that_is_no_png_or_too_large_is_refused() {
    let folder = Folder::new();
    let preview = "data preview --preset tiny.toml --stage pretrain --out";
    let ended = folder.bmae(&format!("{preview} grid.jpg")).leaves_no("grid.jpg");
    assert!(ended.code == Some(2) && ended.stderr.contains("ends in .png"), "{}", ended.story());
    folder
        .bmae(&format!("{preview} grid.png --images 65535 --epochs 65535"))
        .refuses(1, &["more than 100 million pixels", "--epochs"])
        .leaves_no("grid.png");
    let ended = folder.bmae("data preview --preset tiny.toml --stage knn --out grid.png");
    assert!(ended.code == Some(2) && ended.stderr.contains("pretrain, finetune, linprobe"), "{}", ended.story());
}
