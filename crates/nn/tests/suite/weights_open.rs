//! Weights that other programs wrote: tests/reference/weights, made by its make_weight_fixtures.py.

use std::path::{Path, PathBuf};

use bmae_architecture::{ImageSize, PatchSize};
use bmae_nn::weights::{Container, Naming};
use bmae_nn::{Architecture, Classifier, HeadInit, Masking, Pooling, StateDict, patchify};

use crate::tiny::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/weights").join(name)
}

fn open(name: &str) -> StateDict {
    StateDict::open(&fixture(name)).unwrap()
}

#[track_caller]
fn refused(path: &Path) -> String {
    StateDict::open(path).unwrap_err().to_string()
}

/// One image's pixels and what PyTorch made of them.
fn outputs(name: &str) -> Vec<f32> {
    open("outputs.safetensors").tensors.remove(name).unwrap().values
}

#[test]
fn every_kind_of_file_becomes_the_same_official_tensors() {
    let want = open("weights.safetensors");
    assert_eq!(want.tensors.len(), 50);
    for (name, container, naming) in [
        ("weights.safetensors", Container::Safetensors, Naming::Official),
        ("plain.pth", Container::Pytorch, Naming::Official),
        ("official.pth", Container::Pytorch, Naming::Official),
        ("legacy.pth", Container::Pytorch, Naming::Official),
        ("huggingface", Container::Safetensors, Naming::HuggingFace),
        ("huggingface/model.safetensors", Container::Safetensors, Naming::HuggingFace),
        ("huggingface_4.safetensors", Container::Safetensors, Naming::HuggingFace),
        ("huggingface_modules.safetensors", Container::Safetensors, Naming::HuggingFace),
    ] {
        let got = open(name);
        let names = |state: &StateDict| state.tensors.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&got), names(&want), "{name}");
        assert_eq!(got.tensors, want.tensors, "{name}");
        assert_eq!((got.origin.container, got.origin.naming), (container, naming), "{name}");
        let (_, report) = got.load_into(autoencoder(90)).unwrap();
        assert!(report.missing.is_empty() && report.unexpected.is_empty(), "{name}");
    }
}

#[test]
fn an_archive_is_read_whatever_its_file_was_called_when_it_was_saved() {
    // The crate zip takes it for damaged from 9.1 to 9.8.2; in others a name of 21 letters is nothing special.
    let weights = open("mae_vit_tiny_official.pth");
    assert_eq!(weights.tensors["patch_embed.proj.weight"].shape, [8, 3, 2, 2]);
}

#[test]
fn what_lies_beside_a_model_is_told_and_not_read() {
    let official = open("official.pth").origin;
    assert_eq!((official.prefix.as_str(), official.outside_prefix), ("model.", 3));
    let plain = open("plain.pth").origin;
    assert_eq!((plain.prefix.as_str(), plain.outside_prefix), ("", 0));
    assert_eq!(plain.integer_tensors, ["steps"]);
    assert_eq!(open("legacy.pth").origin.prefix, "state_dict.module.");
}

#[test]
fn shapes_tell_the_architecture_and_a_hugging_face_folder_the_heads() {
    let shapes = Architecture::of(&open("official.pth"));
    assert_eq!(
        shapes.to_string(),
        "encoder: dim 8, depth 2, MLP 16 wide, patches of 2 x 2 (3 x 3 of them in an image of 6 x 6)\n\
         decoder: dim 4, depth 1, predicts 12 values a patch (pixels)"
    );
    let encoder = shapes.encoder.unwrap();
    assert_eq!((encoder.image_size(), encoder.mlp_ratio(), encoder.heads), (Some(ImageSize::square(6)), 2.0, None));

    let folder = Architecture::of(&open("huggingface"));
    assert_eq!(folder.encoder.and_then(|encoder| encoder.heads), Some(2));
    assert_eq!(folder.decoder.and_then(|decoder| decoder.heads), Some(2));

    let timm = Architecture::of(&open("classifier_timm.safetensors"));
    assert_eq!((timm.classes, timm.fc_norm, timm.decoder), (Some(3), true, None));
    let hugging_face = Architecture::of(&open("classifier_huggingface"));
    assert_eq!((hugging_face.classes, hugging_face.fc_norm), (Some(3), false));
}

#[test]
fn an_odd_mlp_ratio_gives_back_the_width_that_the_shapes_have() {
    for (dim, hidden) in [(24, 100), (49, 147), (7, 20), (192, 768), (12, 1)] {
        let patch = PatchSize::square(1);
        let shape =
            bmae_nn::weights::EncoderShape { dim, hidden, depth: 1, channels: 3, patch, grid: None, heads: None };
        assert_eq!((dim as f64 * shape.mlp_ratio()) as usize, hidden, "{dim} and {hidden}");
    }
}

#[test]
fn the_encoder_computes_what_timm_computes_with_the_same_weights() {
    let (encoder, _) = open("official.pth").load_into(encoder(91)).unwrap();
    let patches = patchify(&outputs("images"), SIZES.grid).unwrap();
    let features = encoder.forward(tensor(patches, [2, PATCHES, PATCH_LEN], &device()));
    assert_close(&values(features), &outputs("features"), 1e-5);
}

