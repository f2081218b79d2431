//! Number, sizes, classes, mean and standard deviation of a set of images.

use std::collections::BTreeMap;
use std::thread;

use crate::error::LoaderError;
use crate::{DataError, Images};

/// What a set of images is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// How many images were looked at.
    pub images: usize,
    /// The mean of each channel over all pixels, for pixels between 0 and 1.
    pub mean: [f64; 3],
    /// The standard deviation of each channel over all pixels (divided by their number), for pixels between 0 and 1.
    pub std: [f64; 3],
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
    /// Looks at every pixel of every image, on all processors. `classes` is the number of classes, 0 without labels.
    ///
    /// # Errors
    /// When there is no image, or one cannot be read.
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
        let threads = thread::available_parallelism().map_or(1, |threads| threads.get()).min(looked_at.max(1));
        let parts: Vec<Result<Sums, DataError>> = thread::scope(|scope| {
            let part = |first| {
                thread::Builder::new()
                    .spawn_scoped(scope, move || Sums::over(images, (first..looked_at).step_by(threads), looked_at))
            };
            let running: Vec<_> = (0..threads).map(part).collect();
            running
                .into_iter()
                .map(|thread| match thread {
                    Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                    Err(cause) => Err(LoaderError::WorkerStart { cause }.into()),
                })
                .collect()
        });
        let mut sums = Sums::default();
        for part in parts {
            sums.add(&part?);
        }
        if images.is_empty() {
            return Err(LoaderError::NoImages.into());
        }
        let mut class_counts = vec![0; classes];
        for label in (0..images.len()).filter_map(|index| images.label(index)) {
            if let Some(count) = class_counts.get_mut(label) {
                *count += 1;
            }
        }
        let [red, green, blue] = sums.counts.each_ref().map(mean_and_std);
        let (mean, std) = ([red.0, green.0, blue.0], [red.1, green.1, blue.1]);
        Ok(Self {
            images: looked_at,
            mean,
            std,
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

/// How often each value occurs in a channel.
type Counts = [u64; 256];

/// Mean and standard deviation of values that occur so often, divided by 255.
fn mean_and_std(counts: &Counts) -> (f64, f64) {
    let values = || counts.iter().zip(0..=255_u8).map(|(&count, value)| (count as f64, f64::from(value) / 255.0));
    let total: f64 = values().map(|(count, _)| count).sum();
    let mean = values().map(|(count, value)| count * value).sum::<f64>() / total;
    let variance = values().map(|(count, value)| count * (value - mean).powi(2)).sum::<f64>() / total;
    (mean, variance.sqrt())
}

/// What is added up over images: whole numbers, so that the outcome does not depend on the number of threads.
struct Sums {
    counts: [Counts; 3],
    least_size: (usize, usize),
    greatest_size: (usize, usize),
    /// How many images have each width and height.
    sizes: BTreeMap<(usize, usize), usize>,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            counts: [[0; 256]; 3],
            least_size: (usize::MAX, usize::MAX),
            greatest_size: (0, 0),
            sizes: BTreeMap::new(),
        }
    }
}

impl Sums {
    /// Over some of `looked_at` images that are evenly spread over all: those of these `numbers`.
    fn over(images: &dyn Images, numbers: impl Iterator<Item = usize>, looked_at: usize) -> Result<Self, DataError> {
        let mut sums = Self::default();
        for number in numbers {
            let index = (number as u128 * images.len() as u128 / looked_at as u128) as usize;
            let image = images.image(index)?;
            let (pixels, _) = image.pixels().as_chunks::<3>();
            for &[red, green, blue] in pixels {
                sums.counts[0][usize::from(red)] += 1;
                sums.counts[1][usize::from(green)] += 1;
                sums.counts[2][usize::from(blue)] += 1;
            }
            sums.include((image.width(), image.height()), (image.width(), image.height()));
            *sums.sizes.entry((image.width(), image.height())).or_default() += 1;
        }
        Ok(sums)
    }

    fn add(&mut self, other: &Self) {
        for (count, other) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *count += other;
        }
        self.include(other.least_size, other.greatest_size);
        for (size, count) in &other.sizes {
            *self.sizes.entry(*size).or_default() += count;
        }
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
