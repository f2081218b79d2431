//! Weights of another architecture, and settings that weights bring: in every command.

use std::fs;
use std::path::Path;

use bmae_nn::{Array, StateDict};

use crate::fixtures::class_folders;
use crate::folder::Folder;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/weights").join(name)
}

/// `scaled.safetensors`: the fixtures' autoencoder with layer scale in its encoder.
fn layer_scale(folder: &Folder) {
    let mut weights = StateDict::from_file(&fixture("weights.safetensors")).expect("the fixture is there");
    for block in 0..2 {
        let scale = Array { shape: vec![8], values: vec![0.1; 8] };
        weights.tensors.insert(format!("blocks.{block}.ls1.gamma"), scale);
    }
    folder.write("scaled.safetensors", &weights.to_bytes().expect("whole tensors"));
}

#[test]
fn every_command_refuses_weights_of_another_architecture_and_writes_nothing() {
    let folder = Folder::new();
    class_folders(&folder);
    layer_scale(&folder);
    let heads = "--set model.encoder.heads=2 --set model.decoder.heads=2";
    let teacher = "method.targets=[{update='fixed',from='scaled.safetensors'}]";
    for line in [
        "knn --from scaled.safetensors --data photos --out out",
        "linprobe --from scaled.safetensors --data photos --out out",
        "finetune --from scaled.safetensors --data photos --out out",
        "features --from scaled.safetensors --data photos --split test --feature mean --out out",
        "features --from scaled.safetensors --data photos --split test --feature block:1 --out out",
        "reconstruct --from scaled.safetensors --data photos --out out.png --attention maps.png",
        "pretrain --preset tiny.toml --from scaled.safetensors --out out",
        &format!(
            "pretrain --preset tiny.toml --method custom --wse 0 --out out --set model.patch_size=2 --set {teacher}"
        ),
        "forward --weights scaled.safetensors --inputs tiny.toml --outputs out",
        "replay --stage pretrain --weights scaled.safetensors --batches tiny.toml --steps-per-epoch 1 --outputs out",
        "replay --stage finetune --weights scaled.safetensors --batches tiny.toml --steps-per-epoch 1 --outputs out",
        "replay --stage linprobe --weights scaled.safetensors --batches tiny.toml --steps-per-epoch 1 --outputs out",
        "checkpoint import --from scaled.safetensors --out out.safetensors",
        "checkpoint export --from scaled.safetensors --to timm --out out.safetensors",
        "checkpoint export --from scaled.safetensors --to huggingface --out out",
    ] {
        folder
            .bmae(&format!("{line} {heads}"))
            .refuses(
                1,
                &["scaled.safetensors is of another architecture", "it has layer scale (blocks.{0-1}.ls1.gamma)"],
            )
            .leaves_no("out")
            .leaves_no("out.png")
            .leaves_no("out.safetensors");
    }
    let info = folder.bmae("checkpoint info scaled.safetensors").succeeds();
    assert!(info.stdout.contains("cannot be used here: it has layer scale"), "{}", info.story());
}

#[test]
fn what_lies_beside_the_one_model_of_a_checkpoint_is_said() {
    let folder = Folder::new();
    class_folders(&folder);
    let mut wrapped = StateDict::default();
    let weights = StateDict::from_file(&fixture("weights.safetensors")).expect("the fixture is there");
    wrapped.tensors.extend(weights.tensors.into_iter().map(|(name, array)| (format!("backbone.{name}"), array)));
    wrapped.tensors.insert("classifier.bias".to_owned(), Array { shape: vec![3], values: vec![0.0; 3] });
    folder.write("one.safetensors", &wrapped.to_bytes().expect("whole tensors"));
    let ended = folder
        .bmae("knn --from one.safetensors --data photos --out out --set knn.k=3 --set model.encoder.heads=2")
        .succeeds();
    let note =
        "note: one.safetensors: the model under `backbone` is taken, the only one there; beside it lies `classifier`";
    assert!(ended.stderr.contains(note), "{}", ended.story());
}

#[test]
fn a_vit_mae_that_predicts_normalised_pixels_is_drawn_and_written_back_as_that() {
    let folder = Folder::new();
    class_folders(&folder);
    let config = fs::read_to_string(fixture("huggingface/config.json")).expect("the fixture is there");
    let normalised = config.replace("\"norm_pix_loss\": false", "\"norm_pix_loss\": true");
    assert_ne!(config, normalised);
    folder.write("vit/config.json", normalised.as_bytes());
    folder.write("vit/model.safetensors", &fs::read(fixture("huggingface/model.safetensors")).expect("it is there"));
    let draw = |from: &str, out: &str, more: &str| {
        folder.bmae(&format!("reconstruct --from {from} --data photos --out {out}{more}")).succeeds();
        fs::read(folder.path(out)).expect("it was drawn")
    };
    let as_it_says = draw("vit", "a.png", "");
    assert!(as_it_says == draw("vit", "b.png", " --set pretrain.norm_pix=true"));
    assert!(as_it_says != draw("vit", "c.png", " --set pretrain.norm_pix=false"));
    folder.bmae("checkpoint import --from vit --out own.safetensors").succeeds();
    assert!(as_it_says == draw("own.safetensors", "d.png", ""));
    folder.bmae("checkpoint export --from vit --to huggingface --out back").succeeds();
    let back = folder.read("back/config.json");
    assert!(back.contains("\"norm_pix_loss\": true") && back.contains("\"mask_ratio\": 0.6"), "{back}");
    folder.bmae("pretrain --preset tiny.toml --from vit --out on --set data.image_size=16").succeeds();
    assert!(folder.read("on/config.toml").contains("norm_pix = true"));
}
