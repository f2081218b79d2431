//! What an evaluation said of its test images, counted.

use super::calibration::Calibration;
use super::confusion::ConfusionMatrix;
use crate::run_directory::{PredictedImage, Run, each_prediction};

/// Mistakes that are kept, as many as an evaluation draws.
const MISTAKES: usize = 20;
/// From more classes on the five most probable ones count too.
const TOP5_ABOVE: usize = 10;

/// The predictions for a test set, counted.
#[derive(Debug, Clone, PartialEq)]
pub struct TestOutcome {
    /// What the classes are called, as the data set has them.
    pub class_names: Vec<String>,
    /// Which class was taken for which.
    pub confusion: ConfusionMatrix,
    /// How sure it was, and how often right.
    pub calibration: Calibration,
    /// The most confident mistakes of the first seed, most confident first.
    pub mistakes: Vec<Mistake>,
    /// Seeds that it adds up.
    pub seeds: u64,
    /// Images whose class is among the five most probable ones.
    top5_right: u64,
}

/// An image of which a wrong class was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// Its number in the test set.
    pub index: u64,
    /// Its file; empty where it has none of its own.
    pub file: String,
    /// Its class.
    pub label: usize,
    /// The class that was said.
    pub said: usize,
    /// The probability of that.
    pub probability: f64,
}

impl TestOutcome {
    /// That of a finished evaluation; `None` where it left no predictions, as those of earlier versions.
    ///
    /// # Errors
    /// In a clause, why its predictions are not to be read: the file is damaged, or is not of the weights whose top-1 the
    /// run reports.
    pub fn of(run: &Run) -> Result<Option<Self>, String> {
        let Some(top1) = run.top1().filter(|_| run.about.finished && !run.outdated) else { return Ok(None) };
        let classes = run.about.class_names.len();
        let mut outcome = Self {
            class_names: run.about.class_names.clone(),
            confusion: ConfusionMatrix::new(classes),
            calibration: Calibration::default(),
            mistakes: Vec::new(),
            seeds: 1,
            top5_right: 0,
        };
        if !each_prediction(run, |image| outcome.add(image))? {
            return Ok(None);
        }
        outcome.rank_mistakes();
        let counted = outcome.confusion.accuracy().map(|accuracy| 100.0 * accuracy);
        match counted {
            Some(counted) if (counted - top1).abs() < 1e-6 => Ok(Some(outcome)),
            _ => Err(format!(
                "its predictions have a top-1 of {:.2} %, the run reports {top1:.2} %: they are not of the same weights",
                counted.unwrap_or_default()
            )),
        }
    }

    fn add(&mut self, image: &PredictedImage) {
        let Some(&(said, probability)) = image.ranked.first() else { return };
        self.confusion.add(image.label, said);
        self.calibration.add(probability, said == image.label);
        self.top5_right += u64::from(image.ranked.iter().take(5).any(|(class, _)| *class == image.label));
        if said != image.label {
            let PredictedImage { index, file, label, .. } = image.clone();
            self.mistakes.push(Mistake { index, file, label, said, probability });
            if self.mistakes.len() > 100 * MISTAKES {
                self.rank_mistakes();
            }
        }
    }

    /// Keeps the most confident mistakes; of equals the first images.
    fn rank_mistakes(&mut self) {
        self.mistakes.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.index.cmp(&b.index)));
        self.mistakes.truncate(MISTAKES);
    }

    /// Adds that of another seed; nothing where its classes are others.
    pub fn join(&mut self, other: &Self) {
        if self.class_names == other.class_names {
            self.confusion.join(&other.confusion);
            self.calibration.join(&other.calibration);
            self.top5_right += other.top5_right;
            self.seeds += other.seeds;
        }
    }

    /// The share of images whose class is among the five most probable ones; `None` for up to ten classes, of which five
    /// are half.
    pub fn top5(&self) -> Option<f64> {
        let images = self.confusion.images();
        (self.class_names.len() > TOP5_ABOVE && images > 0).then(|| self.top5_right as f64 / images as f64)
    }

    /// Its scores by name, in percent, those of single classes behind those of all.
    pub fn scores(&self) -> Vec<(String, f64)> {
        let percent = |(name, share): (&str, Option<f64>)| Some((name.to_owned(), 100.0 * share?));
        let means = self.confusion.macro_scores();
        let of_all = [
            ("top1", self.confusion.accuracy()),
            ("top5", self.top5()),
            ("balanced_accuracy", means.map(|means| means.balanced_accuracy)),
            ("macro_precision", means.map(|means| means.precision)),
            ("macro_recall", means.map(|means| means.recall)),
            ("macro_f1", means.map(|means| means.f1)),
            ("expected_calibration_error", self.calibration.expected_error()),
        ];
        let of_class = self.class_names.iter().zip(self.confusion.classes()).flat_map(|(name, class)| {
            let scores = [
                ("accuracy", class.recall()),
                ("precision", Some(class.precision())),
                ("recall", class.recall()),
                ("f1", Some(class.f1())),
            ];
            scores.into_iter().filter_map(move |(score, share)| Some((format!("{score}.{name}"), 100.0 * share?)))
        });
        of_all.into_iter().filter_map(percent).chain(of_class).collect()
    }
}
