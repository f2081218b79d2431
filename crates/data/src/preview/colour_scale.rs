//! Numbers as colours, and the bar that says which is which.

/// The colour map *viridis* at 17 equal steps, from its least to its largest value: its lightness rises evenly, so that
/// equal steps look equal, in grey and to colour-blind readers too. By Stéfan van der Walt and Nathaniel Smith for
/// matplotlib (2015), who gave it away under CC0; read off matplotlib 3.11.2.
const VIRIDIS: [[u8; 3]; 17] = [
    [68, 1, 84],
    [72, 24, 106],
    [71, 45, 123],
    [66, 64, 134],
    [59, 82, 139],
    [51, 99, 141],
    [44, 114, 142],
    [38, 130, 142],
    [33, 145, 140],
    [31, 160, 136],
    [40, 174, 128],
    [63, 188, 115],
    [94, 201, 98],
    [132, 212, 75],
    [173, 220, 48],
    [216, 226, 25],
    [253, 231, 37],
];
/// Outliers beyond this share of the values at each end have the colour of the end: one must not take the colours from the
/// rest.
const BEYOND: f64 = 0.01;

/// Which number has which colour.
#[derive(Debug, Clone, PartialEq)]
pub struct ColourScale {
    /// What the numbers are, over the bar.
    pub title: String,
    least: f32,
    most: f32,
    /// Whether some values lie below `least`, and above `most`.
    beyond: [bool; 2],
}

impl ColourScale {
    /// The scale of some numbers: from the least to the largest, but for a hundredth of them at each end. Those that are
    /// not finite do not count. Without any it goes from 0 to 1.
    pub fn of(values: &[f32], title: String) -> Self {
        let mut values: Vec<f32> = values.iter().copied().filter(|value| value.is_finite()).collect();
        values.sort_by(f32::total_cmp);
        let (Some(&lowest), Some(&highest)) = (values.first(), values.last()) else {
            return Self { title, least: 0.0, most: 1.0, beyond: [false; 2] };
        };
        let left_out = (BEYOND * values.len() as f64) as usize;
        let (least, most) = (values[left_out], values[values.len() - 1 - left_out]);
        Self { title, least, most, beyond: [lowest < least, highest > most] }
    }

    /// The colour of a number; one beyond an end has that of the end, and one that is no number that of the least.
    pub fn colour(&self, value: f32) -> [u8; 3] {
        let share = if self.most > self.least { (value - self.least) / (self.most - self.least) } else { 0.5 };
        colour_at(share)
    }

    /// What stands below the bar: places from 0 (left) to 1 and their numbers.
    pub fn labels(&self) -> Vec<(f32, String)> {
        // Three digits of the largest.
        let size = self.most.abs().max(self.least.abs()).max(1e-6).log10().floor();
        let decimals = (2.0 - size).clamp(0.0, 9.0) as usize;
        let [below, above] = self.beyond;
        let number = |value: f32| format!("{value:.decimals$}");
        let ends = [
            format!("{}{}", if below { "≤ " } else { "" }, number(self.least)),
            format!("{}{}", if above { "≥ " } else { "" }, number(self.most)),
        ];
        if self.most <= self.least {
            return vec![(0.5, number(self.least))];
        }
        let [first, last] = ends;
        vec![(0.0, first), (0.5, number(self.least.midpoint(self.most))), (1.0, last)]
    }
}

/// The colour at a share of the map, from 0 to 1.
pub(super) fn colour_at(share: f32) -> [u8; 3] {
    let place = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) } * (VIRIDIS.len() - 1) as f32;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let part = place - below as f32;
    let mut colour = VIRIDIS[below];
    for (channel, next) in colour.iter_mut().zip(VIRIDIS[below + 1]) {
        *channel = (f32::from(*channel) * (1.0 - part) + f32::from(next) * part).round() as u8;
    }
    colour
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CIE lightness L* of an sRGB colour.
    fn lightness(colour: [u8; 3]) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = colour.map(linear);
        let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        if luminance > 0.008_856 { 116.0 * luminance.cbrt() - 16.0 } else { 903.3 * luminance }
    }

    #[test]
    fn lightness_rises_evenly_from_the_least_to_the_largest_value() {
        let steps: Vec<f64> = (0..=32).map(|step| lightness(colour_at(step as f32 / 32.0))).collect();
        let rises: Vec<f64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = rises.iter().sum::<f64>() / rises.len() as f64;
        assert!(rises.iter().all(|rise| *rise > 0.0 && (rise - mean).abs() < 0.6 * mean), "{rises:?}");
        assert!(steps[0] < 16.0 && steps[32] > 90.0, "{steps:?}");
    }

    #[test]
    fn the_ends_are_the_least_and_the_largest_number_and_are_written_so() {
        let scale = ColourScale::of(&[0.02, 0.06, 0.04], "share".into());
        assert_eq!((scale.colour(0.02), scale.colour(0.06)), (VIRIDIS[0], VIRIDIS[16]));
        assert_eq!((scale.colour(0.04), scale.colour(f32::NAN)), (VIRIDIS[8], VIRIDIS[0]));
        let labels: Vec<(f32, String)> = scale.labels();
        assert_eq!(labels, [(0.0, "0.0200".into()), (0.5, "0.0400".into()), (1.0, "0.0600".into())]);
    }

    #[test]
    fn an_outlier_among_many_leaves_the_others_their_colours_and_the_end_says_so() {
        let values: Vec<f32> = (0..200).map(|at| at as f32 / 200.0).chain([50.0]).collect();
        let scale = ColourScale::of(&values, String::new());
        assert_eq!(scale.colour(50.0), VIRIDIS[16]);
        assert_ne!(scale.colour(0.5), VIRIDIS[0]);
        let labels = scale.labels();
        assert!(labels[2].1.starts_with("≥ 0.99") && labels[0].1.starts_with("≤ "), "{labels:?}");
    }

    #[test]
    fn equal_numbers_and_none_at_all_have_a_scale_too() {
        assert_eq!(ColourScale::of(&[0.25; 9], String::new()).labels(), [(0.5, "0.250".into())]);
        assert_eq!(ColourScale::of(&[], String::new()).labels().len(), 3);
    }
}
