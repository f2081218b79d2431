//! Where weights came from, as far as messages and recipes want to know.

use std::fmt;

use bmae_architecture::{GridSize, ImageSize, PatchSize};

/// The kind of file and of names that weights had, and what was found beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Origin {
    /// The kind of file.
    pub container: Container,
    /// Whose names its tensors had.
    pub naming: Naming,
    /// What stood before every name and was taken off, such as `model.`; usually empty.
    pub prefix: String,
    /// Whether `prefix` has a word that no wrapping of a model is known to have, such as `backbone.`.
    pub is_unknown_prefix: bool,
    /// Tensors that lay outside `prefix` (an optimiser's, say) and were not read.
    pub outside_prefix: usize,
    /// The first words of their names, each once, those of what wraps both left out.
    pub beside: Vec<String>,
    /// Tensors of whole numbers, which no model here has: they were not read.
    pub integer_tensors: Vec<String>,
    /// What a `config.json` beside them says that shapes do not.
    pub config: ForeignConfig,
    /// The grid that their positions were resized to; `None` where they are as they came.
    pub(super) grid: Option<GridSize>,
}

/// The kind of file that weights were read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Container {
    /// None: they were made here.
    #[default]
    None,
    /// A safetensors file.
    Safetensors,
    /// What `torch.save` wrote: a zip archive, or one of its older formats.
    Pytorch,
}

/// Whose names the tensors of a file have. Here they always have the official ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// The official MAE's, which timm's Vision Transformers share.
    #[default]
    Official,
    /// Hugging Face's `ViTMAE...` and `ViT...`.
    HuggingFace,
}

/// What a configuration beside foreign weights says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForeignConfig {
    /// Attention heads of the encoder.
    pub encoder_heads: Option<usize>,
    /// Attention heads of the decoder.
    pub decoder_heads: Option<usize>,
    /// Whether the decoder predicts pixels that are normalised patch by patch.
    pub norm_pix: Option<bool>,
    /// The share of the patches that was masked.
    pub mask_ratio: Option<f64>,
    /// What stands under the root of its LayerNorms beside the variance.
    pub norm_epsilon: Option<f64>,
    /// What it has that no model here can have, a noun phrase each.
    pub refused: Vec<String>,
    /// The size of its images.
    pub(super) image: Option<ImageSize>,
    /// The size of its patches, which the tensors tell too.
    pub(super) patch: Option<PatchSize>,
    /// Sizes that the tensors tell too, by the configuration's key.
    pub(super) stated: Vec<(&'static str, usize)>,
    /// Whether it says that queries, keys and values have no bias.
    pub(super) is_without_qkv_bias: bool,
}

impl Origin {
    /// What there is to say of a model that was taken from under an unknown word, with what was left beside it.
    pub fn taken(&self) -> Option<String> {
        if !self.is_unknown_prefix {
            return None;
        }
        let prefix = self.prefix.trim_end_matches('.');
        let beside = match self.beside.is_empty() {
            true => String::new(),
            false => format!("; beside it lies `{}`", self.beside.join("`, `")),
        };
        Some(format!("the model under `{prefix}` is taken, the only one there{beside}"))
    }
}

impl fmt::Display for Container {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Container::None => "no file",
            Container::Safetensors => "safetensors",
            Container::Pytorch => "PyTorch (torch.save)",
        })
    }
}

impl fmt::Display for Naming {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Naming::Official => "official MAE and timm",
            Naming::HuggingFace => "Hugging Face",
        })
    }
}
