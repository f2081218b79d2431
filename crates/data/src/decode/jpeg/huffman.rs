//! Huffman codes, and the bits of a scan (ITU-T T.81, annexes C and F).

/// Codes of up to this length are looked up at once.
const FAST_BITS: u32 = 9;

/// What is wrong with the data of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadScan {
    /// They end before the picture does.
    Short,
    /// They are no codes, or more coefficients than a block has.
    Invalid,
}

/// The codes of one table.
pub struct Codes {
    /// For each beginning of [`FAST_BITS`] bits: the length of the code, and its symbol; length 0 for longer codes.
    fast: Vec<(u8, u8)>,
    /// For each length: one more than its last code, and what to add to a code for the place of its symbol.
    lengths: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// The codes of 16 counts, one for each length from 1, and as many symbols.
    ///
    /// `None` when there are more codes of a length than it can have.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut codes = Self { fast: vec![(0, 0); 1 << FAST_BITS], lengths: [(0, 0); 17], symbols: symbols.to_vec() };
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1..=16_u32).zip(counts) {
            let first = code;
            codes.lengths[length as usize].1 = place as i32 - first as i32;
            for &symbol in symbols.get(place..place + usize::from(count))? {
                if length <= FAST_BITS {
                    let start = (code << (FAST_BITS - length)) as usize;
                    codes.fast.get_mut(start..start + (1 << (FAST_BITS - length)))?.fill((length as u8, symbol));
                }
                code += 1;
            }
            if code > 1 << length {
                return None;
            }
            place += usize::from(count);
            codes.lengths[length as usize].0 = code;
            code <<= 1;
        }
        Some(codes)
    }
}

/// The bits of a scan, up to the next marker or the end of the file.
#[derive(Clone)]
pub struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The next bits, from the top.
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// From a byte on.
    pub fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position, buffer: 0, count: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.bytes.get(self.position) else { return };
            if byte == 0xff {
                match self.bytes.get(self.position + 1) {
                    Some(0) => self.position += 1,
                    // Any number of these may stand before a marker.
                    Some(0xff) => {
                        self.position += 1;
                        continue;
                    }
                    _ => return,
                }
            }
            self.position += 1;
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next `count` bits as a number; at most 16.
    pub fn take(&mut self, count: u32) -> Result<u32, BadScan> {
        if count == 0 {
            return Ok(0);
        }
        if self.count < count {
            self.fill();
        }
        self.count = self.count.checked_sub(count).ok_or(BadScan::Short)?;
        let bits = (self.buffer >> (64 - count)) as u32;
        self.buffer <<= count;
        Ok(bits)
    }

    /// The symbol of the next code.
    pub fn symbol(&mut self, codes: &Codes) -> Result<u8, BadScan> {
        if self.count < 16 {
            self.fill();
        }
        let (length, symbol) = codes.fast[(self.buffer >> (64 - FAST_BITS)) as usize];
        if length > 0 {
            self.take(u32::from(length))?;
            return Ok(symbol);
        }
        let next = (self.buffer >> 48) as u32;
        for length in FAST_BITS + 1..=16 {
            let (end, offset) = codes.lengths[length as usize];
            let code = next >> (16 - length);
            if code < end {
                self.take(length)?;
                let place = usize::try_from(code as i32 + offset).ok();
                return place.and_then(|place| codes.symbols.get(place)).copied().ok_or(BadScan::Invalid);
            }
        }
        Err(if self.count < 16 { BadScan::Short } else { BadScan::Invalid })
    }

    /// Whether nothing is left but the ones that fill up the last byte.
    pub fn is_used_up(&mut self) -> bool {
        self.fill();
        self.count < 8 && self.buffer >> (64 - 8) == (0xff << (8 - self.count)) & 0xff
    }

    /// The whole bytes that are left.
    pub fn rest(mut self) -> Vec<u8> {
        self.fill();
        let partial = self.count % 8;
        (self.buffer, self.count) = (self.buffer << partial, self.count - partial);
        std::iter::from_fn(|| self.take(8).ok()).map(|byte| byte as u8).collect()
    }

    /// Where the next marker is, whatever data are left before it; the end of the file if there is none.
    pub fn next_marker(&self) -> usize {
        let rest = &self.bytes[self.position..];
        let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff);
        rest.windows(2).position(is_marker).map_or(self.bytes.len(), |found| self.position + found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_every_length_are_read() {
        // One code of each length: 0, 10, 110, ...
        let symbols: Vec<u8> = (1..=16).collect();
        let codes = Codes::new(&[1; 16], &symbols).expect("a prefix code");
        for length in 1..=16_u32 {
            let code = (0xffff_u32 << (17 - length)) & 0xffff;
            let bytes = [(code >> 8) as u8, code as u8, 0x12, 0x34];
            let stuffed: Vec<u8> =
                bytes.iter().flat_map(|&byte| if byte == 0xff { vec![0xff, 0] } else { vec![byte] }).collect();
            assert_eq!(Bits::new(&stuffed, 0).symbol(&codes), Ok(length as u8));
        }
        assert_eq!(Bits::new(&[0xff, 0, 0xff, 0], 0).symbol(&codes), Err(BadScan::Invalid));
        assert_eq!(Bits::new(&[], 0).symbol(&codes), Err(BadScan::Short));
        assert!(Codes::new(&[3; 16], &[0; 48]).is_none(), "three codes of one bit");
    }

    #[test]
    fn bits_end_at_a_marker() {
        let bytes = [0b1010_1111, 0xff, 0, 0xff, 0xff, 0xd9, 7];
        let mut bits = Bits::new(&bytes, 0);
        assert_eq!(bits.take(4), Ok(0b1010));
        assert!(!bits.is_used_up());
        assert_eq!(bits.take(9), Ok(0x1ff));
        assert!(bits.is_used_up(), "three ones are left");
        assert_eq!(bits.take(4), Err(BadScan::Short));
        assert_eq!(bits.next_marker(), 4);
    }
}
