//! How many channels weights are for, and RGB weights made to fit images of other channels.

use super::{Array, StateDict};

const PATCH_EMBEDDING: &str = "patch_embed.proj.weight";
/// Heads that may predict pixels.
const HEADS: [&str; 2] = ["decoder_pred", "pixel_pred"];
/// Red, green and blue.
const RGB: usize = 3;

/// What becomes of the kernels of red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromRgb {
    /// Each channel gets the mean of the three.
    Mean,
    /// The channels get those of red, green, blue, red, ...
    Repeat,
}

impl StateDict {
    /// The channels of the images that the patch embedding is for; `None` where there is none.
    pub fn channels(&self) -> Option<usize> {
        match self.tensors.get(PATCH_EMBEDDING)?.shape[..] {
            [_, channels, _, _] => Some(channels),
            _ => None,
        }
    }

    /// Makes RGB weights fit images of so many `channels`; whether they are RGB weights and something was to be done.
    ///
    /// The kernels of the patch embedding [D, 3, h, w] become [D, `channels`, h, w], times 3 / `channels`, so that a flat
    /// image of any brightness has the same embedding as before. A prediction head [h w 3, D] that predicts as many pixels
    /// as a patch has becomes [h w `channels`, D] without that factor: each channel is predicted as its colour was.
    pub fn adapt_rgb(&mut self, channels: usize, from: FromRgb) -> bool {
        let Some(embedding) = self.tensors.get_mut(PATCH_EMBEDDING) else { return false };
        let &[dim, RGB, height, width] = embedding.shape.as_slice() else { return false };
        let area = height * width;
        if channels == RGB || channels == 0 || area == 0 {
            return false;
        }
        let factor = RGB as f32 / channels as f32;
        let mut values = Vec::with_capacity(dim * channels * area);
        for kernels in embedding.values.chunks_exact(RGB * area) {
            for channel in 0..channels {
                values.extend((0..area).map(|at| {
                    let of = |colour: usize| kernels[colour * area + at];
                    factor * from.of_three(channel, of)
                }));
            }
        }
        *embedding = Array { shape: vec![dim, channels, height, width], values };
        for head in HEADS {
            self.adapt_head(&format!("{head}.weight"), area, channels, from);
            self.adapt_head(&format!("{head}.bias"), area, channels, from);
        }
        true
    }

    /// The rows of the tensor `name`, of a head for patches of `area` pixels.
    fn adapt_head(&mut self, name: &str, area: usize, channels: usize, from: FromRgb) {
        let Some(array) = self.tensors.get_mut(name) else { return };
        let Some((&rows, rest)) = array.shape.split_first() else { return };
        // A head for features has another width, or is taken for one of pixels by whoever knows nothing more of it.
        if rows != RGB * area || array.values.is_empty() {
            return;
        }
        let length = array.values.len() / rows;
        let mut values = Vec::with_capacity(area * channels * length);
        for pixel in array.values.chunks_exact(RGB * length) {
            for channel in 0..channels {
                values.extend((0..length).map(|at| from.of_three(channel, |colour| pixel[colour * length + at])));
            }
        }
        let shape = std::iter::once(area * channels).chain(rest.iter().copied()).collect();
        *array = Array { shape, values };
    }
}

impl FromRgb {
    /// What a channel gets of the values of red, green and blue.
    fn of_three(self, channel: usize, of: impl Fn(usize) -> f32) -> f32 {
        match self {
            Self::Mean => (0..RGB).map(of).sum::<f32>() / RGB as f32,
            Self::Repeat => of(channel % RGB),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two kernels of 1 x 2 pixels, and a head for them behind a decoder of width 1.
    fn weights() -> StateDict {
        let mut weights = StateDict::default();
        let kernels = (1..=12_u8).map(f32::from).collect();
        weights.tensors.insert(PATCH_EMBEDDING.to_owned(), Array { shape: vec![2, 3, 1, 2], values: kernels });
        let head: Vec<f32> = (1..=6_u8).map(f32::from).collect();
        weights.tensors.insert("decoder_pred.weight".to_owned(), Array { shape: vec![6, 1], values: head.clone() });
        weights.tensors.insert("decoder_pred.bias".to_owned(), Array { shape: vec![6], values: head });
        weights
    }

    fn adapted(channels: usize, from: FromRgb) -> (Vec<f32>, Vec<f32>) {
        let mut weights = weights();
        assert!(weights.adapt_rgb(channels, from));
        assert_eq!(weights.channels(), Some(channels));
        let shape = &weights.tensors["decoder_pred.weight"].shape;
        assert_eq!(shape, &[2 * channels, 1]);
        (weights.tensors[PATCH_EMBEDDING].values.clone(), weights.tensors["decoder_pred.bias"].values.clone())
    }

    #[test]
    fn kernels_are_averaged_or_repeated_so_that_their_sum_keeps_its_size() {
        // The first kernel is red (1, 2), green (3, 4), blue (5, 6): the mean is (3, 4).
        let (kernels, head) = adapted(1, FromRgb::Mean);
        assert_eq!((kernels, head), (vec![9.0, 12.0, 27.0, 30.0], vec![2.0, 5.0]));
        let (kernels, head) = adapted(2, FromRgb::Repeat);
        assert_eq!(kernels[..4], [1.5, 3.0, 4.5, 6.0], "red and green, times 3/2");
        assert_eq!(head, [1.0, 2.0, 4.0, 5.0]);
        for from in [FromRgb::Mean, FromRgb::Repeat] {
            let sum = |kernels: &[f32]| kernels[..kernels.len() / 2].iter().sum::<f32>();
            let (kernels, head) = adapted(6, from);
            assert!((sum(&kernels) - 21.0).abs() < 1e-5, "{from:?}: {kernels:?}");
            assert_eq!(head.len(), 12);
        }
    }

    #[test]
    fn weights_of_other_channels_are_left_alone() {
        assert!(!weights().adapt_rgb(3, FromRgb::Mean), "they fit");
        let mut grey = weights();
        grey.adapt_rgb(1, FromRgb::Mean);
        assert!(!grey.adapt_rgb(5, FromRgb::Mean));
        assert!(!StateDict::default().adapt_rgb(5, FromRgb::Mean));
    }
}
