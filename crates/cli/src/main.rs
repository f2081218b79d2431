//! The binary `bmae`: arguments in, the libraries at work, the outcome as an exit code. No logic of its own.
//!
//! 0: done, also when whoever reads our output has had enough. 1: it failed. 2: it was asked for wrongly. 130: it was
//! interrupted. Every failure is one line on stderr.

mod advice;
mod arguments;
mod commands;
mod ending;
mod interrupt;
mod layers;
mod output;
mod progress;
mod provenance;
mod threads;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

/// Keeps freed pages for the next step, where the system's allocator hands them back and fetches fresh ones.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are not errors; clap knows which stream and which code they want. If that stream is
            // closed there is nobody left to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match commands::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ending) => {
            if let Some(line) = ending.line() {
                output::say(&line);
            }
            ending.code()
        }
    }
}
