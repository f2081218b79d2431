//! From the library's drawing to a finished SVG, and from that to a PNG.

use std::sync::{Arc, OnceLock};

use bmae_lettering::lines::lines;
use bmae_lettering::typeface;
use bmae_output::plain::plain;
use maud::{Markup, PreEscaped, html};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::frame::UNITS;
use super::palette::{Medium, TEXT, on_paper, recolour};

/// The family of the typeface, and what may stand in for it where an SVG is shown without it.
const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
/// How the library names the font.
const SANS_SERIF: &str = " font-family=\"sans-serif\"";
/// The size of a title's letters, from one line of it to the next, and from the last to the drawing, in CSS pixels.
const TITLE_SIZE: i32 = 16;
const TITLE_LINE: i32 = 20;
const TITLE_GAP: i32 = 8;
/// The white margin of a file of its own, in CSS pixels; on the page the card around the figure has one.
const MARGIN: i32 = 10;
/// Pixels of a PNG per CSS pixel.
pub const PNG_SCALE: u32 = 2;

/// A drawing as a file of its own: fixed colours on white, a margin, its title over it, and its text alternative.
pub fn for_paper(drawing: &str, title: &str, description: &str) -> String {
    let Drawn { body, width, height } = taken_apart(drawing, Medium::Paper);
    let body = body.replace(SANS_SERIF, &format!(" font-family=\"{FAMILY}\""));
    let lines = lines(&plain(title), TITLE_SIZE as f32, (width / UNITS) as f32);
    let head = TITLE_LINE * lines.len() as i32 + TITLE_GAP;
    let (start, top) = (-MARGIN * UNITS, -(MARGIN + head) * UNITS);
    let (width, height) = (width + 2 * MARGIN * UNITS, height + (2 * MARGIN + head) * UNITS);
    let base = |line: usize| (TITLE_LINE * line as i32 + TITLE_SIZE - head) * UNITS;
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width / UNITS) height=(height / UNITS)
            viewBox={ (start) " " (top) " " (width) " " (height) }
            role="img" aria-label=(plain(description)) stroke-linejoin="round" {
            rect x=(start) y=(top) width=(width) height=(height) fill="#FFFFFF" {}
            @for (at, line) in lines.iter().enumerate() {
                text x="0" y=(base(at)) font-family=(FAMILY) font-size=(TITLE_SIZE * UNITS) fill=(on_paper(TEXT)) { (line) }
            }
            (PreEscaped(body))
        }
    };
    svg.into_string()
}

/// A drawing inside the page, with the page's colours and a class.
pub fn for_page(drawing: &str, description: &str, class: &str) -> Markup {
    let Drawn { body, width, height } = taken_apart(drawing, Medium::Page);
    html! {
        svg class=(class) viewBox={ "0 0 " (width) " " (height) }
            role="img" aria-label=(plain(description)) stroke-linejoin="round" {
            (PreEscaped(body.replace(SANS_SERIF, "")))
        }
    }
}

/// The library's drawing without its outermost element.
struct Drawn {
    body: String,
    /// In drawing units.
    width: i32,
    height: i32,
}

fn taken_apart(drawing: &str, medium: Medium) -> Drawn {
    let (head, body) = drawing.split_once('\n').unwrap_or_default();
    let side = |name: &str| {
        let value = head.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
        value.and_then(|(units, _)| units.parse().ok()).unwrap_or(0)
    };
    let body = recolour(body.trim_end().trim_end_matches("</svg>"), medium);
    Drawn { body, width: side("width"), height: side("height") }
}

/// The pixels of a finished SVG on white at [`PNG_SCALE`], as the bytes of a PNG file.
///
/// # Errors
/// The renderer's reason, in words.
pub fn png(svg: &str) -> Result<Vec<u8>, String> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(typeface::BYTES.to_vec());
        Arc::new(fonts)
    });
    let options = Options { fontdb: Arc::clone(fonts), font_family: typeface::FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size();
    let (width, height) = (size.width() * PNG_SCALE, size.height() * PNG_SCALE);
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| format!("{width} x {height} pixels are no picture"))?;
    let scale = PNG_SCALE as f32;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}
