//! The crate from outside: run directories on disk in, files of a report out.

mod ablations;
mod classes;
mod collection;
mod cost;
mod experiment;
mod figures;
mod findings;
mod legends;
mod lines;
mod losses;
mod outdated;
mod page;
mod pictures;
mod published;
mod reading;
mod rendered;
mod results;
mod stability;
mod sweeps;
mod tabs;
mod terminal;
mod vendored;
