//! Weights that a recipe names, by a path and a checksum: what a student begins with, or what teaches it.

use std::path::{Path, PathBuf};

use bmae_output::path_text::{from_text, to_text};

use super::source::absolute;
use crate::given::GivenKeys;
use crate::key::{AnyKey, Key, TextRange};
use crate::section::{Field, Keys, section};
use crate::toml_text::TomlText;

/// Weights that a recipe names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenWeights {
    /// A run directory, a Hugging Face folder or a weights file; absolute.
    pub path: PathBuf,
    /// The SHA-256 of the file that holds them, in hexadecimal digits; `None` before a run began with them.
    pub sha256: Option<String>,
}

pub(super) const PATH: TextRange = TextRange { allowed: "a path", fits: |_| true };
pub(super) const SHA256: TextRange = TextRange {
    allowed: "64 hexadecimal digits, or empty",
    fits: |text| text.is_empty() || (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())),
};

section! {
    keys StartKeys, in "pretrain", read by [Pretrain] {
        /// Weights that the student begins with: a run directory, a Hugging Face folder or a weights file
        /// Empty: random weights, drawn from seed. The decoder is taken where it fits.
        from: String = String::new(), in PATH;
        /// SHA-256 of the file that holds the weights of pretrain.from
        /// A run writes it down when it begins; other weights are refused while no epoch is done.
        from_sha256: String = String::new(), in SHA256;
    }
}

impl Field for Option<GivenWeights> {
    type Keys = &'static StartKeys;
}

impl Keys for StartKeys {
    type Settings = Option<GivenWeights>;

    fn list(&'static self) -> Vec<&'static dyn AnyKey> {
        self.all()
    }

    fn read(&self, given: &GivenKeys) -> Option<GivenWeights> {
        GivenWeights::read(given, &self.from, &self.from_sha256)
    }

    fn write(&self, weights: &Option<GivenWeights>, out: &mut TomlText) {
        if let Some(weights) = weights {
            weights.write(&self.from, &self.from_sha256, out);
        }
    }
}

impl GivenWeights {
    /// The weights at `path`, whichever they are.
    pub fn at(path: &Path) -> Self {
        Self { path: absolute(path), sha256: None }
    }

    pub(super) fn read(given: &GivenKeys, from: &Key<String>, from_sha256: &Key<String>) -> Option<Self> {
        let filled = |key| Some(given.get(key)).filter(|text: &String| !text.is_empty());
        let sha256 = filled(from_sha256).map(|digits| digits.to_ascii_lowercase());
        Some(Self { sha256, ..Self::at(&from_text(&filled(from)?)) })
    }

    pub(super) fn write(&self, from: &Key<String>, from_sha256: &Key<String>, out: &mut TomlText) {
        out.put(from, &to_text(&self.path));
        out.put_given(from_sha256, self.sha256.clone());
    }
}
