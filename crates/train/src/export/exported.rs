//! What is written for another program.

use bmae_nn::StateDict;

/// What is written, and what to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// In words, such as "a ViTModel folder".
    pub what: String,
    /// How Python opens it, statements on one line; PATH stands for where it lies.
    pub open_with: String,
    /// The tensors under the other program's names.
    pub weights: StateDict,
    /// What lies beside the weights in a folder; `None` for a single file.
    pub folder: Option<FolderTexts>,
    /// What a user should know, a sentence each.
    pub notes: Vec<String>,
}

/// The texts of a folder of Hugging Face's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderTexts {
    /// `config.json`: what model it is.
    pub config: String,
    /// `preprocessor_config.json`: what is to be made of an image before.
    pub preprocessor: String,
}
