//! The reliability diagram: how often a classifier is right where it is so sure (Guo et al. 2017, figure 1).

use super::palette::{GRID, MUTED, TEXT, class_ink};
use super::sheet::{Anchor, Lettering, Sheet};
use crate::classification::Calibration;
use crate::text::count;

/// Where the plot begins and how large it is, in CSS pixels, and the strip of the numbers of images above it.
const LEFT: f64 = 46.0;
const STRIP: [f64; 2] = [18.0, 40.0];
const TOP: f64 = 78.0;
const SIDE: f64 = 240.0;

/// The drawing.
pub fn draw(calibration: &Calibration) -> Sheet {
    let mut sheet = Sheet::new(LEFT + SIDE + 14.0, TOP + SIDE + 42.0);
    let label = |anchor| Lettering { size: 12.0, ink: MUTED, anchor };
    let title = Lettering { size: 12.0, ink: TEXT, anchor: Anchor::Start };
    sheet.text([0.0, 12.0], title, "images");
    sheet.text([0.0, TOP - 12.0], title, "right, %");
    sheet.text([LEFT + SIDE / 2.0, TOP + SIDE + 36.0], label(Anchor::Middle), "probability of the answer, %");
    for percent in [0.0, 25.0, 50.0, 75.0, 100.0] {
        let away = SIDE * percent / 100.0;
        sheet.line([LEFT, TOP + SIDE - away, LEFT + SIDE, TOP + SIDE - away], GRID, false);
        sheet.text([LEFT - 6.0, TOP + SIDE - away + 4.0], label(Anchor::End), &percent.to_string());
        sheet.text([LEFT + away, TOP + SIDE + 16.0], label(Anchor::Middle), &percent.to_string());
    }
    let bins = calibration.bins();
    let most = bins.iter().map(|bin| bin.images).max().unwrap_or(0).max(1);
    let width = SIDE / bins.len() as f64;
    for (place, bin) in bins.iter().enumerate() {
        let (Some(accuracy), Some(confidence)) = (bin.accuracy(), bin.confidence()) else { continue };
        let left = LEFT + width * place as f64;
        let [from, to] = [place, place + 1].map(|edge| 100.0 * edge as f64 / bins.len() as f64);
        let words = format!(
            "sure by {from:.0} to {to:.0} %: {}, {:.1} % right, {:.1} % said",
            count(bin.images, "image"),
            100.0 * accuracy,
            100.0 * confidence
        );
        sheet.titled(&words, |sheet| {
            let height = STRIP[1] * bin.images as f64 / most as f64;
            sheet.rectangle([left + 1.0, STRIP[0] + STRIP[1] - height - 10.0, width - 2.0, height], MUTED, 0.5);
            sheet.rectangle(
                [left + 1.0, TOP + SIDE * (1.0 - accuracy), width - 2.0, SIDE * accuracy],
                class_ink(0),
                0.6,
            );
            let said = TOP + SIDE * (1.0 - confidence);
            sheet.rectangle([left, said - 1.0, width, 2.0], class_ink(1), 1.0);
        });
    }
    sheet.line([LEFT, TOP + SIDE, LEFT + SIDE, TOP], MUTED, true);
    sheet
}

/// The diagram in words.
pub fn describe(calibration: &Calibration) -> String {
    let error = calibration.expected_error().map(|error| format!("{:.2}", 100.0 * error)).unwrap_or_default();
    format!(
        "Reliability diagram: how often the answer is right, by its probability. Expected calibration error {error} %."
    )
}
