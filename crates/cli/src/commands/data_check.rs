//! `bmae data check`.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use bmae_data::{Dataset, Split, Unreadable, UnreadableKind, empty_class_folders, look_through};
use bmae_output::count::count;
use bmae_output::path_text::to_text;
use bmae_output::plain::{plain, plain_path};
use bmae_train::pipeline;
use serde_json::{Value, json};

use crate::arguments::{Everywhere, RecipeSource};
use crate::ending::Ending;
use crate::image_count::ImageCount;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// Decodes every image of the recipe's data set and lists those that cannot be, each with the reason.
pub fn run(source: &RecipeSource, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let recipe = layers::resolve(&layers::layers(source, everywhere, &[])?, output)?;
    threads::set(everywhere.threads)?;
    let data = pipeline::open_as_it_is(&recipe)?;
    if let Some(left_out) = &data.left_out {
        output.note(&left_out.to_string());
    }
    let images = [Split::Train, Split::Test].map(|split| data.images(split).map_or(0, |images| images.len()));
    let all = images[0] + images[1];
    let counted = Mutex::new(ImageCount::new(all, output));
    let found = look_through(&data, &|done| counted.lock().unwrap_or_else(PoisonError::into_inner).show(done));
    drop(counted);

    let empty = recipe.data.source.path().map(empty_class_folders).unwrap_or_default();
    let remarks = remarks(&data, &empty);
    let mut text = format!("{}: {} looked at\n", plain(&data.name), count(all, "image"));
    for one in &found {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}: {}", plain_path(&one.place), word(one.fault), plain(&one.reason));
    }
    for remark in &remarks {
        let _ = writeln!(text, "note: {}", plain(remark));
    }
    let of = |fault: UnreadableKind| found.iter().filter(|one| one.fault == fault).count();
    let (damaged, unsupported) = (of(UnreadableKind::Damaged), of(UnreadableKind::Unsupported));
    if found.is_empty() {
        text.push_str("every image can be decoded\n");
    }
    let json = json!({
        "name": data.name,
        "images": all,
        "train": images[0],
        "test": images[1],
        "damaged": damaged,
        "unsupported": unsupported,
        "unreadable": found.iter().map(as_json).collect::<Vec<_>>(),
        "remarks": remarks,
    });
    output.result(&text, &json)?;
    if found.is_empty() {
        return Ok(());
    }
    let kinds = [(damaged, "damaged"), (unsupported, "of a kind that is not decoded")];
    let kinds: Vec<String> =
        kinds.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    Err(Ending::Failure(
        format!(
            "{} of {} cannot be decoded ({}); repair or remove them, or train without them: --set data.unreadable=skip",
            found.len(),
            count(all, "image"),
            kinds.join(", "),
        )
        .into(),
    ))
}

fn word(fault: UnreadableKind) -> &'static str {
    match fault {
        UnreadableKind::Damaged => "damaged",
        UnreadableKind::Unsupported => "not supported",
    }
}

fn as_json(one: &Unreadable) -> Value {
    let fault = match one.fault {
        UnreadableKind::Damaged => "damaged",
        UnreadableKind::Unsupported => "unsupported",
    };
    json!({
        "file": to_text(&one.place),
        "split": one.split.to_string(),
        "fault": fault,
        "reason": one.reason,
    })
}

/// What is worth knowing beside damage: classes without images of a part, and folders that are no class since they hold none.
fn remarks(data: &Dataset, empty: &[String]) -> Vec<String> {
    let mut remarks: Vec<String> =
        empty.iter().map(|folder| format!("the folder {folder} holds no image and is no class")).collect();
    for split in [Split::Train, Split::Test] {
        let Some(images) = data.images(split) else { continue };
        let mut seen = vec![false; data.class_names.len()];
        for label in (0..images.len()).filter_map(|index| images.label(index)) {
            if let Some(seen) = seen.get_mut(label) {
                *seen = true;
            }
        }
        let without = data.class_names.iter().zip(seen).filter(|(_, seen)| !seen);
        remarks.extend(without.map(|(class, _)| format!("the class {class} has no {split} image")));
    }
    remarks
}
