//! Classes of images whose labels are words or numbers in a file.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use bmae_output::plain::plain;

use crate::DataError;
use crate::error::LabelError;

/// The file with a class name a line that may lie beside labels.
pub const NAMES_FILE: &str = "classes.txt";
/// No such file is longer, in bytes.
const LONGEST: u64 = 16 << 20;
/// How many classes an error names.
const NAMED: usize = 10;

/// The classes of a data set, and the number that stands for each label.
pub struct ClassList {
    names: Vec<String>,
    /// By the text of the label.
    numbers: HashMap<String, usize>,
}

impl ClassList {
    /// The classes that the labels of the training images make: all different ones, as numbers where all are whole
    /// numbers, else by their letters.
    pub fn of_labels<'a>(labels: impl Iterator<Item = &'a str>) -> Self {
        let mut names: Vec<String> = labels.collect::<BTreeSet<&str>>().into_iter().map(str::to_owned).collect();
        let number = |name: &String| name.parse::<i128>().ok();
        if names.iter().all(|name| number(name).is_some()) {
            names.sort_by_key(number);
        }
        let numbers = names.iter().cloned().zip(0..).collect();
        Self { names, numbers }
    }

    /// The classes of `classes.txt` in `folder`, one on each line, if it is there. Labels are then their names or, where
    /// none of them is a name, their numbers from 0 on.
    ///
    /// # Errors
    /// When the file cannot be read, or names a class twice.
    pub fn beside<'a>(folder: &Path, mut labels: impl Iterator<Item = &'a str>) -> Result<Option<Self>, DataError> {
        let path = folder.join(NAMES_FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let read = |file| std::io::Read::read_to_end(&mut std::io::Read::take(file, LONGEST), &mut bytes);
        std::fs::File::open(&path).and_then(read).map_err(DataError::io("read", &path))?;
        let text = String::from_utf8_lossy(&bytes);
        let names: Vec<String> =
            text.lines().map(|line| line.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let mut numbers = HashMap::new();
        for (number, name) in names.iter().enumerate() {
            if numbers.insert(name.clone(), number).is_some() {
                return Err(LabelError::NamedTwice { path, name: name.clone() }.into());
            }
        }
        if !labels.any(|label| numbers.contains_key(label)) {
            numbers = (0..names.len()).map(|number| (number.to_string(), number)).collect();
        }
        Ok(Some(Self { names, numbers }))
    }

    /// The number of the class that `label` stands for.
    ///
    /// # Errors
    /// When no class has it; `place` says where it stands.
    pub fn number(&self, label: &str, place: impl FnOnce() -> String) -> Result<usize, DataError> {
        self.numbers.get(label).copied().ok_or_else(|| {
            let mut classes: Vec<String> = self.names.iter().take(NAMED).map(|name| plain(name).into_owned()).collect();
            if self.names.len() > NAMED {
                classes.push(format!("and {} more", self.names.len() - NAMED));
            }
            LabelError::NoSuchClass { place: place(), label: label.to_owned(), classes: classes.join(", ") }.into()
        })
    }

    /// The names of the classes, in the order of their numbers.
    pub fn into_names(self) -> Vec<String> {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(labels: &[&str]) -> Vec<String> {
        ClassList::of_labels(labels.iter().copied()).into_names()
    }

    #[test]
    fn whole_numbers_come_in_their_order_and_words_in_that_of_their_letters() {
        assert_eq!(names(&["10", "9", "0", "9", "-1"]), ["-1", "0", "9", "10"]);
        assert_eq!(names(&["dog", "cat", "10", "9"]), ["10", "9", "cat", "dog"]);
        assert!(names(&[]).is_empty());
    }

    #[test]
    fn a_label_that_no_class_has_is_named_with_its_place_and_the_classes() {
        let list = ClassList::of_labels(["cat", "dog"].into_iter());
        assert_eq!(list.number("dog", String::new).expect("a class"), 1);
        let error = list.number("bird", || "line 7".to_owned()).expect_err("no class").to_string();
        assert_eq!(error, "line 7 has the label bird, but no class has it: the classes are cat, dog");
    }

    #[test]
    fn names_beside_the_labels_are_their_own_or_those_of_their_numbers() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |labels: &[&str]| ClassList::beside(folder.path(), labels.iter().copied()).expect("readable");
        assert!(of(&["cat"]).is_none());
        std::fs::write(folder.path().join(NAMES_FILE), "dog\ncat \n\n").expect("room");
        assert_eq!(of(&["cat"]).expect("names").number("cat", String::new).expect("a class"), 1);
        let numbered = of(&["0", "1"]).expect("names");
        assert_eq!(numbered.number("1", String::new).expect("a class"), 1);
        let error = numbered.number("2", || "x".to_owned()).expect_err("two classes").to_string();
        assert!(error.contains("the label 2") && error.contains("dog, cat"), "{error}");
        std::fs::write(folder.path().join(NAMES_FILE), "dog\ndog\n").expect("room");
        assert!(ClassList::beside(folder.path(), std::iter::empty()).is_err());
    }
}
