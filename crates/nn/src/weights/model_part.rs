//! The parts of a model, by the official names of their tensors.

/// The part of a model that a tensor belongs to, by its official name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelPart {
    /// Patch embedding, tokens, positions, blocks, final norm.
    Encoder,
    /// Decoder and prediction heads, the mask token among them.
    Decoder,
    /// What sees the encoder's output in a classifier: `fc_norm`, `batchnorm`, `head`.
    Head,
    /// Nothing that a model here has.
    Other,
}

impl ModelPart {
    /// All that models here are made of.
    pub const ALL: [Self; 3] = [Self::Encoder, Self::Decoder, Self::Head];

    /// The part that `name` belongs to.
    pub fn of(name: &str) -> Self {
        let is = |names: &[&str]| {
            names
                .iter()
                .any(|first| name.strip_prefix(first).is_some_and(|rest| rest.is_empty() || first.ends_with('.')))
        };
        if is(&["cls_token", "pos_embed", "patch_embed.", "blocks.", "norm."]) {
            Self::Encoder
        } else if name.starts_with("decoder_")
            || name.starts_with("decoder.decoder_")
            || is(&["mask_token", "pixel_pred.", "feature_pred."])
        {
            Self::Decoder
        } else if is(&["fc_norm.", "batchnorm.", "head."]) {
            Self::Head
        } else {
            Self::Other
        }
    }
}
