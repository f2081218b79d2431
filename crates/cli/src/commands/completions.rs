//! `bmae completions`.

use std::io::{self, Write};

use clap_complete::Shell;

use crate::completion;
use crate::ending::Ending;

/// Prints the completion script of a shell.
pub fn run(shell: Shell) -> Result<(), Ending> {
    Ok(io::stdout().lock().write_all(&completion::script(&shell.to_string())?)?)
}
