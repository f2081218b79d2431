//! Weights of any kind that is known here, told apart by what they contain and never by what they are called.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::WeightsError;
use super::origin::ForeignConfig;
use super::{StateDict, pytorch_bounds};

/// Bytes that tell the kinds of file apart: the magic word of a tar archive ends here.
const HEAD: usize = 262;

/// What a Hugging Face folder may hold its weights in, the preferred one first.
const IN_A_FOLDER: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

impl StateDict {
    /// The weights at `path` under the official names: a safetensors file, what `torch.save` wrote, or a Hugging Face
    /// folder; with official, timm or Hugging Face names, by themselves or under a key such as `model`. Tensors of
    /// whole numbers are skipped. [`origin`](Self::origin) says what it was.
    ///
    /// # Errors
    /// When it cannot be read, is of none of these kinds, is damaged, or holds no tensor or several models.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let file = Self::file_at(path)?;
        let config = file.parent().map(|folder| folder.join("config.json"));
        let state = match kind(&file)? {
            Kind::Pytorch => Self::from_pytorch(&file)?,
            Kind::Safetensors => Self::from_file(&file)?.without_wrapping()?,
        };
        if state.tensors.is_empty() {
            let (found, remedy) = ("other values", "save the state dict of a model");
            return Err(WeightsError::UnknownKind { path: file, found: found.to_owned(), remedy });
        }
        let is_hugging_face = state.has_hugging_face_names();
        let mut state = if is_hugging_face { state.in_official_names() } else { state };
        // A single file of other names need not belong to a configuration that lies beside it.
        let belongs = (is_hugging_face || path.is_dir()) && state.config_text().is_none();
        if let Some(config) = config.filter(|config| belongs && config.is_file()) {
            state.origin.config = match ForeignConfig::read(&config) {
                Ok(read) => read.unwrap_or_default(),
                Err(error) if is_hugging_face => return Err(error),
                Err(_) => ForeignConfig::default(),
            };
        }
        let contradictions = state.contradictions();
        match contradictions.is_empty() {
            true => Ok(state),
            false => Err(WeightsError::ConfigContradicts { source_name: state.source_name(), contradictions }),
        }
    }

    /// The file that holds the weights at `path`: itself, or the one in a Hugging Face folder.
    ///
    /// # Errors
    /// When a folder holds none.
    pub fn file_at(path: &Path) -> Result<PathBuf, WeightsError> {
        match path.is_dir() {
            true => in_folder(path),
            false => Ok(path.to_owned()),
        }
    }
}

enum Kind {
    Safetensors,
    Pytorch,
}

fn kind(path: &Path) -> Result<Kind, WeightsError> {
    let unreadable = |reason| WeightsError::Unreadable { path: path.to_owned(), reason };
    let unknown =
        |found: &str, remedy| WeightsError::UnknownKind { path: path.to_owned(), found: found.to_owned(), remedy };
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(unknown("what is no file but a pipe or a device", "save the weights in a file and give that"));
    }
    let mut head = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head)).map_err(unreadable)?;
    if head.is_empty() {
        return Err(unknown("nothing: it has only 0 bytes", AGAIN));
    }
    // A safetensors file is the length of its header and then JSON; one that ends before it is cut short.
    if head.len() < 9 || head[8] == b'{' {
        return Ok(Kind::Safetensors);
    }
    // Every pickle of protocol 2 or later begins with this byte.
    if head.starts_with(b"PK") || head[0] == 0x80 {
        pytorch_bounds::check_container(path)?;
        return Ok(Kind::Pytorch);
    }
    let (found, remedy) = describe(&head);
    Err(unknown(&found, remedy))
}

const AGAIN: &str = "copy or download it again";
const SAVE: &str = "give a safetensors file, a .pth file that torch.save wrote, or a Hugging Face folder";
const UNPACK: &str = "unpack it and give the weights in it";
const UNTAR: &str =
    "unpack it and give the weights in it, or if PyTorch before 0.1.10 wrote it, save them with a later one";
const CONVERT: &str = "convert it with the program that it is of, to a safetensors file or with torch.save";

/// What a file that holds no weights probably is, and what to do.
fn describe(head: &[u8]) -> (String, &'static str) {
    /// First bytes, what they begin, and what to do about it.
    const KINDS: [(&[u8], &str, &str); 9] = [
        (
            b"version https://git-lfs",
            "a Git LFS pointer",
            "fetch the file that it stands for with `git lfs pull` and give that",
        ),
        (b"\x1f\x8b", "what gzip packed", UNPACK),
        (b"BZh", "what bzip2 packed", UNPACK),
        (b"\xfd7zXZ", "what xz packed", UNPACK),
        (b"\x28\xb5\x2f\xfd", "what zstd packed", UNPACK),
        (b"7z\xbc\xaf", "a 7z archive", UNPACK),
        (b"\x89HDF", "an HDF5 file, as of Keras", CONVERT),
        (b"\x93NUMPY", "an array of NumPy", CONVERT),
        (b"GGUF", "a GGUF file", CONVERT),
    ];
    let begins = |(first, _, _): &&(&[u8], &str, &str)| head.starts_with(first);
    if let Some((_, found, remedy)) = KINDS.iter().find(begins) {
        return ((*found).to_owned(), remedy);
    }
    if head.get(257..HEAD) == Some(b"ustar") {
        return ("a tar archive".to_owned(), UNTAR);
    }
    let text = head.trim_ascii_start();
    if [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|tag| text.len() >= tag.len() && text[..tag.len()].eq_ignore_ascii_case(tag))
    {
        return ("a web page".to_owned(), "download the file itself, not the page that is about it");
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match std::str::from_utf8(line.trim_ascii_end()) {
        Ok(line) if !line.is_empty() && !line.contains(char::is_control) => {
            (format!("text that begins with \"{}\"", line.chars().take(40).collect::<String>()), SAVE)
        }
        _ => ("something else".to_owned(), SAVE),
    }
}

fn in_folder(folder: &Path) -> Result<PathBuf, WeightsError> {
    let found = IN_A_FOLDER.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    let has = |names: [&str; 2]| names.iter().any(|name| folder.join(name).is_file());
    found.ok_or_else(|| WeightsError::Folder {
        path: folder.to_owned(),
        sharded: has(["model.safetensors.index.json", "pytorch_model.bin.index.json"]),
    })
}
