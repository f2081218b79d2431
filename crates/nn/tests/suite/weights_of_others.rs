//! Weights of other architectures: what they have that no model here has is named, and nothing of it is half read.

use std::path::{Path, PathBuf};

use bmae_nn::weights::ModelPart;
use bmae_nn::{Array, StateDict};
use serde_json::{Value, json};

use crate::tiny::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/weights").join(name)
}

/// The autoencoder of the fixtures: 8 wide, 2 blocks, patches of 2 x 2.
fn plain() -> StateDict {
    StateDict::open(&fixture("weights.safetensors")).unwrap()
}

fn zeros(shape: &[usize]) -> Array {
    Array { shape: shape.to_vec(), values: vec![0.0; shape.iter().product()] }
}

fn with(mut weights: StateDict, name: &str, shape: &[usize]) -> StateDict {
    weights.tensors.insert(name.to_owned(), zeros(shape));
    weights
}

fn without(mut weights: StateDict, is_gone: impl Fn(&str) -> bool) -> StateDict {
    weights.tensors.retain(|name, _| !is_gone(name));
    weights
}

#[track_caller]
fn refused(weights: &StateDict) -> String {
    weights.load_into(encoder(7)).map(|_| ()).unwrap_err().to_string()
}

#[track_caller]
fn assert_refused_for(weights: &StateDict, parts: &[&str]) {
    let message = refused(weights);
    for part in parts {
        assert!(message.contains("is of another architecture") && message.contains(part), "no {part}: {message}");
    }
}

#[test]
fn what_a_block_a_patch_embedding_or_a_norm_has_besides_is_named() {
    for (name, words) in [
        ("blocks.1.ls1.gamma", "it has layer scale (blocks.1.ls1.gamma);"),
        ("blocks.0.gamma_1", "layer scale (blocks.0.gamma_1)"),
        ("blocks.0.attn.q_norm.weight", "a norm of queries and keys (blocks.0.attn.q_norm.weight)"),
        ("blocks.0.attn.q_bias", "queries, keys and values of another form"),
        ("blocks.0.attn.relative_position_bias_table", "relative positions"),
        ("blocks.0.mlp.w12.weight", "a gated MLP"),
        ("blocks.0.mlp.norm.weight", "further norms in its blocks"),
        ("blocks.0.attns.1.attn.qkv.weight", "parallel layers in its blocks"),
        ("blocks.0.attn.qkv.lora_A.weight", "adapters"),
        ("blocks.0.sampler.weight", "tensors that are unknown here (blocks.0.sampler.weight)"),
        ("reg_token", "register tokens (reg_token)"),
        ("dist_token", "a distillation token"),
        ("norm_pre.weight", "a norm before its blocks (norm_pre.weight)"),
        ("norm.running_mean", "further norms (norm.running_mean)"),
        ("patch_embed.norm.weight", "a norm in its patch embedding"),
        ("patch_embed.backbone.weight", "further layers in its patch embedding"),
        ("rel_pos_bias.table", "relative positions"),
        ("rope_embed.periods", "rotary positions"),
        ("temporal_embed", "further positions (temporal_embed)"),
        ("scale", "tensors that are unknown here (scale)"),
    ] {
        assert_refused_for(&with(plain(), name, &[8]), &[words]);
    }
}

#[test]
fn what_every_model_here_has_and_theirs_does_without_is_named() {
    for (gone, words) in [
        ("cls_token", "it has no class token (cls_token)"),
        ("attn.qkv.bias", "no bias of queries, keys and values, qkv_bias = false"),
        ("norm1.bias", "norms without a bias (blocks.N.norm1.bias)"),
        ("mlp.fc2.bias", "layers without a bias (blocks.N.mlp.fc2.bias)"),
        ("patch_embed.proj", "no patch embedding as here (patch_embed.proj.weight)"),
    ] {
        assert_refused_for(&without(plain(), |name| name.contains(gone)), &[words]);
    }
}

