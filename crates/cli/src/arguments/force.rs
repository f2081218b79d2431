//! `--force`, of every command that writes where the user says.

use bmae_output::claim::Foreign;
use clap::Args;

/// What becomes of files that bmae did not write.
#[derive(Clone, Copy, Debug, Args)]
pub struct Force {
    /// Replace files that bmae did not write, where they have the names of those that are written; all others stay
    #[arg(long)]
    force: bool,
}

impl From<Force> for Foreign {
    fn from(Force { force }: Force) -> Self {
        if force { Foreign::Replaced } else { Foreign::Kept }
    }
}
