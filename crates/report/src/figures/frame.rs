//! What every chart is drawn on: an area in drawing units, a grid, and two axes with their labels.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::labels::LINE;
use super::palette::{GRID, MUTED, TEXT};

/// Drawing units per CSS pixel: the SVG backend rounds to whole units, and curves should not show it.
pub const UNITS: i32 = 4;
/// Plotters writes a font size as size / 1.24.
const FONT: f64 = 12.0 * UNITS as f64 * 1.24;

/// The size and the legend of a drawing.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Width in CSS pixels.
    pub width: i32,
    /// Height in CSS pixels, without the strip.
    pub height: i32,
    /// Whether the names stand beside the plot; otherwise the page has a key.
    pub direct: bool,
    /// How long curves are drawn.
    pub points: Points,
}

impl Format {
    /// The widest line of a name beside the plot, in CSS pixels: the plot keeps the greater part.
    pub fn most_of_names(self) -> i32 {
        (self.width * 2 / 5).min(300)
    }
}

/// How a long curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Points {
    /// By every point: in a file of its own.
    All,
    /// By as many as give it the same look: on the page, where the live chart has them all.
    Few,
}

/// For a figure that takes the page's whole width.
pub const FULL: Format = Format { width: 1060, height: 360, direct: true, points: Points::Few };
/// For one of two figures side by side.
pub const HALF: Format = Format { width: 520, height: 310, direct: true, points: Points::Few };
/// For phones.
pub const NARROW: Format = Format { width: 350, height: 260, direct: false, points: Points::Few };

/// Where figures are drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// The plot inside its axes.
pub type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// The drawing library's own errors have no common type.
pub type Failure = Box<dyn std::error::Error>;

/// What `draw` draws on an area of `width` x `height` CSS pixels, as an SVG whose units are [`UNITS`] per CSS pixel.
pub fn svg(width: i32, height: i32, draw: impl FnOnce(&Area) -> Result<(), Failure>) -> Result<String, Failure> {
    let mut svg = String::new();
    {
        let size = ((width * UNITS) as u32, (height * UNITS) as u32);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&root)?;
        root.present()?;
    }
    Ok(svg)
}

/// Text of one ink, to the right of its place and in the middle of its height.
pub fn beside(ink: RGBColor) -> TextStyle<'static> {
    text(ink).pos(Pos::new(HPos::Left, VPos::Center))
}

/// The lines of a name in one ink, to the right of a place in drawing units and around its height.
pub fn draw_name(root: &Area, lines: &[String], (x, y): (i32, i32), ink: RGBColor) -> Result<(), Failure> {
    let first = y - LINE * UNITS * (lines.len() as i32 - 1) / 2;
    for (at, line) in lines.iter().enumerate() {
        root.draw(&Text::new(line.as_str(), (x, first + LINE * UNITS * at as i32), beside(ink)))?;
    }
    Ok(())
}

/// Text of one ink, below its place.
pub fn below(ink: RGBColor) -> TextStyle<'static> {
    text(ink).pos(Pos::new(HPos::Center, VPos::Top))
}

fn text(ink: RGBColor) -> TextStyle<'static> {
    ("sans-serif", FONT).into_font().color(&ink)
}

/// The axes of a plot.
pub struct Axes<'a> {
    /// What x counts.
    pub x_label: &'a str,
    /// What y measures; it stands over the axis.
    pub y_label: &'a str,
    /// From left to right.
    pub x: Range<f64>,
    /// From bottom to top.
    pub y: Range<f64>,
    /// About how many places of x and of y are labelled.
    pub labels: (usize, usize),
    /// Where the label of y begins, in CSS pixels from the top.
    pub title: i32,
    /// Where the plot begins, in CSS pixels from the top.
    pub top: i32,
    /// Room to the right of the plot, in CSS pixels.
    pub right: i32,
    /// Room below the axis and its label, in CSS pixels.
    pub bottom: i32,
}

impl Axes<'_> {
    /// Draws them with the grid.
    pub fn draw<'a, 'b>(&self, root: &'a Area<'b>) -> Result<Plot<'a, 'b>, Failure> {
        root.draw(&Text::new(self.y_label, (0, self.title * UNITS), text(TEXT)))?;
        let mut plot = ChartBuilder::on(root)
            .margin_top(self.top * UNITS)
            .margin_right(self.right * UNITS)
            .margin_bottom((4 + self.bottom) * UNITS)
            .set_label_area_size(LabelAreaPosition::Left, 46 * UNITS)
            .set_label_area_size(LabelAreaPosition::Bottom, 40 * UNITS)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        plot.configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID.stroke_width(UNITS as u32))
            .light_line_style(TRANSPARENT)
            .axis_style(GRID.stroke_width(UNITS as u32))
            .set_all_tick_mark_size(4 * UNITS)
            .x_labels(self.labels.0)
            .y_labels(self.labels.1)
            .x_label_formatter(&|x| number(*x))
            .y_label_formatter(&|y| number(*y))
            .label_style(text(MUTED))
            .axis_desc_style(text(MUTED))
            .x_desc(self.x_label)
            .draw()?;
        Ok(plot)
    }
}

/// A tick's number: thousands apart, no more decimals than it needs.
fn number(value: f64) -> String {
    if value.abs() >= 1000.0 {
        let whole = format!("{:.0}", value.abs());
        let mut text = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push('\u{202F}');
            }
            text.push(digit);
        }
        return if value < 0.0 { format!("−{text}") } else { text };
    }
    if value != 0.0 && value.abs() < 0.001 {
        // A collapse is watched down here: two digits of any size.
        return format!("{value:.1e}").replace(".0e", "e").replace('-', "−");
    }
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tick_numbers_have_no_needless_digits() {
        let shown: Vec<String> = [0.0, 0.25, 15.0, 200_000.0, -0.5].into_iter().map(number).collect();
        assert_eq!(shown, ["0", "0.25", "15", "200\u{202F}000", "−0.5"]);
        assert_eq!([2e-5, 0.00015, -3e-4].map(number), ["2e−5", "1.5e−4", "−3e−4"]);
    }
}
