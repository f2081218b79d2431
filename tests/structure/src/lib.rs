//! Checks on the sources of the workspace, as text: they compile none of its crates.
//!
//! `tests/house.rs` runs them; `cargo test -p bmae-structure -- --nocapture` prints what they find, crate by crate.

pub mod circles;
pub mod command_line;
pub mod dependencies;
pub mod folders;
pub mod modules;
pub mod program_code;
pub mod public_types;
pub mod resolve;
pub mod sources;
pub mod tokens;
