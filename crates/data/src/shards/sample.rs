//! From members of a shard to samples: an image, and the label beside it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bmae_output::plain::plain_path;

use super::index::{Member, Place};
use super::member_names::split;
use crate::DataError;
use crate::error::LabelError;
use crate::image_names::{is_image, undecoded_kind};

/// An image in a shard.
pub struct ShardSample {
    /// The name of the member.
    pub image: PathBuf,
    /// Its bytes.
    pub place: Place,
    /// Its label as it is written.
    pub label: Option<Box<str>>,
}

/// The samples of a shard, in the order of their images. A sample without an image is none; of several images, the one with
/// the shortest ending is taken: `KEY.jpg` before `KEY.mask.png`.
///
/// # Errors
/// When a label is not what one can be.
pub fn gather(shard: &Path, members: Vec<Member>) -> Result<Vec<ShardSample>, DataError> {
    let mut labels: HashMap<String, Box<str>> = HashMap::new();
    for member in &members {
        let (key, ending) = split(&member.path);
        let Some(bytes) = &member.label else { continue };
        let place = || plain_path(shard.join(&member.path));
        let label = if ending == "cls" { Some(of_text(bytes, place)?) } else { of_json(bytes, place)? };
        // The file with nothing else in it speaks before the one with more.
        if let Some(label) = label
            && (ending == "cls" || !labels.contains_key(&key))
        {
            labels.insert(key, label);
        }
    }
    let mut samples: Vec<ShardSample> = Vec::new();
    let mut of_key: HashMap<String, (usize, usize)> = HashMap::new();
    for Member { path, place, .. } in members {
        if !is_image(&path) && undecoded_kind(&path).is_none() {
            continue;
        }
        let (key, ending) = split(&path);
        let label = labels.get(&key).cloned();
        let sample = ShardSample { image: path, place, label };
        match of_key.get(&key) {
            Some(&(at, length)) if ending.len() < length => {
                samples[at] = sample;
                of_key.insert(key, (at, ending.len()));
            }
            Some(_) => {}
            None => {
                of_key.insert(key, (samples.len(), ending.len()));
                samples.push(sample);
            }
        }
    }
    Ok(samples)
}

/// A label that is a text; a whole number is written without zeros or a sign in front.
fn of_text(bytes: &[u8], place: impl Fn() -> String) -> Result<Box<str>, DataError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.is_empty() {
        return Err(LabelError::Missing { place: place() }.into());
    }
    match text.parse::<i64>() {
        Ok(number) if number < 0 => Err(negative(number, place)),
        Ok(number) => Ok(number.to_string().into()),
        Err(_) => Ok(text.into()),
    }
}

/// The label in a JSON object, if it has one.
fn of_json(bytes: &[u8], place: impl Fn() -> String) -> Result<Option<Box<str>>, DataError> {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) else { return Ok(None) };
    match ["label", "cls", "class"].iter().find_map(|key| json.get(key)) {
        Some(serde_json::Value::String(text)) => of_text(text.as_bytes(), place).map(Some),
        Some(serde_json::Value::Number(number)) => of_text(number.to_string().as_bytes(), place).map(Some),
        _ => Ok(None),
    }
}

fn negative(number: i64, place: impl Fn() -> String) -> DataError {
    let classes = "whole numbers from 0 on, or words".to_owned();
    LabelError::NoSuchClass { place: place(), label: number.to_string(), classes }.into()
}
