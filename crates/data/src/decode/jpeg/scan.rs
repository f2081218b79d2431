//! The data of one scan, read to their end without making pixels of them (ITU-T T.81, annexes E, F and G).

use super::frame::Frame;
use super::huffman::{BadScan, Bits, Codes};

/// What the header of a scan says.
pub struct Scan {
    /// The components, by their places in the frame.
    pub components: Vec<usize>,
    /// The first and the last coefficient.
    pub band: (u32, u32),
    /// The bit that came before, if these are refinements; and the bit that the coefficients are known to afterwards.
    pub bits: (u8, u8),
}

/// How many bytes behind the data of a scan are no sign of damage, even if they could be blocks.
const FEW_BYTES: usize = 4;

/// How many bytes behind the data of a scan are no sign of damage, unless they are blocks.
const HARMLESS_BYTES: usize = 16;

/// The tables of a scan's components, in their order: DC and AC, where they have been given.
pub type Tables<'a> = Vec<(Option<&'a Codes>, Option<&'a Codes>)>;

/// Which coefficients of which blocks are other than zero so far; refinements need it.
pub struct Known {
    /// For each component a bit for each coefficient of each block.
    blocks: Vec<Vec<u64>>,
}

impl Known {
    /// Nothing yet.
    pub fn new(frame: &Frame) -> Self {
        let blocks = |component: &super::frame::Component| {
            let (h, v) = component.sampling;
            vec![0; if frame.is_progressive { frame.units.0 * h * frame.units.1 * v } else { 0 }]
        };
        Self { blocks: frame.components.iter().map(blocks).collect() }
    }
}

/// Reads the data of a scan that begin at `position` and are interrupted by a marker after every `interval` units (0:
/// by none). Returns where the next marker is.
///
/// # Errors
/// When they are not the whole of the scan.
pub fn read(
    bytes: &[u8],
    position: usize,
    interval: usize,
    frame: &Frame,
    scan: &Scan,
    tables: &Tables,
    known: &mut Known,
) -> Result<usize, BadScan> {
    let mut reader = ScanReader { bits: Bits::new(bytes, position), run: 0, frame, scan, tables };
    let (wide, high) = match scan.components[..] {
        [only] => frame.components[only].blocks,
        _ => frame.units,
    };
    for unit in 0..wide * high {
        if interval > 0 && unit > 0 && unit.is_multiple_of(interval) {
            reader.check_rest(wide)?;
            let marker = reader.bits.next_marker();
            let expected = 0xd0 + ((unit / interval - 1) % 8) as u8;
            match bytes.get(marker + 1) {
                None => return Err(BadScan::Short),
                Some(&found) if found != expected => return Err(BadScan::Invalid),
                Some(_) => {}
            }
            (reader.bits, reader.run) = (Bits::new(bytes, marker + 2), 0);
        }
        reader.unit(unit % wide, unit / wide, known)?;
    }
    reader.check_rest(wide)?;
    Ok(reader.bits.next_marker())
}

struct ScanReader<'a> {
    bits: Bits<'a>,
    /// How many more blocks end here.
    run: u32,
    frame: &'a Frame,
    scan: &'a Scan,
    tables: &'a Tables<'a>,
}

