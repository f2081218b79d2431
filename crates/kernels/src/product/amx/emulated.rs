//! The tile registers in plain Rust, as Intel's manual describes TDPBF16PS: what tests run the product on everywhere,
//! and what the instructions are compared with.

use super::tiles::{TileConfiguration, Tiles};

/// Eight tiles of 16 rows of 16 numbers of four bytes. What the processor would refuse panics.
#[derive(Debug, Default)]
pub(super) struct EmulatedTiles {
    configuration: Option<TileConfiguration>,
    tiles: [[[u32; 16]; 16]; 8],
}

impl EmulatedTiles {
    /// Rows of a tile that is there, and numbers in each.
    fn size(&self, tile: u8) -> (usize, usize) {
        let (rows, numbers) = self.configuration.expect("the tiles are configured").size(tile);
        assert!(rows > 0 && numbers > 0, "tile {tile} is configured");
        (rows, numbers)
    }
}

impl Tiles for EmulatedTiles {
    unsafe fn configure(&mut self, configuration: &TileConfiguration) {
        *self = Self { configuration: Some(*configuration), ..Self::default() };
    }

    unsafe fn zero<const TILE: u8>(&mut self) {
        self.size(TILE);
        self.tiles[usize::from(TILE)] = Default::default();
    }

    unsafe fn load<const TILE: u8>(&mut self, from: *const u16, stride: usize) {
        let (rows, numbers) = self.size(TILE);
        self.tiles[usize::from(TILE)] = Default::default();
        for (i, row) in self.tiles[usize::from(TILE)].iter_mut().enumerate().take(rows) {
            for (j, number) in row.iter_mut().enumerate().take(numbers) {
                // SAFETY: the caller promises that each row of the tile is readable.
                *number = unsafe { from.byte_add(i * stride).cast::<u32>().add(j).read_unaligned() };
            }
        }
    }

    unsafe fn add_products<const SUMS: u8, const LEFT: u8, const RIGHT: u8>(&mut self) {
        assert!(SUMS != LEFT && SUMS != RIGHT && LEFT != RIGHT, "the three tiles differ");
        let ((m, n), (left_rows, depth)) = (self.size(SUMS), self.size(LEFT));
        assert_eq!((left_rows, (depth, n)), (m, self.size(RIGHT)), "the tiles' sizes agree");
        let [left, right] = [LEFT, RIGHT].map(|tile| self.tiles[usize::from(tile)]);
        for (left, sums) in left.iter().zip(&mut self.tiles[usize::from(SUMS)]).take(m) {
            for (j, sum) in sums.iter_mut().enumerate().take(n) {
                // The first and the second numbers of the pairs are summed for themselves.
                let [mut first, mut second] = [0.0, 0.0];
                for (left, right) in left.iter().zip(&right).take(depth) {
                    let ([a, b], [c, d]) = (pair(*left), pair(right[j]));
                    first = multiplied_and_added(a, c, first);
                    second = multiplied_and_added(b, d, second);
                }
                *sum = added(f32::from_bits(*sum), added(first, second)).to_bits();
            }
        }
    }

    unsafe fn store<const TILE: u8>(&mut self, to: *mut f32, stride: usize) {
        let (rows, numbers) = self.size(TILE);
        for (i, row) in self.tiles[usize::from(TILE)].iter().enumerate().take(rows) {
            for (j, number) in row.iter().enumerate().take(numbers) {
                // SAFETY: the caller promises that each row of the tile is writable.
                unsafe { to.byte_add(i * stride).add(j).write_unaligned(f32::from_bits(*number)) };
            }
        }
    }
}

/// Two bfloat16 that stand together, the first in the lower half.
fn pair(bits: u32) -> [f32; 2] {
    [bits << 16, bits & 0xffff_0000].map(f32::from_bits)
}

/// Denormal numbers become zero.
fn flushed(value: f32) -> f32 {
    if value.is_subnormal() { 0.0_f32.copysign(value) } else { value }
}

fn added(a: f32, b: f32) -> f32 {
    flushed(flushed(a) + flushed(b))
}

/// a b + c, rounded once.
fn multiplied_and_added(a: f32, b: f32, c: f32) -> f32 {
    let [a, b, c] = [a, b, c].map(flushed);
    let sum = a.mul_add(b, c);
    if sum.abs() != f32::MIN_POSITIVE {
        return flushed(sum);
    }
    // Whether a number is denormal is decided after it was rounded to 24 bits, as if exponents had no end; here it may
    // have been rounded up to the smallest normal number because denormal ones have fewer bits.
    const SCALE: f32 = (1_u64 << 60) as f32;
    let [smaller, larger] = if a.abs() < b.abs() { [a, b] } else { [b, a] };
    let scaled = (smaller * SCALE).mul_add(larger, c * SCALE);
    if scaled.abs() < f32::MIN_POSITIVE * SCALE { 0.0_f32.copysign(sum) } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_second_numbers_of_pairs_are_summed_apart_and_then_added() {
        let mut tiles = EmulatedTiles::default();
        let (mut left, mut right) = ([0_u16; 32], [[0_u16; 32]; 16]);
        let bf16 = |value: f32| (value.to_bits() >> 16) as u16;
        // 2^24 + 1 - 2^24 + 1: in one sum the first 1 would be lost.
        for (k, value) in [16_777_216.0, 1.0, -16_777_216.0, 1.0].into_iter().enumerate() {
            left[k] = bf16(value);
            right[k / 2][k % 2] = bf16(1.0);
        }
        let mut sums = [0.0; 16];
        // SAFETY: one row of the left factor and 16 of the right are there, and one of the sums.
        unsafe {
            tiles.configure(&TileConfiguration::new(1));
            tiles.load::<4>(left.as_ptr(), 64);
            tiles.load::<6>(right.as_ptr().cast(), 64);
            tiles.add_products::<0, 4, 6>();
            tiles.store::<0>(sums.as_mut_ptr(), 64);
        }
        assert_eq!(sums[..2], [2.0, 0.0]);
    }

    #[test]
    fn denormal_numbers_count_as_zero_and_become_zero() {
        let denormal = f32::MIN_POSITIVE / 2.0;
        assert_eq!(multiplied_and_added(denormal, 4.0, 1.0), 1.0);
        assert_eq!(multiplied_and_added(f32::MIN_POSITIVE, 0.5, 0.0), 0.0);
        assert_eq!(added(denormal, denormal), 0.0);
        assert_eq!(added(f32::MIN_POSITIVE * 1.5, -f32::MIN_POSITIVE), 0.0);
        // Three quarters of a bit below the smallest normal number: denormal, though f32 rounds it up.
        let product = |c: f32| multiplied_and_added(-0.75 * 2.0_f32.powi(-75), 2.0_f32.powi(-75), c);
        assert_eq!(product(f32::MIN_POSITIVE), 0.0);
        assert_eq!(product(1.0), 1.0);
    }

    #[test]
    #[should_panic(expected = "tile 2 is configured")]
    fn a_tile_that_the_configuration_lacks_is_refused() {
        let mut tiles = EmulatedTiles::default();
        // SAFETY: no memory is read.
        unsafe {
            tiles.configure(&TileConfiguration::new(16));
            tiles.zero::<2>();
        }
    }
}
