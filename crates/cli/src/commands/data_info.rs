//! `bmae data info`.

use std::fmt::Write as _;

use bmae_data::statistics::Statistics;
use bmae_data::{Dataset, Split};
use bmae_output::count::count;
use bmae_output::plain::plain;
use serde_json::{Value, json};

use crate::arguments::{Everywhere, RecipeSource};
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;

/// Describes the data set of the recipe: its images, sizes, classes, mean and standard deviation.
pub fn run(source: &RecipeSource, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let recipe = layers::resolve(&layers::layers(source, everywhere, &[])?, output)?;
    let data = bmae_train::pipeline::open(&recipe)?;
    if let Some(left_out) = &data.left_out {
        output.note(&left_out.to_string());
    }
    if !data.unreadable.is_empty() {
        let number = count(data.unreadable.len(), "image");
        output.note(&format!("{number} that cannot be decoded left out: `bmae data check` lists them"));
    }
    let channels = count(data.channels, "channel");
    let mut text = format!("{}\n{channels} of {}\n", plain(&data.name), data.depth);
    let mut json = json!({
        "name": data.name,
        "channels": data.channels,
        "depth": data.depth.to_string(),
        "classes": data.class_names,
        "test_origin": data.test_origin.as_ref().map(ToString::to_string),
    });
    for split in [Split::Train, Split::Test] {
        let name = split.to_string();
        match data.images(split) {
            Some(images) => {
                let statistics = Statistics::of(images.as_ref(), data.class_names.len())?;
                describe(split, &statistics, &data, &mut text);
                json[&name] = as_json(&statistics);
            }
            None => drop(writeln!(text, "{name:<6} none")),
        }
    }
    Ok(output.result(&text, &json)?)
}

fn describe(split: Split, of: &Statistics, data: &Dataset, text: &mut String) {
    let sizes = match of.least_size == of.greatest_size {
        true => format!("{}x{}", of.least_size.0, of.least_size.1),
        false => format!("{}x{} to {}x{}", of.least_size.0, of.least_size.1, of.greatest_size.0, of.greatest_size.1),
    };
    // Recipes name the height first.
    let is_square = of.least_size == of.greatest_size && of.least_size.0 == of.least_size.1;
    let order = if is_square { "" } else { " (width x height)" };
    let each = |values: &[f64]| values.iter().map(|value| four_digits(*value)).collect::<Vec<_>>().join(", ");
    // Writing to a String cannot fail.
    let origin = data.test_origin.as_ref().filter(|_| split == Split::Test);
    let origin = origin.map_or_else(String::new, |origin| format!(", {origin}"));
    let _ = writeln!(text, "{:<6} {} of {sizes} pixels{order}{origin}", split.to_string(), count(of.images, "image"));
    let _ = writeln!(text, "       data.mean=[{}] data.std=[{}]", each(&of.mean), each(&of.std));
    match data.class_names.is_empty() {
        true => drop(writeln!(text, "       no labels: for pre-training only")),
        false => {
            let classes = data.class_names.iter().zip(&of.class_counts);
            let counts: Vec<String> = classes.map(|(class, count)| format!("{} {count}", plain(class))).collect();
            let _ = writeln!(text, "       {}: {}", count(counts.len(), "class"), counts.join(", "));
        }
    }
}

/// Four decimals, or four digits of what has none before them.
fn four_digits(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || (0.01..1e6).contains(&size) => format!("{value:.4}"),
        _ => format!("{value:.4e}"),
    }
}

fn as_json(of: &Statistics) -> Value {
    json!({
        "images": of.images,
        "mean": of.mean,
        "std": of.std,
        "class_counts": of.class_counts,
        "least_size": [of.least_size.0, of.least_size.1],
        "greatest_size": [of.greatest_size.0, of.greatest_size.1],
    })
}
