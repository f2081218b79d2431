//! Where images come from: two keys of `[data]`, one setting.

use std::path::{Path, PathBuf};

use bmae_output::path_text::{from_text, to_text};

use crate::given::GivenKeys;
use crate::key::{AnyKey, TextRange};
use crate::section::{Field, Keys, section};
use crate::toml_text::TomlText;

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// Generated shapes; they need no files. What they look like is in the recipe's own keys.
    Shapes,
    /// CIFAR-10.
    Cifar10 {
        /// The folder in which it lies.
        root: PathBuf,
    },
    /// CIFAR-100.
    Cifar100 {
        /// The folder in which it lies.
        root: PathBuf,
    },
    /// An absolute path to a folder or an archive whose kind is recognised by what it holds.
    Path(PathBuf),
}

section! {
    keys SourceKeys, in "data", read by all {
        /// Data set: "shapes", "cifar10", "cifar100" or a path
        /// "shapes" is generated and needs no files. A path is CIFAR-10 or CIFAR-100 in binary form; a folder or a .zip with
        /// train/<class>/ and test/<class>/, with <class>/, or with images without labels; a .csv of file,label; or shards: a
        /// .tar, a folder of them, or a pattern like train-{000..009}.tar. Like every path of a recipe file, a relative one
        /// begins in the folder of that file.
        source: String = "shapes".to_owned(),
            in TextRange { allowed: "\"shapes\", \"cifar10\", \"cifar100\" or a path", fits: |text| !text.is_empty() };
        /// Folder that holds "cifar10" and "cifar100"
        /// Default: `bmae` in the user's cache folder, where downloads go.
        root: String = dirs::cache_dir().map_or(String::new(), |cache| to_text(cache.join("bmae"))),
            in TextRange { allowed: "a path", fits: |text| !text.is_empty() };
    }
}

impl Field for DataSource {
    type Keys = &'static SourceKeys;
}

impl Keys for SourceKeys {
    type Settings = DataSource;

    fn list(&'static self) -> Vec<&'static dyn AnyKey> {
        self.all()
    }

    /// The root of a named data set is empty where neither a key nor the system names a folder.
    fn read(&self, given: &GivenKeys) -> DataSource {
        let root = || absolute(&from_text(&given.get(&self.root)));
        match given.get(&self.source).as_str() {
            "shapes" => DataSource::Shapes,
            "cifar10" => DataSource::Cifar10 { root: root() },
            "cifar100" => DataSource::Cifar100 { root: root() },
            path => DataSource::Path(absolute(&from_text(path))),
        }
    }

    fn write(&self, source: &DataSource, out: &mut TomlText) {
        out.put(&self.source, &source.text());
        out.put_given(&self.root, source.root().map(to_text));
    }
}

impl DataSource {
    /// As the recipe writes it: a name, or the path as text that is read back.
    pub fn text(&self) -> String {
        match self {
            DataSource::Shapes => "shapes".to_owned(),
            DataSource::Cifar10 { .. } => "cifar10".to_owned(),
            DataSource::Cifar100 { .. } => "cifar100".to_owned(),
            DataSource::Path(path) => to_text(path),
        }
    }

    /// The path that is the source; `None` where it is a name.
    pub fn path(&self) -> Option<&Path> {
        match self {
            DataSource::Path(path) => Some(path),
            DataSource::Shapes | DataSource::Cifar10 { .. } | DataSource::Cifar100 { .. } => None,
        }
    }

    /// Where "cifar10" and "cifar100" lie; `None` where the source is neither.
    pub fn root(&self) -> Option<&Path> {
        match self {
            DataSource::Cifar10 { root } | DataSource::Cifar100 { root } => Some(root),
            DataSource::Shapes | DataSource::Path(_) => None,
        }
    }
}

/// So that a run's recipe means the same from any folder.
pub(super) fn absolute(path: &Path) -> PathBuf {
    bmae_output::absolute::absolute(path)
}
