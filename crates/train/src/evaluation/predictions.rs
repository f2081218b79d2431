//! What a classifier said of every test image at the end of an evaluation (`docs/formats.md`, "Test predictions").

use std::collections::BTreeMap;

use bmae_data::Images;
use bmae_output::csv_cell::csv_cell;
use bmae_output::plain::{plain, plain_path};

use super::ranking::{RankedClass, ranked_by_votes};
use super::{Features, NearestNeighbours, nearest_neighbours_votes};
use crate::Session;

/// Classes that are kept of each image.
pub(super) const KEPT: usize = 5;

/// What the least significant digit of a written probability is worth.
const DIGITS: f64 = 1e6;

/// The predictions for the images of a test set, in its order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TestPredictions {
    images: Vec<Prediction>,
}

/// What was said of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Its class.
    pub label: usize,
    /// The most probable classes, most probable first; at least one.
    pub ranked: Vec<RankedClass>,
}

impl Prediction {
    /// The most probable class.
    pub fn predicted(&self) -> RankedClass {
        self.ranked.first().copied().unwrap_or(RankedClass { class: 0, probability: f64::NAN })
    }

    /// Whether the most probable class is the right one.
    pub fn is_right(&self) -> bool {
        self.predicted().class == self.label
    }

    /// The probability of the most probable class as it is written.
    fn written_confidence(&self) -> u64 {
        // No number becomes 0.
        (self.predicted().probability * DIGITS).round() as u64
    }
}

impl TestPredictions {
    /// What the neighbours among `train` vote for each of `test`, of `classes` classes; empty where one of them is empty
    /// or unlabelled.
    pub fn by_neighbours(
        session: &Session<'_>,
        settings: NearestNeighbours,
        train: &Features,
        test: &Features,
        classes: usize,
    ) -> Self {
        let mut predictions = Self::default();
        if !test.labels.is_empty() {
            nearest_neighbours_votes(session, settings, train, test, classes, |row, votes| {
                predictions.push(test.labels[row], ranked_by_votes(votes, KEPT));
            });
        }
        predictions
    }

    /// Adds the next image: its `label` and its classes, most probable first.
    pub(super) fn push(&mut self, label: i64, ranked: Vec<RankedClass>) {
        self.images.push(Prediction { label: usize::try_from(label).unwrap_or_default(), ranked });
    }

    /// The images.
    pub fn images(&self) -> &[Prediction] {
        &self.images
    }

    /// Top-1 in percent; `None` where there is no image.
    pub fn top1(&self) -> Option<f64> {
        let correct = self.images.iter().filter(|image| image.is_right()).count();
        (!self.images.is_empty()).then(|| 100.0 * correct as f64 / self.images.len() as f64)
    }

    /// The places of at most `most` images of which a wrong class was said, the most probable first; of equals, as the
    /// file has them, the first.
    pub fn mistakes(&self, most: usize) -> Vec<usize> {
        let mut wrong: Vec<usize> = (0..self.images.len()).filter(|&image| !self.images[image].is_right()).collect();
        wrong.sort_by_key(|&image| std::cmp::Reverse(self.images[image].written_confidence()));
        wrong.truncate(most);
        wrong
    }

    /// The file of the predictions for `images`, whose classes are called `class_names`: a line for each class that was
    /// kept of each image.
    pub fn to_csv(&self, images: &dyn Images, class_names: &[String]) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail: every row has as many cells as the header.
        let _ = writer.write_record(["image", "file", "label", "rank", "class", "probability"]);
        let names: Vec<String> = class_names.iter().map(|name| csv_cell(name)).collect();
        let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
        for (index, image) in self.images.iter().enumerate() {
            let (file, label) = (file_cell(images, index), name(image.label));
            for (rank, RankedClass { class, probability }) in image.ranked.iter().enumerate() {
                let (index, rank) = (index.to_string(), (rank + 1).to_string());
                let _ =
                    writer.write_record([&index, &file, &label, &rank, &name(*class), &format!("{probability:.6}")]);
            }
        }
        writer.into_inner().unwrap_or_default()
    }

    /// Which classes, called `class_names`, are recognised least, and which is taken for which most often, in words;
    /// `None` where there is no mistake.
    pub fn hardest(&self, class_names: &[String]) -> Option<String> {
        let mut classes: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        let mut pairs: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for image in &self.images {
            let (images, right) = classes.entry(image.label).or_default();
            *images += 1;
            *right += usize::from(image.is_right());
            if !image.is_right() {
                *pairs.entry((image.label, image.predicted().class)).or_default() += 1;
            }
        }
        let share = |part: usize, class: usize| 100.0 * part as f64 / classes[&class].0 as f64;
        let name = |class: usize| {
            class_names.get(class).map_or_else(|| format!("class {class}"), |name| plain(name).into_owned())
        };
        let mut hardest: Vec<(f64, usize)> = classes.iter().map(|(&class, of)| (share(of.1, class), class)).collect();
        hardest.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        hardest.retain(|(accuracy, _)| *accuracy < 100.0);
        let mut confused: Vec<(f64, (usize, usize))> =
            pairs.iter().map(|(&pair, &count)| (share(count, pair.0), pair)).collect();
        confused.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (of_class, (class, taken_for)) = *confused.first()?;
        // Where there are only two or three, the second is no longer the exception.
        let shown = if classes.len() > 3 { 2 } else { 1 };
        let hardest: Vec<String> =
            hardest.iter().take(shown).map(|(accuracy, class)| format!("{} {accuracy:.0} %", name(*class))).collect();
        let word = if hardest.len() == 1 { "class" } else { "classes" };
        let (class, taken_for) = (name(class), name(taken_for));
        Some(format!("hardest {word}: {}; most confused: {class} as {taken_for} ({of_class:.0} %)", hardest.join(", ")))
    }
}

