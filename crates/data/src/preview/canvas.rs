//! The pixels of a picture, and what is put on them.

use bmae_lettering::shades::{line_height, shades};
use bmae_lettering::typeface;

use super::shown::Shown;
use crate::Image;

/// What lies behind everything.
const GROUND: [u8; 3] = [255; 3];
/// The colour of letters.
const INK: [u8; 3] = [0x1F, 0x24, 0x30];
/// Pixels of an em.
pub const TEXT_SIZE: f32 = 12.0;

/// How large an image is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawnSize {
    /// Each pixel as a square of so many by so many.
    Enlarged(usize),
    /// So many by so many pixels as one, their mean; what is left over at the right and below is left out.
    Reduced(usize),
}

impl DrawnSize {
    /// The pixels that `side` pixels become.
    pub fn of(self, side: usize) -> usize {
        match self {
            Self::Enlarged(factor) => side.saturating_mul(factor),
            Self::Reduced(factor) => side / factor,
        }
    }
}

/// The mean of some colours, of which there is at least one.
fn mean(colours: impl Iterator<Item = [u8; 3]>) -> [u8; 3] {
    let (mut sums, mut count) = ([0; 3], 0);
    for colour in colours {
        sums.iter_mut().zip(colour).for_each(|(sum, channel)| *sum += u32::from(channel));
        count += 1;
    }
    sums.map(|sum: u32| ((sum + count / 2) / count.max(1)) as u8)
}

/// Pixels from the top left, row by row.
pub struct Canvas {
    width: usize,
    pixels: Vec<u8>,
}

/// From one line of text to the next, in pixels.
pub fn line_step() -> usize {
    line_height(TEXT_SIZE)
}

/// The width of a line of text in whole pixels.
pub fn text_width(text: &str) -> usize {
    typeface::width(text, TEXT_SIZE).ceil() as usize
}

impl Canvas {
    /// White, of `width` x `height` pixels.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, pixels: GROUND.repeat(width * height) }
    }

    /// Red, green and blue of every pixel.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Puts `image`, shown as any is and drawn in this size, with its top left corner at `(left, top)`. What would lie outside is left out.
    pub fn image(&mut self, image: &Image, size: DrawnSize, left: usize, top: usize) {
        let image = image.drawn(Shown::default());
        let (source, _) = image.pixels().as_chunks::<3>();
        let colour = |x: usize, y: usize| match size {
            DrawnSize::Enlarged(factor) => source[y / factor * image.width() + x / factor],
            DrawnSize::Reduced(factor) => mean((0..factor * factor).map(|at| {
                let (x, y) = (x * factor + at % factor, y * factor + at / factor);
                source[y * image.width() + x]
            })),
        };
        for y in 0..size.of(image.height()) {
            for x in 0..size.of(image.width()) {
                self.blend(left + x, top + y, colour(x, y), 255);
            }
        }
    }

    /// A column of pixels of one colour.
    pub fn column(&mut self, x: usize, top: usize, height: usize, colour: [u8; 3]) {
        (top..top + height).for_each(|y| self.blend(x, y, colour, 255));
    }

    /// A line of text whose top left corner is at `(left, top)`.
    pub fn text(&mut self, text: &str, left: usize, top: usize) {
        let line = shades(text, TEXT_SIZE);
        for (at, shade) in line.coverage.iter().enumerate() {
            self.blend(left + at % line.width, top + at / line.width, INK, *shade);
        }
    }

    /// The same with its middle at `middle`, within the canvas.
    pub fn centred_text(&mut self, text: &str, middle: usize, top: usize) {
        let width = text_width(text);
        let left = middle.saturating_sub(width / 2).min(self.width.saturating_sub(width));
        self.text(text, left, top);
    }

    /// Mixes `colour` into a pixel by `share` of 255.
    fn blend(&mut self, x: usize, y: usize, colour: [u8; 3], share: u8) {
        let start = 3 * (y * self.width + x);
        let Some(pixel) = self.pixels.get_mut(start..start + 3).filter(|_| x < self.width) else { return };
        for (own, new) in pixel.iter_mut().zip(colour) {
            let mixed = u32::from(*own) * u32::from(255 - share) + u32::from(new) * u32::from(share);
            *own = (mixed / 255) as u8;
        }
    }
}
