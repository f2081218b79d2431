//! What is allowed and probably not meant: data, for the command line to print.

use std::fmt;
use std::path::PathBuf;

use bmae_output::count::count;

use super::error::Place;

/// Something about a recipe that is allowed, and probably not meant.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Warm-ups of methods that last to the end of the training or beyond.
    TargetsNeverUsed {
        /// Whose, at least one.
        of: Vec<LateSwitch>,
        /// `pretrain.epochs`.
        epochs: usize,
    },
    /// The learning rate is warmed up to the end of the training or beyond.
    RateNeverReached {
        /// The section of the stage.
        section: &'static str,
        /// Its `warmup_epochs`.
        warmup_epochs: f64,
        /// Its `epochs`.
        epochs: usize,
    },
    /// A training is to end early, and no images are held out to see when.
    NeverStopped {
        /// The section of the stage.
        section: &'static str,
        /// Its `patience`.
        patience: usize,
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

/// A switch to features that comes too late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateSwitch {
    /// The run or method.
    pub run: String,
    /// `k` or `wse`.
    pub key: &'static str,
    /// Its value.
    pub warmup_epochs: usize,
}

impl Warning {
    /// Adds this to `warnings`, which are all of one plan and say each thing once: what is new of one that is like one of
    /// them joins that.
    pub(crate) fn join(self, warnings: &mut Vec<Warning>) {
        for known in &mut *warnings {
            match (known, &self) {
                (Warning::TargetsNeverUsed { of, epochs }, Warning::TargetsNeverUsed { of: more, epochs: its })
                    if epochs == its =>
                {
                    let new: Vec<LateSwitch> = more.iter().filter(|late| !of.contains(late)).cloned().collect();
                    of.extend(new);
                    return;
                }
                (Warning::RateNeverReached { section: one, .. }, Warning::RateNeverReached { section: other, .. })
                    if one == other =>
                {
                    return;
                }
                (known, new) if known == new => return,
                _ => {}
            }
        }
        warnings.push(self);
    }

    /// Whether it is only worth knowing.
    pub fn is_a_note(&self) -> bool {
        matches!(self, Warning::HeadsTaken { .. } | Warning::PathOfWorkingFolder { .. })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::TargetsNeverUsed { of, epochs } => never_used(formatter, of, *epochs),
            Warning::RateNeverReached { section, warmup_epochs, epochs } => write!(
                formatter,
                "`{section}.warmup_epochs` is {warmup_epochs}, but the training ends after {}, while its learning rate still \
                 rises: lower `{section}.warmup_epochs` or raise `{section}.epochs`",
                count(*epochs, "epoch")
            ),
            Warning::NeverStopped { section, patience } => write!(
                formatter,
                "`{section}.patience` is {patience}, but no images are held out to see when an epoch is better, so the training \
                 goes on to its last epoch: set `{section}.validation_fraction`, to 0.1 for example"
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

fn never_used(formatter: &mut fmt::Formatter<'_>, of: &[LateSwitch], epochs: usize) -> fmt::Result {
    let epochs = count(epochs, "epoch");
    if let [LateSwitch { run, key, warmup_epochs }] = of {
        return write!(
            formatter,
            "{run}: `method.{key}` is {warmup_epochs}, but the training ends after {epochs}, so no target will ever be used and \
             this is plain MAE: lower `method.{key}` or raise `pretrain.epochs`"
        );
    }
    let each = of.iter().map(|late| format!("{} (`method.{}` = {})", late.run, late.key, late.warmup_epochs));
    write!(
        formatter,
        "the training ends after {epochs}, so no target will ever be used in these runs, and all are plain MAE: {}; lower their \
         values or raise `pretrain.epochs`",
        each.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(warmup_epochs: usize) -> Warning {
        let of = vec![LateSwitch { run: "mae-k".to_owned(), key: "k", warmup_epochs }];
        Warning::TargetsNeverUsed { of, epochs: 5 }
    }

    #[test]
    fn what_a_plan_warns_of_is_said_once_for_all_its_runs() {
        let rate = |warmup_epochs| Warning::RateNeverReached { section: "pretrain", warmup_epochs, epochs: 5 };
        let mut warnings = Vec::new();
        for warning in [late(10), rate(40.0), late(20), late(10), rate(40.0), rate(50.0)] {
            warning.join(&mut warnings);
        }
        let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("mae-k (`method.k` = 10), mae-k (`method.k` = 20); lower"), "{texts:?}");
        assert!(
            texts[1].starts_with("`pretrain.warmup_epochs` is 40, but the training ends after 5 epochs"),
            "{texts:?}"
        );
    }
}
