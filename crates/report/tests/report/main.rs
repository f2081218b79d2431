//! The crate from outside: run directories on disk in, files of a report out.

mod collection;
mod experiment;
mod figures;
mod findings;
mod page;
mod pictures;
mod reading;
mod results;
mod vendored;
