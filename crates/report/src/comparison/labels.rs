//! What tells lines apart that share a name.

use std::collections::HashMap;
use std::path::PathBuf;

use bmae_output::plain::plain_path;

use crate::run_directory::MethodSetting;

/// What each of some lines may be told by.
type Addition<'a> = &'a dyn Fn(&[usize]) -> Vec<String>;

/// Adds to equal labels what tells them apart, until no two are equal: the setting, then the method, then a folder, each
/// only where it says something else of some than of others. `folders` of a line are tried in their order.
pub(crate) fn tell_apart<'a>(
    labels: &mut [String],
    setting: impl Fn(usize) -> &'a MethodSetting,
    folders: impl Fn(usize) -> Vec<PathBuf>,
) {
    // Each round makes at least two of the equal ones differ; what is then equal to another is so by accident.
    for _ in 0..3 {
        let additions: [Addition; 3] = [
            &|lines| lines.iter().map(|&line| with_comma(setting(line).parameters())).collect(),
            &|lines| lines.iter().map(|&line| with_comma(setting(line).method.clone())).collect(),
            &|lines| in_brackets(&lines.iter().map(|&line| folders(line)).collect::<Vec<_>>()),
        ];
        for addition in additions {
            for lines in shared(labels) {
                let added = addition(&lines);
                if added.iter().any(|other| *other != added[0]) {
                    lines.iter().zip(added).for_each(|(&line, added)| labels[line].push_str(&added));
                }
            }
        }
    }
    for lines in shared(labels) {
        lines.iter().enumerate().skip(1).for_each(|(at, &line)| labels[line].push_str(&format!(" #{}", at + 1)));
    }
}

/// The places of the lines that share a label, for each such label.
fn shared(labels: &[String]) -> Vec<Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, label) in labels.iter().enumerate() {
        places.entry(label).or_default().push(place);
    }
    let mut shared: Vec<Vec<usize>> = places.into_values().filter(|lines| lines.len() > 1).collect();
    shared.sort();
    shared
}

fn with_comma(text: String) -> String {
    if text.is_empty() { text } else { format!(", {text}") }
}

/// Of the folders of each line the first kind that no two lines share, else the last kind.
fn in_brackets(folders: &[Vec<PathBuf>]) -> Vec<String> {
    let kinds = folders.iter().map(Vec::len).min().unwrap_or_default();
    let differs = |kind: &usize| {
        folders.iter().enumerate().all(|(at, of)| folders[..at].iter().all(|other| other[*kind] != of[*kind]))
    };
    let kind = (0..kinds).find(differs).or(kinds.checked_sub(1));
    let said = |of: &Vec<PathBuf>| kind.map(|kind| format!(" ({})", plain_path(&of[kind]))).unwrap_or_default();
    folders.iter().map(said).collect()
}
