//! The promises of bmae-nn, in one binary: linking Burn many times is what costs.

mod attention;
mod configuration;
mod decoder;
mod drop_path;
mod encoder;
mod fused;
mod gradients;
mod heads;
mod initialisation;
mod masking;
mod positions;
mod precision;
mod targets;
mod tiny;
mod weights;
mod weights_bounds;
mod weights_of_others;
mod weights_open;
