//! What the shapes of weights tell about their model: everything but the numbers of attention heads.

use std::fmt;

use bmae_architecture::{GridSize, ImageSize, PatchSize};
use bmae_output::count::count;

use super::StateDict;

/// The sizes of the parts that weights hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Architecture {
    /// The encoder; `None` where there is no patch embedding.
    pub encoder: Option<EncoderShape>,
    /// The decoder.
    pub decoder: Option<DecoderShape>,
    /// Classes of a head.
    pub classes: Option<usize>,
    /// The head sees the mean of the patch tokens through `fc_norm`, and not the class token through `norm`.
    pub fc_norm: bool,
    /// The head sees features that BatchNorm normalised: a linear probe.
    pub batch_norm: bool,
}

/// Sizes of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderShape {
    /// Width of a token.
    pub dim: usize,
    /// Channels of the images.
    pub channels: usize,
    /// Blocks.
    pub depth: usize,
    /// Size of a patch in pixels.
    pub patch: PatchSize,
    /// Patches in each direction of the image; `None` where positions are absent, or their grid is not known
    /// ([`StateDict::grid_of`]).
    pub grid: Option<GridSize>,
    /// Width of the MLP's hidden layer; 0 without blocks.
    pub hidden: usize,
    /// Attention heads, where a configuration beside the weights tells them.
    pub heads: Option<usize>,
}

/// Sizes of a decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecoderShape {
    /// Width of a token.
    pub dim: usize,
    /// Blocks.
    pub depth: usize,
    /// Values it predicts for a patch; 0 without a head.
    pub prediction: usize,
    /// Attention heads, where a configuration beside the weights tells them.
    pub heads: Option<usize>,
}

impl Architecture {
    /// What the shapes in `weights` tell.
    pub fn of(weights: &StateDict) -> Self {
        Self {
            encoder: encoder(weights),
            decoder: decoder(weights),
            classes: rows(weights, "head.weight"),
            fc_norm: weights.tensors.contains_key("fc_norm.weight"),
            batch_norm: weights.tensors.contains_key("batchnorm.running_mean"),
        }
    }
}

impl EncoderShape {
    /// P, the values of a patch.
    pub fn values_per_patch(&self) -> usize {
        self.patch.area().saturating_mul(self.channels)
    }

    /// Size of the image in pixels.
    pub fn image_size(&self) -> Option<ImageSize> {
        let GridSize { rows, columns } = self.grid?;
        let (height, width) = (rows.checked_mul(self.patch.height)?, columns.checked_mul(self.patch.width)?);
        Some(ImageSize { height, width })
    }

    /// The ratio that gives `hidden` for `dim` when the product is rounded down.
    pub fn mlp_ratio(&self) -> f64 {
        let ratio = self.hidden as f64 / self.dim as f64;
        if (self.dim as f64 * ratio) as usize == self.hidden { ratio } else { ratio.next_up() }
    }
}

fn encoder(weights: &StateDict) -> Option<EncoderShape> {
    let &[dim, channels, height, width] = shape(weights, "patch_embed.proj.weight")? else { return None };
    if height == 0 || width == 0 || dim == 0 || channels == 0 {
        return None;
    }
    Some(EncoderShape {
        dim,
        channels,
        patch: PatchSize { height, width },
        depth: weights.blocks("blocks."),
        grid: weights.grid_of("pos_embed"),
        hidden: rows(weights, "blocks.0.mlp.fc1.weight").unwrap_or(0),
        heads: weights.origin.config.encoder_heads,
    })
}

fn decoder(weights: &StateDict) -> Option<DecoderShape> {
    let dim = rows(weights, "decoder_embed.weight")?;
    Some(DecoderShape {
        dim,
        depth: weights.blocks("decoder_blocks."),
        prediction: rows(weights, "decoder_pred.weight").unwrap_or(0),
        heads: weights.origin.config.decoder_heads,
    })
}

