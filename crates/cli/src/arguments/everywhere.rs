//! The options of every command.

use bmae_train::device::DeviceChoice;
use clap::{Args, ValueEnum};

use super::about_key::about_key;
use super::path_word::assignment;

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Everywhere {
    /// Set a recipe key, as in pretrain.epochs=10; the value is TOML, a bare word is a string (repeatable)
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = assignment())]
    pub set: Vec<String>,
    #[arg(long, global = true, value_name = "N", help = about_key("seed"), value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Number of threads, for computing and for loading images [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Device that computes; a GPU needs a build with the feature gpu
    #[arg(long, global = true, default_value = "cpu")]
    pub device: DeviceName,
    /// Resume the run in --out from its last checkpoint; start it if there is none
    #[arg(long, global = true)]
    pub resume: bool,
    /// Print the result as one line of JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print errors and results only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more, such as which optimiser rule took which parameter
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// The devices by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DeviceName {
    /// The processor
    Cpu,
    /// A GPU of any make
    Gpu,
    /// A GPU where there is one, else the processor
    Auto,
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
            DeviceName::Gpu => DeviceChoice::Gpu,
            DeviceName::Auto => DeviceChoice::Auto,
        }
    }
}
