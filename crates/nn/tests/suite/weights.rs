use std::path::Path;

use bmae_nn::{Array, Classifier, HeadInit, Pooling, StateDict, WeightsError};
use burn::module::Module;

use crate::tiny::*;

/// The parameters of a tiny autoencoder, as the official code names and shapes them, in its order of `state_dict` by
/// name.
const OFFICIAL: [(&str, &[usize]); 47] = [
    ("blocks.0.attn.proj.bias", &[8]),
    ("blocks.0.attn.proj.weight", &[8, 8]),
    ("blocks.0.attn.qkv.bias", &[24]),
    ("blocks.0.attn.qkv.weight", &[24, 8]),
    ("blocks.0.mlp.fc1.bias", &[16]),
    ("blocks.0.mlp.fc1.weight", &[16, 8]),
    ("blocks.0.mlp.fc2.bias", &[8]),
    ("blocks.0.mlp.fc2.weight", &[8, 16]),
    ("blocks.0.norm1.bias", &[8]),
    ("blocks.0.norm1.weight", &[8]),
    ("blocks.0.norm2.bias", &[8]),
    ("blocks.0.norm2.weight", &[8]),
    ("blocks.1.attn.proj.bias", &[8]),
    ("blocks.1.attn.proj.weight", &[8, 8]),
    ("blocks.1.attn.qkv.bias", &[24]),
    ("blocks.1.attn.qkv.weight", &[24, 8]),
    ("blocks.1.mlp.fc1.bias", &[16]),
    ("blocks.1.mlp.fc1.weight", &[16, 8]),
    ("blocks.1.mlp.fc2.bias", &[8]),
    ("blocks.1.mlp.fc2.weight", &[8, 16]),
    ("blocks.1.norm1.bias", &[8]),
    ("blocks.1.norm1.weight", &[8]),
    ("blocks.1.norm2.bias", &[8]),
    ("blocks.1.norm2.weight", &[8]),
    ("cls_token", &[1, 1, 8]),
    ("decoder_blocks.0.attn.proj.bias", &[4]),
    ("decoder_blocks.0.attn.proj.weight", &[4, 4]),
    ("decoder_blocks.0.attn.qkv.bias", &[12]),
    ("decoder_blocks.0.attn.qkv.weight", &[12, 4]),
    ("decoder_blocks.0.mlp.fc1.bias", &[16]),
    ("decoder_blocks.0.mlp.fc1.weight", &[16, 4]),
    ("decoder_blocks.0.mlp.fc2.bias", &[4]),
    ("decoder_blocks.0.mlp.fc2.weight", &[4, 16]),
    ("decoder_blocks.0.norm1.bias", &[4]),
    ("decoder_blocks.0.norm1.weight", &[4]),
    ("decoder_blocks.0.norm2.bias", &[4]),
    ("decoder_blocks.0.norm2.weight", &[4]),
    ("decoder_embed.bias", &[4]),
    ("decoder_embed.weight", &[4, 8]),
    ("decoder_norm.bias", &[4]),
    ("decoder_norm.weight", &[4]),
    ("decoder_pos_embed", &[1, 10, 4]),
    ("decoder_pred.bias", &[12]),
    ("decoder_pred.weight", &[12, 4]),
    ("mask_token", &[1, 1, 4]),
    ("norm.bias", &[8]),
    ("norm.weight", &[8]),
];
const OFFICIAL_EMBEDDING: [(&str, &[usize]); 3] =
    [("patch_embed.proj.bias", &[8]), ("patch_embed.proj.weight", &[8, 3, 2, 2]), ("pos_embed", &[1, 10, 8])];

fn state(seed: u64) -> StateDict {
    let mut state = StateDict::of(&autoencoder(seed));
    state.metadata.insert("bmae.config".to_string(), "seed = 3\n".to_string());
    state
}

#[test]
fn names_and_shapes_are_the_official_ones_and_complete() {
    let found: Vec<(String, Vec<usize>)> =
        state(80).tensors.into_iter().map(|(name, array)| (name, array.shape)).collect();
    let want: Vec<(String, Vec<usize>)> =
        OFFICIAL.iter().chain(&OFFICIAL_EMBEDDING).map(|(name, shape)| (name.to_string(), shape.to_vec())).collect();
    assert_eq!(found, want);
}

