//! The map of the test images: their features along the two principal components, a colour and a mark for each class.

use std::fmt::Write;

use super::palette::{CLASS_INKS, GRID, MUTED, TEXT, class_ink, hex};
use super::sheet::{Anchor, Lettering, Sheet, cut, units};
use crate::run_directory::TestMap;

/// The plot's width and its least and greatest height, in CSS pixels.
const WIDTH: f64 = 460.0;
const HEIGHTS: (f64, f64) = (220.0, 460.0);
/// Room to the left of it and above it.
const MARGIN: f64 = 18.0;
/// Columns and lines of the legend.
const COLUMNS: usize = 3;
const LINE: f64 = 17.0;

/// So many images at equal distances in the order of the test set are drawn at the most.
pub const MOST: usize = 5_000;

/// The drawing, with `most` images at the most; `class_names` are those of the run.
pub fn draw(map: &TestMap, class_names: &[String], most: usize) -> Sheet {
    let places = spread(&map.places, most);
    let told = told_apart(map, class_names.len());
    let range = |axis: usize| {
        let values = || places.iter().map(|(_, place)| place[axis]);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    let [(left, right), (low, high)] = [0, 1].map(range);
    // One scale for both axes: distances are what the map shows.
    let [wide, tall] = [right - left, high - low].map(|length| length.max(f64::MIN_POSITIVE));
    let height = (WIDTH * tall / wide).clamp(HEIGHTS.0, HEIGHTS.1);
    let scale = (WIDTH / wide).min(height / tall) * 0.96;
    let scale = if scale.is_finite() { scale } else { 0.0 };
    let on_sheet = |[x, y]: [f64; 2]| {
        let [middle_x, middle_y] = [f64::midpoint(left, right), f64::midpoint(low, high)];
        [MARGIN + WIDTH / 2.0 + (x - middle_x) * scale, MARGIN / 2.0 + height / 2.0 - (y - middle_y) * scale]
    };
    let has_others = class_names.len() > told.len();
    let names = told.len() + usize::from(has_others);
    let legend = MARGIN / 2.0 + height + 40.0;
    let mut sheet = Sheet::new(MARGIN + WIDTH + 2.0, legend + LINE * names.div_ceil(COLUMNS) as f64);
    let (top, bottom) = (MARGIN / 2.0, MARGIN / 2.0 + height);
    for edge in [top, bottom] {
        sheet.line([MARGIN, edge, MARGIN + WIDTH, edge], GRID, false);
    }
    for edge in [MARGIN, MARGIN + WIDTH] {
        sheet.line([edge, top, edge, bottom], GRID, false);
    }
    let share = |axis: usize| {
        map.variance.map_or_else(String::new, |all| format!(", {:.0} % of the variance", 100.0 * all[axis]))
    };
    let axis = Lettering { size: 12.0, ink: MUTED, anchor: Anchor::Middle };
    sheet.text([MARGIN + WIDTH / 2.0, bottom + 16.0], axis, &format!("first component{}", share(0)));
    sheet.upright_text([12.0, f64::midpoint(top, bottom)], axis, &format!("second component{}", share(1)));
    let others = places.iter().filter(|(class, _)| !told.contains(class)).map(|(_, place)| on_sheet(*place));
    if has_others {
        mark(&mut sheet, others, Mark::Dot, &hex(GRID));
    }
    for (order, &class) in told.iter().enumerate() {
        let own = places.iter().filter(|(of, _)| *of == class).map(|(_, place)| on_sheet(*place));
        mark(&mut sheet, own, Mark::of(order), &hex(class_ink(order)));
    }
    for entry in 0..names {
        let [x, y] =
            [MARGIN + (entry % COLUMNS) as f64 * (WIDTH / COLUMNS as f64), legend + LINE * (entry / COLUMNS) as f64];
        let (name, sign, ink) = match told.get(entry) {
            Some(&class) => (class_names[class].as_str(), Mark::of(entry), hex(class_ink(entry))),
            None => ("the other classes", Mark::Dot, hex(GRID)),
        };
        mark(&mut sheet, std::iter::once([x + 5.0, y]), sign, &ink);
        let lettering = Lettering { size: 12.0, ink: TEXT, anchor: Anchor::Start };
        sheet.text([x + 14.0, y + 4.0], lettering, &cut(name, 12.0, WIDTH / COLUMNS as f64 - 20.0));
    }
    sheet
}

/// The classes that have a colour of their own: all where there are ten at the most, else the ten with most images.
fn told_apart(map: &TestMap, classes: usize) -> Vec<usize> {
    let mut images = vec![0usize; classes];
    map.places.iter().for_each(|(class, _)| images[*class] += 1);
    let mut told: Vec<usize> = (0..classes).collect();
    told.sort_by_key(|&class| std::cmp::Reverse(images[class]));
    told.truncate(CLASS_INKS);
    told.sort_unstable();
    told
}

/// `most` of some things at equal distances, or all.
fn spread<T>(all: &[T], most: usize) -> Vec<&T> {
    let count = all.len().min(most);
    (0..count).map(|place| &all[place * all.len() / count]).collect()
}

/// What stands for an image.
#[derive(Debug, Clone, Copy)]
enum Mark {
    Dot,
    Square,
    Cross,
    Triangle,
}

impl Mark {
    /// That of the class in this place: neighbouring colours have different ones.
    fn of(place: usize) -> Self {
        [Self::Dot, Self::Square, Self::Cross, Self::Triangle][place % 4]
    }
}

/// One path for all images of a class: a page has thousands of them.
fn mark(sheet: &mut Sheet, places: impl Iterator<Item = [f64; 2]>, mark: Mark, ink: &str) {
    let mut path = String::new();
    for place in places {
        let [x, y] = place.map(units);
        // A line without length is a dot or a square by its ends. Writing to a String cannot fail.
        let _ = match mark {
            Mark::Dot | Mark::Square => write!(path, "M{x} {y}h0"),
            Mark::Cross => write!(path, "M{} {}l14 14m0-14l-14 14", x - 7, y - 7),
            Mark::Triangle => write!(path, "M{x} {}l9 15h-18z", y - 9),
        };
    }
    let stroke = |width: u32, cap: &str| {
        format!(
            "stroke=\"{ink}\" stroke-opacity=\"0.75\" stroke-width=\"{width}\" stroke-linecap=\"{cap}\" fill=\"none\""
        )
    };
    let attributes = match mark {
        Mark::Dot => stroke(16, "round"),
        Mark::Square => stroke(13, "square"),
        Mark::Cross => stroke(5, "butt"),
        Mark::Triangle => format!("fill=\"{ink}\" fill-opacity=\"0.75\""),
    };
    if !path.is_empty() {
        sheet.path(&path, &attributes);
    }
}

/// The map in words.
pub fn describe(map: &TestMap, class_names: &[String]) -> String {
    let share = map.variance.map_or_else(String::new, |[x, y]| format!(", {:.0} % of their variance", 100.0 * (x + y)));
    format!(
        "Map of {} test images of {} classes by the two principal components of their features{share}.",
        map.places.len(),
        class_names.len()
    )
}
