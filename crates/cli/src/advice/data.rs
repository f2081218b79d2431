//! Advice on errors of data sets and downloads.

use bmae_data::{
    ArchiveError, ChannelError, CifarError, DataError, DownloadError, FolderError, LabelError, LoaderError,
    PreviewError,
};
use bmae_output::count::count;
use bmae_output::remedy::remedy;
use bmae_output::shell::quoted;
use bmae_recipe::{data_sets, nearest};

use super::near_path::near_path;

/// What to do about `error`; `None` where it says so itself.
pub fn of_data(error: &DataError) -> Option<String> {
    let advice = match error {
        DataError::Io { action: "write" | "create", cause, .. } => remedy(cause),
        DataError::Channels(ChannelError::OfSet { found, wanted: 3, .. }) => {
            let grey = if *found == 1 { ", or data.channels=3, which repeats grey" } else { "" };
            return Some(format!(
                "set data.channels={found}{grey}; where RGB weights are to see these images, --channels-from-rgb mean or repeat \
                 makes them fit"
            ));
        }
        DataError::Channels(ChannelError::OfSet { found, wanted, .. }) => {
            let images = count(*wanted, "channel");
            return Some(format!(
                "give --data images of {images}, or set data.channels={found} where the weights fit them"
            ));
        }
        DataError::NotFound { path } => {
            let known = data_sets();
            let word = path.file_name().and_then(|name| name.to_str()).and_then(|name| nearest(name, known));
            if let Some(word) = near_path(path).or(word.map(str::to_owned)) {
                return Some(format!(
                    "did you mean {word}? --data takes a folder, a .csv, a .zip, .tar shards, or one of {}",
                    known.join(", ")
                ));
            }
            "give --data a folder, a .csv, a .zip or .tar shards that exist, or one of shapes, cifar10, cifar100"
        }
        DataError::NotAnArchive { .. } => {
            "give --data a folder of images, a .csv, a .zip, .tar shards or the official binary archive"
        }
        DataError::UnknownArchive { .. } => {
            "get the official binary version with `bmae data download cifar10`, or unpack it and give --data the folder"
        }
        DataError::Cifar(error) => match error {
            CifarError::NotFound { set, root } => {
                let (set, root) = (set.source_name(), quoted(root));
                return Some(format!(
                    "run `bmae data download {set} --to {root}`, or give --data its directory or archive"
                ));
            }
            CifarError::BothSets { .. } => "put them into folders of their own and give --data one of these",
            CifarError::PythonVersion { .. } => {
                "get the binary version with `bmae data download cifar10` or `bmae data download cifar100`"
            }
            CifarError::ClassNames { .. } => "put one name on each line, or delete the file",
            CifarError::ArchiveRefused { .. } => "download the official one",
            _ => "download it again",
        },
        DataError::Folder(FolderError::ImageWithoutClass { .. }) => "move it into one",
        DataError::Folder(FolderError::ClassesDiffer { .. }) => "give both the same classes, or remove the test folder",
        DataError::OfImage { .. } => "remove it, or give it other sides",
        DataError::Folder(FolderError::CorruptImage { .. }) => {
            "repair or remove it, or leave out all such images with --set data.unreadable=skip; `bmae data check` lists them"
        }
        DataError::Folder(FolderError::UnsupportedImage { .. } | FolderError::DecoderFailed { .. }) => {
            "convert it to PNG or JPEG, or leave out all such images with --set data.unreadable=skip; `bmae data check` lists them"
        }
        DataError::Folder(FolderError::UnsupportedFiles { .. }) => {
            "convert such files to PNG or JPEG, move them out of the folder, or leave them out with --set data.unreadable=skip"
        }
        DataError::Folder(FolderError::ImageMemory { .. }) => "scale it down or remove it",
        DataError::Archive(error) => match error {
            ArchiveError::EmptyShard { .. } => "remove it, or write it again",
            ArchiveError::NoShard { .. } => {
                "write the pattern in quotes, and so that every shard that it names is there"
            }
            ArchiveError::Pattern { .. } => "write it like 'train-{000000..000009}.tar', in quotes",
            ArchiveError::CompressedShard { .. } => "unpack it with gunzip",
            ArchiveError::Damaged { .. } => "write or download it again",
            ArchiveError::Refused { .. } => "unpack the archive and give --data the folder",
            _ => return None,
        },
        DataError::Labels(error) => match error {
            LabelError::NoSuchClass { .. } => "correct the label, or give training images of that class",
            LabelError::NoFile { .. } => "correct the line; paths begin in the folder of the file that names them",
            LabelError::FileTwice { .. } => "remove one of the lines",
            LabelError::Missing { .. } => "add it, or remove the image",
            LabelError::NamedTwice { .. } => "rename or remove one of them",
            LabelError::Columns { .. } => "name the columns in the first line: file,label",
            _ => return None,
        },
        DataError::Folder(FolderError::ClassTwice { .. }) => "rename one",
        DataError::Folder(FolderError::ImageTooLarge { .. }) => "scale it down or remove it",
        DataError::Download(error) => match error {
            DownloadError::Unreachable { .. } => "check the network connection, or name a mirror with --url",
            DownloadError::Refused { .. } => "check the address, or name a mirror with --url",
            DownloadError::BrokenOff { .. } => "run the command again to continue there",
            DownloadError::Checksum { .. } | DownloadError::TooLong { .. } => {
                "download it again, or name a mirror with --url"
            }
            DownloadError::PresentDiffers { .. } => "remove it to download it again",
            DownloadError::Busy { .. } => "wait until it has ended",
            _ => return None,
        },
        DataError::Loader(LoaderError::NoImages) => {
            "choose another with --data, or raise data.train_limit or data.shapes_train"
        }
        DataError::Loader(LoaderError::LessThanOneBatch { .. }) => {
            "lower batch_size, or use more images (data.train_limit, data.shapes_train)"
        }
        DataError::Loader(LoaderError::BatchMemory { .. }) => "lower batch_size or data.image_size",
        DataError::Loader(LoaderError::WorkerPanicked { .. }) => "please report it",
        DataError::Preview(PreviewError::TooLarge { .. }) => {
            "take fewer images (--images), fewer epochs where there are several (--epochs), or smaller images"
        }
        _ => return None,
    };
    Some(advice.to_owned())
}

