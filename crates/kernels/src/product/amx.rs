//! The product of bfloat16 factors on the tile registers of AMX (Intel, Advanced Matrix Extensions).
//!
//! 1. Eight registers hold tiles of 16 rows by 64 bytes. Four are sums, of 32 rows by 32 columns together; two hold 32
//!    rows of the left factor, two 32 columns of the right one. One step along K takes 32 numbers of each.
//! 2. The left factor is read by its rows, rounded and padded with zeros ([`packing`]). The right factor is packed into
//!    panels of 32 columns in which the numbers of a column stand in pairs, as the instruction wants them.
//! 3. Rows that are left over at the bottom have smaller tiles; the last panel is padded. So no read leaves a factor.
//! 4. Where nothing is added and the columns are whole, tiles are stored where the result lies, else by way of the cache.
//!
//! The instructions stand behind the trait [`Tiles`]. Tests run the product on emulated registers everywhere, and on the
//! real ones where they are; `scripts/test_amx_in_bochs.sh` brings a machine that has them. Sources: Intel 64 and IA-32
//! Architectures Software Developer's Manual, volume 1, chapter 18, and volume 2 for each instruction.

#![allow(
    unsafe_code,
    reason = "the tile registers read and write through pointers; `check` shows once that all lies within"
)]
use super::epilogue::Epilogue;
use super::tile::Out;
use crate::instruction_set::{Work, widest};

#[cfg(test)]
mod emulated;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod instructions;
mod packing;
mod permission;
mod tiles;

pub(super) use packing::{
    pack_left_transposed, pack_right, pack_right_transposed, padded_columns, padded_depth, padded_rows, round_rows,
};
pub(super) use permission::AmxPermission;

use tiles::{COLUMNS, DEPTH, LEFT, RIGHT, ROWS, SUMS, TileConfiguration, Tiles};

/// A left factor [M, K] of bfloat16, rows `stride` numbers apart, each padded with zeros to the right factor's depth.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeftRows<'a> {
    pub values: &'a [u16],
    pub stride: usize,
    /// M.
    pub rows: usize,
}

/// A right factor [K, N] of bfloat16 in panels [ceil(N / 32)][depth / 2][32][2]: pairs along K stand together. What
/// is beyond N or K is zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct RightPanels<'a> {
    pub values: &'a [u16],
    /// K, padded to a multiple of 32.
    pub depth: usize,
    /// N.
    pub columns: usize,
}

/// The columns `first` .. `first + N` of `out` [M, ..] = `left` [M, K] times `right` [K, N], on the calling thread.
/// Products are added up in f32, 32 of them at a time; denormal numbers count as zero.
///
/// # Panics
/// When the lengths disagree.
pub(super) fn product(
    permission: AmxPermission,
    left: LeftRows<'_>,
    right: RightPanels<'_>,
    epilogue: Epilogue<'_>,
    out: Out<'_, '_>,
    first: usize,
) {
    let product = ProductOfTiles { left, right, epilogue, out, first };
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    product.run(&mut instructions::TileRegisters::new(permission));
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    permission.is_never_given(product);
}

/// A product to be made.
struct ProductOfTiles<'a, 'b> {
    left: LeftRows<'a>,
    right: RightPanels<'a>,
    epilogue: Epilogue<'a>,
    out: Out<'a, 'b>,
    first: usize,
}

/// Rows and columns of the result that are summed at once.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
}

/// Sums of all four tiles, on their way to the result.
#[repr(align(64))]
struct StoredSums([[f32; COLUMNS]; ROWS]);

impl<'a, 'b> ProductOfTiles<'a, 'b> {
    fn run<T: Tiles>(self, tiles: &mut T) {
        if self.left.rows > 0 && self.right.columns > 0 {
            self.check();
            widest(OnTiles { product: self, tiles });
        }
    }

    /// Asserts that every number that a tile reads or writes lies within its slice.
    fn check(&self) {
        let (LeftRows { values: left, stride, rows: m }, RightPanels { values: right, depth, columns: n }) =
            (self.left, self.right);
        let fits = match &self.out {
            Out::Flat(out) => self.first == 0 && m.checked_mul(n) == Some(out.len()),
            // Their lengths are checked when they are written.
            Out::Rows(rows) => rows.len() == m,
        };
        assert!(fits, "the result is [M, N]");
        match self.epilogue {
            Epilogue::Bias(bias) => assert_eq!(bias.len(), n, "the bias is [N]"),
            Epilogue::BiasAndResidual(bias, added) => {
                assert!(bias.len() == n && added.len() == m * n && self.first == 0, "[N] and [M, N] are added");
            }
            Epilogue::Plain | Epilogue::Accumulate => {}
        }
        assert!(depth.is_multiple_of(DEPTH), "the depth is padded to a multiple of {DEPTH}");
        // Where a product has no depth, nothing is read.
        let length = (m - 1).checked_mul(stride).and_then(|start| start.checked_add(depth));
        let fits = depth == 0 || length.is_some_and(|length| length <= left.len());
        assert!(fits, "the left factor is [M, K], its rows padded");
        let length = n.checked_next_multiple_of(COLUMNS).and_then(|columns| columns.checked_mul(depth));
        assert!(length.is_some_and(|length| length <= right.len()), "the right factor is [K, N] in panels");
    }

