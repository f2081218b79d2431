//! The pictures that a pre-training leaves: reconstructions and attention maps, by epoch.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::comparison::RunGroup;
use crate::error::ReportError;
use crate::run_directory::Stage;

/// The folder of a run directory that holds them.
const FOLDER: &str = "pictures";
/// How many epochs the page shows at most: the last ones.
const MOST: usize = 6;
/// The largest file that a page takes in, in bytes: 64 images in six columns have 2 MB.
const LARGEST: u64 = 3 << 20;
/// The most bytes that all pictures of a page may have together.
const MOST_BYTES: u64 = 12 << 20;
/// How a PNG file begins.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// How a PNG file ends: an empty chunk `IEND` and its checksum.
const END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// Images, what the encoder saw of them, and what the decoder made of it.
    Reconstruction,
    /// Where the encoder looks.
    Attention,
}

impl PictureKind {
    /// Both, in the order of the page.
    pub const ALL: [PictureKind; 2] = [Self::Reconstruction, Self::Attention];

    /// Its name in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reconstruction => "reconstruction",
            Self::Attention => "attention",
        }
    }

    /// Its name for readers.
    pub fn title(self) -> &'static str {
        match self {
            Self::Reconstruction => "Reconstruction",
            Self::Attention => "Attention",
        }
    }
}

/// One picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Whole epochs that were done.
    pub epoch: u64,
    /// What it shows.
    pub kind: PictureKind,
    /// The file's bytes.
    pub png: Vec<u8>,
}

impl Picture {
    /// Width and height in pixels, as its first chunk says.
    pub fn size(&self) -> (usize, usize) {
        imagesize::blob_size(&self.png).map_or((0, 0), |size| (size.width, size.height))
    }
}

/// The pictures of one line's first pre-training.
#[derive(Debug, Clone, PartialEq)]
pub struct Album {
    /// The line's place among the groups.
    pub group: usize,
    /// The seed.
    pub seed: u64,
    /// By kind and then by epoch, the last ones of each kind.
    pub pictures: Vec<Picture>,
    /// Files that were left out, a sentence each.
    pub skipped: Vec<String>,
}

impl Album {
    /// The pictures of one kind, by epoch.
    pub fn kind(&self, kind: PictureKind) -> impl DoubleEndedIterator<Item = &Picture> {
        self.pictures.iter().filter(move |picture| picture.kind == kind)
    }

    /// The last picture of each kind with the path of its copy relative to the report.
    pub fn copies(&self, groups: &[RunGroup]) -> Vec<(String, &Picture)> {
        let label = &groups[self.group].label;
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let name: String = label.chars().take(40).map(plain).collect();
        let path = |picture: &Picture| {
            let (group, epoch, kind) = (self.group, picture.epoch, picture.kind.name());
            format!("figures/{COPIES}{group:02}-{name}-epoch-{epoch:04}-{kind}.png")
        };
        let last = PictureKind::ALL.into_iter().filter_map(|kind| self.kind(kind).next_back());
        last.map(|picture| (path(picture), picture)).collect()
    }
}

/// How the file names of copies begin.
pub const COPIES: &str = "picture-";

/// The albums of all lines that have pictures.
///
/// # Errors
/// [`ReportError::Read`] when the system refuses a folder that is there.
pub fn albums(groups: &[RunGroup]) -> Result<Vec<Album>, ReportError> {
    let mut found = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let Some(run) = group.stage(Stage::Pretrain).next() else { continue };
        let files = last_of_each_kind(list(&run.directory.join(FOLDER))?, MOST);
        let album = Album { group: index, seed: run.about.seed, pictures: Vec::new(), skipped: Vec::new() };
        found.push((album, files));
    }
    keep_within(&mut found, MOST_BYTES);
    let filled = found.into_iter().map(|(mut album, files)| {
        for file in files {
            match take(&file.path) {
                Ok(png) => album.pictures.push(Picture { epoch: file.epoch, kind: file.kind, png }),
                Err(reason) => {
                    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
                    album.skipped.push(format!("{name} is not shown: {reason}."));
                }
            }
        }
        album
    });
    Ok(filled.filter(|album| !album.pictures.is_empty() || !album.skipped.is_empty()).collect())
}

/// A file that is called like a picture.
#[derive(Debug, Clone, PartialEq)]
struct Candidate {
    path: PathBuf,
    epoch: u64,
    kind: PictureKind,
    /// What it would add to the page.
    bytes: u64,
}

/// The last `most` of each kind, by kind and then by epoch.
fn last_of_each_kind(mut files: Vec<Candidate>, most: usize) -> Vec<Candidate> {
    files.sort_by_key(|file| (file.kind as usize, file.epoch));
    let kinds = files.chunk_by(|a, b| a.kind == b.kind);
    kinds.flat_map(|files| &files[files.len().saturating_sub(most)..]).cloned().collect()
}

