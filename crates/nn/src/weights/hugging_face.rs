//! Hugging Face's names of a Vision Transformer, in and out.
//!
//! Checkpoints have the names of transformers 4 (`vit.encoder.layer.0.attention.attention.query.weight`), whichever
//! version wrote them; `state_dict()` of version 5 gives others (`vit.layers.0.attention.q_proj.weight`), and its
//! `save_pretrained` puts a decoder's blocks under `decoder.decoder_encoder.layer.` instead of
//! `decoder.decoder_layers.`. All are read; what is written are the names of version 4, which both versions load. A
//! query, key and value there are one `qkv` here.

use std::collections::BTreeMap;

use super::{Array, Naming, StateDict};

/// Parts of a block: the official name, the one that checkpoints have, the one of version 5's modules.
const PARTS: [(&str, &str, &str); 5] = [
    ("attn.proj", "attention.output.dense", "attention.o_proj"),
    ("mlp.fc1", "intermediate.dense", "mlp.fc1"),
    ("mlp.fc2", "output.dense", "mlp.fc2"),
    ("norm1", "layernorm_before", "layernorm_before"),
    ("norm2", "layernorm_after", "layernorm_after"),
];

/// Query, key and value in the order in which `attn.qkv` holds them.
const QKV: [(&str, &str); 3] = [
    ("attention.attention.query", "attention.q_proj"),
    ("attention.attention.key", "attention.k_proj"),
    ("attention.attention.value", "attention.v_proj"),
];

/// What stands before a block's number: the official name and those that are read, the one that is written first.
const BLOCKS: [(&str, &[&str]); 2] = [
    ("blocks.", &["encoder.layer.", "layers."]),
    ("decoder_blocks.", &["decoder.decoder_layers.", "decoder.decoder_encoder.layer."]),
];

/// Everything outside the blocks, by what the name begins with. Those of the first group may have `vit.` before them.
const OF_THE_ENCODER: [(&str, &str); 4] = [
    ("cls_token", "embeddings.cls_token"),
    ("pos_embed", "embeddings.position_embeddings"),
    ("patch_embed.proj.", "embeddings.patch_embeddings.projection."),
    ("norm.", "layernorm."),
];
const OF_THE_REST: [(&str, &str); 6] = [
    ("mask_token", "decoder.mask_token"),
    ("decoder_pos_embed", "decoder.decoder_pos_embed"),
    ("decoder_embed.", "decoder.decoder_embed."),
    ("decoder_norm.", "decoder.decoder_norm."),
    ("decoder_pred.", "decoder.decoder_pred."),
    ("head.", "classifier."),
];

/// Where the encoder's tensors lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderPrefix {
    /// Directly: a `ViTModel`.
    None,
    /// Under `vit.`: a model with something on top.
    Vit,
}

impl StateDict {
    /// Whether the names are Hugging Face's.
    pub(super) fn has_hugging_face_names(&self) -> bool {
        self.tensors.keys().any(|name| encoder_name(name).starts_with("embeddings.patch_embeddings."))
    }

    /// The same tensors under the official names. What has none (a pooler, a mask token of `ViTModel`) keeps its own.
    pub(super) fn in_official_names(self) -> Self {
        let mut tensors = BTreeMap::new();
        let mut thirds: BTreeMap<String, [Option<(String, Array)>; 3]> = BTreeMap::new();
        for (name, array) in self.tensors {
            match official(&name) {
                Official::Whole(official) => drop(tensors.insert(official, array)),
                Official::Third(official, third) => {
                    thirds.entry(official).or_default()[third] = Some((name, array));
                }
                Official::None => drop(tensors.insert(name, array)),
            }
        }
        for (official, thirds) in thirds {
            match fused(&thirds) {
                Some(array) => drop(tensors.insert(official, array)),
                // What cannot be put together is left over under its own name, and the whole is missing.
                None => tensors.extend(thirds.into_iter().flatten()),
            }
        }
        let mut state = Self { tensors, ..self };
        state.origin.naming = Naming::HuggingFace;
        state
    }

