//! What a command left: every file, without what differs between two runs that did the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// How the clause about a file ends that no run left alone has.
pub const LEFT_OVER: &str = "is left over";

/// A folder as it is compared: paths below it to what counts of their contents.
#[derive(Debug, Default, PartialEq)]
pub struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    /// Files that were to become others: hidden until they are whole.
    pub temporaries: Vec<String>,
}

/// Fields of `metrics.jsonl` that depend on the clock.
const TIMES: [&str; 2] = ["wall_s", "images_per_s"];

/// What keys of a state's metadata end with that depend on the clock, or on the length of a text that does.
const OF_THE_CLOCK: [&str; 4] = ["wall_s", "trained_s", "metrics_bytes", "checksum"];

/// Files of a report that hold times of the runs.
const WITH_TIMES: [&str; 4] = ["index.html", "report.md", "results.csv", ".svg"];

impl Tree {
    /// Reads the folder. `with_times` where its report is of runs that it holds itself, whose times differ each time.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read(folder: &Path, with_times: bool) -> Self {
        let mut tree = Self::default();
        for (name, path) in files(folder) {
            if is_temporary(&name) {
                tree.temporaries.push(name);
                continue;
            }
            let bytes = fs::read(&path).expect("a file that was listed can be read");
            let (name, content) = comparable(&name, bytes, folder, with_times);
            tree.files.insert(name, content);
        }
        tree
    }

    /// How this folder differs from `reference`, a clause for each file.
    pub fn differences(&self, reference: &Tree) -> Vec<String> {
        let mut found = Vec::new();
        for name in reference.files.keys().filter(|name| !self.files.contains_key(*name)) {
            found.push(format!("{name} is missing"));
        }
        for (name, content) in &self.files {
            match reference.files.get(name) {
                None => found.push(format!("{name} {LEFT_OVER}")),
                Some(expected) if expected != content => found.push(format!("{name} differs")),
                Some(_) => {}
            }
        }
        found
    }
}

/// Every file below `folder` with its path from there.
pub fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).expect("a folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it lies below").display().to_string();
                found.push((name, path));
            }
        }
    }
    found.sort();
    found
}

/// Whether it, or a folder that it lies in, is hidden.
fn is_temporary(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.'))
}

fn comparable(name: &str, bytes: Vec<u8>, folder: &Path, with_times: bool) -> (String, Vec<u8>) {
    let file = name.rsplit('/').next().unwrap_or_default();
    if file.contains("tfevents") {
        // Its name and its contents tell the time; that there is one, and one only, counts.
        return (name.replace(file, "events"), Vec::new());
    }
    let content = match file {
        "lock" => Vec::new(),
        "metrics.jsonl" => metrics(&bytes),
        "run.toml" | "config.toml" | "plan.toml" => settings(&bytes, folder),
        _ if file.ends_with(".safetensors") => tensors(&bytes).unwrap_or(bytes),
        _ if with_times && name.contains("report/") && is_with_times(file) => Vec::new(),
        _ => bytes,
    };
    (name.to_owned(), content)
}

/// Whether a file of a report tells times, in words or as a picture of a figure.
fn is_with_times(file: &str) -> bool {
    WITH_TIMES.iter().any(|ending| file.ends_with(ending)) || file.starts_with("cost")
}

/// The lines of metrics without times; a line that is none stays as it is.
fn metrics(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let line = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(mut fields)) => {
            fields.retain(|name, _| !TIMES.contains(&name.as_str()));
            Value::Object(fields).to_string()
        }
        _ => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect::<String>().into_bytes()
}

/// A file of settings without when it began and where it lies.
fn settings(bytes: &[u8], folder: &Path) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).replace(&folder.display().to_string(), "");
    text.split_inclusive('\n').filter(|line| !line.starts_with("started = ")).collect::<String>().into_bytes()
}

/// The header of a safetensors file and how many bytes of tensors follow it.
fn header(bytes: &[u8]) -> Option<(serde_json::Map<String, Value>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, tensors) = rest.split_at_checked(length)?;
    Some((serde_json::from_slice(header).ok()?, tensors))
}

/// The metadata that does not depend on the clock, then each tensor with its bytes.
fn tensors(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut fields, data) = header(bytes)?;
    let mut content = Vec::new();
    if let Some(Value::Object(metadata)) = fields.remove("__metadata__") {
        for (key, value) in metadata {
            if !OF_THE_CLOCK.iter().any(|ending| key.ends_with(ending)) {
                content.extend(format!("{key} = {value}\n").bytes());
            }
        }
    }
    for (name, tensor) in fields {
        let place = |index: usize| tensor["data_offsets"][index].as_u64().and_then(|place| usize::try_from(place).ok());
        content.extend(format!("{name} {} {}\n", tensor["dtype"], tensor["shape"]).bytes());
        content.extend(data.get(place(0)?..place(1)?)?);
    }
    Some(content)
}

/// Files that are there by half, a clause for each. The last line of a log may be torn.
///
/// # Panics
/// When the folder cannot be read.
pub fn half_written(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (name, path) in files(folder) {
        let file = name.rsplit('/').next().unwrap_or_default();
        if is_temporary(&name) || file == "lock" || file.contains("tfevents") {
            continue;
        }
        let bytes = fs::read(&path).expect("a file that was listed can be read");
        if !is_whole(file, &bytes) {
            found.push(format!("{name} is half written"));
        }
    }
    found
}

fn is_whole(file: &str, bytes: &[u8]) -> bool {
    let ends = |with: &str| bytes.trim_ascii_end().ends_with(with.as_bytes());
    let extension = file.rsplit('.').next().unwrap_or_default();
    match extension {
        "safetensors" => is_whole_safetensors(bytes),
        "toml" => std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<toml::Table>().is_ok_and(|t| !t.is_empty())),
        "jsonl" => {
            let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
            lines.into_iter().all(|line| serde_json::from_slice::<Value>(line).is_ok())
        }
        "json" => serde_json::from_slice::<Value>(bytes).is_ok(),
        "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xae\x42\x60\x82"),
        "html" => ends("</html>"),
        "svg" => ends("</svg>"),
        _ => bytes.ends_with(b"\n"),
    }
}

fn is_whole_safetensors(bytes: &[u8]) -> bool {
    let Some((fields, data)) = header(bytes) else { return false };
    let ends = fields.iter().filter(|(name, _)| *name != "__metadata__");
    let end = ends.filter_map(|(_, tensor)| tensor["data_offsets"][1].as_u64()).max().unwrap_or(0);
    end == data.len() as u64
}
