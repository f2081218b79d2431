//! A map of images by their features: the two principal components (`docs/formats.md`, "Map of the test images").

use bmae_data::Images;
use bmae_output::csv_cell::csv_cell;

use super::Features;
use super::predictions::file_cell;
use crate::principal_axes::PrincipalAxes;

/// The axes are those of so many images at the most, at equal distances: more would not move them, only take time.
const MOST: usize = 10_000;

/// Where each image lies.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMap {
    /// x and y of each image.
    pub places: Vec<[f64; 2]>,
    /// Their shares of the variance, from 0 to 1.
    pub variance: [f64; 2],
}

impl FeatureMap {
    /// The map of `features`; `None` where there is no image, or some feature is no finite number. Of features of one
    /// dimension y is 0.
    pub fn of(features: &Features) -> Option<Self> {
        let dim = features.dim;
        if features.is_empty() || dim == 0 || !features.values.iter().all(|value| value.is_finite()) {
            return None;
        }
        let count = features.len();
        let taken = (0..count.min(MOST)).map(|place| place * count / count.min(MOST));
        let rows: Vec<f32> = taken.flat_map(|row| &features.values[row * dim..(row + 1) * dim]).copied().collect();
        let (axes, _) = PrincipalAxes::of(&rows, dim, 2);
        let place = |row: &[f32]| {
            let along = axes.along(row);
            [0, 1].map(|axis| along.get(axis).copied().unwrap_or(0.0))
        };
        let variance = [0, 1].map(|axis| axes.shares.get(axis).copied().unwrap_or(0.0));
        Some(Self { places: features.values.chunks_exact(dim).map(place).collect(), variance })
    }

    /// The file of the map of `images`, whose classes are called `class_names`: a line for each image.
    pub fn to_csv(&self, images: &dyn Images, class_names: &[String]) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail: every row has as many cells as the header.
        let _ = writer.write_record(["image", "file", "label", "x", "y"]);
        for (index, [x, y]) in self.places.iter().enumerate() {
            let class = images.label(index);
            let label =
                class.map(|class| class_names.get(class).map_or_else(|| class.to_string(), |name| csv_cell(name)));
            let _ = writer.write_record([
                index.to_string(),
                file_cell(images, index),
                label.unwrap_or_default(),
                format!("{x:.5}"),
                format!("{y:.5}"),
            ]);
        }
        writer.into_inner().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(values: &[f32], dim: usize) -> Features {
        Features { values: values.to_vec(), labels: Vec::new(), dim }
    }

    #[test]
    fn images_lie_along_the_directions_in_which_they_differ_most() {
        let map = FeatureMap::of(&features(&[0.0, 1.0, 9.0, 0.0, 3.0, 9.0, 0.0, 1.0, 9.0, 4.0, 3.0, 9.0], 3));
        let map = map.expect("a map");
        assert_eq!(map.places.len(), 4);
        assert!(map.places[0] == map.places[2] && map.places[0] != map.places[1]);
        assert!(map.variance[0] > map.variance[1] && (map.variance.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_number_has_no_place() {
        assert_eq!(FeatureMap::of(&features(&[1.0, f32::NAN], 2)), None);
        assert_eq!(FeatureMap::of(&features(&[], 2)), None);
        assert_eq!(FeatureMap::of(&features(&[1.0, 3.0], 1)).expect("a map").places, [[-1.0, 0.0], [1.0, 0.0]]);
    }
}
