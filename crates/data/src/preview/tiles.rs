//! Images beside one another, each with a few lines below it, as one PNG file.

use bmae_lettering::lines::at_most;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::canvas::{Canvas, DrawnSize, TEXT_SIZE, line_step};
use crate::error::PreviewError;
use crate::{DataError, Image};

/// Pixels between the tiles, and around everything.
const GAP: usize = 8;
/// Pixels between an image and its lines.
const BELOW: usize = 4;
/// A small image is enlarged by the least whole factor to so many pixels or more on its longer side, a large one reduced
/// to so many or less.
const SIDES: (usize, usize) = (96, 128);
/// The width of a tile.
const WIDTH: usize = 148;
/// The lines that each text below an image may take.
const LINES: usize = 2;

/// An image with what is said of it.
#[derive(Debug, Clone)]
pub struct Tile {
    /// The image.
    pub image: Image,
    /// Texts below it, each beginning a line.
    pub texts: Vec<String>,
}

/// The bytes of a PNG file with `tiles` in rows of `columns`.
///
/// # Errors
/// When there is no tile, or a PNG file cannot hold them.
pub fn tiles_to_png(tiles: &[Tile], columns: usize) -> Result<Vec<u8>, DataError> {
    let failed = |cause: String| DataError::Preview(PreviewError::Encoding { cause });
    if tiles.is_empty() || columns == 0 {
        return Err(failed("it has no image".to_owned()));
    }
    let texts = |tile: &Tile| -> Vec<String> {
        tile.texts.iter().flat_map(|text| at_most(text, TEXT_SIZE, WIDTH as f32, LINES)).collect()
    };
    let texts: Vec<Vec<String>> = tiles.iter().map(texts).collect();
    let drawn = |tile: &Tile| {
        let size = drawn_size(&tile.image);
        (size, size.of(tile.image.width()), size.of(tile.image.height()))
    };
    // Each row is as high as its highest image and its most lines.
    let heights: Vec<(usize, usize)> = tiles
        .chunks(columns)
        .zip(texts.chunks(columns))
        .map(|(tiles, texts)| {
            let image = tiles.iter().map(|tile| drawn(tile).2).max().unwrap_or(0);
            let lines = texts.iter().map(Vec::len).max().unwrap_or(0);
            (image, BELOW + lines * line_step())
        })
        .collect();
    let width = GAP + columns.min(tiles.len()) * (WIDTH + GAP);
    let height = GAP + heights.iter().map(|(image, text)| image + text + GAP).sum::<usize>();
    let mut canvas = Canvas::new(width, height);
    let mut top = GAP;
    for (row, (image_height, text_height)) in heights.iter().enumerate() {
        let in_row = tiles.iter().zip(&texts).skip(row * columns).take(columns);
        for (column, (tile, lines)) in in_row.enumerate() {
            let left = GAP + column * (WIDTH + GAP);
            let (size, _, height) = drawn(tile);
            canvas.image(&tile.image, size, left, top + image_height - height);
            for (line, text) in lines.iter().enumerate() {
                canvas.text(text, left, top + image_height + BELOW + line * line_step());
            }
        }
        top += image_height + text_height + GAP;
    }
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(canvas.pixels(), width as u32, height as u32, ExtendedColorType::Rgb8)
        .map_err(|cause| failed(cause.to_string()))?;
    Ok(png)
}

fn drawn_size(image: &Image) -> DrawnSize {
    let longer = image.width().max(image.height()).max(1);
    match longer.div_ceil(SIDES.1) {
        0 | 1 => DrawnSize::Enlarged((SIDES.0.div_ceil(longer)).min(SIDES.1 / longer).max(1)),
        factor => DrawnSize::Reduced(factor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(width: usize, height: usize, colour: [u8; 3]) -> Image {
        Image::new(width, height, colour.repeat(width * height)).expect("three bytes a pixel")
    }

    /// The box of all pixels of a colour: left, top, right, bottom.
    fn extent(png: &image::RgbImage, colour: [u8; 3]) -> Option<[u32; 4]> {
        let places = png.enumerate_pixels().filter(|(_, _, pixel)| pixel.0 == colour);
        places
            .map(|(x, y, _)| [x, y, x, y])
            .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
    }

    const RED: [u8; 3] = [200, 0, 0];
    const GREEN: [u8; 3] = [0, 200, 0];
    const BLUE: [u8; 3] = [0, 0, 200];

    #[test]
    fn images_of_any_shape_stand_in_rows_with_their_lines_below() {
        let tile = |image: Image| Tile { image, texts: vec!["true: cat".to_owned(), "said: dog 98 %".to_owned()] };
        let tiles = [tile(flat(32, 32, RED)), tile(flat(64, 32, GREEN)), tile(flat(600, 300, BLUE))];
        let png = tiles_to_png(&tiles, 2).expect("a picture");
        let png = image::load_from_memory(&png).expect("a PNG file").to_rgb8();
        let [red, green, blue] = [RED, GREEN, BLUE].map(|colour| extent(&png, colour).expect("an image"));
        let sides = |at: [u32; 4]| (at[2] + 1 - at[0], at[3] + 1 - at[1]);
        assert_eq!([red, green, blue].map(sides), [(96, 96), (128, 64), (120, 60)]);
        assert_eq!(red[3], green[3], "the images of a row end at one height");
        assert!(green[0] > red[2] && blue[1] > red[3] + 30, "the third is in the next row, below the lines");
        let ink = |left: u32, top: u32| {
            (left..left + 80)
                .any(|x| (top..top + 16).any(|y| png.get_pixel(x, y).0.iter().all(|channel| *channel < 120)))
        };
        assert!(ink(red[0], red[3] + 2) && ink(green[0], red[3] + 2) && ink(blue[0], blue[3] + 2));
    }

    #[test]
    fn nothing_is_no_picture() {
        assert!(tiles_to_png(&[], 4).expect_err("nothing").to_string().contains("no image"));
    }
}
