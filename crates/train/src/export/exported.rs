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
    /// The `config.json` of a folder; `None` for a single file.
    pub config: Option<String>,
    /// What a user should know, a sentence each.
    pub notes: Vec<String>,
}