#[test]
fn weights_survive_the_trip_through_a_file_and_into_another_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let written = state(81);
    std::fs::write(&path, written.to_bytes().unwrap()).unwrap();
    let read = StateDict::from_file(&path).unwrap();
    assert_eq!(read.tensors, written.tensors);
    assert_eq!(read.config_text(), Some("seed = 3\n"));

    let (loaded, report) = read.load_into(autoencoder(82)).unwrap();
    report.require(|_| false, |_| false).unwrap();
    assert_eq!(StateDict::of(&loaded).tensors, written.tensors);
    assert_ne!(state(82).tensors, written.tensors, "the other model was another one");
}

#[test]
fn bytes_do_not_depend_on_anything_but_the_weights() {
    assert_eq!(state(83).to_bytes().unwrap(), state(83).to_bytes().unwrap());
}

#[test]
fn a_file_cut_anywhere_is_refused_without_panic() {
    let bytes = state(84).to_bytes().unwrap();
    for end in (0..bytes.len()).step_by(61).chain([7, 8, 9, bytes.len() - 1]) {
        let refused = StateDict::from_bytes(&bytes[..end], "cut.safetensors").unwrap_err();
        let message = refused.to_string();
        assert!(message.contains("cut.safetensors"), "{message}");
        if end >= 8 {
            assert!(matches!(refused, WeightsError::CutShort { found, .. } if found == end as u64), "{end}: {message}");
        }
    }
}

#[test]
fn a_file_cut_within_its_data_says_how_long_it_should_be() {
    let bytes = state(84).to_bytes().unwrap();
    let message = StateDict::from_bytes(&bytes[..bytes.len() - 5], "last.safetensors").unwrap_err().to_string();
    let (expected, found) = (bytes.len(), bytes.len() - 5);
    assert_eq!(
        message,
        format!(
            "last.safetensors is cut short: its header describes {expected} bytes, but it has {found}; copy or download it again"
        )
    );
}

