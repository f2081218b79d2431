//! The size of a JPEG and the grid of its blocks (ITU-T T.81, A.1 and B.2.2).

use crate::decode::fault::Fault;

/// What the header of the frame says.
pub struct Frame {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether its scans refine each other.
    pub is_progressive: bool,
    /// One for each colour.
    pub components: Vec<Component>,
    /// Groups of blocks that belong to the same pixels, in each row and in each column.
    pub units: (usize, usize),
}

/// One colour of a frame.
pub struct Component {
    /// Its number in the headers of scans.
    pub id: u8,
    /// Blocks in each unit, side by side and one below the other.
    pub sampling: (usize, usize),
    /// Blocks that hold pixels, in each row and in each column.
    pub blocks: (usize, usize),
}

impl Frame {
    /// The frame that a marker (0xC0 to 0xCF) and what follows it tell.
    ///
    /// # Errors
    /// When it is of a kind that is not decoded, or makes no sense.
    pub fn new(marker: u8, body: &[u8]) -> Result<Self, Fault> {
        let unsupported = |kind: &str| Err(Fault::Unsupported(format!("a JPEG file {kind}")));
        match marker {
            0xc0..=0xc2 => {}
            0xc3 => return unsupported("that is coded without loss"),
            0xc5..=0xc7 | 0xcd..=0xcf => return unsupported("of a hierarchy of pictures"),
            _ => return unsupported("with arithmetic coding"),
        }
        let wrong = || Fault::damaged("its header makes no sense");
        let &[bits, high, low, wide, narrow, count, ref components @ ..] = body else { return Err(wrong()) };
        if bits != 8 {
            return unsupported(&format!("of {bits} bits a colour"));
        }
        let [height, width] = [[high, low], [wide, narrow]].map(u16::from_be_bytes);
        if height == 0 {
            return unsupported("that tells its height only behind its picture");
        }
        let (components, _) = components.as_chunks::<3>();
        let sampled: Vec<(u8, usize, usize)> = components
            .iter()
            .take(usize::from(count))
            .map(|&[id, sampling, _]| (id, usize::from(sampling >> 4), usize::from(sampling & 15)))
            .collect();
        let is_whole = (1..=4).contains(&count) && sampled.len() == usize::from(count);
        if width == 0 || !is_whole || sampled.iter().any(|&(_, h, v)| !(1..=4).contains(&h) || !(1..=4).contains(&v)) {
            return Err(wrong());
        }
        let most = |side: fn(&(u8, usize, usize)) -> usize| sampled.iter().map(side).max().unwrap_or(1);
        let (most_h, most_v) = (most(|sampled| sampled.1), most(|sampled| sampled.2));
        let (columns, rows) = (usize::from(width), usize::from(height));
        let blocks = |pixels: usize, sampling: usize, most: usize| (pixels * sampling).div_ceil(most).div_ceil(8);
        let component = |&(id, h, v): &(u8, usize, usize)| {
            let blocks = (blocks(columns, h, most_h), blocks(rows, v, most_v));
            Component { id, sampling: (h, v), blocks }
        };
        Ok(Self {
            width: u32::from(width),
            height: u32::from(height),
            is_progressive: marker == 0xc2,
            components: sampled.iter().map(component).collect(),
            units: (columns.div_ceil(8 * most_h), rows.div_ceil(8 * most_v)),
        })
    }
}
