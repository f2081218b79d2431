//! What can be typed. Only what it looks like: what it means is the recipe's and the commands' business.

mod bench;
mod checkpoint;
mod collection;
mod data;
mod method;
mod pictures;
mod recorded;
mod sweep;
mod training;

use bmae_recipe::{Stage, TrainedStage};
use bmae_train::device::DeviceChoice;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use bench::Bench;
pub use checkpoint::{Checkpoint, Destination, Export, Import};
pub use collection::{Runs, RunsCommand, Watch};
pub use data::{Cifar, Data, Download, Preview};
pub use pictures::Reconstruct;
pub use recorded::{Features, Forward, Half, Replay};
pub use sweep::Sweep;
pub use training::{Evaluate, Pretrain, Report, Reproduce};

/// Pre-train Vision Transformers as masked autoencoders (MAE) and by their bootstrapped variants, evaluate what they
/// learned, and compare the methods.
#[derive(Debug, Parser)]
#[command(
    version = version(),
    propagate_version = true,
    max_term_width = 110,
    after_help = "Examples:
  bmae reproduce                                    all methods on generated shapes, in minutes
  bmae pretrain --method mae-k --k 10 --out runs/a  one pre-training
  bmae linprobe --from runs/a --out runs/a-probe    what it learned
  bmae report runs/a runs/a-probe --out report      tables and figures
  bmae sweep k --data cifar10 --out runs/k          an ablation of the report
  bmae watch runs/k                                 how far it is

Any key of a recipe can be set, as in --set pretrain.epochs=10: docs/keys.md lists them."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub everywhere: Everywhere,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Everywhere {
    /// Set a key of the recipe; the value is TOML, a bare word a string (repeatable)
    #[arg(long, global = true, value_name = "KEY.PATH=VALUE")]
    pub set: Vec<String>,
    /// Everything random depends on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Threads that compute and that load images [default: one for each core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Where to compute; all but cpu need a build with the feature of that name
    #[arg(long, global = true, default_value = "cpu")]
    pub device: DeviceName,
    /// Go on with the run in --out after its last whole epoch; start it if there is none
    #[arg(long, global = true)]
    pub resume: bool,
    /// Print the results as one line of JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but errors and results
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: which optimiser rule took which parameter
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train and evaluate every run of a preset, then write the report
    Reproduce(Reproduce),
    /// Pre-train an encoder
    Pretrain(Pretrain),
    /// Fine-tune an encoder as a classifier
    Finetune(Evaluate),
    /// Train a linear classifier on a frozen encoder
    Linprobe(Evaluate),
    /// Classify by the nearest neighbours under a frozen encoder
    Knn(Evaluate),
    /// Write tables and figures that compare runs
    Report(Report),
    /// Train and evaluate every combination of values of some keys, then write the report
    Sweep(Sweep),
    /// Watch runs in the terminal while they train
    Watch(Watch),
    /// List run directories, compare two, or print what they logged
    Runs(Runs),
    /// Draw what a pre-trained model makes of masked images, and where it looks
    Reconstruct(Reconstruct),
    /// Check a port: one pass through a masked autoencoder, recorded
    Forward(Forward),
    /// Check a port: recorded batches through the training itself
    Replay(Replay),
    /// Write the features of a data set under a frozen encoder
    Features(Features),
    /// Measure how fast a stage trains here, on random images
    Bench(Bench),
    /// Download a data set, describe one, or look at what a recipe makes of it
    #[command(subcommand)]
    Data(Data),
    /// Look into weight files, and move them to and from other programs
    #[command(subcommand)]
    Checkpoint(Checkpoint),
    /// Print what a shell needs to complete command lines
    #[command(after_help = "Examples:
  bmae completions bash > ~/.local/share/bash-completion/completions/bmae
  bmae completions zsh > ~/.zfunc/_bmae
  bmae completions fish > ~/.config/fish/completions/bmae.fish")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each command
    #[command(after_help = "Examples:
  bmae man ~/.local/share/man/man1")]
    Man {
        /// Folder to write them to; it is created
        #[arg(value_name = "DIR")]
        out: std::path::PathBuf,
    },
}

/// Where a recipe comes from.
#[derive(Debug, Args)]
pub struct RecipeSource {
    /// quick, mini, paper, or a recipe file of your own that ends in .toml [default: quick]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub preset: Option<String>,
    /// Images: shapes, cifar10, cifar100, or a folder or archive whose kind is recognised
    #[arg(long, value_name = "PATH|NAME")]
    pub data: Option<String>,
}

/// The version, and the commit where it is known.
fn version() -> &'static str {
    static VERSION: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| match crate::provenance::COMMIT {
        Some(commit) => format!("{} ({commit})", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").to_owned(),
    });
    &VERSION
}

/// One of the stages that train, by its section of the recipe.
fn trained_stage() -> impl TypedValueParser<Value = TrainedStage> {
    let names = TrainedStage::ALL.map(|stage| Stage::from(stage).section());
    let of_name = |name: String| TrainedStage::ALL.into_iter().find(|stage| Stage::from(*stage).section() == name);
    // Only these names come through.
    PossibleValuesParser::new(names).try_map(move |name| of_name(name).ok_or("it is no stage that trains"))
}

/// The devices by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[allow(missing_docs)]
pub enum DeviceName {
    Cpu,
    Vulkan,
    Cuda,
    Metal,
}

impl DeviceName {
    /// As it is typed.
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl From<DeviceName> for DeviceChoice {
    fn from(name: DeviceName) -> Self {
        match name {
            DeviceName::Cpu => DeviceChoice::Cpu,
            DeviceName::Vulkan => DeviceChoice::Vulkan,
            DeviceName::Cuda => DeviceChoice::Cuda,
            DeviceName::Metal => DeviceChoice::Metal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_of_everywhere_may_stand_before_and_after_the_command() {
        for line in ["bmae --seed 3 knn --from scratch --out x", "bmae knn --from scratch --out x --seed 3"] {
            let arguments = Arguments::try_parse_from(line.split(' ')).expect("it is a right command line");
            assert_eq!(arguments.everywhere.seed, Some(3));
        }
    }
}
