//! The tile registers as a product uses them, and their configuration.

/// Rows of the result that are summed at once: those of two tiles.
pub(super) const ROWS: usize = 2 * TILE_ROWS;
/// Columns of the result that are summed at once: two tiles of 16 sums.
pub(super) const COLUMNS: usize = 32;
/// Numbers along K that a tile holds.
pub(super) const DEPTH: usize = 32;

/// Rows of a whole tile.
const TILE_ROWS: usize = 16;
/// Bytes of a whole tile's row.
const ROW_BYTES: u16 = 64;

/// The registers of the sums: the upper tile, the one right of it, and those below them.
pub(super) const SUMS: [u8; 4] = [0, 1, 2, 3];
/// The registers of the left factor: the upper rows and the lower.
pub(super) const LEFT: [u8; 2] = [4, 5];
/// The registers of the right factor: a panel's first columns and its further.
pub(super) const RIGHT: [u8; 2] = [6, 7];

/// Registers of tiles: the instructions, or what emulates them. Strides are in bytes.
pub(super) trait Tiles {
    /// Gives all tiles their sizes, and zeros.
    ///
    /// # Safety
    /// This machine must have the registers.
    unsafe fn configure(&mut self, configuration: &TileConfiguration);

    /// Zeros in a tile.
    ///
    /// # Safety
    /// The tile must be configured.
    unsafe fn zero<const TILE: u8>(&mut self);

    /// Rows of bfloat16 from `from` on.
    ///
    /// # Safety
    /// The tile must be configured, and each of its rows readable.
    unsafe fn load<const TILE: u8>(&mut self, from: *const u16, stride: usize);

    /// The left tile times the right, added to the sums.
    ///
    /// # Safety
    /// The tiles must be configured.
    unsafe fn add_products<const SUMS: u8, const LEFT: u8, const RIGHT: u8>(&mut self);

    /// Sums to the rows from `to` on.
    ///
    /// # Safety
    /// The tile must be configured, and each of its rows writable.
    unsafe fn store<const TILE: u8>(&mut self, to: *mut f32, stride: usize);
}

/// Sizes of all tiles: the 64 bytes that LDTILECFG reads.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct TileConfiguration {
    palette: u8,
    /// Where an interrupted load goes on.
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl TileConfiguration {
    /// For `rows` rows of the result, 1 to [`ROWS`]: the lower tiles have what the upper ones leave over, or are not
    /// there.
    pub fn new(rows: usize) -> Self {
        let upper = rows.min(TILE_ROWS);
        let mut configuration = Self { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        let [a, b, c, d] = SUMS;
        for (tiles, rows) in
            [([a, b, LEFT[0]], upper), ([c, d, LEFT[1]], rows - upper), ([RIGHT[0], RIGHT[1], RIGHT[1]], DEPTH / 2)]
        {
            for tile in tiles.map(usize::from) {
                // At most 16: no tile has more.
                configuration.rows[tile] = rows as u8;
                configuration.row_bytes[tile] = if rows > 0 { ROW_BYTES } else { 0 };
            }
        }
        configuration
    }

    /// Rows of a tile, and numbers of four bytes in each.
    #[cfg(test)]
    pub fn size(&self, tile: u8) -> (usize, usize) {
        let tile = usize::from(tile);
        (self.rows[tile].into(), usize::from(self.row_bytes[tile]) / 4)
    }
}
