//! The names that the tensors of models here have, and where in a model a tensor sits whose name none has.

use super::ModelPart;

/// The parameters of a block, each a `weight` and a `bias`.
pub(super) const OF_A_BLOCK: [&str; 6] = ["attn.proj", "attn.qkv", "mlp.fc1", "mlp.fc2", "norm1", "norm2"];

/// What else has a `weight` and a `bias`.
const LAYERS: [&str; 9] = [
    "patch_embed.proj",
    "norm",
    "decoder_embed",
    "decoder_norm",
    "decoder_pred",
    "pixel_pred",
    "feature_pred",
    "head",
    "fc_norm",
];

/// What is one tensor.
const SINGLE: [&str; 6] =
    ["cls_token", "pos_embed", "mask_token", "decoder_pos_embed", "batchnorm.running_mean", "batchnorm.running_var"];

/// What stands before the number of a block, here and in the namings that are read.
const BEFORE_A_NUMBER: [(&str, ModelPart); 8] = [
    ("blocks.", ModelPart::Encoder),
    ("encoder.layer.", ModelPart::Encoder),
    ("vit.encoder.layer.", ModelPart::Encoder),
    ("layers.", ModelPart::Encoder),
    ("vit.layers.", ModelPart::Encoder),
    ("decoder_blocks.", ModelPart::Decoder),
    ("decoder.decoder_layers.", ModelPart::Decoder),
    ("decoder.decoder_encoder.layer.", ModelPart::Decoder),
];

/// Where a tensor sits that no model here has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// In a block; what follows its number.
    Block(&'a str),
    /// Elsewhere in the part.
    Outside,
}

/// The part of a model that computes with the tensor `name`, though no model here has it, and where it sits in it;
/// `None` for what models here have, and for what a part does its work without: heads of other tasks, a pooler, the mask
/// tokens of other pre-trainings, an optimiser.
pub(super) fn stray(name: &str) -> Option<(ModelPart, Place<'_>)> {
    if is_known(name) {
        return None;
    }
    for (before, part) in BEFORE_A_NUMBER {
        let Some((number, rest)) = name.strip_prefix(before).and_then(|after| after.split_once('.')) else { continue };
        if number.parse::<usize>().is_ok() {
            return Some((part, Place::Block(rest)));
        }
    }
    if name.starts_with("decoder_") || name.starts_with("decoder.decoder_") {
        return Some((ModelPart::Decoder, Place::Outside));
    }
    if ["pre_logits.", "attn_pool.", "head_dist."].iter().any(|of_a_head| name.starts_with(of_a_head)) {
        return Some((ModelPart::Head, Place::Outside));
    }
    is_of_the_encoder(name).then_some((ModelPart::Encoder, Place::Outside))
}

fn is_known(name: &str) -> bool {
    let layer = name.strip_suffix(".weight").or_else(|| name.strip_suffix(".bias"));
    let in_a_block = || {
        ["blocks.", "decoder_blocks."].iter().any(|blocks| {
            let part = layer.and_then(|layer| layer.strip_prefix(blocks)).and_then(|rest| rest.split_once('.'));
            part.is_some_and(|(number, part)| number.parse::<usize>().is_ok() && OF_A_BLOCK.contains(&part))
        })
    };
    SINGLE.contains(&name) || layer.is_some_and(|layer| LAYERS.contains(&layer)) || in_a_block()
}

/// Whether an encoder has to compute with what is called so: judged by the words that name parts of an encoder, and by
/// those that name what is put on top of one or trained beside it.
fn is_of_the_encoder(name: &str) -> bool {
    const PARTS: [&str; 4] = ["patch_embed.", "norm.", "embeddings.", "layernorm."];
    const WORDS: [&str; 19] = [
        "adapter", "block", "conv", "embed", "freqs", "layer", "ln_", "norm", "position", "prompt", "reg_", "register",
        "rel_pos", "relative", "rope", "rotary", "stem", "temporal", "token",
    ];
    const ON_TOP: [&str; 19] = [
        "center",
        "class",
        "decoder",
        "ema",
        "head",
        "label",
        "last_layer",
        "logit",
        "loss",
        "mask",
        "momentum",
        "pooler",
        "pred",
        "proj",
        "prototype",
        "quant",
        "queue",
        "teacher",
        "text",
    ];
    let name = name.strip_prefix("vit.").unwrap_or(name);
    if name == "embeddings.mask_token" {
        return false;
    }
    if PARTS.iter().any(|part| name.starts_with(part)) {
        return true;
    }
    let (first, is_layer) = name.split_once('.').map_or((name, false), |(first, _)| (first, true));
    let has = |words: &[&str]| words.iter().any(|word| first.contains(word));
    // A parameter by itself is no layer of a head: what it might be is a token, a scale, positions.
    !has(&ON_TOP) && (has(&WORDS) || !is_layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_models_here_have_and_what_others_put_on_top_of_one_is_no_stray() {
        for name in [
            "cls_token",
            "blocks.11.attn.qkv.bias",
            "decoder_blocks.0.norm2.weight",
            "batchnorm.running_var",
            "vit.embeddings.mask_token",
            "pooler.dense.weight",
            "head.last_layer.weight_v",
            "classifier.bias",
            "fc.weight",
            "projector.0.weight",
            "queue",
            "logit_scale",
            "optimizer.state.0.exp_avg",
            "decoder.0.weight",
            "mask_embed",
        ] {
            assert_eq!(stray(name), None, "{name}");
        }
    }

    #[test]
    fn what_a_part_computes_with_and_no_model_here_has_is_a_stray() {
        for (name, part, place) in [
            ("blocks.0.ls1.gamma", ModelPart::Encoder, Place::Block("ls1.gamma")),
            ("blocks.0.attn.qkv.weight_g", ModelPart::Encoder, Place::Block("attn.qkv.weight_g")),
            ("vit.encoder.layer.3.lambda_1", ModelPart::Encoder, Place::Block("lambda_1")),
            ("decoder_blocks.0.gamma_1", ModelPart::Decoder, Place::Block("gamma_1")),
            ("decoder_reg_token", ModelPart::Decoder, Place::Outside),
            ("reg_token", ModelPart::Encoder, Place::Outside),
            ("norm_pre.weight", ModelPart::Encoder, Place::Outside),
            ("norm.running_mean", ModelPart::Encoder, Place::Outside),
            ("patch_embed.norm.bias", ModelPart::Encoder, Place::Outside),
            ("embeddings.register_tokens", ModelPart::Encoder, Place::Outside),
            ("rope_embed.periods", ModelPart::Encoder, Place::Outside),
            ("scale", ModelPart::Encoder, Place::Outside),
            ("pre_logits.fc.weight", ModelPart::Head, Place::Outside),
        ] {
            assert_eq!(stray(name), Some((part, place)), "{name}");
        }
    }
}
