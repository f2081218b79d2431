//! `bmae completions`.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;
use crate::ending::Ending;

/// Prints the completion script of a shell.
pub fn run(shell: Shell) -> Result<(), Ending> {
    // The generator panics where its stream is closed: it gets memory.
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "bmae", &mut script);
    Ok(io::stdout().lock().write_all(&script)?)
}
