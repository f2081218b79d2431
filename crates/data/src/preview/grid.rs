//! A grid of images as one PNG file: a word over each column, a name before each row, and a colour scale where numbers are
//! shown as colours.

use bmae_architecture::ImageSize;
use bmae_lettering::lines::{at_most, lines};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::canvas::{Canvas, DrawnSize, TEXT_SIZE, line_step, text_width};
use super::colour_scale::{ColourScale, colour_at};
use crate::error::PreviewError;
use crate::{DataError, Image};

/// Pixels between the images, and around everything.
const GAP: usize = 4;
/// A small image is enlarged by the least whole factor to so many pixels or more. An image that is not square counts like
/// the square of its area.
const DRAWN_SIDE: usize = 96;
/// A large image of a reduced grid is drawn with so many pixels or less.
const REDUCED_SIDE: usize = 128;
/// The narrowest column: words must stand over it.
const COLUMN_WIDTH: usize = 64;
/// The widest line of a row's name, in pixels.
const NAME_WIDTH: usize = 150;
/// The sides of the colour scale's bar, in pixels.
const BAR: (usize, usize) = (280, 12);
/// The greatest area, in millions of pixels: 300 MB before it is compressed, and more than anybody looks at.
const MEGAPIXELS: usize = 100;

/// Images of one size in labelled columns, one row for each subject.
#[derive(Debug, Clone)]
pub struct Grid {
    image: ImageSize,
    columns: Vec<String>,
    rows: Vec<GridRow>,
    scale: Option<ColourScale>,
    size: DrawnSize,
}

/// One row.
#[derive(Debug, Clone)]
pub struct GridRow {
    /// What stands before it: the class of its subject, where it is known.
    pub name: Option<String>,
    /// An image for each column; a row may end early.
    pub images: Vec<Image>,
}

/// Where things stand, in pixels.
struct Layout {
    /// The size of a drawn image.
    drawn: ImageSize,
    /// The width of a column: that of its images, but room for its words.
    column: usize,
    /// The lines over each column, and before each row.
    labels: Vec<Vec<String>>,
    names: Vec<Vec<String>>,
    /// Left of the images, and above them.
    left: usize,
    top: usize,
    /// Where the images end, and everything.
    bottom: usize,
    width: usize,
    height: usize,
}

impl Grid {
    /// An empty grid for images of the size `image` with a column for each of `columns`, which say what stands in
    /// them. Images of less than 96 pixels are enlarged by a whole factor, each pixel a square.
    pub fn new(image: ImageSize, columns: Vec<String>) -> Self {
        Self {
            image,
            columns,
            rows: Vec::new(),
            scale: None,
            size: DrawnSize::Enlarged(DRAWN_SIDE.div_ceil(mean_side(image).max(1))),
        }
    }

    /// The same for a page with other things: images of more than 128 pixels are reduced by the least whole factor that
    /// makes them 128 or less.
    pub fn reduced(self) -> Self {
        match mean_side(self.image).div_ceil(REDUCED_SIDE) {
            0 | 1 => self,
            factor => Self { size: DrawnSize::Reduced(factor), ..self },
        }
    }