#[cfg(test)]
mod tests {
    use bmae_data::CifarSet;

    use super::*;

    #[test]
    fn advice_names_flags_and_commands_as_they_are_typed() {
        let missing = |root: &str| CifarError::NotFound { set: CifarSet::Cifar100, root: root.into() };
        let url = || "http://here".to_owned();
        for (error, part) in [
            (DataError::NotFound { path: "nowhere".into() }, "give --data a folder"),
            (DataError::UnknownArchive { path: "x.tar.gz".into() }, "`bmae data download cifar10`"),
            (missing("data").into(), "run `bmae data download cifar100 --to data`"),
            (missing("my data").into(), "--to 'my data'`"),
            (CifarError::PythonVersion { path: "py".into() }.into(), "`bmae data download cifar100`"),
            (DownloadError::Refused { url: url(), status: 404 }.into(), "--url"),
            (DownloadError::Unreachable { url: url(), cause: String::new() }.into(), "check the network"),
            (FolderError::ImageWithoutClass { path: "stray.png".into() }.into(), "move it into one"),
            (LoaderError::LessThanOneBatch { images: 3, batch_size: 4 }.into(), "lower batch_size"),
            (
                PreviewError::TooLarge {
                    columns: 1,
                    rows: 1,
                    drawn: bmae_architecture::ImageSize::square(1),
                    megapixels: 1,
                }
                .into(),
                "--images",
            ),
        ] {
            let advice = of_data(&error).unwrap_or_default();
            assert!(advice.contains(part), "{error}: {advice}");
        }
    }
}