impl ScanReader<'_> {
    /// The blocks of one unit.
    fn unit(&mut self, column: usize, row: usize, known: &mut Known) -> Result<(), BadScan> {
        let is_alone = self.scan.components.len() == 1;
        for (&place, &(dc, ac)) in self.scan.components.iter().zip(self.tables) {
            let (h, v) = self.frame.components[place].sampling;
            let blocks_wide = self.frame.units.0 * h;
            let (columns, rows) = if is_alone { (1, 1) } else { (h, v) };
            for y in 0..rows {
                for x in 0..columns {
                    if self.frame.is_progressive {
                        let block = (row * rows + y) * blocks_wide + column * columns + x;
                        self.progressive(dc, ac, &mut known.blocks[place][block])?;
                    } else {
                        self.sequential(dc, ac)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn sequential(&mut self, dc: Option<&Codes>, ac: Option<&Codes>) -> Result<(), BadScan> {
        let (dc, ac) = dc.zip(ac).ok_or(BadScan::Invalid)?;
        self.difference(dc)?;
        let mut place = 1;
        while place < 64 {
            let symbol = self.bits.symbol(ac)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                match zeros {
                    15 => place += 16,
                    _ => return Ok(()),
                }
                continue;
            }
            place += zeros;
            if place > 63 {
                return Err(BadScan::Invalid);
            }
            self.bits.take(size)?;
            place += 1;
        }
        Ok(())
    }

    /// A first coefficient, as the difference to the one before.
    fn difference(&mut self, codes: &Codes) -> Result<(), BadScan> {
        match self.bits.symbol(codes)? {
            size @ 0..=15 => self.bits.take(u32::from(size)).map(|_| ()),
            _ => Err(BadScan::Invalid),
        }
    }

    fn progressive(&mut self, dc: Option<&Codes>, ac: Option<&Codes>, known: &mut u64) -> Result<(), BadScan> {
        let is_first = self.scan.bits.0 == 0;
        match (self.scan.band.0, is_first) {
            (0, true) => self.difference(dc.ok_or(BadScan::Invalid)?),
            (0, false) => self.bits.take(1).map(|_| ()),
            (_, true) => self.first_band(ac.ok_or(BadScan::Invalid)?, known),
            (_, false) => self.refined_band(ac.ok_or(BadScan::Invalid)?, known),
        }
    }

    /// Coefficients of a block that come for the first time.
    fn first_band(&mut self, ac: &Codes, known: &mut u64) -> Result<(), BadScan> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let (mut place, end) = self.scan.band;
        while place <= end {
            let symbol = self.bits.symbol(ac)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (zeros, size) {
                (15, 0) => place += 16,
                (_, 0) => {
                    self.run = (1 << zeros) + self.bits.take(zeros)? - 1;
                    return Ok(());
                }
                _ => {
                    place += zeros;
                    if place > end {
                        return Err(BadScan::Invalid);
                    }
                    self.bits.take(size)?;
                    *known |= 1 << place;
                    place += 1;
                }
            }
        }
        Ok(())
    }

    /// One more bit of the coefficients of a block that are known, and those that are new with this bit.
    fn refined_band(&mut self, ac: &Codes, known: &mut u64) -> Result<(), BadScan> {
        let (mut place, end) = self.scan.band;
        if self.run == 0 {
            while place <= end {
                let symbol = self.bits.symbol(ac)?;
                let (mut zeros, size) = (u32::from(symbol >> 4), symbol & 15);
                match (zeros, size) {
                    (15, 0) | (_, 1) => {}
                    (_, 0) => {
                        self.run = (1 << zeros) + self.bits.take(zeros)?;
                        break;
                    }
                    _ => return Err(BadScan::Invalid),
                }
                // The sign of the new one.
                self.bits.take(u32::from(size))?;
                while place <= end {
                    if *known >> place & 1 == 1 {
                        self.bits.take(1)?;
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    place += 1;
                }
                if size == 1 {
                    if place > end {
                        return Err(BadScan::Invalid);
                    }
                    *known |= 1 << place;
                }
                place += 1;
            }
        }
        if self.run > 0 {
            for place in place..=end {
                if *known >> place & 1 == 1 {
                    self.bits.take(1)?;
                }
            }
            self.run -= 1;
        }
        Ok(())
    }

    /// Sees that what lies between the last unit and the next marker is no part of the picture: more blocks, or a long
    /// rest of something, are left where data before were read as fewer than they are, so that the picture is shifted.
    /// A few other bytes are harmless, and so are many equal ones (some cameras write them); a whole row of blocks or
    /// more is one that an encoder added below the picture.
    fn check_rest(&mut self, units_wide: usize) -> Result<(), BadScan> {
        let after = self.bits.clone();
        let rest = self.bits.clone().rest();
        if rest.len() <= FEW_BYTES {
            return Ok(());
        }
        let is_harmless = rest.len() <= HARMLESS_BYTES || rest.iter().all(|byte| *byte == rest[0]);
        if self.frame.is_progressive {
            return if is_harmless { Ok(()) } else { Err(BadScan::Invalid) };
        }
        let mut order = Vec::new();
        for (&place, &codes) in self.scan.components.iter().zip(self.tables) {
            let (h, v) = self.frame.components[place].sampling;
            order.extend(vec![codes; if self.scan.components.len() == 1 { 1 } else { h * v }]);
        }
        let row = order.len() * units_wide;
        // Which block of a unit they begin with, nobody knows.
        for first in 0..order.len() {
            self.bits = after.clone();
            let mut blocks = 0;
            for &(dc, ac) in order.iter().cycle().skip(first).take(row) {
                if self.sequential(dc, ac).is_err() {
                    break;
                }
                blocks += 1;
                if blocks < row && self.bits.is_used_up() {
                    return Err(BadScan::Invalid);
                }
            }
            if first == 0 && blocks == row {
                self.bits = after;
                return Ok(());
            }
        }
        self.bits = after;
        if is_harmless { Ok(()) } else { Err(BadScan::Invalid) }
    }
}
