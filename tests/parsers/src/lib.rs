//! What every parser of bmae promises of any bytes at all: it returns, without a panic, and without memory that its
//! input cannot account for. Each is a function of bytes here, through what its crate makes public.
//!
//! `tests/seeded.rs` gives them the corpus in `fuzz/corpus/` and mutations of it; `fuzz/fuzz_targets/` gives them to
//! libFuzzer.

mod cifar;
mod images;
mod memory;
pub mod mutation;
mod recipes;
mod runs;
mod scratch;
mod sets;
mod sweeps;
#[cfg(feature = "weights")]
mod weights;

pub use memory::{peak_of, watched};

/// A parser under test.
pub struct Parser {
    /// That of its fuzz target and of its folder in the corpus.
    pub name: &'static str,
    /// Gives it these bytes, and tells whether it took them.
    pub read: fn(&[u8]) -> bool,
}

/// All of them.
pub const PARSERS: &[Parser] = &[
    Parser { name: "image", read: images::image },
    Parser { name: "cifar_binary", read: cifar::binary },
    Parser { name: "cifar_archive", read: cifar::archive },
    Parser { name: "shard", read: sets::shard },
    Parser { name: "zip", read: sets::zip },
    Parser { name: "table", read: sets::table },
    Parser { name: "recipe", read: recipes::recipe },
    Parser { name: "setting", read: recipes::setting },
    Parser { name: "sweep", read: sweeps::sweep },
    Parser { name: "run_file", read: runs::run_file },
    Parser { name: "metrics", read: runs::metrics },
    #[cfg(feature = "weights")]
    Parser { name: "weights", read: weights::weights },
    #[cfg(feature = "weights")]
    Parser { name: "pickle", read: weights::pickle },
    #[cfg(feature = "weights")]
    Parser { name: "hugging_face", read: weights::hugging_face },
];

/// The parser called `name`.
///
/// # Panics
/// When there is none.
pub fn parser(name: &str) -> &'static Parser {
    PARSERS.iter().find(|parser| parser.name == name).unwrap_or_else(|| panic!("no parser is called {name}"))
}