    /// The same tensors under Hugging Face's names; what has none there is left out.
    pub fn in_hugging_face_names(&self, prefix: EncoderPrefix) -> Self {
        let prefix = match prefix {
            EncoderPrefix::None => "",
            EncoderPrefix::Vit => "vit.",
        };
        let mut tensors = BTreeMap::new();
        for (name, array) in &self.tensors {
            if let Some(outside) = outside_blocks(name, prefix) {
                tensors.insert(outside, array.clone());
                continue;
            }
            let Some((blocks, number, rest)) = BLOCKS.iter().find_map(|(official, theirs)| {
                let (number, rest) = block_of(name, official)?;
                let prefix = if *official == "blocks." { prefix } else { "" };
                Some((format!("{prefix}{}", theirs[0]), number, rest))
            }) else {
                continue;
            };
            if let Some(kind) = rest.strip_prefix("attn.qkv.") {
                // A model's own: three times as many rows as its width.
                let Some((rows, columns)) = array.shape.split_first() else { continue };
                let third = array.values.len() / 3;
                for (values, (theirs, _)) in array.values.chunks(third.max(1)).zip(QKV) {
                    let shape = [&[rows / 3], columns].concat();
                    tensors
                        .insert(format!("{blocks}{number}.{theirs}.{kind}"), Array { shape, values: values.to_vec() });
                }
            } else if let Some((theirs, kind)) = PARTS.iter().find_map(|(official, theirs, _)| {
                rest.strip_prefix(official)?.strip_prefix('.').map(|kind| (theirs, kind))
            }) {
                tensors.insert(format!("{blocks}{number}.{theirs}.{kind}"), array.clone());
            }
        }
        Self { tensors, metadata: self.metadata.clone(), source: self.source.clone(), origin: self.origin.clone() }
    }
}

/// What a name of Hugging Face's is here.
enum Official {
    /// A tensor.
    Whole(String),
    /// The query (0), key (1) or value (2) of one.
    Third(String, usize),
    /// Nothing.
    None,
}

fn official(name: &str) -> Official {
    let inner = encoder_name(name);
    let renamed = |groups: &[(&str, &str)], name: &str| {
        groups.iter().find_map(|(ours, theirs)| name.strip_prefix(theirs).map(|rest| format!("{ours}{rest}")))
    };
    if let Some(official) = renamed(&OF_THE_ENCODER, inner).or_else(|| renamed(&OF_THE_REST, name)) {
        return Official::Whole(official);
    }
    for (ours, theirs) in BLOCKS {
        let name = if ours == "blocks." { inner } else { name };
        let Some((number, rest)) = theirs.iter().find_map(|prefix| block_of(name, prefix)) else { continue };
        for (third, (old, new)) in QKV.iter().enumerate() {
            if let Some(kind) = kind_of(rest, old).or_else(|| kind_of(rest, new)) {
                return Official::Third(format!("{ours}{number}.attn.qkv.{kind}"), third);
            }
        }
        for (part, old, new) in PARTS {
            if let Some(kind) = kind_of(rest, old).or_else(|| kind_of(rest, new)) {
                return Official::Whole(format!("{ours}{number}.{part}.{kind}"));
            }
        }
    }
    Official::None
}

fn encoder_name(name: &str) -> &str {
    name.strip_prefix("vit.").unwrap_or(name)
}

/// The number of a block and what follows it.
fn block_of<'a>(name: &'a str, prefix: &str) -> Option<(usize, &'a str)> {
    let (number, rest) = name.strip_prefix(prefix)?.split_once('.')?;
    Some((number.parse().ok()?, rest))
}

/// `weight` or `bias` of a part.
fn kind_of<'a>(rest: &'a str, part: &str) -> Option<&'a str> {
    rest.strip_prefix(part)?.strip_prefix('.')
}

fn outside_blocks(name: &str, prefix: &str) -> Option<String> {
    let renamed = |groups: &[(&str, &str)], prefix: &str| {
        groups.iter().find_map(|(ours, theirs)| name.strip_prefix(ours).map(|rest| format!("{prefix}{theirs}{rest}")))
    };
    renamed(&OF_THE_ENCODER, prefix).or_else(|| renamed(&OF_THE_REST, ""))
}

/// Query over key over value, where all three are there and alike.
fn fused(thirds: &[Option<(String, Array)>; 3]) -> Option<Array> {
    let [Some((_, query)), Some((_, key)), Some((_, value))] = thirds else { return None };
    if query.shape != key.shape || query.shape != value.shape || query.shape.is_empty() {
        return None;
    }
    let mut shape = query.shape.clone();
    shape[0] *= 3;
    Some(Array { shape, values: [&query.values[..], &key.values, &value.values].concat() })
}
