//! What leaves the program: files, each whole or not at all and where it was meant to go ([`whole_file`],
//! [`destination`]), how much room there is for them ([`free_space`]), what to do where the system refuses one
//! ([`remedy`]), how what bmae wrote is known again ([`mark`], [`own_folder`]) so that nothing else is overwritten
//! ([`claim`]), text that others wrote as a reader ([`plain`]) or a shell ([`shell`]) may have it, paths from the root
//! ([`absolute`]) and as text ([`path_text`]), and counts and durations in words ([`count`], [`duration`]). It knows
//! nothing of what is in a file.

pub mod absolute;
pub mod claim;
pub mod count;
pub mod csv_cell;
pub mod destination;
pub mod duration;
pub mod free_space;
pub mod leftovers;
pub mod mark;
pub mod own_folder;
pub mod path_text;
pub mod plain;
pub mod remedy;
pub mod shell;
pub mod whole_file;