/// Leaves what a page of `most` bytes of pictures can hold, so that it can be sent around: where everything is too
/// much, the last picture of each kind, and where that is too much as well, those of the first lines.
fn keep_within(albums: &mut [(Album, Vec<Candidate>)], most: u64) {
    let bytes = |files: &[Candidate]| files.iter().map(|file| file.bytes).sum::<u64>();
    let all: u64 = albums.iter().map(|(_, files)| bytes(files)).sum();
    if all <= most {
        return;
    }
    let megabytes = all as f64 / 1e6;
    let mut left = most;
    for (album, files) in albums {
        let before = files.len();
        *files = last_of_each_kind(std::mem::take(files), 1);
        let own = bytes(files);
        if own > left {
            files.clear();
            album.skipped.push(format!("Not shown: the pictures of all runs together have {megabytes:.0} MB."));
            continue;
        }
        left -= own;
        if files.len() < before {
            album.skipped.push(format!("Earlier epochs are not shown: all pictures together have {megabytes:.0} MB."));
        }
    }
}

/// What is called like a picture in a folder; nothing if there is no such folder.
fn list(folder: &Path) -> Result<Vec<Candidate>, ReportError> {
    let refused = |source| ReportError::Read { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(refused(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(refused)?.path();
        if let Some((epoch, kind)) = path.file_name().and_then(|name| picture_name(name.to_str()?)) {
            let bytes = path.metadata().map_or(0, |file| file.len().min(LARGEST));
            files.push(Candidate { path, epoch, kind, bytes });
        }
    }
    Ok(files)
}

/// Epoch and kind from a name such as `epoch-0012-attention.png`.
fn picture_name(name: &str) -> Option<(u64, PictureKind)> {
    let (epoch, kind) = name.strip_prefix("epoch-")?.strip_suffix(".png")?.split_once('-')?;
    let kind = PictureKind::ALL.into_iter().find(|every| every.name() == kind)?;
    Some((epoch.parse().ok()?, kind))
}

/// The bytes of a picture, or why it is left out.
fn take(path: &Path) -> Result<Vec<u8>, String> {
    let refused = |error| format!("it cannot be read ({error})");
    let metadata = path.metadata().map_err(refused)?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.len() > LARGEST {
        return Err(format!("it has {:.1} MB, more than the 3 MB that a page takes in", metadata.len() as f64 / 1e6));
    }
    let bytes = std::fs::read(path).map_err(refused)?;
    let whole = bytes.starts_with(SIGNATURE) && bytes.get(12..16) == Some(b"IHDR") && bytes.ends_with(END);
    if whole { Ok(bytes) } else { Err("it is not a whole PNG file".to_owned()) }
}

/// The bytes of the picture at `path`; `None` where there is none.
///
/// # Errors
/// In a clause, why a page cannot take it in.
pub fn whole_png(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match path.symlink_metadata() {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        _ => take(path).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An album whose pictures of 10 bytes each are these.
    fn album(pictures: &[(PictureKind, u64)]) -> (Album, Vec<Candidate>) {
        let file = |&(kind, epoch): &(PictureKind, u64)| Candidate { path: "x.png".into(), epoch, kind, bytes: 10 };
        let album = Album { group: 0, seed: 0, pictures: Vec::new(), skipped: Vec::new() };
        (album, pictures.iter().map(file).collect())
    }

    #[test]
    fn too_many_bytes_leave_the_last_picture_of_each_kind_and_still_too_many_those_of_the_first_lines() {
        let pictures =
            [(PictureKind::Reconstruction, 1), (PictureKind::Reconstruction, 2), (PictureKind::Attention, 1)];
        let last = [(PictureKind::Reconstruction, 2), (PictureKind::Attention, 1)];
        let kept = |most: u64| {
            let mut albums = [album(&pictures), album(&pictures)];
            keep_within(&mut albums, most);
            albums.map(|(album, files)| {
                (files.iter().map(|file| (file.kind, file.epoch)).collect::<Vec<_>>(), album.skipped.len())
            })
        };
        assert_eq!(kept(60), [(pictures.to_vec(), 0), (pictures.to_vec(), 0)]);
        assert_eq!(kept(59), [(last.to_vec(), 1), (last.to_vec(), 1)]);
        assert_eq!(kept(39), [(last.to_vec(), 1), (Vec::new(), 1)]);
    }

    #[test]
    fn only_pictures_of_known_kinds_have_an_epoch() {
        assert_eq!(picture_name("epoch-0012-attention.png"), Some((12, PictureKind::Attention)));
        assert_eq!(picture_name("epoch-0200-reconstruction.png"), Some((200, PictureKind::Reconstruction)));
        for other in ["epoch-0012-other.png", "epoch-x-attention.png", "attention.png", "epoch-0012-attention.jpg"] {
            assert_eq!(picture_name(other), None, "{other}");
        }
    }
}
