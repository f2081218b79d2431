//! What makes weights those of another model than any here, in words: tensors that no model here has, tensors that every
//! model here has and theirs does without, sizes that none here can have, and what a configuration beside them says.

use std::collections::BTreeMap;

use bmae_architecture::{DECODER_MLP_RATIO, ImageSize, MOST_CHANNELS, PatchSize};
use bmae_output::count::count;

use super::error::WeightsError;
use super::known::{OF_A_BLOCK, Place, stray};
use super::{Architecture, ModelPart, StateDict, grouped_names};

const PATCH_EMBEDDING: &str = "patch_embed.proj.weight";

impl StateDict {
    /// What `parts` of these weights have that no model here has, a noun phrase each; none where they can be used.
    pub fn differences(&self, parts: &[ModelPart]) -> Vec<String> {
        let has_encoder = self.has_prefix("patch_embed.") || self.has_prefix("blocks.");
        let has = |part| parts.contains(&part) && (part != ModelPart::Encoder || has_encoder);
        let mut found = self.origin.config.refused.clone();
        let strays = self.strays(has);
        let is_told = |part: &str| strays.keys().any(|words| words.contains(part));
        let (tells_patches, tells_tokens, tells_values) =
            (is_told("patch embedding"), is_told("token"), is_told("values"));
        if has(ModelPart::Encoder) {
            found.extend(self.patches().filter(|_| !tells_patches));
        }
        let is_none = |name: &String| ModelPart::of(name) == ModelPart::Other;
        if found.is_empty() && !self.tensors.is_empty() && self.tensors.keys().all(is_none) {
            found.push("no part of a Vision Transformer as here".to_owned());
        }
        found.extend(strays.into_iter().map(|(words, names)| format!("{words} ({})", grouped_names(&names))));
        if has(ModelPart::Encoder) {
            if self.has_prefix("blocks.") && self.has_prefix("patch_embed.") && !self.has_prefix("cls_token") {
                found.push("no class token (cls_token)".to_owned());
            }
            // Values of another form have biases of another form, and further tokens positions of their own.
            found.extend(self.absent_biases("blocks.").filter(|_| !tells_values));
            found.extend(self.gated_mlp("blocks."));
            found.extend(self.positions().filter(|_| !tells_tokens));
        }
        if has(ModelPart::Decoder) {
            found.extend(self.absent_biases("decoder_blocks."));
            found.extend(self.decoder_width());
        }
        found
    }

    /// Refuses weights whose `parts` are those of another model than any here.
    ///
    /// # Errors
    /// With everything that is different.
    pub fn require_known(&self, parts: &[ModelPart]) -> Result<(), WeightsError> {
        let differences = self.differences(parts);
        match differences.is_empty() {
            true => Ok(()),
            false => Err(WeightsError::OtherArchitecture { source_name: self.source_name(), differences }),
        }
    }