/// The file of image `index` of `images` as a cell; empty where it has none of its own.
pub(super) fn file_cell(images: &dyn Images, index: usize) -> String {
    images.file(index).map(|file| csv_cell(&plain_path(file))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bmae_data::{DataError, Image};
    use std::path::Path;

    /// Images that have nothing but labels, the first of them a file.
    struct Named(usize);

    impl Images for Named {
        fn len(&self) -> usize {
            self.0
        }

        fn image(&self, _index: usize) -> Result<Image, DataError> {
            Image::new(1, 1, vec![0; 3])
        }

        fn label(&self, _index: usize) -> Option<usize> {
            Some(0)
        }

        fn file(&self, index: usize) -> Option<&Path> {
            (index == 0).then_some(Path::new("test/a, b/1.png"))
        }
    }

    fn of(images: &[(i64, &[(usize, f64)])]) -> TestPredictions {
        let mut predictions = TestPredictions::default();
        for (label, ranked) in images {
            let ranked = ranked.iter().map(|&(class, probability)| RankedClass { class, probability });
            predictions.push(*label, ranked.collect());
        }
        predictions
    }

    #[test]
    fn the_file_has_a_line_for_each_class_of_each_image_and_names_that_a_spreadsheet_reads_as_text() {
        let predictions = of(&[(1, &[(0, 0.75), (1, 0.25)]), (0, &[(0, 1.0 / 3.0)])]);
        let names = ["a, b".to_owned(), "=1".to_owned()];
        let text = String::from_utf8(predictions.to_csv(&Named(2), &names)).expect("text");
        let expected = "image,file,label,rank,class,probability\n0,\"test/a, b/1.png\",'=1,1,\"a, b\",0.750000\n\
                        0,\"test/a, b/1.png\",'=1,2,'=1,0.250000\n1,,\"a, b\",1,\"a, b\",0.333333\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_most_confident_mistakes_come_first_and_of_equals_as_written_the_first() {
        let wrong = |probability| (1, [(0, probability)]);
        let images = [wrong(0.5), wrong(0.9), (0, [(0, 0.99)]), wrong(0.5 + 1e-8), wrong(0.4)];
        let images: Vec<(i64, &[(usize, f64)])> = images.iter().map(|(label, ranked)| (*label, &ranked[..])).collect();
        assert_eq!(of(&images).mistakes(9), [1, 0, 3, 4]);
        assert_eq!(of(&images).mistakes(2), [1, 0]);
        assert_eq!(of(&images).top1(), Some(20.0));
    }

    #[test]
    fn the_hardest_classes_and_the_most_confused_pair_are_named() {
        let names = ["cat", "dog", "bird", "ship"].map(str::to_owned);
        let said = |label: i64, class: usize| (label, [(class, 1.0)]);
        let images = [said(0, 1), said(0, 1), said(0, 0), said(0, 2), said(1, 1), said(1, 0), said(2, 2), said(3, 3)];
        let images: Vec<(i64, &[(usize, f64)])> = images.iter().map(|(label, ranked)| (*label, &ranked[..])).collect();
        let words = "hardest classes: cat 25 %, dog 50 %; most confused: cat as dog (50 %)";
        assert_eq!(of(&images).hardest(&names).as_deref(), Some(words));
        assert_eq!(of(&images[4..5]).hardest(&names), None, "no mistake");
        let two = "hardest class: dog 50 %; most confused: dog as cat (50 %)";
        assert_eq!(of(&images[4..6]).hardest(&names).as_deref(), Some(two));
    }
}
