//! Encoder, decoder and prediction head together.

use bmae_architecture::Autoencoder;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand::Rng;

use super::Decoder;
use crate::error::ShapeError;
use crate::masking::Masking;
use crate::ops::SelectedTokens;
use crate::vit::{Encoder, EncoderInit, Linear, LinearInit};

/// The masked autoencoder. `pred` predicts pixels `[p*p*3]` at first and may be replaced by a head for features, beside
/// which the head for pixels may stay.
#[derive(Module, Debug)]
pub struct MaskedAutoencoder {
    /// Sees the kept patches.
    pub encoder: Encoder,
    /// Reconstructs the masked ones.
    pub decoder: Decoder,
    /// The prediction head (`decoder_pred`), [P, Dd].
    pub pred: Linear,
    /// The head for pixels once `pred` predicts features (`pixel_pred`), [p*p*3, Dd]; absent unless it was kept.
    pub pixel_pred: Option<Linear>,
}

impl MaskedAutoencoder {
    /// A fresh autoencoder that predicts pixels, initialised as the official MAE. Draws in parameter order: encoder,
    /// decoder, head.
    ///
    /// # Errors
    /// When the sizes cannot be ([`Autoencoder::check`]).
    pub fn init(sizes: &Autoencoder, rng: &mut impl Rng, device: &Device) -> Result<Self, ShapeError> {
        sizes.check()?;
        let Autoencoder { grid, encoder, decoder } = *sizes;
        Ok(Self {
            encoder: Encoder::init(grid, encoder, EncoderInit::Mae, rng, device)?,
            decoder: Decoder::init(grid, encoder.dim, decoder, rng, device)?,
            pred: Linear::init(
                decoder.dim,
                grid.values_per_patch(),
                LinearInit::Xavier,
                decoder.precision,
                rng,
                device,
            ),
            pixel_pred: None,
        })
    }

    /// `latent` [N, 1+keep, D] to the decoder's tokens [N, 1+L, Dd], final norm applied.
    ///
    /// # Panics
    /// When `latent` is not of this masking; so do the three below.
    pub fn decode(&self, latent: Tensor<3>, masking: &Masking) -> Tensor<3> {
        let x = self.decoder.norm.forward(self.decoder.run_blocks(latent, masking, None));
        let [_, dim] = x.dims();
        x.reshape([masking.images(), 1 + masking.patches(), dim])
    }

    /// The prediction for every patch: `latent` [N, 1+keep, D] to [N, L, P].
    pub fn predict(&self, latent: Tensor<3>, masking: &Masking) -> Tensor<3> {
        let x = self.decode(latent, masking);
        let [images, tokens, dim] = x.dims();
        let x = x.slice([0..images, 1..tokens, 0..dim]).reshape([images * (tokens - 1), dim]);
        self.pred.forward(x).reshape([images, tokens - 1, self.pred.outputs()])
    }

    /// The prediction for the masked patches only, all that the loss needs: `latent` [N, 1+keep, D] to [N*(L-keep), P],
    /// in the order of [`Masking::masked`] (as [`masked_rows`](super::masked_rows)).
    pub fn predict_masked(&self, latent: Tensor<3>, masking: &Masking) -> Tensor<2> {
        self.pred.forward(self.decode_masked(latent, masking))
    }

    /// What every prediction head reads of the masked patches, in the same order: `latent` [N, 1+keep, D] to
    /// [N*(L-keep), Dd], final norm applied.
    pub fn decode_masked(&self, latent: Tensor<3>, masking: &Masking) -> Tensor<2> {
        self.decode_selected(latent, masking, masking.masked_tokens())
    }

    /// The same of the `selected` tokens, M of each image: [N*M, Dd].
    pub fn decode_selected(&self, latent: Tensor<3>, masking: &Masking, selected: SelectedTokens) -> Tensor<2> {
        self.decoder.norm.forward(self.decoder.run_blocks(latent, masking, Some(selected)))
    }

    /// The same autoencoder with another prediction head.
    pub fn replace_head(self, pred: Linear) -> Self {
        Self { pred, ..self }
    }

    /// The same autoencoder with another prediction head, the one it had staying beside it as `pixel_pred`.
    pub fn add_head(self, pred: Linear) -> Self {
        Self { pixel_pred: Some(self.pred), pred, ..self }
    }
}
