//! What is allowed and probably not meant: data, for the command line to print.

use std::fmt;
use std::path::PathBuf;

use bmae_output::count::count;

use super::error::Place;

/// Something about a recipe that is allowed, and probably not meant.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The warm-up lasts to the end of the training or beyond.
    TargetsNeverUsed {
        /// The run or method.
        run: String,
        /// `k` or `wse`.
        key: &'static str,
        /// Its value.
        warmup_epochs: usize,
        /// `pretrain.epochs`.
        epochs: usize,
    },
    /// Weights whose shapes are used, but do not tell how many heads there are.
    HeadsTaken {
        /// The run or file.
        weights: String,
        /// "encoder" or "decoder".
        part: &'static str,
        /// The recipe's number.
        heads: usize,
    },
    /// A key was given to a method that does not read it.
    KeyIgnored {
        /// The place of the setting.
        given: String,
        /// The method.
        method: String,
    },
    /// A path of a recipe file that is not beside the file, but in the working folder.
    PathOfWorkingFolder {
        /// The key's path.
        key: String,
        /// The file.
        place: Place,
        /// The path as the file has it.
        path: PathBuf,
    },
    /// Targets were given to a method that has its own.
    TargetsIgnored {
        /// The method.
        method: String,
    },
}

impl Warning {
    /// Whether it is only worth knowing.
    pub fn is_a_note(&self) -> bool {
        matches!(self, Warning::HeadsTaken { .. } | Warning::PathOfWorkingFolder { .. })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::TargetsNeverUsed { run, key, warmup_epochs, epochs } => write!(
                formatter,
                "{run}: `method.{key}` is {warmup_epochs}, but the training ends after {}, so no target will ever \
                 be used and this is plain MAE: lower `method.{key}` or raise `pretrain.epochs`",
                count(*epochs, "epoch")
            ),
            Warning::HeadsTaken { weights, part, heads } => write!(
                formatter,
                "{weights} does not tell the number of attention heads of its {part}: taken is {heads}, as the recipe's \
                 `model.{part}.heads` says"
            ),
            Warning::KeyIgnored { given, method } => {
                write!(formatter, "{given} changes nothing: the method {method} does not read it")
            }
            Warning::PathOfWorkingFolder { key, place, path } => {
                let path = path.display();
                write!(
                    formatter,
                    "`{key}` of {place} is taken from the working folder, {path}: beside the recipe, where its paths begin, \
                     there is no {path}"
                )
            }
            Warning::TargetsIgnored { method } => write!(
                formatter,
                "`method.targets` is not read by the method {method}, which has its own: set `method.name=custom` to use them"
            ),
        }
    }
}
