//! The recipes that are built in, and recipe files.

use std::path::{Path, PathBuf};

use bmae_output::path_text::from_text;
use bmae_output::plain::name_of_path;

use super::choices::Choice;
use super::error::{Place, RecipeError};
use super::meanings::meant_word;
use super::suggestion::did_you_mean;

/// A recipe that is built in: a file of `configs/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Generated shapes and a small model: minutes.
    Quick,
    /// CIFAR-10 on a CPU: hours.
    Mini,
    /// The published setting.
    Paper,
}

impl Choice for Preset {
    const ALL: &'static [(Self, &'static str)] =
        &[(Preset::Quick, "quick"), (Preset::Mini, "mini"), (Preset::Paper, "paper")];
}

impl Preset {
    /// Its TOML, comments included.
    pub fn text(self) -> &'static str {
        match self {
            Preset::Quick => include_str!("../../../configs/quick.toml"),
            Preset::Mini => include_str!("../../../configs/mini.toml"),
            Preset::Paper => include_str!("../../../configs/paper.toml"),
        }
    }
}

/// The lowest layer of a recipe: a preset's name, or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresetChoice {
    /// One that is built in.
    Builtin(Preset),
    /// A recipe of the user's own; keys that it leaves out have their defaults.
    File {
        /// Where it was read from.
        path: PathBuf,
        /// What it says.
        text: String,
    },
}

impl Default for PresetChoice {
    fn default() -> Self {
        PresetChoice::Builtin(Preset::Quick)
    }
}

impl PresetChoice {
    /// Finds the preset called `name`, or reads the recipe file at that path: a file is whatever ends in `.toml` or
    /// contains a path separator.
    pub fn read(name: &str) -> Result<PresetChoice, RecipeError> {
        if let Some(preset) = Preset::from_word(name) {
            return Ok(PresetChoice::Builtin(preset));
        }
        let path = from_text(name);
        let is_a_file = path.extension().is_some_and(|extension| extension == "toml");
        if !is_a_file && path.components().count() < 2 {
            return Err(RecipeError::UnknownPreset { name: name.to_owned(), hint: hint(name) });
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(PresetChoice::File { path, text }),
            Err(source) => Err(RecipeError::UnreadableFile { path, source }),
        }
    }

    /// What this preset is called in the name of a run: `quick`, or the file's name without `.toml`.
    pub fn name(&self) -> String {
        match self {
            PresetChoice::Builtin(preset) => preset.word().to_owned(),
            PresetChoice::File { path, .. } => path.file_stem().map_or_else(|| "recipe".to_owned(), name_of_path),
        }
    }

    /// The file, where it is one: its relative paths begin in its folder.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            PresetChoice::Builtin(_) => None,
            PresetChoice::File { path, .. } => Some(path),
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            PresetChoice::Builtin(preset) => preset.text(),
            PresetChoice::File { text, .. } => text,
        }
    }

    pub(crate) fn place(&self) -> Place {
        match self {
            PresetChoice::Builtin(preset) => Place::Preset(preset.word()),
            PresetChoice::File { path, .. } => Place::File(path.clone()),
        }
    }
}

/// What is said behind the name of a preset that there is none of: a recipe file of that name, or the nearest preset.
fn hint(name: &str) -> String {
    let file = format!("{name}.toml");
    if Path::new(&file).is_file() {
        return did_you_mean(Some(&file));
    }
    let presets: Vec<&str> = Preset::ALL.iter().map(|(_, word)| *word).collect();
    did_you_mean(meant_word(name, &presets))
}
