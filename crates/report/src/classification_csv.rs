//! `evaluations.csv`, `classes.csv` and the confusion matrices: how each evaluation classifies its test images, as
//! `docs/formats.md`, "Classes and mistakes", says.

use bmae_output::plain::plain_path;

use crate::classification::{ClassifiedLine, TestOutcome};
use crate::comparison::RunGroup;
use crate::text::csv_cell;

/// One row for each evaluation of each seed. Scores have four decimals (percent), and a cell that does not apply is empty.
pub fn evaluations_csv(groups: &[RunGroup], lines: &[ClassifiedLine]) -> String {
    const COLUMNS: [&str; 13] = [
        "run",
        "evaluation",
        "seed",
        "images",
        "classes",
        "top1",
        "top5",
        "balanced_accuracy",
        "macro_precision",
        "macro_recall",
        "macro_f1",
        "expected_calibration_error",
        "directory",
    ];
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    for line in lines {
        for (run, outcome) in &line.seeds {
            let means = outcome.confusion.macro_scores();
            let mut row = vec![
                csv_cell(&groups[line.group].label),
                line.stage.name().to_owned(),
                groups[line.group].seed(run).to_string(),
                outcome.confusion.images().to_string(),
                outcome.class_names.len().to_string(),
            ];
            let scores = [
                outcome.confusion.accuracy(),
                outcome.top5(),
                means.map(|means| means.balanced_accuracy),
                means.map(|means| means.precision),
                means.map(|means| means.recall),
                means.map(|means| means.f1),
                outcome.calibration.expected_error(),
            ];
            row.extend(scores.map(percent));
            row.push(csv_cell(&plain_path(&run.directory)));
            rows.push(row);
        }
    }
    csv_of(rows)
}

/// One row for each class of each evaluation, its seeds together.
pub fn classes_csv(groups: &[RunGroup], lines: &[ClassifiedLine]) -> String {
    const COLUMNS: [&str; 11] = [
        "run",
        "evaluation",
        "seeds",
        "class",
        "images",
        "predicted",
        "right",
        "accuracy",
        "precision",
        "recall",
        "f1",
    ];
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    for line in lines {
        let TestOutcome { class_names, confusion, seeds, .. } = &line.outcome;
        for (name, class) in class_names.iter().zip(confusion.classes()) {
            let counts = [class.images, class.predicted, class.right].map(|count| count.to_string());
            let scores = [class.recall(), Some(class.precision()), class.recall(), Some(class.f1())].map(percent);
            let about = [csv_cell(&groups[line.group].label), line.stage.name().to_owned(), seeds.to_string()];
            rows.push(about.into_iter().chain([csv_cell(name)]).chain(counts).chain(scores).collect());
        }
    }
    csv_of(rows)
}

/// More classes make a file that nobody reads, of a million cells.
const MOST_CLASSES: usize = 1_000;

/// The matrix of an evaluation: a row for each class of the images, a column for each class that they were taken for;
/// `None` of more than a thousand classes.
pub fn confusion_csv(outcome: &TestOutcome) -> Option<String> {
    let names: Vec<String> = outcome.class_names.iter().map(|name| csv_cell(name)).collect();
    if names.len() > MOST_CLASSES {
        return None;
    }
    let mut rows = vec![std::iter::once("label".to_owned()).chain(names.iter().cloned()).collect::<Vec<_>>()];
    for (class, name) in names.iter().enumerate() {
        let counts = (0..names.len()).map(|predicted| outcome.confusion.count(class, predicted).to_string());
        rows.push(std::iter::once(name.clone()).chain(counts).collect());
    }
    Some(csv_of(rows))
}

fn percent(share: Option<f64>) -> String {
    share.map(|share| format!("{:.4}", 100.0 * share)).unwrap_or_default()
}

fn csv_of(rows: Vec<Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail: every row has as many cells as the header.
    rows.iter().for_each(|row| drop(writer.write_record(row)));
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
