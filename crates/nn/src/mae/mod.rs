//! The masked autoencoder: which patches are seen, the decoder, the loss on the others.

mod autoencoder;
mod decoder;
mod loss;

pub use autoencoder::MaskedAutoencoder;
pub use decoder::Decoder;
pub use loss::{masked_rows, mean_squared_error};