    /// Sizes that a configuration beside the tensors says and they contradict, a clause each.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let Architecture { encoder, decoder, .. } = Architecture::of(self);
        let (encoder, decoder) = (encoder.as_ref(), decoder.as_ref());
        let found = |key: &str| match key {
            "hidden_size" => encoder.map(|encoder| encoder.dim),
            "num_hidden_layers" => encoder.map(|encoder| encoder.depth),
            "intermediate_size" => encoder.map(|encoder| encoder.hidden),
            "num_channels" => self.tensors.get(PATCH_EMBEDDING)?.shape.get(1).copied(),
            "decoder_hidden_size" => decoder.map(|decoder| decoder.dim),
            "decoder_num_hidden_layers" => decoder.map(|decoder| decoder.depth),
            _ => None,
        };
        let config = &self.origin.config;
        let differing = |&(key, stated): &(&str, usize)| {
            let found = found(key).filter(|found| *found != stated)?;
            Some(format!("{key} = {stated} (the tensors have {found})"))
        };
        let mut clauses: Vec<String> = config.stated.iter().filter_map(differing).collect();
        let (image, patch) = (encoder.and_then(|encoder| encoder.image_size()), encoder.map(|encoder| encoder.patch));
        if let Some(stated) = config.image.filter(|stated| image.is_some_and(|found| found != *stated)) {
            let found = image.map_or(String::new(), ImageSize::in_a_recipe);
            clauses.push(format!("image_size = {} (the tensors have {found})", stated.in_a_recipe()));
        }
        if let Some(stated) = config.patch.filter(|stated| patch.is_some_and(|found| found != *stated)) {
            let found = patch.map_or(String::new(), PatchSize::in_a_recipe);
            clauses.push(format!("patch_size = {} (the tensors have {found})", stated.in_a_recipe()));
        }
        if config.is_without_qkv_bias && self.tensors.contains_key("blocks.0.attn.qkv.bias") {
            clauses.push("qkv_bias = false (the tensors have such biases)".to_owned());
        }
        clauses
    }

    /// The tensors of the wanted parts that no model here has, by what they are.
    fn strays(&self, is_wanted: impl Fn(ModelPart) -> bool) -> BTreeMap<&'static str, Vec<&str>> {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in self.tensors.keys() {
            if let Some((_, place)) = stray(name).filter(|(part, _)| is_wanted(*part)) {
                found.entry(in_words(name, place)).or_default().push(name);
            }
        }
        found
    }

    fn patches(&self) -> Option<String> {
        let name = PATCH_EMBEDDING;
        let Some(array) = self.tensors.get(name) else {
            return self.has_prefix("blocks.").then(|| format!("no patch embedding as here ({name})"));
        };
        match array.shape[..] {
            [_, 1..=MOST_CHANNELS, _, _] => None,
            [_, channels, _, _] => {
                Some(format!("patches of {channels} channels, where images here have 1 to {MOST_CHANNELS}"))
            }
            [_, _, frames, _, _] => {
                Some(format!("patches of {frames} frames of a video ({name} is {:?})", array.shape))
            }
            _ => Some(format!("a patch embedding that is no convolution ({name} is {:?})", array.shape)),
        }
    }

    /// Positions of another form. Whether their number is right, the model tells that they are loaded into.
    fn positions(&self) -> Option<String> {
        let shape = &self.tensors.get("pos_embed")?.shape;
        let is_known = matches!(shape.as_slice(), [1, _, _]);
        (!is_known).then(|| format!("positions of another form (pos_embed is {shape:?})"))
    }

    /// What there is to say of positions whose grid nothing tells and that are not as many as a model has: only its recipe
    /// could have told it.
    pub(super) fn unknown_grid(&self) -> Option<String> {
        let &[1, tokens, _] = self.tensors.get("pos_embed")?.shape.as_slice() else { return None };
        if self.grid_of("pos_embed").is_some() {
            return None;
        }
        Some(match tokens.isqrt().checked_pow(2) == Some(tokens) {
            true => "positions without one for the class token (pos_embed)".to_owned(),
            false => format!(
                "positions for {}, which are no square, and nothing that tells their rows and columns (give the image size that \
                 they are for, data.image_size)",
                count(tokens.saturating_sub(1), "patch")
            ),
        })
    }

    /// What has a weight in every block and a bias in none.
    fn absent_biases(&self, prefix: &str) -> Option<String> {
        let blocks = self.blocks(prefix);
        let there = |number: usize, part: &str, kind: &str| {
            self.tensors.contains_key(&format!("{prefix}{number}.{part}.{kind}"))
        };
        let first_weight = |part: &&str| there(0, part, "weight");
        let none_has_bias = |part: &&str| !(0..blocks.min(10_000)).any(|number| there(number, part, "bias"));
        let parts: Vec<&str> = OF_A_BLOCK.into_iter().filter(first_weight).filter(none_has_bias).collect();
        if parts.is_empty() {
            return None;
        }
        let words = match parts.as_slice() {
            ["attn.qkv"] => "no bias of queries, keys and values, qkv_bias = false",
            _ if parts.iter().all(|part| part.starts_with("norm")) => "norms without a bias",
            _ => "layers without a bias",
        };
        let names: Vec<String> = parts.iter().map(|part| format!("{prefix}N.{part}.bias")).collect();
        Some(format!("{words} ({})", names.join(", ")))
    }

    /// An MLP whose second layer takes half of what the first gives: the other half is a gate.
    fn gated_mlp(&self, prefix: &str) -> Option<String> {
        let shape =
            |layer: &str| self.tensors.get(&format!("{prefix}0.mlp.{layer}.weight")).map(|array| &array.shape[..]);
        let (&[given, _], &[_, taken]) = (shape("fc1")?, shape("fc2")?) else { return None };
        (given == 2 * taken)
            .then(|| format!("a gated MLP ({prefix}N.mlp.fc1 gives {}, fc2 takes {taken})", count(given, "value")))
    }

    fn decoder_width(&self) -> Option<String> {
        let &[hidden, dim] = self.tensors.get("decoder_blocks.0.mlp.fc1.weight")?.shape.as_slice() else { return None };
        let expected = (dim as f64 * DECODER_MLP_RATIO) as usize;
        (hidden != expected).then(|| {
            format!("MLPs of the decoder {hidden} wide, where they are {DECODER_MLP_RATIO} times as wide as a token here, {expected}")
        })
    }
}

