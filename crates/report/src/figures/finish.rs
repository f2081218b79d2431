//! From the library's drawing to a finished SVG, and from that to a PNG.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::chart::UNITS;
use super::palette::{Dress, dress};

/// The font of the figures that are files of their own; see `vendor/README.md`.
const FONT: &[u8] = include_bytes!("../../vendor/dejavu/DejaVuSans-subset.ttf");
/// Its family, and what may stand in for it where an SVG is shown without it.
const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
/// The white margin of a file of its own, in CSS pixels; on the page the card around the figure has one.
const MARGIN: i32 = 10;
/// Pixels of a PNG per CSS pixel.
pub const PNG_SCALE: u32 = 2;

/// Inks replaced, size and text alternative in place of the raw units.
pub fn finish(drawing: &str, description: &str, clothes: Dress) -> String {
    let body = dress(drawing, clothes);
    let Some((head, body)) = body.split_once('\n') else { return body };
    let side = |name: &str| {
        let value = head.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
        value.and_then(|(units, _)| units.parse::<i32>().ok()).unwrap_or(0)
    };
    let (width, height) = (side("width"), side("height"));
    let label = crate::page::escape_html(&description.replace(|c: char| c.is_control(), " "));
    let common = format!("role=\"img\" aria-label=\"{label}\" stroke-linejoin=\"round\"");
    match clothes {
        Dress::Page => {
            let body = body.replace(" font-family=\"sans-serif\"", "");
            format!("<svg viewBox=\"0 0 {width} {height}\" {common}>\n{body}")
        }
        Dress::Paper => {
            let body = body.replace(" font-family=\"sans-serif\"", &format!(" font-family=\"{FAMILY}\""));
            let (start, wide, high) = (-MARGIN * UNITS, width + 2 * MARGIN * UNITS, height + 2 * MARGIN * UNITS);
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" \
                 viewBox=\"{start} {start} {wide} {high}\" {common}>\n\
                 <rect x=\"{start}\" y=\"{start}\" width=\"{wide}\" height=\"{high}\" fill=\"#FFFFFF\"/>\n{body}",
                wide / UNITS,
                high / UNITS
            )
        }
    }
}

/// The pixels of a finished SVG on white at [`PNG_SCALE`], as the bytes of a PNG file.
///
/// # Errors
/// The renderer's reason, in words.
pub fn png(svg: &str) -> Result<Vec<u8>, String> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(FONT.to_vec());
        Arc::new(fonts)
    });
    let options = Options { fontdb: Arc::clone(fonts), font_family: "DejaVu Sans".to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size();
    let (width, height) = (size.width() * PNG_SCALE, size.height() * PNG_SCALE);
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| format!("{width} x {height} pixels are no picture"))?;
    let scale = PNG_SCALE as f32;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}
