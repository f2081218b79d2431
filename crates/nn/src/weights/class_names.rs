//! The names of the classes that a head tells apart, carried in the metadata.

use serde_json::{Value, json};

use super::architecture::Architecture;
use super::state_dict::StateDict;

/// The metadata key under which a classifier carries the names of its classes: a JSON list of strings, in the order of
/// the labels.
pub const CLASSES_KEY: &str = "bmae.classes";

impl StateDict {
    /// The names of the classes, in the order of the rows of the head, if the weights carry as many as the head has
    /// rows; `None` where they carry none, or have no head.
    pub fn class_names(&self) -> Option<Vec<String>> {
        let names: Vec<String> = serde_json::from_str(self.metadata.get(CLASSES_KEY)?).ok()?;
        (Architecture::of(self).classes == Some(names.len())).then_some(names)
    }

    /// Carries `names`, one for each row of the head, from now on; where there are none, nothing changes.
    pub fn name_classes(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.metadata.insert(CLASSES_KEY.to_owned(), Value::to_string(&json!(names)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::Array;

    #[test]
    fn names_of_any_characters_read_back_where_the_head_has_as_many_rows() {
        let names: Vec<String> =
            ["=1+1", "a,\"b\"\n", "\u{202e}x", "\\", "", "chat & chien \u{1F431}"].map(str::to_owned).into();
        let mut weights = StateDict::default();
        weights.name_classes(&names);
        assert_eq!(weights.class_names(), None, "without a head there are no classes");
        let head = |rows: usize| Array { shape: vec![rows, 2], values: vec![0.5; 2 * rows] };
        for (rows, expected) in [(6, Some(names)), (5, None)] {
            weights.tensors.insert("head.weight".to_owned(), head(rows));
            weights.tensors.insert("head.bias".to_owned(), Array { shape: vec![rows], values: vec![0.0; rows] });
            let read = StateDict::from_bytes(&weights.to_bytes().expect("bytes"), "test").expect("it reads");
            assert_eq!(read.class_names(), expected, "{rows}");
        }
    }

    #[test]
    fn what_is_no_list_of_names_names_no_class() {
        let mut weights = StateDict::default();
        weights.tensors.insert("head.weight".to_owned(), Array { shape: vec![2, 1], values: vec![0.0; 2] });
        weights.tensors.insert("head.bias".to_owned(), Array { shape: vec![2], values: vec![0.0; 2] });
        for text in ["", "cat,dog", "[1, 2]", "{\"0\": \"cat\"}", "[\"cat\""] {
            weights.metadata.insert(CLASSES_KEY.to_owned(), text.to_owned());
            assert_eq!(weights.class_names(), None, "{text}");
        }
    }
}
