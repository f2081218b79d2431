//! Weights: safetensors, what `torch.save` wrote, and what a Hugging Face folder says of them.

use std::path::Path;

use bmae_nn::StateDict;
use bmae_nn::weights::Architecture;

use crate::scratch;

/// A weight file of any kind: its bytes tell which.
pub fn weights(bytes: &[u8]) {
    look_at(&scratch::write("weights.bin", bytes));
}

/// The `config.json` of a Hugging Face folder, beside weights of a small model.
pub fn hugging_face(bytes: &[u8]) {
    const WEIGHTS: &[u8] = include_bytes!("../../../fuzz/corpus/weights/huggingface.safetensors");
    scratch::write("folder/model.safetensors", WEIGHTS);
    scratch::write("folder/config.json", bytes);
    look_at(&scratch::path("folder"));
}

/// Everything that is asked of weights before there is a model for them. What is taken holds as many numbers as its
/// shapes say.
fn look_at(path: &Path) {
    let Ok(mut state) = StateDict::open(path) else { return };
    for (name, array) in &state.tensors {
        let count = array.shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
        assert_eq!(count, Some(array.values.len()), "{name} {:?}", array.shape);
    }
    let _ = Architecture::of(&state).to_string();
    let _ = state.missing_tensors();
    let _ = state.resize_positions(2);
}
