//! Reports of the runs in a test's folder, and what is in them.

use std::fs;
use std::path::Path;

use crate::experiment::{run, write_report};

/// Writes the report of the runs in `folder` and returns the names of its figures.
pub fn report(folder: &Path) -> Vec<String> {
    let written = write_report(&[folder.join("runs")], &folder.join("report")).expect("a report");
    let svg = written.files.iter().filter(|path| path.extension().is_some_and(|end| end == "svg"));
    svg.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

/// A file of that report.
pub fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join("report").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A finished fine-tuning with one accuracy at the end.
pub fn finetune(folder: &Path, name: &str, method: &'static str, parameters: &'static str, top1: f64) {
    let path = folder.join("runs").join(name).join("finetune");
    run("finetune", method).name(name).parameters(parameters).accuracies(&[top1 - 5.0, top1]).write(&path);
}

/// The text alternative of a figure, which names its curves.
pub fn words(folder: &Path, figure: &str) -> String {
    let svg = text(folder, &format!("figures/{figure}.svg"));
    let (_, label) = svg.split_once("aria-label=\"").expect("a label");
    label.split('"').next().unwrap_or_default().to_owned()
}

/// What the page's script reads, as JSON.
pub fn data(folder: &Path) -> serde_json::Value {
    let page = text(folder, "index.html");
    let (_, data) = page.split_once("<script type=\"application/json\" id=\"data\">").expect("the data");
    serde_json::from_str(data.split("</script>").next().unwrap_or_default()).expect("JSON")
}

/// The caption of a figure in the Markdown.
pub fn caption(folder: &Path, figure: &str) -> String {
    let markdown = text(folder, "report.md");
    let (_, rest) = markdown.split_once(&format!("](figures/{figure}.svg)\n\n")).expect("the figure");
    rest.split(" ([PNG]").next().unwrap_or_default().to_owned()
}

/// The points of each curve of a chart on the page, by the names of the curves.
pub fn curves(folder: &Path, chart: &str) -> Vec<(String, Vec<(f64, f64)>)> {
    let data = data(folder);
    let charts = data["charts"].as_array().expect("charts");
    let chart = charts.iter().find(|each| each["name"] == chart).unwrap_or_else(|| panic!("no {chart}"));
    let numbers = |values: &serde_json::Value| -> Vec<f64> {
        values.as_array().expect("numbers").iter().filter_map(serde_json::Value::as_f64).collect()
    };
    let curve = |curve: &serde_json::Value| {
        let mean = &data["series"][curve["series"].as_u64().expect("a place") as usize]["mean"];
        let points = numbers(&mean["x"]).into_iter().zip(numbers(&mean["y"])).collect();
        (curve["label"].as_str().expect("a name").to_owned(), points)
    };
    chart["curves"].as_array().expect("curves").iter().map(curve).collect()
}
