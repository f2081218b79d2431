//! Models small enough to difference numerically, and what the other tests share.

use bmae_architecture::{Autoencoder, PatchGrid, Transformer};
use bmae_nn::{Encoder, EncoderInit, MaskedAutoencoder, Masking};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const IMAGE: usize = 6;
pub const PATCH: usize = 2;
pub const PATCHES: usize = 9;
pub const PATCH_LEN: usize = 12;

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// The device of the suite, with autodiff: the one place that names it.
pub fn device() -> Device {
    Device::flex().autodiff()
}

pub const SIZES: Autoencoder = Autoencoder {
    grid: PatchGrid::rgb(IMAGE, PATCH),
    encoder: Transformer::new(8, 2, 2, 2.0),
    decoder: Transformer::decoder(4, 1, 2),
};

pub fn encoder(seed: u64) -> Encoder {
    Encoder::init(SIZES.grid, SIZES.encoder, EncoderInit::Mae, &mut rng(seed), &device()).unwrap()
}

pub fn autoencoder(seed: u64) -> MaskedAutoencoder {
    MaskedAutoencoder::init(&SIZES, &mut rng(seed), &device()).unwrap()
}

pub fn uniform(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = rng(seed);
    (0..n).map(|_| rng.random::<f32>() * 2.0 - 1.0).collect()
}

pub fn patches(images: usize, seed: u64) -> Vec<f32> {
    uniform(images * PATCHES * PATCH_LEN, seed)
}

pub fn masking(images: usize, seed: u64) -> Masking {
    Masking::from_noise(&uniform(images * PATCHES, seed), PATCHES, 0.6).unwrap()
}

pub fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Fails unless the two agree within `tolerance`, absolute for numbers below one and relative above.
#[track_caller]
pub fn assert_close(got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "lengths differ");
    assert!(!got.is_empty(), "nothing to compare");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let error = (g - w).abs() / w.abs().max(1.0);
        assert!(error <= tolerance, "value {i}: got {g}, want {w} (error {error:e}, tolerance {tolerance:e})");
    }
}
