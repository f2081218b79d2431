//! A grid of images as one PNG file, for looking at what a transform does.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::error::PreviewError;
use crate::{DataError, Image};

/// Between the images, and around them: `GAP` pixels of this grey.
const BACKGROUND: u8 = 255;
const GAP: usize = 4;
/// The greatest area, in millions of pixels: 300 MB before it is compressed, and more than anybody looks at.
const MEGAPIXELS: usize = 100;

/// Square images in rows, from left to right and from top to bottom.
#[derive(Debug, Clone)]
pub struct Grid {
    columns: usize,
    side: usize,
    scale: usize,
    images: Vec<Image>,
}

impl Grid {
    /// An empty grid for images of `side` x `side` pixels, `columns` in each row, every pixel drawn as a square of
    /// `scale` x `scale`. A number of columns or a scale of 0 is taken for 1.
    pub fn new(columns: usize, side: usize, scale: usize) -> Self {
        Self { columns: columns.max(1), side, scale: scale.max(1), images: Vec::new() }
    }

    /// Adds an image.
    ///
    /// # Errors
    /// When it has another size than the grid's images.
    pub fn push(&mut self, image: &Image) -> Result<(), DataError> {
        if (image.width(), image.height()) != (self.side, self.side) {
            let (width, height) = (image.width(), image.height());
            return Err(PreviewError::ImageSize { side: self.side, width, height }.into());
        }
        self.images.push(image.clone());
        Ok(())
    }

    /// Refuses a grid of so many images that would be too large, before any of them is drawn.
    ///
    /// # Errors
    /// When the whole would have more than 100 million pixels.
    pub fn check(&self, images: usize) -> Result<(), DataError> {
        self.size(images).map(|_| ())
    }

    /// Columns and rows of pixels of a grid of so many images.
    fn size(&self, images: usize) -> Result<(u32, u32), DataError> {
        let columns = self.columns.min(images).max(1);
        let rows = images.div_ceil(columns);
        let length = |count: usize| {
            let drawn = self.side.checked_mul(self.scale)?.checked_add(GAP)?;
            u32::try_from(drawn.checked_mul(count)?.checked_add(GAP)?).ok()
        };
        let size = length(columns).zip(length(rows));
        let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        size.filter(|size| area(*size) <= MEGAPIXELS as u64 * 1_000_000).ok_or(DataError::Preview(
            PreviewError::TooLarge {
                columns,
                rows,
                drawn: self.side.saturating_mul(self.scale),
                megapixels: MEGAPIXELS,
            },
        ))
    }

    /// The bytes of a PNG file; places that the last row leaves empty are white.
    ///
    /// # Errors
    /// When there is no image, or the whole is too large for a PNG file or for memory.
    pub fn to_png(&self) -> Result<Vec<u8>, DataError> {
        let failed = |cause: String| DataError::Preview(PreviewError::Encoding { cause });
        if self.images.is_empty() {
            return Err(failed("it has no image".to_owned()));
        }
        let (width, height) = self.size(self.images.len())?;
        let (columns, drawn) = (self.columns.min(self.images.len()), self.side * self.scale);
        let mut canvas = vec![BACKGROUND; 3 * width as usize * height as usize];
        for (place, image) in self.images.iter().enumerate() {
            let left = GAP + place % columns * (drawn + GAP);
            let top = GAP + place / columns * (drawn + GAP);
            self.draw(image, &mut canvas, width as usize, left, top);
        }
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&canvas, width, height, ExtendedColorType::Rgb8)
            .map_err(|cause| failed(cause.to_string()))?;
        Ok(png)
    }

    fn draw(&self, image: &Image, canvas: &mut [u8], canvas_width: usize, left: usize, top: usize) {
        let (source, _) = image.pixels().as_chunks::<3>();
        let (canvas, _) = canvas.as_chunks_mut::<3>();
        let drawn = self.side * self.scale;
        for y in 0..drawn {
            let start = (top + y) * canvas_width + left;
            let row = &source[y / self.scale * self.side..];
            for (x, pixel) in canvas[start..start + drawn].iter_mut().enumerate() {
                *pixel = row[x / self.scale];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(side: usize, colour: [u8; 3]) -> Image {
        Image::new(side, side, colour.repeat(side * side)).expect("three bytes a pixel")
    }

    #[test]
    fn images_stand_in_rows_enlarged_and_apart() {
        let mut grid = Grid::new(2, 2, 3);
        let colours = [[200, 0, 0], [0, 200, 0], [0, 0, 200]];
        for colour in colours {
            grid.push(&flat(2, colour)).expect("2x2");
        }
        let png = image::load_from_memory(&grid.to_png().expect("a small grid")).expect("a PNG file").to_rgb8();
        // Two images of 6 pixels and three gaps of 4 in each direction.
        assert_eq!(png.dimensions(), (24, 24));
        for ((left, top), colour) in [(4, 4), (14, 4), (4, 14)].into_iter().zip(colours) {
            for (x, y) in [(0, 0), (5, 5)] {
                assert_eq!(png.get_pixel(left + x, top + y).0, colour);
            }
            assert_eq!(png.get_pixel(left - 1, top).0, [255; 3]);
            assert_eq!(png.get_pixel(left, top + 6).0, [255; 3]);
        }
        assert_eq!(png.get_pixel(16, 16).0, [255; 3], "the last place is empty");
    }

    #[test]
    fn pixels_keep_their_places() {
        let mut grid = Grid::new(1, 2, 1);
        let image = Image::new(2, 2, (0..12).collect()).expect("2x2");
        grid.push(&image).expect("2x2");
        let png = image::load_from_memory(&grid.to_png().expect("a small grid")).expect("a PNG file").to_rgb8();
        assert_eq!(png.get_pixel(5, 4).0, [3, 4, 5]);
        assert_eq!(png.get_pixel(4, 5).0, [6, 7, 8]);
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let mut grid = Grid::new(0, 4, 0);
        assert!(grid.to_png().expect_err("empty").to_string().contains("no image"));
        assert!(grid.push(&flat(5, [0; 3])).expect_err("5x5").to_string().contains("5x5"));
        let mut huge = Grid::new(1, 1, usize::MAX);
        huge.push(&flat(1, [0; 3])).expect("1x1");
        assert!(huge.to_png().expect_err("huge").to_string().contains("more than 100 million pixels"));
        let many = Grid::new(100, 95, 1);
        assert!(many.check(100 * 100).is_ok());
        let refused = many.check(100 * 102).expect_err("too many").to_string();
        assert!(refused.contains("102 rows of 100 images") && refused.contains("95 x 95 pixels each"), "{refused}");
    }
}
