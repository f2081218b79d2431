//! What can be typed. Only what it looks like: what it means is the recipe's and the commands' business.

mod about_key;
mod asked;
mod bench;
mod checkpoint;
mod collection;
mod data;
mod everywhere;
mod force;
mod init;
mod keys;
mod method;
mod path_word;
mod pictures;
mod recipe_source;
mod recorded;
mod resume;
mod sweep;
mod time_span;
mod training;

use clap::{Parser, Subcommand};

pub use asked::{AskedImages, Neighbours, Predict};
pub use bench::Bench;
pub use checkpoint::{Checkpoint, Destination, Export, Import};
pub use collection::{Runs, RunsCommand, Watch};
pub use data::{Cifar, Data, Download, Preview};
pub use everywhere::{DeviceName, Everywhere};
pub use force::Force;
pub use init::Init;
pub use keys::Keys;
pub use pictures::Reconstruct;
pub use recipe_source::RecipeSource;
pub use recorded::{Features, Forward, Replay};
pub use resume::Resume;
pub use sweep::{EngineName, Sweep};
pub use training::{Evaluate, PlanOptions, Pretrain, Report, Reproduce, RgbChannels};

/// Pre-train Vision Transformers as masked autoencoders (MAE) and by bootstrapped variants of it, evaluate the
/// encoders, and compare the methods.
#[derive(Debug, Parser)]
#[command(
    version = version(),
    propagate_version = true,
    max_term_width = 110,
    after_help = "\
Examples:
  All methods on generated shapes, in minutes:
    bmae reproduce

  One pre-training, its linear probe, and a report on both:
    bmae pretrain --method mae-k --k 4 --out runs/a
    bmae linprobe --from runs/a --out runs/a-probe
    bmae report runs/a runs/a-probe --out report

  A sweep over K, and how far it is:
    bmae sweep k --out runs/k
    bmae watch runs/k

Every recipe key can be set, as in --set pretrain.epochs=10; bmae keys lists the keys. For images of your own begin with bmae init."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub everywhere: Everywhere,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a recipe for images of your own, fitted to them and to this machine
    Init(Init),
    /// Train and evaluate every run of a preset, then write the report
    Reproduce(Reproduce),
    /// Pre-train an encoder
    Pretrain(Pretrain),
    /// Fine-tune an encoder as a classifier
    Finetune(Evaluate),
    /// Train a linear classifier on a frozen encoder
    Linprobe(Evaluate),
    /// Classify by nearest neighbours among a frozen encoder's features
    Knn(Evaluate),
    /// Say which classes images are of, by a finished run
    Predict(Predict),
    /// Find the training images nearest to an image
    Neighbours(Neighbours),
    /// Go on with runs that were stopped, or train them longer
    Resume(Resume),
    /// Write tables and figures that compare runs
    Report(Report),
    /// Train and evaluate over a grid of keys, then write the report
    Sweep(Sweep),
    /// Watch runs in the terminal while they train
    Watch(Watch),
    /// List runs, compare two, or print what they logged
    Runs(Runs),
    /// Draw reconstructions of masked images, and attention maps
    Reconstruct(Reconstruct),
    /// Check a port: one forward pass on recorded tensors
    Forward(Forward),
    /// Check a port: optimiser steps on recorded batches
    Replay(Replay),
    /// Write a frozen encoder's features of a data set
    Features(Features),
    /// Measure the training speed on random images
    Bench(Bench),
    /// List the keys of a recipe, or tell all about one
    Keys(Keys),
    /// Download, describe or preview a data set
    #[command(subcommand)]
    Data(Data),
    /// Describe weight files, export or import them
    #[command(subcommand)]
    Checkpoint(Checkpoint),
    /// Print the completion script of a shell
    #[command(after_help = "Examples:
  bmae completions bash \\
    > ~/.local/share/bash-completion/completions/bmae
  bmae completions zsh > ~/.zfunc/_bmae
  bmae completions fish > ~/.config/fish/completions/bmae.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each command
    #[command(after_help = "Examples:
  bmae man ~/.local/share/man/man1")]
    Man {
        /// Folder to write them to; created if need be
        #[arg(value_name = "DIR")]
        out: std::path::PathBuf,
        #[command(flatten)]
        force: Force,
    },
}

