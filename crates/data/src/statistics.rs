//! What `bmae data info` says of a set of images.

use std::thread;

use crate::{DataError, Images};

/// What a set of images is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// How many images there are.
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
}

impl Statistics {
    /// Looks at every pixel of every image, on all processors. `classes` is the number of classes, 0 without labels.
    ///
    /// # Errors
    /// When there is no image, or one cannot be read.
    pub fn of(images: &dyn Images, classes: usize) -> Result<Self, DataError> {
        let threads = thread::available_parallelism().map_or(1, |threads| threads.get()).min(images.len().max(1));
        let parts: Vec<Result<Sums, DataError>> = thread::scope(|scope| {
            let part = |first| scope.spawn(move || Sums::over(images, first, threads));
            let running: Vec<_> = (0..threads).map(part).collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let mut sums = Sums::default();
        for part in parts {
            sums.add(&part?);
        }
        if images.is_empty() {
            return Err(DataError::NoImages);
        }
        let mut class_counts = vec![0; classes];
        for label in (0..images.len()).filter_map(|index| images.label(index)) {
            if let Some(count) = class_counts.get_mut(label) {
                *count += 1;
            }
        }
        let pixels = sums.pixels as f64 * 255.0;
        let mean = sums.first.map(|sum| sum as f64 / pixels);
        let square = sums.second.map(|sum| sum as f64 / (pixels * 255.0));
        let std = [0, 1, 2].map(|c| (square[c] - mean[c] * mean[c]).max(0.0).sqrt());
        Ok(Self {
            images: images.len(),
            mean,
            std,
            class_counts,
            least_size: sums.least_size,
            greatest_size: sums.greatest_size,
        })
    }
}

/// Sums over pixels, exact in integers, so that they do not depend on the number of threads.
struct Sums {
    pixels: u64,
    first: [u64; 3],
    second: [u128; 3],
    least_size: (usize, usize),
    greatest_size: (usize, usize),
}

impl Default for Sums {
    fn default() -> Self {
        Self { pixels: 0, first: [0; 3], second: [0; 3], least_size: (usize::MAX, usize::MAX), greatest_size: (0, 0) }
    }
}

impl Sums {
    /// Over every `step`-th image from `first` on.
    fn over(images: &dyn Images, first: usize, step: usize) -> Result<Self, DataError> {
        let mut sums = Self::default();
        for index in (first..images.len()).step_by(step) {
            let image = images.image(index)?;
            let size = (image.width(), image.height());
            let (pixels, _) = image.pixels().as_chunks::<3>();
            let mut one =
                Self { pixels: pixels.len() as u64, least_size: size, greatest_size: size, ..Self::default() };
            let mut second = [0_u64; 3];
            for pixel in pixels {
                for ((first, second), &value) in one.first.iter_mut().zip(&mut second).zip(pixel) {
                    *first += u64::from(value);
                    *second += u64::from(value) * u64::from(value);
                }
            }
            one.second = second.map(u128::from);
            sums.add(&one);
        }
        Ok(sums)
    }

    fn add(&mut self, other: &Self) {
        self.pixels += other.pixels;
        for channel in 0..3 {
            self.first[channel] += other.first[channel];
            self.second[channel] += other.second[channel];
        }
        let pairwise = |f: fn(usize, usize) -> usize, a: (usize, usize), b: (usize, usize)| (f(a.0, b.0), f(a.1, b.1));
        self.least_size = pairwise(usize::min, self.least_size, other.least_size);
        self.greatest_size = pairwise(usize::max, self.greatest_size, other.greatest_size);
    }
}

#[cfg(test)]
mod tests;
