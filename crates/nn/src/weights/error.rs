//! What can be wrong with a weight file, one readable sentence each.

use std::path::PathBuf;

use bmae_output::count::count;

use super::report::LoadReport;

/// Tensors of another shape than the model's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "tensor {tensor} in {source_name} has shape {found:?}, but this model needs {expected:?}{more}: the weights are of {holds}; \
     use the configuration they were trained with", more = and_more(*others)
)]
pub struct ShapeMismatch {
    /// File, or what stands for it.
    pub source_name: String,
    /// The first such tensor.
    pub tensor: String,
    /// Its shape.
    pub found: Vec<usize>,
    /// The model's shape.
    pub expected: Vec<usize>,
    /// How many more tensors have another shape.
    pub others: usize,
    /// The architecture of the weights.
    pub holds: String,
}

/// Why weights could not be read, written or loaded.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file could not be opened or read.
    #[error("cannot read the weights file {path} ({reason}): {}", remedy_for(reason), path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The bytes are no safetensors file.
    #[error(
        "{source_name} is not a safetensors file ({reason}): copy or download it again, or give a file written by bmae, timm or the \
         official code in that format"
    )]
    NotSafetensors {
        /// File, or what stands for it.
        source_name: String,
        /// What the parser found.
        reason: String,
    },
    /// A file of no kind that holds weights.
    #[error("{path} holds no weights but {found}; {remedy}", path = path.display())]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: String,
        /// What to do.
        remedy: &'static str,
    },
    /// What looks like a file of PyTorch's and is none, is damaged, or holds what cannot be read.
    #[error("{source_name} cannot be read as a PyTorch checkpoint ({reason}); {remedy}")]
    Pytorch {
        /// The file.
        source_name: String,
        /// What the reader found.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file that claims many times as much as it can hold.
    #[error(
        "{source_name} claims {claimed} bytes of numbers, but has {found} bytes itself: its tensors are expanded, share their numbers or \
         are packed; save each by itself with torch.save({{name: tensor.clone().contiguous() for name, tensor in model.state_dict().items()}}, ...)"
    )]
    Claims {
        /// The file.
        source_name: String,
        /// Bytes that its tensors would be.
        claimed: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// A checkpoint of several models, none of which is known to be the one.
    #[error(
        "{source_name} holds several models, under `{}`, none of which is known to be the one: save the state dict of one encoder by itself",
        found.iter().map(|prefix| prefix.trim_end_matches('.')).collect::<Vec<_>>().join("`, `")
    )]
    SeveralModels {
        /// The file.
        source_name: String,
        /// What stands before the names of each.
        found: Vec<String>,
    },
    /// A folder without weights that can be opened.
    #[error("{path} holds {}", if *sharded {
        "weights in several files (model.safetensors.index.json): save it again in one, with save_pretrained(..., max_shard_size=\"100GB\")"
    } else {
        "no model.safetensors: give a run directory, a Hugging Face folder with one (or with a pytorch_model.bin), or a weights file"
    }, path = path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Whether there are weights, but cut into several files.
        sharded: bool,
    },
    /// A `config.json` that is not JSON, or has a value of a wrong type.
    #[error("{path} is no configuration of a model ({reason}): copy or download it again", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The parser's words.
        reason: String,
    },
    /// A `config.json` of other weights.
    #[error(
        "the config.json beside {source_name} says {}: it is not that of these weights; put the one beside them that they were \
         saved with",
        contradictions.join(", ")
    )]
    ConfigContradicts {
        /// The weights.
        source_name: String,
        /// What it says and what the tensors have, a clause each.
        contradictions: Vec<String>,
    },
    /// Weights of a model that no model here can be.
    #[error(
        "{source_name} is of another architecture than the models here: it has {}; what it would compute here is not what it learned, \
         so use weights of a plain Vision Transformer, such as those of MAE, timm's vit_base_patch16_224 or Hugging Face's ViT",
        in_a_row(differences)
    )]
    OtherArchitecture {
        /// File, or what stands for it.
        source_name: String,
        /// What they have or lack, a noun phrase each.
        differences: Vec<String>,
    },
    /// More blocks than the model has.
    #[error(
        "{source_name} has {blocks} in its {part}, but this model has {expected}: the weights are of {holds}; use the \
         configuration they were trained with",
        blocks = count(*found, "block")
    )]
    Depth {
        /// File, or what stands for it.
        source_name: String,
        /// Encoder or decoder.
        part: &'static str,
        /// Blocks of the weights.
        found: usize,
        /// Blocks of the model.
        expected: usize,
        /// The architecture of the weights.
        holds: String,
    },
    /// The header promises more bytes than there are.
    #[error(
        "{source_name} is cut short: its header describes {expected} bytes, but it has {found}; copy or download it again"
    )]
    CutShort {
        /// File, or what stands for it.
        source_name: String,
        /// Bytes the header describes.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A file of bmae whose contents are not those that it was written with.
    #[error(
        "{source_name} is damaged: its contents do not give the checksum that it carries; take an undamaged copy, or make it again"
    )]
    Checksum {
        /// File, or what stands for it.
        source_name: String,
    },
    /// A tensor of a type that weights do not have.
    #[error(
        "tensor {tensor} in {source_name} has type {found}, but weights are F32 (F16, BF16 and F64 are converted): save it in one of these"
    )]
    Dtype {
        /// File, or what stands for it.
        source_name: String,
        /// The tensor.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// A tensor of another shape than the model's.
    #[error(transparent)]
    Shape(#[from] Box<ShapeMismatch>),
    /// A tensor with values that are no finite numbers.
    #[error(
        "tensor {tensor} in {source_name} holds {value} ({count} of its {of} {} no finite number): use weights from before \
         the training diverged, or copy or download them again",
        if *count == 1 { "is" } else { "are" },
        of = bmae_output::count::count(*values, "value")
    )]
    NotFinite {
        /// File, or what stands for it.
        source_name: String,
        /// The tensor.
        tensor: String,
        /// The first such value.
        value: f32,
        /// How many there are.
        count: usize,
        /// Of how many.
        values: usize,
    },
    /// A matrix of nothing but zeros.
    #[error(
        "tensor {tensor} in {source_name} holds nothing but zeros, which no training leaves: the file was never written whole, or is \
         damaged; copy or download it again"
    )]
    Zeros {
        /// File, or what stands for it.
        source_name: String,
        /// The tensor.
        tensor: String,
    },
    /// Tensors of the model that the weights lack, tensors of the weights that the model does not have.
    #[error("{report}: use weights of this kind of model, and the configuration they were trained with")]
    Leftovers {
        /// All that is not allowed.
        report: LoadReport,
    },
    /// The safetensors writer refused.
    #[error("the weights cannot be written as safetensors: {reason}")]
    Serialise {
        /// The writer's reason.
        reason: String,
    },
}

/// What to do about a file that the system does not give.
fn remedy_for(reason: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match reason.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "give a run directory or a weights file that exists",
        ErrorKind::PermissionDenied => "make it readable for you, or give another",
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => "copy or download it again",
        ErrorKind::OutOfMemory => "free memory, or give smaller weights",
        _ => "look after the disk that it lies on, or copy it to another",
    }
}

/// `a`, `a and b`, `a, b and c`.
fn in_a_row(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn and_more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (and 1 more tensor has another shape)".to_owned(),
        _ => format!(" (and {others} more tensors have another shape)"),
    }
}