/// The version, and the commit where it is known.
fn version() -> &'static str {
    static VERSION: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| match crate::provenance::COMMIT {
        Some(commit) => format!("{} ({commit})", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").to_owned(),
    });
    &VERSION
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }

    /// What every command says below its options.
    fn texts(command: &clap::Command) -> Vec<String> {
        let own = command.get_after_help().map(ToString::to_string);
        own.into_iter().chain(command.get_subcommands().flat_map(texts)).collect()
    }

    #[test]
    fn the_help_leaves_the_wrapping_of_paragraphs_to_the_terminal_and_no_other_line_needs_any() {
        let is_prose = |line: &str| !line.is_empty() && !line.starts_with(' ');
        for text in texts(&Arguments::command()) {
            let lines: Vec<&str> = text.lines().collect();
            let torn = lines.windows(2).find(|pair| pair.iter().all(|line| is_prose(line)));
            assert_eq!(torn, None, "a paragraph over two lines in\n{text}");
            let long = lines.iter().find(|line| !is_prose(line) && line.chars().count() > 71);
            assert_eq!(long, None, "a line of more than 71 columns, which a manual page has, in\n{text}");
        }
    }

    #[test]
    fn every_example_can_be_pasted() {
        let mut examples = 0;
        for text in texts(&Arguments::command()) {
            // As a shell reads it, an escaped line break is none.
            let text = text.replace("\\\n", "");
            let mut lines = text.lines();
            while let Some(line) = lines.next() {
                if !line.trim_start().starts_with("bmae ") {
                    continue;
                }
                let mut example = line.to_owned();
                while shlex::split(&example).is_none() {
                    example = format!("{example}\n{}", lines.next().expect("a closing quote"));
                }
                let words = shlex::split(&example).expect("closed quotes");
                let parsed =
                    Arguments::try_parse_from(words.iter().take_while(|word| !matches!(word.as_str(), ">" | "|")));
                assert!(parsed.is_ok(), "{example}");
                examples += 1;
            }
        }
        assert!(examples > 40, "only {examples}");
    }

    #[test]
    fn every_option_says_what_it_is() {
        fn check(command: &clap::Command) {
            for option in command.get_arguments() {
                let help = option.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty(), "{} {}", command.get_name(), option.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }

    #[cfg(unix)]
    #[test]
    fn every_argument_that_may_be_a_path_takes_one_in_any_bytes() {
        use std::ffi::{OsStr, OsString};
        use std::os::unix::ffi::OsStrExt;

        use clap::error::ErrorKind;

        /// The commands below `command`, with the words that lead to each.
        fn commands(command: &clap::Command, words: &[String]) -> Vec<(Vec<String>, clap::Command)> {
            let below = command
                .get_subcommands()
                .flat_map(|below| commands(below, &[words, &[below.get_name().to_owned()]].concat()));
            std::iter::once((words.to_vec(), command.clone())).chain(below).collect()
        }
        // Some take nothing but names that end so.
        let names = [&b"caf\xe9.png"[..], b"caf\xe9.toml"].map(OsStr::from_bytes);
        let mut arguments = 0;
        for (words, command) in commands(&Arguments::command(), &["bmae".to_owned()]) {
            for argument in command.get_arguments() {
                let named = argument.get_value_names().into_iter().flatten();
                let is_path = |name: &str| ["FILE", "DIR", "RUN", "PATH"].iter().any(|word| name.contains(word));
                let is_path = named.into_iter().any(|name| is_path(name));
                if !is_path {
                    continue;
                }
                let option = argument.get_long().map(|long| OsString::from(format!("--{long}")));
                let found = names.map(|name| {
                    let line = words.iter().map(OsString::from).chain(option.clone()).chain([name.to_owned()]);
                    Arguments::try_parse_from(line).map_or_else(|error| error.kind(), |_| ErrorKind::Io)
                });
                let is_taken = |found: &ErrorKind| {
                    !matches!(found, ErrorKind::InvalidUtf8 | ErrorKind::ValueValidation | ErrorKind::InvalidValue)
                };
                assert!(found.iter().any(is_taken), "{words:?} {}: {found:?}", argument.get_id());
                arguments += 1;
            }
        }
        assert!(arguments > 40, "only {arguments}");
    }

    #[test]
    fn options_of_everywhere_may_stand_before_and_after_the_command() {
        for line in ["bmae --seed 3 knn --from scratch --out x", "bmae knn --from scratch --out x --seed 3"] {
            let arguments = Arguments::try_parse_from(line.split(' ')).expect("it is a right command line");
            assert_eq!(arguments.everywhere.seed, Some(3));
        }
    }
}
