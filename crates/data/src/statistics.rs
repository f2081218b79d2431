//! Number, sizes, classes, mean and standard deviation of a set of images.

use std::collections::BTreeMap;

use crate::all_threads;
use crate::error::{ChannelError, LoaderError};
use crate::samples::{Sample, by_type};
use crate::{DataError, Image, Images};

/// What a set of images is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// How many images were looked at.
    pub images: usize,
    /// The mean of each channel over all pixels: of 8 and 16 bits for values from 0 to 1, of floats as they are.
    pub mean: Vec<f64>,
    /// The standard deviation of each channel over all pixels (divided by their number), likewise.
    pub std: Vec<f64>,
    /// How many images each class has, in the order of the labels; empty without labels.
    pub class_counts: Vec<usize>,
    /// The least width and the least height (not always of one image), in pixels.
    pub least_size: (usize, usize),
    /// The greatest width and the greatest height (not always of one image), in pixels.
    pub greatest_size: (usize, usize),
    /// The median of the shorter sides, in pixels: half of the images have at least this one.
    pub shorter_side: usize,
    /// Width through height, where most images have the same one: within a tenth of the median, three quarters of them.
    pub common_ratio: Option<f64>,
}

impl Statistics {
    /// Looks at every pixel of every image, on all processors, always with the same outcome. `classes` is the number of
    /// classes, 0 without labels.
    ///
    /// # Errors
    /// When there is no image, one cannot be read, or they have different numbers of channels.
    pub fn of(images: &dyn Images, classes: usize) -> Result<Self, DataError> {
        Self::of_some(images, classes, usize::MAX)
    }

    /// The same of `most` images, evenly spread over all; of all where there are no more. The class counts are those of
    /// all.
    ///
    /// # Errors
    /// When there is no image, or one that is looked at cannot be read.
    pub fn of_some(images: &dyn Images, classes: usize, most: usize) -> Result<Self, DataError> {
        let looked_at = images.len().min(most.max(1));
        if images.is_empty() {
            return Err(LoaderError::NoImages.into());
        }
        let place = |number: usize| (number as u128 * images.len() as u128 / looked_at as u128) as usize;
        let seen = all_threads::map(looked_at, |number| Ok(Seen::of(&images.image(place(number))?)));
        let seen = seen.into_iter().collect::<Result<Vec<Seen>, DataError>>()?;
        // One after the other, in the order of the images: the outcome does not depend on the number of threads.
        let mut sums = Sums::default();
        for (number, seen) in seen.iter().enumerate() {
            sums.add(seen).map_err(|error| DataError::of_image(images.name(place(number)))(error.into()))?;
        }
        let mut class_counts = vec![0; classes];
        for label in (0..images.len()).filter_map(|index| images.label(index)) {
            if let Some(count) = class_counts.get_mut(label) {
                *count += 1;
            }
        }
        Ok(Self {
            images: looked_at,
            mean: sums.channels.iter().map(|moments| moments.mean).collect(),
            std: sums.channels.iter().map(|moments| (moments.squares / moments.count).sqrt()).collect(),
            class_counts,
            least_size: sums.least_size,
            greatest_size: sums.greatest_size,
            shorter_side: sums.median_of_shorter_sides(),
            common_ratio: sums.common_ratio(),
        })
    }
}

/// How far a ratio of sides may be from another to count as the same, and how many images must share it.
const SAME_RATIO: f64 = 0.1;
const MOST: f64 = 0.75;

/// The upper median of values that occur so often, given ascending; `None` without any.
fn median<T: Copy>(counted: &[(T, usize)]) -> Option<T> {
    let all: usize = counted.iter().map(|(_, count)| count).sum();
    let mut below = 0;
    let reaches_the_middle = |(value, count): &(T, usize)| {
        below += count;
        (2 * below > all).then_some(*value)
    };
    counted.iter().find_map(reaches_the_middle)
}

/// Mean and spread of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moments {
    count: f64,
    mean: f64,
    /// The sum of the squares of the distances from the mean.
    squares: f64,
}

impl Moments {
    /// Of some values, looked at twice.
    fn of(values: impl Iterator<Item = f64> + Clone, count: usize) -> Self {
        let mean = values.clone().sum::<f64>() / count as f64;
        Self { count: count as f64, mean, squares: values.map(|value| (value - mean).powi(2)).sum() }
    }

    /// Of both together (Chan, Golub and LeVeque 1979).
    fn and(self, other: Self) -> Self {
        let count = self.count + other.count;
        let apart = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + apart * other.count / count,
            squares: self.squares + other.squares + apart * apart * self.count * other.count / count,
        }
    }
}

/// What is looked at in one image.
struct Seen {
    channels: Vec<Moments>,
    size: (usize, usize),
}

impl Seen {
    fn of(image: &Image) -> Self {
        let (channels, area) = (image.channels(), image.width() * image.height());
        let moments = by_type!(image.samples(), values => moments(values, channels, area));
        Self { channels: moments, size: (image.width(), image.height()) }
    }
}

fn moments<T: Sample>(values: &[T], channels: usize, area: usize) -> Vec<Moments> {
    let white = f64::from(T::WHITE);
    let channel = |channel| values.iter().skip(channel).step_by(channels).map(|value| value.to_f64() / white);
    (0..channels).map(|number| Moments::of(channel(number), area)).collect()
}

/// What is put together over images.
struct Sums {
    channels: Vec<Moments>,
    least_size: (usize, usize),
    greatest_size: (usize, usize),
    /// How many images have each width and height.
    sizes: BTreeMap<(usize, usize), usize>,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            least_size: (usize::MAX, usize::MAX),
            greatest_size: (0, 0),
            sizes: BTreeMap::new(),
        }
    }
}

impl Sums {
    fn add(&mut self, seen: &Seen) -> Result<(), ChannelError> {
        let (found, wanted) = (seen.channels.len(), self.channels.len());
        match wanted {
            0 => self.channels.clone_from(&seen.channels),
            _ if found != wanted => return Err(ChannelError::Mismatch { found, wanted }),
            _ => self.channels.iter_mut().zip(&seen.channels).for_each(|(sum, one)| *sum = sum.and(*one)),
        }
        self.include(seen.size, seen.size);
        *self.sizes.entry(seen.size).or_default() += 1;
        Ok(())
    }

    /// 0 where nothing was added up.
    fn median_of_shorter_sides(&self) -> usize {
        let sides = self.sizes.iter().map(|(&(width, height), &count)| (width.min(height), count));
        let mut sides: Vec<(usize, usize)> = sides.collect();
        sides.sort_unstable();
        median(&sides).unwrap_or(0)
    }

    fn common_ratio(&self) -> Option<f64> {
        let ratios = self.sizes.iter().map(|(&(width, height), &count)| (width as f64 / height as f64, count));
        let mut ratios: Vec<(f64, usize)> = ratios.collect();
        ratios.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let middle = median(&ratios)?;
        let is_near = |ratio: f64| (ratio / middle - 1.0).abs() <= SAME_RATIO;
        let near: usize = ratios.iter().filter(|(ratio, _)| is_near(*ratio)).map(|(_, count)| count).sum();
        let all: usize = ratios.iter().map(|(_, count)| count).sum();
        (near as f64 >= MOST * all as f64).then_some(middle)
    }

    fn include(&mut self, least: (usize, usize), greatest: (usize, usize)) {
        self.least_size = (self.least_size.0.min(least.0), self.least_size.1.min(least.1));
        self.greatest_size = (self.greatest_size.0.max(greatest.0), self.greatest_size.1.max(greatest.1));
    }
}

#[cfg(test)]
mod tests;
