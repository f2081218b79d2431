//! Features with what belongs to them.

use crate::evaluation::Features;

/// A row for each image.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureTable {
    /// [N, D], and the labels `[N]` where the images have some.
    pub features: Features,
    /// The file of each image as text, relative to the folder of all; empty where it has none of its own.
    pub files: Vec<String>,
    /// The names of the classes in the order of the labels; empty without labels.
    pub class_names: Vec<String>,
}
