//! Encoder and decoder together, checked.

use crate::error::ArchitectureError;
use crate::grid::PatchGrid;
use crate::parameters::{ParameterCount, decoder_parameters, encoder_parameters};
use crate::transformer::Transformer;

/// All sizes of a masked autoencoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Autoencoder {
    /// The patches that the encoder sees and the decoder predicts.
    pub grid: PatchGrid,
    /// The encoder's blocks.
    pub encoder: Transformer,
    /// The decoder's blocks.
    pub decoder: Transformer,
}

impl Autoencoder {
    /// Refuses what [`check_encoder`] or [`check_decoder`] refuses.
    pub fn check(&self) -> Result<(), ArchitectureError> {
        check_encoder(self.grid, self.encoder)?;
        check_decoder(self.grid, self.encoder.dim, self.decoder)
    }
}

/// Refuses an encoder that cannot be: sizes of zero, a height or width that patches do not divide, a width that heads or 4 do not
/// divide, no hidden units, more parameters or pixels than the address space holds.
pub fn check_encoder(grid: PatchGrid, encoder: Transformer) -> Result<(), ArchitectureError> {
    grid.check()?;
    encoder.check("encoder")?;
    match addressable(encoder_parameters(grid, encoder)) && addressable_count(grid.values_per_image() as u128) {
        true => Ok(()),
        false => Err(too_large(grid, "encoder", encoder)),
    }
}

/// Refuses a decoder that cannot be, as [`check_encoder`] does, behind an encoder of the width `encoder_dim`.
pub fn check_decoder(grid: PatchGrid, encoder_dim: usize, decoder: Transformer) -> Result<(), ArchitectureError> {
    decoder.check("decoder")?;
    match addressable(decoder_parameters(grid, encoder_dim, decoder)) {
        true => Ok(()),
        false => Err(too_large(grid, "decoder", decoder)),
    }
}

fn addressable(parameters: ParameterCount) -> bool {
    addressable_count(parameters.total())
}

/// Whether so many `f32` fit into the largest allocation that Rust allows.
fn addressable_count(values: u128) -> bool {
    values.saturating_mul(size_of::<f32>() as u128) <= isize::MAX as u128
}

fn too_large(grid: PatchGrid, part: &str, transformer: Transformer) -> ArchitectureError {
    let (image_size, patch_size) = (grid.image.in_a_recipe(), grid.patch.in_a_recipe());
    let Transformer { dim, depth, mlp_ratio, .. } = transformer;
    ArchitectureError::TooLarge {
        sizes: format!(
            "image_size {image_size}, patch_size {patch_size}, {part}.dim {dim}, {part}.depth {depth}, {part}.mlp_ratio {mlp_ratio}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Autoencoder = Autoencoder {
        grid: PatchGrid::rgb(6, 2),
        encoder: Transformer::new(8, 2, 2, 2.0),
        decoder: Transformer::decoder(4, 1, 2),
    };

    #[test]
    fn sizes_beyond_the_address_space_are_refused() {
        assert_eq!(SMALL.check(), Ok(()));
        let Autoencoder { encoder, decoder, .. } = SMALL;
        for absurd in [
            Autoencoder { encoder: Transformer { dim: 1 << 40, heads: 1, ..encoder }, ..SMALL },
            Autoencoder { encoder: Transformer { mlp_ratio: 1e300, ..encoder }, ..SMALL },
            Autoencoder { grid: PatchGrid::rgb(1 << 60, 1 << 59), ..SMALL },
            Autoencoder { grid: PatchGrid::rgb(1 << 34, 1 << 17), ..SMALL },
            Autoencoder { decoder: Transformer { dim: 1 << 62, ..decoder }, ..SMALL },
        ] {
            let refused = absurd.check().unwrap_err();
            assert!(refused.to_string().contains("larger than this machine can address"), "{refused}");
        }
    }
}
