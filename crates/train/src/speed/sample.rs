//! A look at some of the images: how long they take to load, how large they are, how bright.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use bmae_data::transforms::Transform;
use bmae_data::{Dataset, Image, Images};

use crate::TrainError;

/// Images that are looked at, at the most and, however long they take, at the least.
const MOST: usize = 256;
const LEAST: usize = 4;
/// How long is looked.
const TIME: Duration = Duration::from_millis(800);
/// Images that are kept to time transforms on, and their pixels together.
const KEPT: usize = 16;
const KEPT_PIXELS: usize = 12 << 20;
/// Pixels of an image that count for mean and standard deviation, evenly spread.
const PIXELS: usize = 4096;

/// What a part of a data set is like.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// How many training images there are in all.
    pub train: usize,
    /// How many test images.
    pub test: usize,
    /// How many classes.
    pub classes: usize,
    /// What the data set is called.
    pub name: String,
    /// How many training images were looked at.
    pub looked_at: usize,
    /// The mean of each channel, for pixels between 0 and 1, each image counting alike.
    pub mean: Vec<f64>,
    /// The standard deviation of each channel.
    pub std: Vec<f64>,
    /// The median of their shorter sides, in pixels.
    pub shorter_side: usize,
    /// Seconds to read and decode an image, on one thread.
    read: f64,
    kept: Vec<Image>,
    /// Seconds of the transforms that were asked for.
    transformed: RefCell<Vec<(Transform, f64)>>,
}

impl Sample {
    /// Looks at some of the training images of `data`, evenly spread.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of(data: &Dataset) -> Result<Self, TrainError> {
        Self::of_so_many(data, MOST)
    }

    /// Counts images and classes of `data` and looks at none.
    ///
    /// # Errors
    /// None, since nothing is read.
    pub fn unseen(data: &Dataset) -> Result<Self, TrainError> {
        Self::of_so_many(data, 0)
    }

    fn of_so_many(data: &Dataset, most: usize) -> Result<Self, TrainError> {
        let images = data.train.as_ref();
        let began = Instant::now();
        let mut seen = Seen::default();
        for index in spread(images.len()).take(most) {
            let image = images.image(index)?;
            seen.add(image, began.elapsed());
            if seen.looked_at >= LEAST && began.elapsed() >= TIME {
                break;
            }
        }
        let (mean, std) = seen.mean_and_std();
        let Seen { looked_at, reading, mut shorter_sides, kept, .. } = seen;
        shorter_sides.sort_unstable();
        Ok(Self {
            train: images.len(),
            test: data.test.as_deref().map_or(0, Images::len),
            classes: data.class_names.len(),
            name: data.name.clone(),
            looked_at,
            mean,
            std,
            shorter_side: shorter_sides.get(looked_at / 2).copied().unwrap_or(0),
            read: reading.as_secs_f64() / looked_at.max(1) as f64,
            kept,
            transformed: RefCell::default(),
        })
    }

    /// Of images of `shorter_side` pixels that were looked at one and all.
    #[cfg(test)]
    pub fn for_tests(train: usize, test: usize, shorter_side: usize, mean: [f64; 3], std: [f64; 3]) -> Self {
        let (mean, std) = (mean.to_vec(), std.to_vec());
        let name = "photos".to_owned();
        let (transformed, kept) = (RefCell::default(), Vec::new());
        Self { train, test, classes: 10, name, looked_at: train, mean, std, shorter_side, read: 0.0, kept, transformed }
    }

    /// Seconds that one thread takes to read an image and put it through `transform`, which is timed once.
    ///
    /// # Errors
    /// When the transform is impossible.
    pub fn loading(&self, transform: &Transform) -> Result<f64, TrainError> {
        if let Some((_, seconds)) = self.transformed.borrow().iter().find(|(timed, _)| timed == transform) {
            return Ok(self.read + seconds);
        }
        let mut planes = vec![0.0; transform.values_per_image()];
        let began = Instant::now();
        for (index, image) in self.kept.iter().enumerate() {
            transform.apply(image, 0, 0, index as u64, &mut planes)?;
        }
        let seconds = began.elapsed().as_secs_f64() / self.kept.len().max(1) as f64;
        self.transformed.borrow_mut().push((*transform, seconds));
        Ok(self.read + seconds)
    }
}

