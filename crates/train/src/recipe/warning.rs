//! What is allowed and probably not meant: data, for the command line to print.

use std::fmt;

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
    /// Targets were given on the command line to a method that has its own.
    TargetsIgnored {
        /// The method.
        method: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::TargetsNeverUsed { run, key, warmup_epochs, epochs } => write!(
                formatter,
                "{run}: `method.{key}` is {warmup_epochs}, but the training ends after {epochs} epochs, so no target will ever \
                 be used and this is plain MAE: lower `method.{key}` or raise `pretrain.epochs`"
            ),
            Warning::TargetsIgnored { method } => write!(
                formatter,
                "`method.targets` is not read by the method {method}, which has its own: set `method.name=custom` to use them"
            ),
        }
    }
}