#[test]
fn bytes_that_are_no_safetensors_file_are_refused_without_panic() {
    let mut overlong = state(85).to_bytes().unwrap();
    overlong.push(0);
    let header = |json: &str| [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat();
    for bytes in [
        b"".to_vec(),
        b"PK\x03\x04 a zip archive of PyTorch".to_vec(),
        overlong,
        header("{}x"),
        header("[1, 2]"),
        header(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,3]}}"#),
        header(r#"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,0]}}"#),
        header(r#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[8,0]}}"#),
    ] {
        let refused = StateDict::from_bytes(&bytes, "some.bin").unwrap_err().to_string();
        assert!(refused.contains("some.bin"), "{refused}");
    }
}

#[test]
fn any_single_wrong_byte_in_the_header_is_refused_or_read_but_never_panics() {
    let small = StateDict {
        tensors: [("w".to_string(), Array { shape: vec![2], values: vec![1.0, 2.0] })].into(),
        ..StateDict::default()
    };
    let bytes = small.to_bytes().unwrap();
    let mut refused = 0;
    for at in 0..bytes.len() {
        for byte in [0, b'"', b'9', 0xff, bytes[at] ^ 1] {
            let mut wrong = bytes.clone();
            wrong[at] = byte;
            refused += usize::from(StateDict::from_bytes(&wrong, "wrong").is_err());
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}

#[test]
fn a_missing_file_is_named() {
    let refused = StateDict::from_file(Path::new("/nowhere/w.safetensors")).unwrap_err().to_string();
    assert!(
        refused.starts_with("cannot read the weights file /nowhere/w.safetensors (") && refused.contains("give a run"),
        "{refused}"
    );
}

#[test]
fn a_tensor_of_another_shape_is_refused_with_name_and_both_shapes() {
    let mut state = state(86);
    state.source = "w.safetensors".to_string();
    state.tensors.insert("norm.weight".to_string(), Array { shape: vec![4], values: vec![0.0; 4] });
    let refused = state.load_into(autoencoder(86)).unwrap_err().to_string();
    assert!(
        refused.starts_with("tensor norm.weight in w.safetensors has shape [4], but this model needs [8]"),
        "{refused}"
    );
}

#[test]
fn what_is_missing_and_what_is_too_much_is_reported_and_refused_by_name() {
    let classifier = Classifier::init(encoder(87), 3, Pooling::Mean, HeadInit::FINETUNE, &mut rng(87));
    let (classifier, report) = state(88).load_into(classifier).unwrap();
    assert_eq!(report.missing, ["fc_norm.weight", "fc_norm.bias", "head.weight", "head.bias"]);
    assert!(
        report.unexpected.contains(&"decoder_pred.weight".to_string())
            && report.unexpected.contains(&"norm.weight".to_string())
    );
    assert_eq!(StateDict::of(&classifier).tensors["cls_token"], state(88).tensors["cls_token"]);

    let is_head = |name: &str| name.starts_with("head.") || name.starts_with("fc_norm.");
    report.require(is_head, |_| true).unwrap();
    let missing = report.require(|_| false, |_| true).unwrap_err().to_string();
    assert!(missing.contains("lacks 4 tensors ({fc_norm, head}.{bias, weight}) of this model:"), "{missing}");
    let unexpected = report.require(is_head, |_| false).unwrap_err().to_string();
    assert!(unexpected.contains("holds 22 tensors (decoder_blocks.0.{attn.proj, "), "{unexpected}");
    let both = report.require(|_| false, |_| false).unwrap_err().to_string();
    assert!(both.contains(" lacks 4 tensors (") && both.contains(" and holds 22 tensors ("), "{both}");
}

#[test]
fn half_and_double_precision_are_converted_and_whole_numbers_skipped() {
    let file = |dtype: &str, data: &[u8]| {
        let json = format!(r#"{{"w":{{"dtype":"{dtype}","shape":[1],"data_offsets":[0,{}]}}}}"#, data.len());
        [&(json.len() as u64).to_le_bytes()[..], json.as_bytes(), data].concat()
    };
    for (dtype, data) in [
        ("F16", &[0x00, 0x3e][..]),
        ("BF16", &[0xc0, 0x3f]),
        ("F64", &1.5f64.to_le_bytes()),
        ("F32", &1.5f32.to_le_bytes()),
    ] {
        let read = StateDict::from_bytes(&file(dtype, data), "w").unwrap();
        assert_eq!(read.tensors["w"], Array { shape: vec![1], values: vec![1.5] }, "{dtype}");
    }
    let whole = StateDict::from_bytes(&file("I64", &[0; 8]), "w.safetensors").unwrap();
    assert!(whole.tensors.is_empty());
    assert_eq!(whole.origin.integer_tensors, ["w"]);
    let refused = StateDict::from_bytes(&file("F8_E5M2", &[0]), "w.safetensors").unwrap_err().to_string();
    assert!(refused.starts_with("tensor w in w.safetensors has type F8_E5M2"), "{refused}");
}

#[test]
fn a_frozen_encoder_on_the_inner_device_is_saved_alike() {
    let encoder = encoder(89);
    assert_eq!(StateDict::of(&encoder.valid()).tensors, StateDict::of(&encoder).tensors);
}

#[test]
fn a_value_that_is_no_finite_number_is_refused_with_its_tensor_and_file() {
    let whole = StateDict { source: "mae.pth".into(), ..StateDict::of(&autoencoder(91)) };
    for (value, word) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let mut broken = whole.clone();
        broken.tensors.get_mut("norm.weight").expect("it is there").values[3..5].fill(value);
        let refused = broken.load_into(autoencoder(92)).expect_err(word).to_string();
        let said = format!("tensor norm.weight in mae.pth holds {word} (2 of its 8 values are no finite number)");
        assert!(refused.starts_with(&said), "{refused}");
    }
    // What a model does not use says nothing about it.
    let mut beside = whole.clone();
    beside.tensors.insert("head.weight".into(), Array { shape: vec![1], values: vec![f32::NAN] });
    assert!(beside.load_into(autoencoder(92)).is_ok());
}