/// What a tensor probably is, from the words in its name.
fn in_words(name: &str, place: Place<'_>) -> &'static str {
    /// Words in a name, and what has them.
    type Meanings = [(&'static [&'static str], &'static str)];
    const IN_A_BLOCK: &Meanings = &[
        (&["ls1", "ls2", "gamma", "lambda", "layer_scale", "layerscale"], "layer scale"),
        (
            &[
                "q_norm",
                "k_norm",
                "norm_q",
                "norm_k",
                "q_ln",
                "k_ln",
                "q_layernorm",
                "k_layernorm",
                "query_norm",
                "key_norm",
            ],
            "a norm of queries and keys",
        ),
        (&["rel_pos", "relative_position"], "relative positions"),
        (&["rope", "rotary"], "rotary positions"),
        (&["lora", "adapter"], "adapters"),
        (&["w12", "w1.", "w2.", "w3.", "fc1_g", "fc1_x", "gate", "weights_in", "swiglu"], "a gated MLP"),
        (&["cross"], "cross-attention"),
        (&["attns.", "ffns."], "parallel layers in its blocks"),
        (&["expert", "moe", "router"], "experts"),
        (&["temporal", "time"], "attention over time"),
        (
            &[
                "q_bias", "v_bias", "query", "key", "value", "q_proj", "k_proj", "v_proj", "attn.q.", "attn.kv.",
                "attn.k.", "attn.v.",
            ],
            "queries, keys and values of another form",
        ),
        (&["norm", "ln_"], "further norms in its blocks"),
        (&["conv"], "convolutions in its blocks"),
    ];
    const OUTSIDE: &Meanings = &[
        (&["reg_token", "register", "storage_token"], "register tokens"),
        (&["dist_token", "distillation", "head_dist"], "a distillation token"),
        (
            &["norm_pre", "pre_norm", "ln_pre", "pre_layernorm", "embeddings.norm", "embeddings.layernorm"],
            "a norm before its blocks",
        ),
        (&["patch_embed.norm"], "a norm in its patch embedding"),
        (&["patch_embed.", "patch_embeddings."], "further layers in its patch embedding"),
        (&["rel_pos", "relative_position"], "relative positions"),
        (&["rope", "rotary", "freqs"], "rotary positions"),
        (&["pos_embed", "position", "temporal", "time"], "further positions"),
        (&["pre_logits", "attn_pool"], "a layer before its head"),
        (&["token", "prompt"], "further tokens"),
        (&["norm", "ln_"], "further norms"),
        (&["stem", "conv"], "a convolutional stem"),
    ];
    let (meanings, words) = match place {
        // Blocks in groups have a number more.
        Place::Block(rest) if rest.starts_with(|first: char| first.is_ascii_digit()) => return "blocks in groups",
        Place::Block(rest) => (IN_A_BLOCK, rest),
        Place::Outside => (OUTSIDE, name),
    };
    let meant = meanings.iter().find(|(needles, _)| needles.iter().any(|needle| words.contains(needle)));
    meant.map_or("tensors that are unknown here", |(_, meaning)| meaning)
}