    /// All rows from `first` to below `end`, at most [`ROWS`] at a time, under each panel in turn.
    #[inline(always)]
    fn rows<T: Tiles>(&mut self, tiles: &mut T, sums: &mut StoredSums, first: usize, end: usize) {
        let n = self.right.columns;
        for column in (0..n).step_by(COLUMNS) {
            let columns = COLUMNS.min(n - column);
            for row in (first..end).step_by(ROWS) {
                let rows = ROWS.min(end - row);
                let place = Place { row, rows, column, columns };
                // Tiles that would be all padding are left out.
                match (rows > ROWS / 2, columns > COLUMNS / 2) {
                    (true, true) => self.place::<T, true, true>(tiles, sums, place),
                    (true, false) => self.place::<T, true, false>(tiles, sums, place),
                    (false, true) => self.place::<T, false, true>(tiles, sums, place),
                    (false, false) => self.place::<T, false, false>(tiles, sums, place),
                }
            }
        }
    }

    /// One place of the result, of two tiles' rows where there is a `LOWER` tile, and two tiles' columns where there is
    /// a `FURTHER` one.
    #[inline(always)]
    fn place<T: Tiles, const LOWER: bool, const FURTHER: bool>(
        &mut self,
        tiles: &mut T,
        sums: &mut StoredSums,
        place: Place,
    ) {
        let Place { row, column, columns, .. } = place;
        let (left, right, n) = (self.left, self.right, self.right.columns);
        let whole = columns == COLUMNS || columns == COLUMNS / 2;
        // SAFETY: `check` has shown that rows below M of the left factor and the panels of the right one lie within
        // their slices. The configuration has as many rows as this place, and tiles of which it has none are left out
        // here.
        unsafe {
            let left_row = left.values.as_ptr().wrapping_add(row * left.stride);
            let panel = right.values.as_ptr().add(column * right.depth);
            sum::<T, LOWER, FURTHER>(tiles, left_row, left.stride, panel, right.depth);
        }
        match (&mut self.out, self.epilogue) {
            (Out::Flat(out), Epilogue::Plain) if whole => {
                // SAFETY: the result is [M, N], as `check` has shown, and the tiles have as many rows and columns as
                // this place of it.
                unsafe { store::<T, LOWER, FURTHER>(tiles, out.as_mut_ptr().add(row * n + column), n) };
            }
            _ => {
                // SAFETY: there is room for all four tiles.
                unsafe { store::<T, LOWER, FURTHER>(tiles, sums.0.as_mut_ptr().cast(), COLUMNS) };
                self.finish(sums, place);
            }
        }
    }

    /// Writes stored sums where they belong, with what is added to them. Whole panels are told apart so that the
    /// compiler knows the length of their rows.
    #[inline(always)]
    fn finish(&mut self, sums: &StoredSums, place: Place) {
        if place.columns == COLUMNS {
            self.finish_rows(sums, Place { columns: COLUMNS, ..place });
        } else {
            self.finish_rows(sums, place);
        }
    }

    #[inline(always)]
    fn finish_rows(&mut self, sums: &StoredSums, place: Place) {
        let Place { row, rows, column, columns } = place;
        let n = self.right.columns;
        for (i, sums) in sums.0.iter().enumerate().take(rows) {
            let out = match &mut self.out {
                Out::Flat(out) => &mut out[(row + i) * n..(row + i + 1) * n],
                Out::Rows(rows) => &mut rows[row + i][self.first..self.first + n],
            };
            let out = &mut out[column..column + columns];
            let start = (row + i) * n + column;
            let (bias, residual) = match self.epilogue {
                Epilogue::Bias(bias) => (&bias[column..column + columns], None),
                Epilogue::BiasAndResidual(bias, residual) => {
                    (&bias[column..column + columns], Some(&residual[start..start + columns]))
                }
                Epilogue::Plain => {
                    out.copy_from_slice(&sums[..columns]);
                    continue;
                }
                Epilogue::Accumulate => {
                    add(out, &sums[..columns]);
                    continue;
                }
            };
            out.copy_from_slice(&sums[..columns]);
            add(out, bias);
            if let Some(residual) = residual {
                add(out, residual);
            }
        }
    }
}

