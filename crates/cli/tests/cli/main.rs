//! `bmae` as a user meets it: through the built binary, each test in a fresh folder of its own.

mod advice;
mod before_it_starts;
mod bench;
#[cfg(unix)]
mod bytes;
mod checkpoints;
mod collections;
mod commands;
mod damaged_runs;
mod data_sets;
#[cfg(unix)]
mod destinations;
mod downloads;
mod errors;
mod exports;
mod fixtures;
mod folder;
mod foreign_architecture;
mod inputs;
mod interruptions;
mod key_lists;
#[cfg(unix)]
mod limits;
#[cfg(unix)]
mod names;
mod output;
mod overwriting;
mod pictures;
mod port_checks;
mod predictions;
mod proposed_recipes;
mod resume;
mod shells;
mod sweeps;
