//! Equalisation: each channel's values spread so that all become about equally frequent.

use super::lookup::{self, Table};
use crate::Image;

/// Gives each channel a roughly uniform histogram. A channel with one value only, or with fewer than 255 pixels below
/// its greatest value, stays as it is. Pillow's `ImageOps.equalize`.
pub fn equalise(image: &mut Image) {
    let tables = lookup::histograms(image).map(|histogram| flatten(&histogram));
    lookup::apply_by_channel(image, &tables);
}

/// A value becomes the number of whole steps in the count of pixels below it (half a step added). The step is rounded
/// down, so that in a small image the counts run beyond 255 steps: those values become 255.
fn flatten(histogram: &[u32; 256]) -> Table {
    let total: u32 = histogram.iter().sum();
    let brightest = histogram.iter().rev().find(|&&count| count > 0).copied().unwrap_or(0);
    // No step either when all pixels have the same value.
    let step = (total - brightest) / 255;
    if step == 0 {
        return lookup::table(|value| value);
    }
    let mut table = [0; 256];
    let mut below = step / 2;
    for (new, count) in table.iter_mut().zip(histogram) {
        *new = u8::try_from(below / step).unwrap_or(u8::MAX);
        below += count;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_beyond_255_steps_become_white() {
        // 500 dark and 100 light pixels: the step is 500 / 255, cut to 1, so "500 below" would be value 500.
        let mut image =
            Image::new(600, 1, [[3; 3]; 500].into_iter().chain([[9; 3]; 100]).flatten().collect()).expect("600x1");
        equalise(&mut image);
        assert_eq!((image.pixels()[0], image.pixels()[1799]), (0, 255));
    }

    #[test]
    fn too_few_pixels_are_left_alone() {
        let original = Image::new(2, 2, (0..12).collect()).expect("2x2");
        let mut image = original.clone();
        equalise(&mut image);
        assert_eq!(image, original);
    }
}