/// A product together with the registers that make it.
struct OnTiles<'t, 'a, 'b, T> {
    product: ProductOfTiles<'a, 'b>,
    tiles: &'t mut T,
}

impl<T: Tiles> Work for OnTiles<'_, '_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { mut product, tiles } = self;
        let mut sums = StoredSums([[0.0; COLUMNS]; ROWS]);
        let m = product.left.rows;
        let whole = m / ROWS * ROWS;
        if whole > 0 {
            // SAFETY: the configuration is a valid one, and whoever has tiles may use them.
            unsafe { tiles.configure(&TileConfiguration::new(ROWS)) };
            product.rows(tiles, &mut sums, 0, whole);
        }
        if whole < m {
            // SAFETY: as above.
            unsafe { tiles.configure(&TileConfiguration::new(m - whole)) };
            product.rows(tiles, &mut sums, whole, m);
        }
    }
}

/// `values` added to `out`, of the same length.
#[inline(always)]
fn add(out: &mut [f32], values: &[f32]) {
    out.iter_mut().zip(values).for_each(|(out, value)| *out += value);
}

/// The sums of one place: rows from `left` on, the columns of one panel.
///
/// # Safety
/// The tiles must be configured, the lower ones too if `LOWER`. As many rows as they have must be readable from `left`
/// on, `stride` numbers apart and `depth` long, and [depth / 2][32][2] numbers from `panel` on. `depth` is a multiple
/// of 32.
#[inline(always)]
unsafe fn sum<T: Tiles, const LOWER: bool, const FURTHER: bool>(
    tiles: &mut T,
    left: *const u16,
    stride: usize,
    panel: *const u16,
    depth: usize,
) {
    let row_bytes = stride * size_of::<u16>();
    let pair_bytes = COLUMNS * size_of::<[u16; 2]>();
    // SAFETY: the caller promises that the tiles are configured and that what they read is readable.
    unsafe {
        tiles.zero::<{ SUMS[0] }>();
        if FURTHER {
            tiles.zero::<{ SUMS[1] }>();
        }
        if LOWER {
            tiles.zero::<{ SUMS[2] }>();
        }
        if LOWER && FURTHER {
            tiles.zero::<{ SUMS[3] }>();
        }
        for k in (0..depth).step_by(DEPTH) {
            let (left, right) = (left.add(k), panel.add(k * COLUMNS));
            tiles.load::<{ LEFT[0] }>(left, row_bytes);
            tiles.load::<{ RIGHT[0] }>(right, pair_bytes);
            tiles.add_products::<{ SUMS[0] }, { LEFT[0] }, { RIGHT[0] }>();
            if FURTHER {
                tiles.load::<{ RIGHT[1] }>(right.add(COLUMNS), pair_bytes);
                tiles.add_products::<{ SUMS[1] }, { LEFT[0] }, { RIGHT[1] }>();
            }
            if LOWER {
                tiles.load::<{ LEFT[1] }>(left.add(ROWS / 2 * stride), row_bytes);
                tiles.add_products::<{ SUMS[2] }, { LEFT[1] }, { RIGHT[0] }>();
            }
            if LOWER && FURTHER {
                tiles.add_products::<{ SUMS[3] }, { LEFT[1] }, { RIGHT[1] }>();
            }
        }
    }
}

/// Writes the sums to rows from `out` on, `stride` numbers apart.
///
/// # Safety
/// As many rows as the tiles have must be writable from `out` on, 32 numbers long, or 16 if not `FURTHER`.
#[inline(always)]
unsafe fn store<T: Tiles, const LOWER: bool, const FURTHER: bool>(tiles: &mut T, out: *mut f32, stride: usize) {
    let row_bytes = stride * size_of::<f32>();
    // SAFETY: the caller promises that all this is writable.
    unsafe {
        tiles.store::<{ SUMS[0] }>(out, row_bytes);
        if FURTHER {
            tiles.store::<{ SUMS[1] }>(out.add(COLUMNS / 2), row_bytes);
        }
        if LOWER {
            let out = out.add(ROWS / 2 * stride);
            tiles.store::<{ SUMS[2] }>(out, row_bytes);
            if FURTHER {
                tiles.store::<{ SUMS[3] }>(out.add(COLUMNS / 2), row_bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests;
