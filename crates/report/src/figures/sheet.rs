//! A drawing that no chart library has: shapes and words at their places, in CSS pixels from the top left.

use std::fmt::Write;

use bmae_lettering::typeface;
use bmae_output::plain::plain;
use maud::html;
use plotters::style::RGBColor;

use super::frame::UNITS;
use super::palette::hex;

/// A drawing in the making.
pub struct Sheet {
    width: f64,
    height: f64,
    body: String,
}

/// Which part of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

impl Anchor {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub struct Lettering {
    /// The size of its letters in CSS pixels.
    pub size: f64,
    /// The ink.
    pub ink: RGBColor,
    /// What stands at its place.
    pub anchor: Anchor,
}

impl Sheet {
    /// An empty one.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// Its width in CSS pixels.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// A filled rectangle.
    pub fn rectangle(&mut self, [left, top, width, height]: [f64; 4], ink: RGBColor, opacity: f64) {
        let [x, y, width, height] = [left, top, width, height].map(units);
        let opacity = if opacity < 1.0 { format!(" fill-opacity=\"{opacity:.2}\"") } else { String::new() };
        self.add(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{}\"{opacity}/>\n",
            hex(ink)
        ));
    }

    /// A line, dashed or not.
    pub fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], ink: RGBColor, is_dashed: bool) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(units);
        let dash = if is_dashed { " stroke-dasharray=\"16 12\"" } else { "" };
        self.add(format_args!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{}\" stroke-width=\"{UNITS}\"{dash}/>\n",
            hex(ink)
        ));
    }

    /// A path in drawing units with these attributes besides.
    pub fn path(&mut self, path: &str, attributes: &str) {
        self.add(format_args!("<path d=\"{path}\" {attributes}/>\n"));
    }

    /// A line of text with its baseline at `y`.
    pub fn text(&mut self, [x, y]: [f64; 2], lettering: Lettering, text: &str) {
        self.turned_text([x, y], lettering, text, "");
    }

    /// The same from the bottom to the top, with its baseline at `x`.
    pub fn upright_text(&mut self, [x, y]: [f64; 2], lettering: Lettering, text: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", units(x), units(y));
        self.turned_text([x, y], lettering, text, &turn);
    }

    fn turned_text(&mut self, [x, y]: [f64; 2], lettering: Lettering, text: &str, turn: &str) {
        let (size, ink, anchor) = (units(lettering.size), hex(lettering.ink), lettering.anchor.word());
        let text = escaped(text);
        let [x, y] = [x, y].map(units);
        self.add(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-family=\"sans-serif\" font-size=\"{size}\" text-anchor=\"{anchor}\" \
             fill=\"{ink}\"{turn}>{text}</text>\n"
        ));
    }

    /// What `draw` draws, with a title that is shown where a reader points at it.
    pub fn titled(&mut self, title: &str, draw: impl FnOnce(&mut Self)) {
        let title = escaped(title);
        self.add(format_args!("<g><title>{title}</title>"));
        draw(self);
        self.add(format_args!("</g>\n"));
    }

    /// The drawing as the other figures have theirs.
    pub fn finish(self) -> String {
        let [width, height] = [self.width, self.height].map(units);
        format!("<svg width=\"{width}\" height=\"{height}\" xmlns=\"http://www.w3.org/2000/svg\">\n{}</svg>", self.body)
    }

    fn add(&mut self, markup: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(markup);
    }
}

/// CSS pixels in drawing units.
pub fn units(pixels: f64) -> i64 {
    (pixels * f64::from(UNITS)).round() as i64
}

fn escaped(text: &str) -> String {
    html! { (plain(text)) }.into_string()
}

/// `text` in letters of `size` cut to `most` CSS pixels, with an ellipsis where anything is missing.
pub fn cut(text: &str, size: f64, most: f64) -> String {
    let fits = |text: &str| f64::from(typeface::width(text, size as f32)) <= most;
    let text = plain(text);
    if fits(&text) {
        return text.into_owned();
    }
    let mut kept: String = text.into_owned();
    while kept.pop().is_some() {
        let shortened = format!("{}…", kept.trim_end());
        if fits(&shortened) {
            return shortened;
        }
    }
    "…".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::palette::TEXT;

    #[test]
    fn words_of_others_stay_words() {
        let mut sheet = Sheet::new(10.0, 10.0);
        let lettering = Lettering { size: 12.0, ink: TEXT, anchor: Anchor::End };
        sheet.titled("<b>\"", |sheet| sheet.text([1.0, 2.0], lettering, "a & <c>\u{1}"));
        let drawn = sheet.finish();
        assert!(drawn.contains("<title>&lt;b&gt;&quot;</title>") && drawn.contains(">a &amp; &lt;c&gt;\\u{1}</text>"));
        assert!(drawn.starts_with("<svg width=\"40\" height=\"40\"") && drawn.contains("x=\"4\" y=\"8\""));
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis_and_fits() {
        assert_eq!(cut("cat", 12.0, 100.0), "cat");
        let long = cut("a class with a very long name", 12.0, 60.0);
        assert!(long.ends_with('…') && long.len() > 6 && typeface::width(&long, 12.0) <= 60.0, "{long}");
        assert_eq!(cut("long", 12.0, 1.0), "…");
    }
}
