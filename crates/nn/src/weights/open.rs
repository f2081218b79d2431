//! Weights of any kind that is known here, told apart by what they contain and never by what they are called.

use std::io::Read;
use std::path::{Path, PathBuf};

use bmae_architecture::LAYER_NORM_EPSILON;
use serde_json::Value;

use super::error::WeightsError;
use super::origin::ForeignConfig;
use super::{StateDict, wrapping};

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
            return Err(WeightsError::UnknownKind { path: file, found: "other values".to_owned() });
        }
        if !state.has_hugging_face_names() {
            return Ok(state);
        }
        let mut state = state.in_official_names();
        if let Some(config) = config.filter(|config| config.is_file()) {
            state.origin.config = read_config(&config)?;
        }
        Ok(state)
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

    fn without_wrapping(mut self) -> Result<Self, WeightsError> {
        let prefix = wrapping::prefix(self.tensors.keys().map(String::as_str))
            .map_err(|found| WeightsError::SeveralModels { source_name: self.source.clone(), found })?;
        if !prefix.is_empty() {
            let all = self.tensors.len();
            self.tensors = std::mem::take(&mut self.tensors)
                .into_iter()
                .filter_map(|(name, array)| Some((name.strip_prefix(&prefix)?.to_owned(), array)))
                .collect();
            self.origin.outside_prefix = all - self.tensors.len();
            self.origin.prefix = prefix;
        }
        Ok(self)
    }
}

enum Kind {
    Safetensors,
    Pytorch,
}

fn kind(path: &Path) -> Result<Kind, WeightsError> {
    let unreadable = |reason| WeightsError::Unreadable { path: path.to_owned(), reason };
    let mut head = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head)).map_err(unreadable)?;
    // A safetensors file is the length of its header and then JSON; one that ends before it is cut short.
    if head.len() < 9 || head[8] == b'{' {
        return Ok(Kind::Safetensors);
    }
    let is_zip = head.starts_with(b"PK");
    let is_tar = head.get(257..HEAD) == Some(b"ustar");
    // Every pickle of protocol 2 or later begins with this byte.
    let is_pickle = head[0] == 0x80;
    match is_zip || is_tar || is_pickle {
        true => Ok(Kind::Pytorch),
        false => Err(WeightsError::UnknownKind { path: path.to_owned(), found: describe(&head) }),
    }
}

/// What a file that holds no weights probably is.
fn describe(head: &[u8]) -> String {
    if head.starts_with(b"version https://git-lfs") {
        return "a Git LFS pointer: fetch the file itself with `git lfs pull`".to_owned();
    }
    let line = head.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    match std::str::from_utf8(line.trim_ascii_end()) {
        Ok(line) if !line.is_empty() && !line.contains(char::is_control) => {
            format!("text that begins with \"{}\"", line.chars().take(40).collect::<String>())
        }
        _ => "something else".to_owned(),
    }
}

fn in_folder(folder: &Path) -> Result<PathBuf, WeightsError> {
    let found = IN_A_FOLDER.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| WeightsError::Folder {
        path: folder.to_owned(),
        sharded: folder.join("model.safetensors.index.json").is_file(),
    })
}

/// What `config.json` says that matters here.
fn read_config(path: &Path) -> Result<ForeignConfig, WeightsError> {
    let text =
        std::fs::read_to_string(path).map_err(|reason| WeightsError::Unreadable { path: path.to_owned(), reason })?;
    let config: Value = serde_json::from_str(&text)
        .map_err(|reason| WeightsError::Config { path: path.to_owned(), reason: reason.to_string() })?;
    let count = |key: &str| config.get(key).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    let mut differences = Vec::new();
    if let Some(epsilon) =
        config.get("layer_norm_eps").and_then(Value::as_f64).filter(|epsilon| *epsilon != LAYER_NORM_EPSILON)
    {
        differences
            .push(format!("its LayerNorms were trained with epsilon {epsilon:e}, here it is {LAYER_NORM_EPSILON:e}"));
    }
    if let Some(activation) = config.get("hidden_act").and_then(Value::as_str).filter(|name| *name != "gelu") {
        differences.push(format!("its activation is {activation}, here it is the exact GELU"));
    }
    Ok(ForeignConfig {
        encoder_heads: count("num_attention_heads"),
        decoder_heads: count("decoder_num_attention_heads"),
        differences,
    })
}