#[test]
fn sizes_that_no_model_here_can_have_are_named() {
    for (name, shape, words) in [
        ("patch_embed.proj.weight", &[8, 40, 2, 2][..], "patches of 40 channels"),
        ("patch_embed.proj.weight", &[8, 3, 4, 2, 2], "patches of 4 frames of a video"),
        ("patch_embed.proj.weight", &[8, 12], "a patch embedding that is no convolution"),
        ("pos_embed", &[1, 9, 8], "positions without one for the class token"),
        (
            "pos_embed",
            &[1, 8, 8],
            "positions for 7 patches, which are no square, and nothing that tells their rows and columns",
        ),
        ("pos_embed", &[10, 8], "positions of another form"),
        ("blocks.0.mlp.fc2.weight", &[8, 8], "a gated MLP (blocks.N.mlp.fc1 gives 16 values, fc2 takes 8)"),
    ] {
        assert_refused_for(&with(plain(), name, shape), &[words]);
    }
}

#[test]
fn all_that_is_different_stands_in_one_sentence() {
    let weights = with(with(plain(), "reg_token", &[1, 4, 8]), "blocks.0.ls1.gamma", &[8]);
    assert_refused_for(&weights, &["it has layer scale (blocks.0.ls1.gamma) and register tokens (reg_token);"]);
}

#[test]
fn what_lies_on_top_of_an_encoder_or_beside_it_is_left_over_as_before() {
    let others = ["pooler.dense.weight", "head.last_layer.weight_v", "fc.weight", "projector.0.weight", "logit_scale"];
    let weights = others.iter().fold(plain(), |weights, name| with(weights, name, &[8]));
    let (_, report) = weights.load_into(encoder(7)).unwrap();
    for name in others {
        assert!(report.unexpected.iter().any(|left| left == name), "{name}: {:?}", report.unexpected);
    }
}

#[test]
fn a_decoder_of_another_architecture_matters_where_a_decoder_is_used() {
    for (name, shape, words) in [
        ("decoder_blocks.0.gamma_1", &[4][..], "layer scale (decoder_blocks.0.gamma_1)"),
        ("decoder_blocks.0.mlp.fc1.weight", &[8, 4], "MLPs of the decoder 8 wide"),
    ] {
        let weights = with(plain(), name, shape);
        assert!(weights.load_into(encoder(7)).is_ok());
        let message = weights.load_into(autoencoder(7)).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
        assert_eq!(weights.differences(&ModelPart::ALL).len(), 1);
    }
}

#[test]
fn more_blocks_than_the_model_has_are_refused() {
    for (name, words) in [
        ("blocks.2.norm1.bias", "has 3 blocks in its encoder, but this model has 2"),
        ("decoder_blocks.1.norm1.bias", "has 2 blocks in its decoder, but this model has 1"),
    ] {
        let message = with(plain(), name, &[8]).load_into(autoencoder(7)).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn one_model_is_read_from_under_any_word_and_two_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let under = |prefixes: &[&str]| {
        let mut wrapped = StateDict::default();
        for prefix in prefixes {
            wrapped.tensors.extend(plain().tensors.into_iter().map(|(name, array)| (format!("{prefix}{name}"), array)));
        }
        std::fs::write(&path, with(wrapped, "classifier.weight", &[3, 8]).to_bytes().unwrap()).unwrap();
        StateDict::open(&path)
    };
    for prefix in ["backbone.", "student.module.backbone.", "module.encoder_q."] {
        let got = under(&[prefix]).unwrap();
        assert_eq!(got.tensors, plain().tensors, "{prefix}");
        let said = got.origin.taken().unwrap();
        let prefix = prefix.trim_end_matches('.');
        assert!(said.contains(&format!("under `{prefix}`")) && said.contains("beside it lies `classifier`"), "{said}");
    }
    assert_eq!(under(&["model."]).unwrap().origin.taken(), None);
    let message = under(&["encoder_q.", "encoder_k."]).unwrap_err().to_string();
    assert!(message.contains("several models, under `encoder_k`, `encoder_q`"), "{message}");
}

/// The fixtures' Hugging Face folder with `changes` to its configuration; null takes a key away.
fn configured(folder: &Path, changes: &[(&str, Value)]) -> PathBuf {
    let path = folder.join("configured");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::copy(fixture("huggingface/model.safetensors"), path.join("model.safetensors")).unwrap();
    let text = std::fs::read_to_string(fixture("huggingface/config.json")).unwrap();
    let mut config: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    for (key, value) in changes {
        config.insert((*key).to_owned(), value.clone());
    }
    std::fs::write(path.join("config.json"), serde_json::to_string(&config).unwrap()).unwrap();
    path
}

#[test]
fn what_a_configuration_says_that_shapes_do_not_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        |changes: &[(&str, Value)]| StateDict::open(&configured(folder.path(), changes)).unwrap().origin.config;
    let told = config(&[("norm_pix_loss", json!(true)), ("mask_ratio", json!(0.5)), ("num_attention_heads", json!(4))]);
    assert_eq!((told.norm_pix, told.mask_ratio, told.encoder_heads), (Some(true), Some(0.5), Some(4)));
    // What is left out is as transformers has it.
    let absent = [("norm_pix_loss", Value::Null), ("mask_ratio", Value::Null), ("num_attention_heads", Value::Null)];
    let told = config(&absent);
    assert_eq!((told.norm_pix, told.mask_ratio, told.encoder_heads), (Some(false), Some(0.75), Some(12)));
    assert_eq!(told.refused, Vec::<String>::new());
    let smaller = config(&[("layer_norm_eps", json!(1e-12)), ("image_size", json!([6, 6]))]);
    assert_eq!(smaller.norm_epsilon, Some(1e-12));
}

