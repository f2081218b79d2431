//! `bmae keys`.

use clap::Args;

/// `bmae keys`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae keys
  bmae keys pretrain
  bmae keys lr
  bmae keys pretrain.base_lr

A path such as pretrain.base_lr tells all about one key. Other words find sections, parts of names, and words of the \
descriptions.")]
pub struct Keys {
    /// Key, section, part of a name, or word of a description [default: all keys]
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
}
