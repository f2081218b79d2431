//! Some tokens of every image: those whose outputs are read.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::picked_rows::pick_rows;

/// Some tokens of every image, the same number of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedTokens {
    /// M ascending token numbers for each image, [N, M].
    tokens: Arc<[u32]>,
    per_image: usize,
}

impl SelectedTokens {
    /// `per_image` (M, at least 1) ascending token numbers for each image.
    ///
    /// # Panics
    /// When `tokens` is not a whole number of images.
    pub fn new(tokens: Vec<u32>, per_image: usize) -> Self {
        assert!(
            per_image > 0 && tokens.len().is_multiple_of(per_image),
            "selected are the same number of tokens of every image"
        );
        Self { tokens: tokens.into(), per_image }
    }

    /// The class token of each of `images` images.
    pub fn class_token(images: usize) -> Self {
        Self::new(vec![0; images], 1)
    }

    /// M.
    pub fn per_image(&self) -> usize {
        self.per_image
    }

    /// [N, M], flat.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The rows of these tokens [N*M, D], of all rows `x` [N*T, D]; `tokens` is T.
    ///
    /// # Panics
    /// When `x` has other images.
    pub fn select(&self, x: Tensor<2>, tokens: usize) -> Tensor<2> {
        let images = (0u32..).zip(self.tokens.chunks_exact(self.per_image));
        let rows = images.flat_map(|(image, of_image)| of_image.iter().map(move |token| image * tokens as u32 + token));
        pick_rows(x, rows.collect())
    }
}