#[test]
fn a_configuration_of_a_model_that_none_here_can_be_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (key, value, words) in [
        ("model_type", json!("beit"), "the model type beit (config.json)"),
        ("model_type", json!("dinov2"), "the model type dinov2"),
        ("hidden_act", json!("gelu_new"), "the activation gelu_new (hidden_act in config.json)"),
        ("layer_norm_eps", json!(0.5), "LayerNorms with epsilon 5e-1"),
    ] {
        let weights = StateDict::open(&configured(folder.path(), &[(key, value)])).unwrap();
        assert_refused_for(&weights, &[words]);
    }
}

#[test]
fn a_configuration_of_other_weights_or_of_wrong_types_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (key, value, words) in [
        ("hidden_size", json!(16), "hidden_size = 16 (the tensors have 8)"),
        ("num_hidden_layers", json!(12), "num_hidden_layers = 12 (the tensors have 2)"),
        ("intermediate_size", json!(32), "intermediate_size = 32 (the tensors have 16)"),
        ("image_size", json!(224), "image_size = 224 (the tensors have 6)"),
        ("patch_size", json!(16), "patch_size = 16 (the tensors have 2)"),
        ("patch_size", json!([2, 4]), "patch_size = [2, 4] (the tensors have 2)"),
        ("image_size", json!([6, 8]), "image_size = [6, 8] (the tensors have 6)"),
        ("num_channels", json!(1), "num_channels = 1 (the tensors have 3)"),
        ("decoder_hidden_size", json!(512), "decoder_hidden_size = 512 (the tensors have 4)"),
        ("qkv_bias", json!(false), "qkv_bias = false (the tensors have such biases)"),
        ("num_attention_heads", json!("2"), "num_attention_heads is \"2\", which is no whole number"),
        ("norm_pix_loss", json!(1), "norm_pix_loss is 1, which is no true or false"),
    ] {
        let message = StateDict::open(&configured(folder.path(), &[(key, value)])).unwrap_err().to_string();
        assert!(message.contains(words), "{key}: {message}");
    }
}

#[test]
fn a_folder_of_timm_tells_heads_and_what_no_model_here_has() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(fixture("weights.safetensors"), folder.path().join("model.safetensors")).unwrap();
    let config = |config: Value| {
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        StateDict::open(folder.path()).unwrap().origin.config
    };
    assert_eq!(config(json!({ "architecture": "vit_small_patch16_224" })).encoder_heads, Some(6));
    let chosen =
        config(json!({ "architecture": "vit_base_patch16_224", "model_args": { "num_heads": 2, "embed_dim": 8 } }));
    assert_eq!((chosen.encoder_heads, chosen.refused.len()), (Some(2), 0));
    for (named, words) in [
        (json!({ "architecture": "vit_base_patch16_clip_quickgelu_224" }), "the activation quick_gelu"),
        (json!({ "architecture": "vit_x", "model_args": { "act_layer": "silu" } }), "the activation silu (act_layer"),
        (json!({ "architecture": "vit_x", "model_args": { "norm_layer": "rmsnorm" } }), "the norm rmsnorm"),
    ] {
        assert!(config(named).refused.iter().any(|refused| refused.contains(words)), "{words}");
    }
}
