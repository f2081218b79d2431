//! A line of text as shades of pixels.

use skrifa::MetadataProvider;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use tiny_skia::{FillRule, Mask, PathBuilder, Transform};

use crate::typeface::{font, glyph};

/// Above the base line, and below it, in ems: room for every sign of the typeface.
const ABOVE: f32 = 0.94;
const BELOW: f32 = 0.25;

/// How much of each pixel the ink of a line covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shades {
    /// In pixels.
    pub width: usize,
    /// In pixels; the same for every line of a size.
    pub height: usize,
    /// From 0 (none) to 255 (all): `height` rows of `width`.
    pub coverage: Vec<u8>,
}

/// The height of a line in pixels, where an em has `size` of them.
pub fn line_height(size: f32) -> usize {
    ((ABOVE + BELOW) * size).ceil() as usize
}

/// `text` in one line, where an em has `size` pixels. A character that the typeface does not have is a replacement sign;
/// an empty text has no width.
pub fn shades(text: &str, size: f32) -> Shades {
    let height = line_height(size);
    let none = Shades { width: 0, height, coverage: Vec::new() };
    let Some(font) = font() else { return none };
    let (metrics, outlines) = (font.glyph_metrics(Size::new(size), LocationRef::default()), font.outline_glyphs());
    let mut pen = Pen { path: PathBuilder::new(), left: 0.0, base: (ABOVE * size).round() };
    for glyph in text.chars().filter_map(|character| glyph(&font, character)) {
        if let Some(outline) = outlines.get(glyph) {
            // A sign that cannot be drawn leaves its room empty.
            outline.draw(DrawSettings::unhinted(Size::new(size), LocationRef::default()), &mut pen).ok();
        }
        pen.left += metrics.advance_width(glyph).unwrap_or(0.0);
    }
    let width = pen.left.ceil() as usize;
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    let Some(mut mask) = sides.and_then(|(width, height)| Mask::new(width, height)) else { return none };
    if let Some(path) = pen.path.finish() {
        mask.fill_path(&path, FillRule::Winding, true, Transform::identity());
    }
    Shades { width, height, coverage: mask.take() }
}

/// Moves outlines to their place in the line; theirs go up from the base line, those of pictures down from the top.
struct Pen {
    path: PathBuilder,
    left: f32,
    base: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.left + x, self.base - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.left + x, self.base - y);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.path.quad_to(self.left + cx0, self.base - cy0, self.left + x, self.base - y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (left, base) = (self.left, self.base);
        self.path.cubic_to(left + cx0, base - cy0, left + cx1, base - cy1, left + x, base - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows with ink, from top to bottom.
    fn inked(shades: &Shades) -> Vec<usize> {
        let rows = shades.coverage.chunks(shades.width).enumerate();
        rows.filter(|(_, row)| row.iter().any(|shade| *shade > 64)).map(|(at, _)| at).collect()
    }

    #[test]
    fn letters_stand_upright_on_one_base_line() {
        let [x, capital, tail] = ["x", "H", "p"].map(|text| inked(&shades(text, 20.0)));
        assert_eq!(x.last(), capital.last(), "both stand on the base line");
        assert!(capital.first() < x.first(), "a capital is higher");
        assert!(tail.last() > x.last(), "a tail goes below");
        assert_eq!(tail.first(), x.first());
    }

    #[test]
    fn every_sign_fits_into_the_line_and_the_line_into_its_width() {
        for text in ["Åg|", "Wj", "(τ, λ)", "猫"] {
            let Shades { width, height, coverage } = shades(text, 12.0);
            assert_eq!((height, coverage.len()), (line_height(12.0), width * height), "{text}");
            assert!(coverage.iter().any(|shade| *shade > 128), "{text} left no ink");
        }
        assert_eq!(shades("", 12.0), Shades { width: 0, height: line_height(12.0), coverage: Vec::new() });
    }
}
