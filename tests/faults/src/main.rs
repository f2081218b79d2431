//! Kills `bmae` and fails its file operations, one after the other, over every stage and method, and demands that
//! nothing is lost: the same command again ends like a run left alone, bit for bit.
//!
//! `CONTRIBUTING.md`, "Faults", says how to use it. The way through: [`scenario`] lists the commands, [`shim`] runs
//! them with a fault, [`verdict`] says what it should have come to, [`tree`] compares folders, [`campaign`] does it for
//! many faults and [`table`] prints what became of them; [`kills`] kills at random moments and
//! [`damage`] damages files instead.

mod campaign;
mod damage;
mod fault;
mod kills;
mod scenario;
mod shim;
mod table;
mod tree;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::campaign::{Choice, Filter};
use crate::shim::Bench;

/// Kill bmae, fail its file operations, and look at what is left
#[derive(Parser)]
struct Arguments {
    /// The program under test [default: the one that was built beside this one]
    #[arg(long, global = true, value_name = "FILE")]
    bmae: Option<PathBuf>,
    /// Commands at work at once
    #[arg(long, global = true, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// What a selection or the moments of kills are drawn from
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Some faults over every stage and method, drawn by the seed
    Seeded {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 100)]
        count: usize,
    },
    /// Every fault at every operation
    All {
        #[command(flatten)]
        filter: Filter,
    },
    /// Damaged files of a stopped run
    Damage {
        /// How often each file is damaged in each way
        #[arg(long, value_name = "N", default_value_t = 4)]
        times: usize,
    },
    /// Kills at random moments of one long run
    Kills {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 40)]
        times: usize,
        /// Steps of an epoch
        #[arg(long, value_name = "N", default_value_t = 200)]
        steps: usize,
        /// `pretrain.checkpoint_minutes`; 0: not given
        #[arg(long, value_name = "X", default_value_t = 1e-7)]
        checkpoint_minutes: f64,
    },
}

fn main() -> ExitCode {
    let Arguments { bmae, jobs, seed, what } = Arguments::parse();
    let bmae = bmae.unwrap_or_else(|| beside_this("bmae"));
    assert!(
        bmae.is_file(),
        "there is no {}: build it with cargo build --release, or name it with --bmae",
        bmae.display()
    );
    let bench = Bench::new(bmae);
    let well = match what {
        What::Seeded { count } => campaign::run(&bench, &Choice::Seeded { seed, count }, jobs),
        What::All { filter } => campaign::run(&bench, &Choice::All(filter), jobs),
        What::Damage { times } => damage::run(&bench, seed, times),
        What::Kills { times, steps, checkpoint_minutes } => kills::run(&bench, seed, times, steps, checkpoint_minutes),
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn beside_this(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("this program has a path");
    this.parent().unwrap_or(Path::new(".")).join(name)
}
