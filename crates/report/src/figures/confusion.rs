//! The confusion matrix: a row for each class of the images, a column for each class that they were taken for, the share
//! of the row as depth of colour.

use super::palette::{GRID, MUTED, TEXT, class_ink};
use super::sheet::{Anchor, Lettering, Sheet, cut, units};
use crate::classification::TestOutcome;
use crate::text::count;

/// Of more classes, those are shown that take part in most mistakes: a cell should be seen.
const MOST: usize = 100;
/// From smaller cells numbers are left out, in CSS pixels.
const NUMBERED: f64 = 26.0;
/// The most cells that say what they are where they are not numbered: those of most images.
const TITLED: usize = 400;
/// The longest name of a class in CSS pixels.
const LONGEST: f64 = 120.0;
/// The ink of a whole row, so that text on it stays legible on light and dark grounds.
const DEEPEST: f64 = 0.6;

/// The drawing.
pub fn draw(outcome: &TestOutcome) -> Sheet {
    let shown = shown(outcome);
    let cell: f64 = match shown.len() {
        ..=10 => 36.0,
        11..=20 => 28.0,
        21..=40 => 16.0,
        _ => 10.0,
    };
    let size = (cell * 0.8).min(12.0);
    let names: Vec<String> = shown.iter().map(|&class| cut(&outcome.class_names[class], size, LONGEST)).collect();
    let widest = names.iter().map(|name| f64::from(bmae_lettering::typeface::width(name, size as f32)));
    let room = widest.fold(0.0, f64::max).max(60.0) + 8.0;
    // The axes say what they are: the columns above their names, the rows to the left of theirs.
    let (left, top) = (room + 18.0, room + 18.0);
    let side = cell * shown.len() as f64;
    let mut sheet = Sheet::new(left + side + 2.0, top + side + 2.0);
    let axis = Lettering { size: 12.0, ink: MUTED, anchor: Anchor::Middle };
    sheet.text([left + side / 2.0, 12.0], axis, "taken for");
    sheet.upright_text([12.0, top + side / 2.0], axis, "class");
    for (place, name) in names.iter().enumerate() {
        let middle = (place as f64 + 0.5) * cell + size * 0.35;
        let name_of = |anchor| Lettering { size, ink: TEXT, anchor };
        sheet.titled(&outcome.class_names[shown[place]], |sheet| {
            sheet.text([left - 6.0, top + middle], name_of(Anchor::End), name);
            sheet.upright_text([left + middle, top - 6.0], name_of(Anchor::Start), name);
        });
    }
    cells(&mut sheet, outcome, &shown, cell, [left, top]);
    for edge in [0.0, side] {
        sheet.line([left, top + edge, left + side, top + edge], GRID, false);
        sheet.line([left + edge, top, left + edge, top + side], GRID, false);
    }
    sheet
}

/// The classes of the drawing, in their order.
pub fn shown(outcome: &TestOutcome) -> Vec<usize> {
    let classes = outcome.confusion.classes();
    let mut shown: Vec<usize> = (0..classes.len()).collect();
    if shown.len() > MOST {
        let mistakes = |class: usize| classes[class].images + classes[class].predicted - 2 * classes[class].right;
        shown.sort_by_key(|&class| std::cmp::Reverse(mistakes(class)));
        shown.truncate(MOST);
        shown.sort_unstable();
    }
    shown
}

/// A cell that has images.
struct Cell {
    row: usize,
    column: usize,
    images: u64,
    share: f64,
}

fn cells(sheet: &mut Sheet, outcome: &TestOutcome, shown: &[usize], side: f64, [left, top]: [f64; 2]) {
    let mut filled = Vec::new();
    for (row, &class) in shown.iter().enumerate() {
        for (column, &predicted) in shown.iter().enumerate() {
            let images = outcome.confusion.count(class, predicted);
            if images > 0 {
                let share = images as f64 / outcome.confusion.classes()[class].images as f64;
                filled.push(Cell { row, column, images, share });
            }
        }
    }
    let place = |cell: &Cell| [left + cell.column as f64 * side, top + cell.row as f64 * side];
    // Rare confusions are to be seen, so depth grows faster than the share.
    let depth = |share: f64| DEEPEST * share.powf(0.6);
    // What is right has one colour, what is wrong another.
    let ink = |cell: &Cell| if cell.row == cell.column { class_ink(0) } else { class_ink(1) };
    filled.sort_by_key(|cell| std::cmp::Reverse(cell.images));
    let titled = if side >= NUMBERED { filled.len() } else { filled.len().min(TITLED) };
    let (titled, others) = filled.split_at(titled);
    for cell in titled {
        let [x, y] = place(cell);
        sheet.titled(&words(outcome, shown, cell), |sheet| {
            sheet.rectangle([x, y, side, side], ink(cell), depth(cell.share));
            if side >= NUMBERED {
                let lettering = Lettering { size: 10.0, ink: TEXT, anchor: Anchor::Middle };
                sheet.text([x + side / 2.0, y + side / 2.0 + 3.5], lettering, &short(cell.images));
            }
        });
    }
    // The others as one path for each depth, since a hundred classes have thousands of them.
    let mut paths = std::collections::BTreeMap::<(bool, u8), String>::new();
    for cell in others {
        let [x, y] = place(cell).map(units);
        let level = (depth(cell.share) * 20.0).ceil() as u8;
        let side = units(side);
        let path = paths.entry((cell.row == cell.column, level)).or_default();
        path.push_str(&format!("M{x} {y}h{side}v{side}h-{side}z"));
    }
    for ((is_right, level), path) in paths {
        let ink = super::palette::hex(if is_right { class_ink(0) } else { class_ink(1) });
        sheet.path(&path, &format!("fill=\"{ink}\" fill-opacity=\"{:.2}\"", f64::from(level) / 20.0));
    }
}

fn words(outcome: &TestOutcome, shown: &[usize], cell: &Cell) -> String {
    let name = |place: usize| &outcome.class_names[shown[place]];
    let of = count(outcome.confusion.classes()[shown[cell.row]].images, "image");
    let what =
        if cell.row == cell.column { "recognised".to_owned() } else { format!("taken for {}", name(cell.column)) };
    format!("{} {what}: {} of {of}, {:.1} %", name(cell.row), cell.images, 100.0 * cell.share)
}

/// A number of images that fits into a cell.
fn short(images: u64) -> String {
    match images {
        0..=9_999 => images.to_string(),
        10_000..=999_999 => format!("{}k", images / 1000),
        _ => format!("{}M", images / 1_000_000),
    }
}

/// The matrix in words.
pub fn describe(outcome: &TestOutcome) -> String {
    let name = |class: usize| &outcome.class_names[class];
    let of = |class: usize| outcome.confusion.classes()[class].images;
    let accuracy = 100.0 * outcome.confusion.accuracy().unwrap_or_default();
    let mistakes: Vec<String> = (outcome.confusion.mistakes().iter().take(5))
        .map(|&(class, predicted, images)| {
            let share = 100.0 * images as f64 / of(class) as f64;
            format!("{} taken for {} {images} times ({share:.1} %)", name(class), name(predicted))
        })
        .collect();
    let all = format!("{} recognised, {accuracy:.2} %", count(outcome.confusion.images(), "image"));
    match mistakes.is_empty() {
        true => format!("Confusion matrix: of {all}; there is no mistake."),
        false => format!("Confusion matrix: of {all}. Most frequent mistakes: {}.", mistakes.join("; ")),
    }
}
