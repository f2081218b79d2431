//! Everything that the augmentations draw, 100,000 times, against its law in closed form.
//!
//! Seeds are fixed, so a test either always passes or always fails.

mod crops;
mod erasing;
mod goodness_of_fit;
mod mixing;
mod rand_augment;

use bmae_data::random::{Purpose, keyed};
use rand_chacha::ChaCha8Rng;

/// How often everything is drawn.
const DRAWS: u64 = 100_000;

/// The generator of every draw, for one purpose.
fn generators(purpose: Purpose) -> impl Iterator<Item = ChaCha8Rng> {
    (0..DRAWS).map(move |sample| keyed(20, 3, sample, purpose))
}
