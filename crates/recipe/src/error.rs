//! What can be wrong with a recipe: one readable sentence each, with the place it came from and what to do.

use std::fmt;
use std::path::PathBuf;

use bmae_output::plain::plain_path;

use bmae_architecture::ArchitectureError;
use bmae_output::count::count;
use thiserror::Error;

use super::bytes::Bytes;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A preset that is built in.
    Preset(&'static str),
    /// A recipe file.
    File(PathBuf),
    /// The recipe of the run that an evaluation starts from.
    Run(String),
    /// The place of a [`Setting`](crate::Setting), as the user knows it.
    Given(String),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Preset(name) => write!(formatter, "the preset {name}"),
            Place::File(path) => write!(formatter, "{}", plain_path(path)),
            Place::Run(name) => write!(formatter, "the recipe of {name}"),
            Place::Given(place) => write!(formatter, "{place}"),
        }
    }
}

/// A recipe that cannot be run as it was asked for: a mistake in its use, exit code 2.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// Neither a built-in preset nor a file.
    #[error(
        "no preset is called `{name}`: the presets are quick, mini and paper, or give the path of a recipe that ends in .toml{hint}"
    )]
    UnknownPreset {
        /// What was asked for.
        name: String,
        /// "; did you mean ...?", or nothing.
        hint: String,
    },
    /// Lists of another length than there are channels.
    #[error("`{key}` has {}, but `data.channels` is {channels}: give one for each channel", count(*found, "number"))]
    ChannelNumbers {
        /// `data.mean` or `data.std`.
        key: &'static str,
        /// Its numbers.
        found: usize,
        /// The channels.
        channels: usize,
    },
    /// A recipe file that cannot be read.
    #[error(
        "cannot read the recipe {} ({source}): give the path of a TOML file that exists, or one of the presets quick, mini and paper",
        plain_path(path)
    )]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("{place} is not valid TOML{line}: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// " at line N", or nothing.
        line: String,
        /// The parser's own words, on one line.
        message: String,
    },
    /// An assignment without a key or an equals sign.
    #[error("{place} sets nothing: it is no key with its value, such as pretrain.epochs=10")]
    NotAnAssignment {
        /// Where.
        place: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}` given by {place}: {hint}")]
    UnknownKey {
        /// The key's path.
        key: String,
        /// Where it was given.
        place: Place,
        /// The nearest key that does exist, or what its section has.
        hint: String,
    },
    /// A value for something that holds keys.
    #[error("`{key}` given by {place} is a section, not a key: set a key in it, such as `{example}`")]
    Section {
        /// The section.
        key: String,
        /// Where it was given.
        place: Place,
        /// One of its keys.
        example: String,
    },
    /// A value, or one key, for something that is a list of tables.
    #[error("`{key}` given by {place} belongs to a list of tables, which is given as a whole: {example}")]
    List {
        /// The key's path.
        key: String,
        /// Where it was given.
        place: Place,
        /// How the list is written.
        example: &'static str,
    },
    /// A value of the wrong type, or out of range.
    #[error("`{key}` given by {place} is {found}, but must be {allowed}{hint}")]
    Value {
        /// The key's path.
        key: String,
        /// Where it was given.
        place: Place,
        /// The value, with its type where that is not obvious.
        found: Box<str>,
        /// What would be accepted.
        allowed: Box<str>,
        /// "; did you mean ...?", or nothing.
        hint: Box<str>,
    },
    /// A method that spells its targets out, without any.
    #[error(
        "the method \"custom\" needs targets whose weights are not all 0: list them as [[method.targets]], or set \
             'method.targets=[{{update=\"ema\", tau=0.1}}]'"
    )]
    NoTargets,
    /// A fixed target without weights.
    #[error(
        "a target of `method.targets` given by {place} has update=\"fixed\" and no weights: say in its `from` where they are"
    )]
    FixedWithoutWeights {
        /// Where it was given.
        place: Place,
    },
    /// Weights for a target that is made of the student.
    #[error(
        "a target of `method.targets` given by {place} has weights in `from`, but update=\"{update}\" makes it of the student: set \
             update=\"fixed\", or leave out `from`"
    )]
    WeightsOfNoFixedTarget {
        /// Where it was given.
        place: Place,
        /// Its update.
        update: &'static str,
    },
    /// Averaging more blocks than there are.
    #[error(
        "a target of the method {method} averages the last {last_blocks} blocks, but the encoder has {depth}: lower its \
             last_blocks or raise `model.encoder.depth`"
    )]
    TooManyBlocks {
        /// The method.
        method: String,
        /// What the target asks for.
        last_blocks: usize,
        /// What there is.
        depth: usize,
    },
    /// Freezing more blocks than there are.
    #[error(
        "`{section}.freeze` is {freeze}, but the encoder has {}: lower `{section}.freeze` or raise `model.encoder.depth`",
        count(*depth, "block")
    )]
    TooManyFrozen {
        /// The stage.
        section: &'static str,
        /// What the recipe asks for.
        freeze: usize,
        /// What there is.
        depth: usize,
    },
    /// Sizes that no model can have.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// Two runs of one name.
    #[error("two of the [[runs]] are called `{name}`: give each a name of its own, because it names the run's folder")]
    RunTwice {
        /// The name.
        name: String,
    },
    /// Weights that tell a width, but not how many heads share it.
    #[error(
        "the {part} of {weights} is {dim} wide, which {heads} attention heads do not divide; its shapes do not tell their number"
    )]
    HeadsUntold {
        /// "encoder" or "decoder".
        part: &'static str,
        /// Its width.
        dim: usize,
        /// The recipe's number of heads.
        heads: usize,
        /// The run or file.
        weights: String,
    },
    /// Parts that do not divide the batch.
    #[error(
        "`{section}.accumulate` is {accumulate}, but must divide the {} of `{section}.batch_size`",
        count(*batch_size, "image")
    )]
    Accumulate {
        /// The stage.
        section: &'static str,
        /// Parts.
        accumulate: usize,
        /// Images.
        batch_size: usize,
    },
    /// More memory than there is.
    #[error(
        "{what} needs at least {needed} of memory, of which {share} {part}, but {available} are available: lower {lower}"
    )]
    Memory {
        /// The stage.
        what: &'static str,
        /// The estimate.
        needed: Bytes,
        /// The largest part of it.
        share: Bytes,
        /// What that part is for.
        part: &'static str,
        /// What the machine has left.
        available: Bytes,
        /// The keys that matter.
        lower: String,
    },
    /// No folder to look for a named data set in.
    #[error(
        "there is no cache folder for this user to look for \"{name}\" in: set `data.root` to the folder where it lies"
    )]
    NoCacheFolder {
        /// The data set.
        name: String,
    },
}
