//! Runs a product with the instructions that its elements need.

#[cfg(target_arch = "x86_64")]
use super::avx512_bf16;
use super::elements::Elements;
use super::tile::Product;
use crate::instruction_set::{InstructionSet, dispatch_to};

/// Makes a product of such elements with the vectors of `set`.
pub(super) fn run(set: InstructionSet, elements: Elements, product: Product<'_, '_>) {
    match elements {
        Elements::F32 | Elements::RoundedF32 => dispatch_to(set, product),
        #[cfg(target_arch = "x86_64")]
        Elements::Bf16Pairs => avx512_bf16::product_of_pairs(product),
        #[cfg(not(target_arch = "x86_64"))]
        Elements::Bf16Pairs => unreachable!("no other machine makes them"),
        Elements::AmxTiles(_) => unreachable!("their factors are laid out for the tiles"),
    }
}
