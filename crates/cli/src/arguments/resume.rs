//! `bmae resume`.

use std::path::PathBuf;

use clap::Args;

/// `bmae resume`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bmae resume runs/mae
  bmae resume runs/quick
  bmae resume runs/mae --epochs 400

What is asked of a run stands in its folder: no option of the command that began it is given again, but --threads and --device \
where they should not be the default. The folder of reproduce or sweep goes on with everything that was asked for there, up to \
the report; any other folder with all runs in it that have begun.

With --epochs, the next epoch has the learning rate that a training of N epochs has there, and so on to its end: after a \
training that was finished it rises again. The recipe tells it (replanned). In the folder of reproduce or sweep, --epochs gives N \
epochs to every pre-training, once all are finished, and repeats the evaluations.")]
pub struct Resume {
    /// Runs of any stage, or folders of reproduce, sweep or runs
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Train for N epochs in all, instead of those planned until now
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// Where the same images lie now [default: where they were]
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}
