//! What an error proposes instead of a size that does not divide.

/// The multiple of `step` that is nearest to `value`, but not 0.
pub(crate) fn nearest_multiple(value: usize, step: u128) -> u128 {
    let times = (value as u128 + step / 2) / step;
    times.max(1) * step
}
