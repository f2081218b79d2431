//! The binary `bmae`: arguments in, the libraries at work, the outcome as an exit code. No logic of its own.
//!
//! 0: done, also when whoever reads our output has had enough. 1: it failed. 2: it was asked for wrongly. 130: it was
//! interrupted. Every failure is one line on stderr.

mod advice;
mod arguments;
mod commands;
mod ending;
mod estimate;
mod file_size_limit;
mod interrupt;
mod layers;
mod output;
mod plan_time;
mod progress;
mod provenance;
mod terminal;
mod threads;
mod width;

use std::process::ExitCode;

use bmae_kernels::out_of_memory::OutOfMemory;
use clap::Parser;
use mimalloc::MiMalloc;

use arguments::Arguments;

/// Keeps freed pages for the next step, where the system's allocator hands them back and fetches fresh ones; and says so
/// when there are none left.
#[global_allocator]
static ALLOCATOR: OutOfMemory<MiMalloc> = OutOfMemory::new(MiMalloc, advice::OUT_OF_MEMORY);

fn main() -> ExitCode {
    file_size_limit::becomes_an_error();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            output::say_usage(&error);
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
