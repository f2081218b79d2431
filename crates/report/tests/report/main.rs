//! The crate from outside: run directories on disk in, files of a report out.

mod experiment;
mod page;
mod reading;
mod results;
