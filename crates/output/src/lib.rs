//! What leaves the program: files, each whole or not at all and where it was meant to go ([`whole_file`],
//! [`destination`]), what to do where the system refuses one ([`remedy`]), text that others wrote as a reader
//! ([`plain`]) or a shell ([`shell`]) may have it, and counts and durations in words ([`count`], [`duration`]). It knows
//! nothing of what is written.

pub mod count;
pub mod destination;
pub mod duration;
pub mod leftovers;
pub mod plain;
pub mod remedy;
pub mod shell;
pub mod whole_file;