/// What is added up over the images that are looked at.
#[derive(Debug, Default)]
struct Seen {
    looked_at: usize,
    /// The time until the last of them was decoded, what was done with them left out.
    reading: Duration,
    adding: Duration,
    /// Of each channel, over images: means of the values, and of their squares.
    sums: Vec<f64>,
    squares: Vec<f64>,
    shorter_sides: Vec<usize>,
    kept: Vec<Image>,
    kept_pixels: usize,
}

impl Seen {
    /// Adds an `image` that was decoded at the time `now`.
    fn add(&mut self, image: Image, now: Duration) {
        let began = Instant::now();
        self.looked_at += 1;
        self.reading = now.saturating_sub(self.adding);
        let (area, channels) = (image.width() * image.height(), image.channels());
        let step = area.div_ceil(PIXELS).max(1);
        let counted = area.div_ceil(step).max(1) as f64;
        self.sums.resize(channels, 0.0);
        self.squares.resize(channels, 0.0);
        for channel in 0..channels {
            let value = |place: usize| f64::from(image.samples().value(place * channels + channel));
            let values = || (0..area).step_by(step).map(value);
            self.sums[channel] += values().sum::<f64>() / counted;
            self.squares[channel] += values().map(|value| value * value).sum::<f64>() / counted;
        }
        self.shorter_sides.push(image.width().min(image.height()));
        if self.kept.len() < KEPT && self.kept_pixels + area <= KEPT_PIXELS || self.kept.is_empty() {
            self.kept_pixels += area;
            self.kept.push(image);
        }
        self.adding += began.elapsed();
    }

    fn mean_and_std(&self) -> (Vec<f64>, Vec<f64>) {
        let images = self.looked_at.max(1) as f64;
        let mean: Vec<f64> = self.sums.iter().map(|sum| sum / images).collect();
        let variance = |(mean, squares): (&f64, &f64)| (squares / images - mean.powi(2)).max(0.0).sqrt();
        let std = mean.iter().zip(&self.squares).map(variance).collect();
        (mean, std)
    }
}

/// All numbers below `count`, each once, so that any first few of them are evenly spread.
fn spread(count: usize) -> impl Iterator<Item = usize> {
    // The golden section of `count`, or the next number without a common divisor.
    let wanted = ((count as f64 * 0.618_034) as usize).max(1);
    let step = (wanted..).find(|step| divisor(*step, count) == 1).unwrap_or(1);
    (0..count).map(move |number| (number * step) % count)
}

fn divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_image_comes_once_and_the_first_few_are_spread_over_all() {
        for count in [1, 2, 3, 10, 600, 50_000] {
            assert_eq!(spread(count).collect::<BTreeSet<_>>().len(), count, "{count}");
        }
        assert_eq!(spread(0).count(), 0);
        let tenths: BTreeSet<usize> = spread(50_000).take(30).map(|index| index / 5000).collect();
        assert_eq!(tenths.len(), 10);
    }

    #[test]
    fn mean_and_standard_deviation_are_those_of_all_pixels_of_images_of_one_size() {
        let mut seen = Seen::default();
        for pixels in [[0, 51, 255, 255, 51, 255], [0, 51, 0, 255, 51, 0]] {
            seen.add(Image::new(2, 1, pixels.to_vec()).expect("two pixels"), Duration::ZERO);
        }
        let (mean, std) = seen.mean_and_std();
        for (found, expected) in mean.iter().chain(&std).zip([0.5, 0.2, 0.5, 0.5, 0.0, 0.5]) {
            assert!((found - expected).abs() < 1e-6, "{mean:?} {std:?}");
        }
        assert_eq!((seen.looked_at, seen.shorter_sides.as_slice()), (2, [1, 1].as_slice()));
    }
}