#[test]
fn the_autoencoder_computes_what_hugging_face_computes_with_the_same_weights() {
    let (model, _) = open("huggingface").load_into(autoencoder(92)).unwrap();
    let patches = patchify(&outputs("images"), SIZES.grid).unwrap();
    let masking = Masking::from_noise(&outputs("noise"), PATCHES, 0.6).unwrap();
    let latent = model.encoder.forward_masked(&patches, &masking).unwrap();
    assert_close(&values(model.predict(latent, &masking)), &outputs("prediction"), 1e-5);
}

#[test]
fn classifiers_of_timm_and_hugging_face_compute_the_same_logits_here() {
    let patches = patchify(&outputs("images"), SIZES.grid).unwrap();
    for (name, pooling, logits) in [
        ("classifier_timm.safetensors", Pooling::Mean, "timm_logits"),
        ("classifier_huggingface", Pooling::ClassToken, "huggingface_logits"),
    ] {
        let classifier = Classifier::init(encoder(93), 3, pooling, HeadInit::FINETUNE, &mut rng(93));
        let (classifier, report) = open(name).load_into(classifier).unwrap();
        assert!(report.missing.is_empty() && report.unexpected.is_empty(), "{name}: {report:?}");
        let got = classifier.forward(tensor(patches.clone(), [2, PATCHES, PATCH_LEN], &device()));
        assert_close(&values(got), &outputs(logits), 1e-5);
    }
}

#[test]
fn a_query_without_its_key_is_refused_under_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = StateDict::from_file(&fixture("huggingface_4.safetensors")).unwrap();
    file.tensors.remove("vit.encoder.layer.1.attention.attention.key.weight").unwrap();
    let path = folder.path().join("w.safetensors");
    std::fs::write(&path, file.to_bytes().unwrap()).unwrap();
    let weights = StateDict::open(&path).unwrap();
    assert_eq!(weights.missing_tensors(), ["blocks.1.attn.qkv.weight"]);
    let message = weights.load_into(autoencoder(94)).map(|_| ()).unwrap_err().to_string();
    let alone = "vit.encoder.layer.1.{attention.attention.query, attention.attention.value}.weight";
    assert!(message.contains(alone), "{message}");
}

#[test]
fn files_that_hold_no_weights_are_refused_by_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let text = refused(&write("text.pth", b"this is a note about weights\n"));
    assert!(text.contains("text.pth holds no weights but text that begins with \"this is a note"), "{text}");
    let pointer = refused(&write("lfs.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"));
    assert!(pointer.contains("a Git LFS pointer"), "{pointer}");
    let zeros = refused(&write("zeros.pth", &[0; 300]));
    assert!(zeros.contains("holds no weights but something else"), "{zeros}");
    assert!(refused(&write("empty.pth", b"")).contains("it has only 0 bytes"));

    // An empty zip archive: its end record alone.
    let zip = refused(&write("zip.pth", &[&b"PK\x05\x06"[..], &[0; 18]].concat()));
    assert!(zip.contains("zip.pth cannot be read as a PyTorch checkpoint ("), "{zip}");
    let pickle = refused(&write("list.pth", b"\x80\x02]q\x00K\x01a.padding"));
    assert!(pickle.contains("torch.save(model.state_dict()"), "{pickle}");

    let nothing = refused(&write("none.safetensors", &StateDict::default().to_bytes().unwrap()));
    assert!(nothing.contains("none.safetensors holds no weights but other values"), "{nothing}");

    let missing = refused(&folder.path().join("none.pth"));
    assert!(missing.starts_with("cannot read the weights file "), "{missing}");
    let empty = refused(folder.path());
    assert!(empty.contains("holds no model.safetensors"), "{empty}");
    write("model.safetensors.index.json", b"{}");
    assert!(refused(folder.path()).contains("weights in several files"));
}

#[cfg(unix)]
#[test]
fn nothing_in_a_pickle_is_ever_executed() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    // What `pickle.dumps` writes for an object whose `__reduce__` is (os.system, ("touch .../made",)).
    let command = format!("touch {}", made.display());
    let length = u32::try_from(command.len()).unwrap().to_le_bytes();
    let pickle = [&b"\x80\x02cposix\nsystem\nX"[..], &length, command.as_bytes(), b"\x85R."].concat();
    let path = folder.path().join("hostile.pth");
    std::fs::write(&path, pickle).unwrap();
    assert!(refused(&path).contains("hostile.pth cannot be read as a PyTorch checkpoint"), "{}", refused(&path));
    assert!(!made.exists());
}

#[test]
fn a_checkpoint_cut_anywhere_is_refused_without_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pth");
    for name in ["official.pth", "legacy.pth"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for end in (0..bytes.len()).step_by(97).chain([8, 9, bytes.len() - 1]) {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let message = refused(&path);
            assert!(message.contains("cut.pth"), "{name} cut at {end}: {message}");
        }
    }
}

#[test]
fn any_single_wrong_byte_of_a_checkpoint_is_refused_or_read_but_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.pth");
    let bytes = std::fs::read(fixture("plain.pth")).unwrap();
    for at in (0..bytes.len()).step_by(41) {
        let mut wrong = bytes.clone();
        wrong[at] ^= 0xff;
        std::fs::write(&path, &wrong).unwrap();
        let _ = StateDict::open(&path);
    }
}
