//! `bmae watch` and `bmae runs`: run directories looked at.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `bmae watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae watch runs/quick
  bmae watch runs/a runs/b
  bmae watch runs/quick | head

Runs that appear below a folder later are shown too. In the terminal, ? shows the keys and q quits; the runs go on. Where \
stdout is no terminal, one table is printed.")]
pub struct Watch {
    /// Runs, or folders that contain runs or will
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Seconds between updates
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub every: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("it must be a number of seconds from 0.1 to 3600".to_owned()),
    }
}

/// `bmae runs`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  All runs below runs/, then those of one folder as JSON:
    bmae runs
    bmae runs runs/quick --json

  The settings and results in which two runs differ:
    bmae runs compare runs/a runs/b

  What a run logged, as a table:
    bmae runs metrics runs/a > metrics.csv"
)]
pub struct Runs {
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// Runs, or folders that contain runs [default: runs]
    #[arg(value_name = "DIR")]
    pub paths: Vec<PathBuf>,
}

/// What else there is to do with runs.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Show the settings and results in which two runs differ
    Compare {
        /// A run
        a: PathBuf,
        /// Another run
        b: PathBuf,
    },
    /// Print what runs logged as CSV, one number per row; with --json as a list of records
    Metrics {
        /// Runs, or folders that contain runs
        #[arg(value_name = "RUN", required = true)]
        runs: Vec<PathBuf>,
    },
}
