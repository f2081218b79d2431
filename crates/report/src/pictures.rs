//! The pictures that a pre-training leaves: reconstructions and attention maps, by epoch.

use std::io::ErrorKind;
use std::path::Path;

use crate::compare::Group;
use crate::error::ReportError;
use crate::read::Stage;

/// The folder of a run directory that holds them.
const FOLDER: &str = "pictures";
/// How many epochs the page shows at most: the last ones.
const MOST: usize = 6;
/// The largest file that a page takes in, in bytes.
const LARGEST: u64 = 1 << 20;
/// The most bytes that all pictures of a page may have together.
const MOST_BYTES: usize = 12 << 20;
/// How a PNG file begins.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// How a PNG file ends: an empty chunk `IEND` and its checksum.
const END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Images, what the encoder saw of them, and what the decoder made of it.
    Reconstruction,
    /// Where the encoder looks.
    Attention,
}

impl Kind {
    /// Both, in the order of the page.
    pub const EVERY: [Kind; 2] = [Self::Reconstruction, Self::Attention];

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
    pub kind: Kind,
    /// The file's bytes.
    pub png: Vec<u8>,
}

impl Picture {
    /// Width and height in pixels, as its first chunk says.
    pub fn size(&self) -> (u32, u32) {
        let side = |at: usize| {
            let bytes = self.png.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
            bytes.map_or(0, u32::from_be_bytes)
        };
        (side(16), side(20))
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
    pub fn kind(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Picture> {
        self.pictures.iter().filter(move |picture| picture.kind == kind)
    }

    /// The last picture of each kind with the path of its copy relative to the report.
    pub fn copies(&self, groups: &[Group]) -> Vec<(String, &Picture)> {
        let label = &groups[self.group].label;
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let name: String = label.chars().take(40).map(plain).collect();
        let path = |picture: &Picture| {
            let (group, epoch, kind) = (self.group, picture.epoch, picture.kind.name());
            format!("figures/{COPIES}{group:02}-{name}-epoch-{epoch:04}-{kind}.png")
        };
        let last = Kind::EVERY.into_iter().filter_map(|kind| self.kind(kind).next_back());
        last.map(|picture| (path(picture), picture)).collect()
    }
}

/// How the file names of copies begin.
pub const COPIES: &str = "picture-";

/// The albums of all lines that have pictures.
///
/// # Errors
/// [`ReportError::Read`] when the system refuses a folder that is there.
pub fn albums(groups: &[Group]) -> Result<Vec<Album>, ReportError> {
    let mut albums = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let Some(run) = group.stage(Stage::Pretrain).next() else { continue };
        let mut album = Album { group: index, seed: run.about.seed, pictures: Vec::new(), skipped: Vec::new() };
        let folder = run.directory.join(FOLDER);
        let mut files = list(&folder)?;
        files.sort();
        for kind in Kind::EVERY {
            let of_kind: Vec<&(u64, String)> =
                files.iter().filter(|(_, name)| picture_name(name).is_some_and(|(_, other)| other == kind)).collect();
            for (epoch, name) in &of_kind[of_kind.len().saturating_sub(MOST)..] {
                match take(&folder.join(name)) {
                    Ok(png) => album.pictures.push(Picture { epoch: *epoch, kind, png }),
                    Err(reason) => album.skipped.push(format!("{name} is not shown: {reason}.")),
                }
            }
        }
        if !album.pictures.is_empty() || !album.skipped.is_empty() {
            albums.push(album);
        }
    }
    keep_within(&mut albums, MOST_BYTES);
    Ok(albums)
}

/// Leaves only the last picture of each kind where all together would make the page too large to send around.
fn keep_within(albums: &mut [Album], most: usize) {
    let bytes: usize = albums.iter().flat_map(|album| &album.pictures).map(|picture| picture.png.len()).sum();
    if bytes <= most {
        return;
    }
    for album in albums {
        let last = Kind::EVERY.map(|kind| album.kind(kind).next_back().map(|picture| picture.epoch));
        let before = album.pictures.len();
        album.pictures.retain(|picture| last[picture.kind as usize] == Some(picture.epoch));
        if album.pictures.len() < before {
            let all = bytes as f64 / 1e6;
            album.skipped.push(format!("Earlier epochs are not shown: all pictures together have {all:.0} MB."));
        }
    }
}

/// The pictures of a folder with their epochs; none if there is no such folder.
fn list(folder: &Path) -> Result<Vec<(u64, String)>, ReportError> {
    let refused = |source| ReportError::Read { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(refused(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let Ok(name) = entry.map_err(refused)?.file_name().into_string() else { continue };
        if let Some((epoch, _)) = picture_name(&name) {
            files.push((epoch, name));
        }
    }
    Ok(files)
}

/// Epoch and kind from a name such as `epoch-0012-attention.png`.
fn picture_name(name: &str) -> Option<(u64, Kind)> {
    let (epoch, kind) = name.strip_prefix("epoch-")?.strip_suffix(".png")?.split_once('-')?;
    let kind = Kind::EVERY.into_iter().find(|every| every.name() == kind)?;
    Some((epoch.parse().ok()?, kind))
}

/// The bytes of a picture, or why it is left out.
fn take(path: &Path) -> Result<Vec<u8>, String> {
    let refused = |error: std::io::Error| format!("it cannot be read ({error})");
    let metadata = std::fs::metadata(path).map_err(refused)?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.len() > LARGEST {
        return Err(format!("it has {:.1} MB, more than the 1 MB that a page takes in", metadata.len() as f64 / 1e6));
    }
    let bytes = std::fs::read(path).map_err(refused)?;
    let whole = bytes.starts_with(SIGNATURE) && bytes.get(12..16) == Some(b"IHDR") && bytes.ends_with(END);
    if whole { Ok(bytes) } else { Err("it is not a whole PNG file".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_bytes_leave_the_last_picture_of_each_kind() {
        let picture = |kind, epoch| Picture { epoch, kind, png: vec![0; 10] };
        let pictures =
            vec![picture(Kind::Reconstruction, 1), picture(Kind::Reconstruction, 2), picture(Kind::Attention, 1)];
        let mut albums = [Album { group: 0, seed: 0, pictures, skipped: Vec::new() }];
        keep_within(&mut albums, 30);
        assert_eq!((albums[0].pictures.len(), albums[0].skipped.len()), (3, 0));
        keep_within(&mut albums, 29);
        assert_eq!(albums[0].pictures, [picture(Kind::Reconstruction, 2), picture(Kind::Attention, 1)]);
        assert_eq!(albums[0].skipped.len(), 1);
    }

    #[test]
    fn only_pictures_of_known_kinds_have_an_epoch() {
        assert_eq!(picture_name("epoch-0012-attention.png"), Some((12, Kind::Attention)));
        assert_eq!(picture_name("epoch-0200-reconstruction.png"), Some((200, Kind::Reconstruction)));
        for other in ["epoch-0012-other.png", "epoch-x-attention.png", "attention.png", "epoch-0012-attention.jpg"] {
            assert_eq!(picture_name(other), None, "{other}");
        }
    }
}
