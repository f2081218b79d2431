//! How fast a training step is: images/s of the `mini` model, forward and backward, without an optimiser.
//!
//!     cargo run --release -p bmae-nn --example step_time -- [pretrain|finetune|forward]...
//!
//! Batch 128 of random images, median over 5 steps after 2 to warm up. The peer is `shared/bench/pytorch_peer.py`.

use std::time::Instant;

use bmae_nn::{
    Classifier, DecoderConfig, Encoder, EncoderConfig, EncoderInit, HeadInit, MaskedAutoencoder, Masking, Pooling,
    cross_entropy, gradients, mean_squared_error, patchify,
};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BATCH: usize = 128;
const WARM_UP: usize = 2;
const STEPS: usize = 5;

fn main() {
    let stages: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |stage: &str| stages.is_empty() || stages.iter().any(|s| s == stage);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let device = Device::flex().autodiff();
    let encoder = EncoderConfig { image_size: 32, patch_size: 4, dim: 128, depth: 6, heads: 4, mlp_ratio: 4.0 };
    let decoder = DecoderConfig { dim: 64, depth: 2, heads: 4 };
    let (patches_of_image, patch_len) = (encoder.patches(), encoder.patch_len());
    let images: Vec<f32> = (0..BATCH * 3 * 32 * 32).map(|_| rng.random()).collect();
    let noise: Vec<f32> = (0..BATCH * patches_of_image).map(|_| rng.random()).collect();
    let labels: Vec<i64> = (0..BATCH).map(|i| (i % 10) as i64).collect();

    let patches = patchify(&images, 32, 4).expect("the images fit");
    let batch = |device: &Device| -> Tensor<3> {
        let shape = [BATCH, patches_of_image, patch_len];
        Tensor::from_data(TensorData::new(patches.clone(), shape), device)
    };

    if wanted("pretrain") {
        let model = MaskedAutoencoder::init(&encoder, &decoder, &mut rng, &device).expect("the sizes are right");
        let masking = Masking::from_noise(&noise, patches_of_image, 0.75).expect("the ratio is right");
        let target = masking.masked_values(&patches, patch_len);
        let rows = masking.masked().len();
        time("pretrain", || {
            let latent = model.encoder.forward_masked(&patches, &masking).expect("the patches fit");
            let prediction = model.predict_masked(latent, &masking);
            let target = Tensor::from_data(TensorData::new(target.clone(), [rows, patch_len]), &device);
            let loss = mean_squared_error(prediction, target);
            gradients(&model, &mut loss.backward()).len()
        });
    }
    let fresh = Encoder::init(&encoder, EncoderInit::Mae, &mut rng, &device).expect("the sizes are right");
    if wanted("finetune") {
        let model = Classifier::init(fresh.clone(), 10, Pooling::Mean, HeadInit::FINETUNE, &mut rng);
        time("finetune", || {
            let loss = cross_entropy(model.forward(batch(&device)), &labels, 0.1).expect("the labels are classes");
            gradients(&model, &mut loss.backward()).len()
        });
    }
    if wanted("forward") {
        let target = fresh.valid();
        let inner = device.clone().inner();
        time("forward", || target.forward(batch(&inner)).into_data().num_elements());
    }
}

/// Prints the median images/s of `step`; what it returns keeps the work from being optimised away.
fn time(stage: &str, step: impl Fn() -> usize) {
    let mut seconds: Vec<f64> = (0..WARM_UP + STEPS)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(step());
            start.elapsed().as_secs_f64()
        })
        .skip(WARM_UP)
        .collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[STEPS / 2];
    println!("{stage:9} {:7.1} images/s   ({:.3} s a step of {BATCH})", BATCH as f64 / median, median);
}
