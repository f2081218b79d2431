//! The binary `bmae`: arguments in, the libraries at work, the outcome as an exit code. No logic of its own.
//!
//! 0: done, also when whoever reads our output has had enough. 1: it failed. 2: it was asked for wrongly. 130: it was
//! interrupted. Every failure is one line on stderr.

mod advice;
mod arguments;
mod commands;
mod completion;
mod device;
mod ending;
mod estimate;
mod file_size_limit;
mod going_on;
mod gpu_memory;
mod help;
mod image_count;
mod interrupt;
mod launched;
mod layers;
mod means;
mod output;
mod path_list;
mod plan_time;
mod progress;
mod provenance;
mod ranks;
mod signals;
mod terminal;
mod threads;
mod width;

use std::process::ExitCode;

use bmae_kernels::out_of_memory::OutOfMemory;
use clap::{CommandFactory, FromArgMatches};
use mimalloc::MiMalloc;

use arguments::Arguments;

/// Keeps freed pages for the next step, where the system's allocator hands them back and fetches fresh ones; and says so
/// when there are none left.
#[global_allocator]
static ALLOCATOR: OutOfMemory<MiMalloc> = OutOfMemory::new(MiMalloc, advice::OUT_OF_MEMORY);

fn main() -> ExitCode {
    file_size_limit::becomes_an_error();
    if let Some(answered) = completion::answer(Arguments::command(), std::env::args_os()) {
        return if answered.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    #[cfg(feature = "gpu-spirv")]
    if device::trial::was_this() {
        return ExitCode::SUCCESS;
    }
    let arguments = match parsed() {
        Ok(arguments) => arguments,
        Err(error) => {
            if !launched::is_silent() || !error.use_stderr() {
                output::say_usage(&error);
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match commands::run(&arguments) {
        Ok(()) => {
            ranks::leave();
            ExitCode::SUCCESS
        }
        Err(ending) => {
            interrupt::before_the_last_line();
            if let (Some(line), Some(code)) = (ending.line(), ending.failure_code()) {
                ranks::abort(&line, code);
            }
            if let Some(line) = ending.line().filter(|_| !launched::is_silent()) {
                output::say(&line);
            }
            ranks::leave();
            ending.code()
        }
    }
}

/// What was typed. A mistake is answered with what was probably meant.
fn parsed() -> clap::error::Result<Arguments> {
    let mut program = help::fitted(Arguments::command(), help::columns());
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    match program.try_get_matches_from_mut(&words) {
        Ok(matches) => Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut program)),
        Err(error) => Err(advice::of_typed(error, &program, &words)),
    }
}
