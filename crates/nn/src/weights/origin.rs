//! Where weights came from, as far as messages and recipes want to know.

use std::fmt;

/// The kind of file and of names that weights had, and what was found beside them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The kind of file.
    pub container: Container,
    /// Whose names its tensors had.
    pub naming: Naming,
    /// What stood before every name and was taken off, such as `model.`; usually empty.
    pub prefix: String,
    /// Tensors that lay outside `prefix` (an optimiser's, say) and were not read.
    pub outside_prefix: usize,
    /// Tensors of whole numbers, which no model here has: they were not read.
    pub integer_tensors: Vec<String>,
    /// What the `config.json` of a Hugging Face folder says that shapes do not.
    pub config: ForeignConfig,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignConfig {
    /// Attention heads of the encoder.
    pub encoder_heads: Option<usize>,
    /// Attention heads of the decoder.
    pub decoder_heads: Option<usize>,
    /// Where the model differs from every model here, a sentence each.
    pub differences: Vec<String>,
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