impl StateDict {
    /// One more than the highest number of a block.
    pub(super) fn blocks(&self, prefix: &str) -> usize {
        depth(self.tensors.keys().map(String::as_str), prefix)
    }
}

fn shape<'a>(weights: &'a StateDict, name: &str) -> Option<&'a [usize]> {
    weights.tensors.get(name).map(|array| array.shape.as_slice())
}

fn rows(weights: &StateDict, name: &str) -> Option<usize> {
    shape(weights, name)?.first().copied()
}

/// One more than the highest block number among `names`.
pub(super) fn depth<'a>(names: impl Iterator<Item = &'a str>, prefix: &str) -> usize {
    let number = |name: &str| name.strip_prefix(prefix)?.split('.').next()?.parse::<usize>().ok();
    names.filter_map(number).max().map_or(0, |last| last.saturating_add(1))
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(encoder) = &self.encoder {
            parts.push(encoder.to_string());
        }
        if let Some(decoder) = &self.decoder {
            parts.push(format!("{decoder}{}", self.predicts().map_or(String::new(), |what| format!(", {what}"))));
        }
        if let Some(classes) = self.classes {
            let sees = match (self.batch_norm, self.fc_norm) {
                (true, _) => "BatchNorm: a linear probe",
                (_, true) => "the mean of the patch tokens, fc_norm",
                _ => "the class token, norm",
            };
            parts.push(format!("head: {} ({sees})", count(classes, "class")));
        }
        match parts.is_empty() {
            true => formatter.write_str("no part of a Vision Transformer"),
            false => formatter.write_str(&parts.join("\n")),
        }
    }
}

impl Architecture {
    /// The sizes that matter most, for the middle of a sentence.
    pub fn in_one_line(&self) -> String {
        let encoder = self.encoder.as_ref().map(|EncoderShape { dim, depth, patch, .. }| {
            format!("an encoder of dim {dim}, depth {depth}, patches of {patch}")
        });
        let decoder = self
            .decoder
            .as_ref()
            .map(|DecoderShape { dim, depth, .. }| format!("a decoder of dim {dim}, depth {depth}"));
        let head = self.classes.map(|classes| format!("a head for {}", count(classes, "class")));
        let parts: Vec<String> = [encoder, decoder, head].into_iter().flatten().collect();
        match parts.is_empty() {
            true => "no part of a Vision Transformer".to_owned(),
            false => parts.join(" and "),
        }
    }

    /// What the prediction head predicts.
    fn predicts(&self) -> Option<String> {
        let prediction = self.decoder.as_ref().map(|decoder| decoder.prediction).filter(|values| *values > 0)?;
        let pixels = self.encoder.as_ref().map(EncoderShape::values_per_patch);
        let features = self.encoder.as_ref().map(|encoder| encoder.dim);
        let what = match (pixels == Some(prediction), features == Some(prediction)) {
            (true, true) => " (pixels or features: both are as many)",
            (true, false) => " (pixels)",
            (false, true) => " (features)",
            (false, false) => "",
        };
        Some(format!("predicts {} a patch{what}", count(prediction, "value")))
    }
}

impl fmt::Display for EncoderShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dim, depth, patch, hidden, heads, .. } = self;
        write!(formatter, "encoder: dim {dim}, depth {depth}{}, MLP {hidden} wide, ", said(*heads))?;
        match (self.grid, self.image_size()) {
            (Some(grid), Some(image)) => {
                write!(formatter, "patches of {patch} ({grid} of them in an image of {image})")
            }
            _ => write!(formatter, "patches of {patch}, no square grid of positions"),
        }
    }
}

impl fmt::Display for DecoderShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "decoder: dim {}, depth {}{}", self.dim, self.depth, said(self.heads))
    }
}

fn said(heads: Option<usize>) -> String {
    heads.map_or(String::new(), |heads| format!(", heads {heads}"))
}
