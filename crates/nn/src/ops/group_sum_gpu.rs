//! Sums over the units of a group, in kernels for GPUs.

use burn_cubecl::cubecl::{self, prelude::*};

/// Units of a group that add up together; a power of two.
pub(super) const UNITS: usize = 64;

/// The sum of `value` over the units of a group, for all of them; `shared` is [UNITS].
#[cube]
pub(super) fn sum_of_group(value: f32, shared: &mut Shared<[f32]>) -> f32 {
    let unit = UNIT_POS as usize;
    sync_cube();
    shared[unit] = value;
    sync_cube();
    #[unroll]
    for halving in 0..comptime!(UNITS.ilog2()) {
        let half = comptime!(UNITS >> (halving + 1));
        if unit < half {
            let other = shared[unit + half];
            shared[unit] += other;
        }
        sync_cube();
    }
    shared[0]
}