    /// The same with a bar below that says which number has which colour.
    pub fn with_scale(self, scale: ColourScale) -> Self {
        Self { scale: Some(scale), ..self }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When an image has another size than the grid's, or there are more images than columns.
    pub fn push(&mut self, row: GridRow) -> Result<(), DataError> {
        if row.images.len() > self.columns.len() {
            let (images, columns) = (row.images.len(), self.columns.len());
            return Err(PreviewError::RowLength { images, columns }.into());
        }
        let sizes = row.images.iter().map(|image| ImageSize { height: image.height(), width: image.width() });
        if let Some(found) = sizes.into_iter().find(|found| *found != self.image) {
            return Err(PreviewError::ImageSize { expected: self.image, found }.into());
        }
        self.rows.push(row);
        Ok(())
    }

    /// Refuses a grid of so many rows that would be too large, before any of them is drawn.
    ///
    /// # Errors
    /// When the images alone would have more than 100 million pixels.
    pub fn check(&self, rows: usize) -> Result<(), DataError> {
        let length = |side: usize, count: usize| side.saturating_add(GAP).saturating_mul(count);
        self.refuse_large(length(self.column_width(), self.columns.len()), length(self.drawn().height, rows), rows)
    }

    /// The size of an image as it is drawn.
    fn drawn(&self) -> ImageSize {
        ImageSize { height: self.size.of(self.image.height).max(1), width: self.size.of(self.image.width).max(1) }
    }

    fn column_width(&self) -> usize {
        self.drawn().width.max(COLUMN_WIDTH)
    }

    fn refuse_large(&self, width: usize, height: usize, rows: usize) -> Result<(), DataError> {
        let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
        match sides.filter(|(width, height)| u64::from(*width) * u64::from(*height) <= MEGAPIXELS as u64 * 1_000_000) {
            Some(_) => Ok(()),
            None => Err(PreviewError::TooLarge {
                columns: self.columns.len(),
                rows,
                drawn: self.drawn(),
                megapixels: MEGAPIXELS,
            }
            .into()),
        }
    }

    /// The bytes of a PNG file.
    ///
    /// # Errors
    /// When there is no image, or the whole is too large for a PNG file or for memory.
    pub fn to_png(&self) -> Result<Vec<u8>, DataError> {
        let failed = |cause: String| DataError::Preview(PreviewError::Encoding { cause });
        if self.rows.iter().all(|row| row.images.is_empty()) {
            return Err(failed("it has no image".to_owned()));
        }
        self.check(self.rows.len())?;
        let layout = self.layout();
        self.refuse_large(layout.width, layout.height, self.rows.len())?;
        let mut canvas = Canvas::new(layout.width, layout.height);
        self.draw(&layout, &mut canvas);
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(canvas.pixels(), layout.width as u32, layout.height as u32, ExtendedColorType::Rgb8)
            .map_err(|cause| failed(cause.to_string()))?;
        Ok(png)
    }

    fn layout(&self) -> Layout {
        let (drawn, column) = (self.drawn(), self.column_width());
        let labels = self.columns.iter().map(|label| lines(label, TEXT_SIZE, column as f32));
        let labels: Vec<Vec<String>> = labels.collect();
        // A name takes the lines that stand beside its image.
        let most_lines = (drawn.height / line_step()).max(1);
        let name = |row: &GridRow| {
            let name = row.name.as_deref().filter(|name| !name.is_empty())?;
            Some(at_most(name, TEXT_SIZE, NAME_WIDTH as f32, most_lines))
        };
        let names: Vec<Vec<String>> = self.rows.iter().map(|row| name(row).unwrap_or_default()).collect();
        let widest = names.iter().flatten().map(|line| text_width(line)).max();
        let left = GAP + widest.map_or(0, |width| width + 2 * GAP);
        let highest = labels.iter().map(Vec::len).max().unwrap_or(0);
        let top = GAP + highest * line_step() + GAP;
        let length = |side: usize, count: usize| (count * (side + GAP)).saturating_sub(GAP);
        let bottom = top + length(drawn.height, self.rows.len());
        let right = left + length(column, self.columns.len());
        let (width, height) = (right + GAP, bottom + GAP);
        let mut layout = Layout { drawn, column, labels, names, left, top, bottom, width, height };
        if let Some(scale) = &self.scale {
            let rows = lines(&scale.title, TEXT_SIZE, (right - GAP).max(BAR.0) as f32);
            let widest = rows.iter().map(|line| text_width(line)).max().unwrap_or(0).max(BAR.0 + 16 * GAP);
            layout.width = layout.width.max(widest + 2 * GAP);
            layout.height += 2 * GAP + rows.len() * line_step() + GAP + BAR.1 + GAP / 2 + line_step();
        }
        layout
    }

    fn draw(&self, layout: &Layout, canvas: &mut Canvas) {
        let (across, down) = (layout.column + GAP, layout.drawn.height + GAP);
        for (column, label) in layout.labels.iter().enumerate() {
            let top = layout.top - GAP - label.len() * line_step();
            for (line, text) in label.iter().enumerate() {
                canvas.centred_text(text, layout.left + column * across + layout.column / 2, top + line * line_step());
            }
        }
        for (at, (row, name)) in self.rows.iter().zip(&layout.names).enumerate() {
            let top = layout.top + at * down;
            let first = top + (layout.drawn.height.saturating_sub(name.len() * line_step())) / 2;
            for (line, text) in name.iter().enumerate() {
                canvas.text(text, GAP, first + line * line_step());
            }
            for (column, image) in row.images.iter().enumerate() {
                let beside = (layout.column - layout.drawn.width) / 2;
                canvas.image(image, self.size, layout.left + column * across + beside, top);
            }
        }
        if let Some(scale) = &self.scale {
            draw_scale(scale, layout, canvas);
        }
    }
}

/// The side of the square of the same area.
fn mean_side(size: ImageSize) -> usize {
    size.area().isqrt()
}

/// The bar with its title above it and its numbers below.
fn draw_scale(scale: &ColourScale, layout: &Layout, canvas: &mut Canvas) {
    let mut top = layout.bottom + 3 * GAP;
    let title = lines(&scale.title, TEXT_SIZE, (layout.width - 2 * GAP) as f32);
    for line in &title {
        canvas.text(line, GAP, top);
        top += line_step();
    }
    top += GAP;
    // The first number stands under the bar's left end, with half of it to the left.
    let left = 8 * GAP;
    for x in 0..BAR.0 {
        canvas.column(left + x, top, BAR.1, colour_at(x as f32 / (BAR.0 - 1) as f32));
    }
    for (share, text) in scale.labels() {
        canvas.centred_text(&text, left + (share * (BAR.0 - 1) as f32) as usize, top + BAR.1 + GAP / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    fn flat(side: usize, colour: [u8; 3]) -> Image {
        Image::new(side, side, colour.repeat(side * side)).expect("three bytes a pixel")
    }

    fn grid(side: usize, columns: &[&str], rows: &[(Option<&str>, &[[u8; 3]])]) -> Grid {
        let mut grid = Grid::new(ImageSize::square(side), columns.iter().map(|&column| column.to_owned()).collect());
        for (name, colours) in rows {
            let images = colours.iter().map(|&colour| flat(side, colour)).collect();
            grid.push(GridRow { name: name.map(str::to_owned), images }).expect("a row");
        }
        grid
    }

    fn drawn(grid: &Grid) -> RgbImage {
        image::load_from_memory(&grid.to_png().expect("a small grid")).expect("a PNG file").to_rgb8()
    }

    /// The box of all pixels of a colour: left, top, right, bottom.
    fn extent(png: &RgbImage, colour: [u8; 3]) -> Option<[u32; 4]> {
        let places = png.enumerate_pixels().filter(|(_, _, pixel)| pixel.0 == colour);
        places
            .map(|(x, y, _)| [x, y, x, y])
            .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
    }

    /// Whether there is any ink between two columns and two rows of pixels.
    fn has_ink(png: &RgbImage, [left, top, right, bottom]: [u32; 4]) -> bool {
        let dark = |x: u32, y: u32| png.get_pixel(x, y).0.iter().all(|&channel| channel < 160);
        (left..right).any(|x| (top..bottom).any(|y| dark(x, y)))
    }

    const RED: [u8; 3] = [200, 0, 0];
    const GREEN: [u8; 3] = [0, 200, 0];
    const BLUE: [u8; 3] = [0, 0, 200];

    #[test]
    fn each_subject_has_a_row_and_each_column_a_word_over_it() {
        let png = drawn(&grid(24, &["image", "visible patches"], &[(None, &[RED, GREEN]), (None, &[BLUE, BLUE])]));
        let [left, top, right, bottom] = extent(&png, RED).expect("the first image");
        assert_eq!((left, right - left, bottom - top), (4, 95, 95), "24 pixels are drawn four times as large");
        assert_eq!(extent(&png, GREEN).map(|at| (at[0], at[1])), Some((right + 1 + 4, top)), "beside it, a gap apart");
        assert_eq!(extent(&png, BLUE).map(|at| (at[0], at[1])), Some((4, bottom + 1 + 4)), "the next row below it");
        assert!(top > 15, "no room for words: {top}");
        for column in [left, right + 5] {
            assert!(has_ink(&png, [column, 0, column + 96, top]), "no word over the column at {column}");
        }
    }

    #[test]
    fn rows_have_the_names_of_their_classes_and_without_any_there_is_no_room_for_them() {
        let long = "a class whose name is long enough to take several lines beside its image, and then some more words";
        let columns = ["image"];
        let named = drawn(&grid(32, &columns, &[(Some("cat"), &[RED]), (None, &[GREEN]), (Some(long), &[BLUE])]));
        let [first, second, third] = [RED, GREEN, BLUE].map(|colour| extent(&named, colour).expect("an image"));
        assert!(first[0] > 100 && first[0] < 170, "names take the width of their longest line: {first:?}");
        let before = |at: [u32; 4]| has_ink(&named, [0, at[1], at[0], at[3]]);
        assert_eq!([first, second, third].map(before), [true, false, true]);
        let nameless = drawn(&grid(32, &columns, &[(None, &[RED])]));
        assert_eq!(extent(&nameless, RED).map(|at| at[0]), Some(4));
    }

    #[test]
    fn small_images_are_enlarged_by_a_whole_factor_and_large_ones_stand_as_they_are() {
        let sides = |side| drawn(&grid(side, &[""], &[(None, &[RED])])).dimensions().0 - 8;
        assert_eq!([1, 16, 24, 28, 32, 64, 95].map(sides), [96, 96, 96, 112, 96, 128, 190]);
        assert_eq!([96, 97, 224].map(sides), [96, 97, 224]);
    }

    #[test]
    fn images_that_are_not_square_keep_their_form_and_narrow_ones_leave_room_for_words() {
        let drawn_as = |height: usize, width: usize| {
            let mut grid = Grid::new(ImageSize { height, width }, vec!["one".into(), "two".into()]);
            let image = |colour: [u8; 3]| Image::new(width, height, colour.repeat(width * height)).expect("an image");
            grid.push(GridRow { name: None, images: vec![image(RED), image(GREEN)] }).expect("a row");
            let png = drawn(&grid);
            let [red, green] = [RED, GREEN].map(|colour| extent(&png, colour).expect("an image"));
            assert!(red[1] == green[1] && red[2] < green[0] && green[2] < png.width() && green[3] < png.height());
            (red[3] - red[1] + 1, red[2] - red[0] + 1, green[0] - red[0])
        };
        assert_eq!(drawn_as(64, 32), (192, 96, 100));
        assert_eq!(drawn_as(32, 64), (96, 192, 196));
        assert_eq!(drawn_as(64, 16), (192, 48, 68), "its column is wider than it");
        assert_eq!(drawn_as(100, 200), (100, 200, 204));
    }

    #[test]
    fn a_reduced_grid_draws_large_images_smaller_by_the_mean_of_their_pixels() {
        let sides = |side| drawn(&grid(side, &[""], &[(None, &[RED])]).reduced()).dimensions().0 - 8;
        assert_eq!([24, 96, 128, 224, 257, 512].map(sides), [96, 96, 128, 112, 85, 128]);
        let mut grid = Grid::new(ImageSize::square(256), vec![String::new()]).reduced();
        let stripes = (0..256 * 256).flat_map(|at: usize| if at.is_multiple_of(2) { [200, 0, 0] } else { [0, 100, 0] });
        let image = Image::new(256, 256, stripes.collect()).expect("an image");
        grid.push(GridRow { name: None, images: vec![image] }).expect("a row");
        assert_eq!(extent(&drawn(&grid), [100, 50, 0]).map(|at| at[2] - at[0]), Some(127));
    }

    #[test]
    fn pixels_keep_their_places() {
        let mut grid = Grid::new(ImageSize::square(2), vec![String::new()]);
        let image = Image::new(2, 2, (0..12).collect()).expect("2x2");
        grid.push(GridRow { name: None, images: vec![image] }).expect("2x2");
        let png = drawn(&grid);
        let top = png.height() - 4 - 96;
        assert_eq!(png.get_pixel(4 + 48, top + 47).0, [3, 4, 5]);
        assert_eq!(png.get_pixel(4 + 47, top + 48).0, [6, 7, 8]);
    }

    #[test]
    fn a_scale_is_drawn_below_the_images_from_dark_to_light_with_its_numbers() {
        let scale = ColourScale::of(&[0.0, 0.5], "share of the attention".to_owned());
        let png = drawn(&grid(24, &["image"], &[(None, &[RED])]).with_scale(scale.clone()));
        let [left, top, right, bottom] = extent(&png, scale.colour(0.0)).expect("the bar's left end");
        assert!(top > extent(&png, RED).expect("the image")[3] + 15 && bottom - top == 11 && right - left < 4);
        let light =
            |pixel: [u8; 3]| 2126 * u32::from(pixel[0]) + 7152 * u32::from(pixel[1]) + 722 * u32::from(pixel[2]);
        let bar: Vec<u32> = (left..left + 280).step_by(9).map(|x| light(png.get_pixel(x, top + 5).0)).collect();
        assert!(bar.is_sorted_by(|dark, light| dark < light) && bar[31] > 4 * bar[0], "{bar:?}");
        assert!(has_ink(&png, [0, top - 16, 280, top]), "no title");
        for place in [left, left + 140, left + 279] {
            assert!(has_ink(&png, [place - 12, bottom + 1, place + 12, png.height()]), "no number at {place}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let columns = |count: usize| vec![String::new(); count];
        assert!(
            Grid::new(ImageSize::square(4), columns(1)).to_png().expect_err("empty").to_string().contains("no image")
        );
        let row = |count: usize, side: usize| GridRow { name: None, images: vec![flat(side, RED); count] };
        let mut small = Grid::new(ImageSize::square(4), columns(1));
        assert!(small.push(row(1, 5)).expect_err("5x5").to_string().contains("5 x 5"));
        assert!(small.push(row(2, 4)).expect_err("two").to_string().contains("2 images"));
        let many = Grid::new(ImageSize::square(96), columns(100));
        assert!(many.check(100).is_ok());
        let refused = many.check(102).expect_err("too many").to_string();
        assert!(refused.contains("102 rows of 100 images") && refused.contains("96 x 96 pixels each"), "{refused}");
        assert!(Grid::new(ImageSize::square(usize::MAX), columns(2)).check(3).is_err());
    }
}
