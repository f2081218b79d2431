//! `bmae predict`.

use std::path::{Path, PathBuf};

use bmae_data::Images;
use bmae_output::claim::check_table;
use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_train::inference::{HEADER, TrainedClassifier, predict};
use bmae_train::whole_file::{check_place, write_whole};
use serde_json::json;

use super::asked;
use crate::arguments::{Everywhere, Predict};
use crate::ending::Ending;
use crate::image_count::ImageCount;
use crate::means::Means;
use crate::output::Output;
use crate::progress::Progress;

/// What the file is.
const WHAT: &str = "predictions";

/// Says which classes a finished run holds images for.
pub fn run(arguments: &Predict, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let run = asked::open(&arguments.from, &arguments.asked, everywhere, output)?;
    let given = asked::given(&arguments.asked)?;
    asked::refuse_nothing(&given)?;
    if let Some(out) = &arguments.out {
        check_place(out)?;
        let inputs = asked::inputs(&run, &given);
        let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
        check_table(out, WHAT, HEADER, &inputs, arguments.force.into())?;
    }
    let means = Means::of(everywhere, output)?;
    let mut progress = Progress::new(output);
    let mut session = means.session(&mut progress);
    let stopped = || Ending::Interrupted("stopped: nothing was written".to_owned());
    let classifier = TrainedClassifier::of(&mut session, &run)?.ok_or_else(stopped)?;
    let mut counted = ImageCount::new(given.len(), output);
    let most = arguments.top as usize;
    let predictions =
        predict(&mut session, &classifier, &given, most, &mut |seen| counted.show(seen))?.ok_or_else(stopped)?;
    drop(counted);
    let all = given.len() + given.unreadable().len();
    let csv = predictions.to_csv(&given);
    match &arguments.out {
        Some(out) => {
            write_whole(out, &csv)?;
            let text = format!("{} in {}", count(predictions.images.len(), "image"), plain_path(out));
            output.result(&text, &predictions.to_json(&given))?;
        }
        None if output.json() => output.result("", &predictions.to_json(&given))?,
        None => output.result(&String::from_utf8_lossy(&csv), &json!(null))?,
    }
    asked::left_out(predictions.unreadable, all)
}
