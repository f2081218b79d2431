//! Completion in the shell: the script of a shell asks this program for the words that may follow.

mod bash;
mod candidates;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{Arg, Command};
use clap_complete::engine::ArgValueCompleter;
use clap_complete::env::{EnvCompleter, Shells};

use bash::Bash;

/// The variable with which a script asks; its value is the shell's name.
const VARIABLE: &str = "BMAE_COMPLETE";

/// The script of `shell`, which asks the `bmae` that stands in the search path.
///
/// # Errors
/// When there is no such shell.
pub fn script(shell: &str) -> io::Result<Vec<u8>> {
    let mut script = Vec::new();
    of_shell(shell)?.write_registration(VARIABLE, "bmae", "bmae", "bmae", &mut script)?;
    Ok(script)
}

/// Answers a script that asks what may follow the `words` that were typed: those behind `--`. `None` where none asks.
pub fn answer(program: Command, words: impl Iterator<Item = OsString>) -> Option<io::Result<()>> {
    let shell = std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let words: Vec<OsString> = words.skip_while(|word| word != "--").skip(1).collect();
    Some(write_answer(&shell.to_string_lossy(), program, words))
}

fn write_answer(shell: &str, program: Command, words: Vec<OsString>) -> io::Result<()> {
    let mut program = with_candidates(program);
    let mut answer = Vec::new();
    let here = std::env::current_dir().ok();
    of_shell(shell)?.write_complete(&mut program, words, here.as_deref(), &mut answer)?;
    io::stdout().lock().write_all(&answer)
}

fn of_shell(name: &str) -> io::Result<&'static dyn EnvCompleter> {
    let unknown =
        || io::Error::new(io::ErrorKind::InvalidInput, format!("there is no completion for the shell {name}"));
    match name {
        "bash" => Ok(&Bash),
        _ => Shells::builtins().0.iter().copied().find(|shell| shell.is(name)).ok_or_else(unknown),
    }
}

/// `command` and all below it, with what may stand for each argument that is not one of a few fixed words.
fn with_candidates(command: Command) -> Command {
    command.mut_args(with_candidates_of).mut_subcommands(with_candidates)
}

fn with_candidates_of(argument: Arg) -> Arg {
    let complete: fn(&std::ffi::OsStr) -> Vec<_> = match argument.get_id().as_str() {
        "preset" => candidates::presets,
        "sweep" => candidates::sweeps,
        "data" => candidates::data,
        "set" => candidates::settings,
        "words" => candidates::key_paths,
        "grid" => candidates::grids,
        "from" if takes_scratch(&argument) => candidates::weights_or_scratch,
        "from" | "weights" | "target" | "file" => candidates::weights,
        "trunk" | "runs" | "paths" | "run" | "a" | "b" => candidates::runs,
        _ => return argument,
    };
    argument.add(ArgValueCompleter::new(complete))
}

fn takes_scratch(argument: &Arg) -> bool {
    argument.get_value_names().is_some_and(|names| names.iter().any(|name| name.contains("scratch")))
}
