//! Everything that can be wrong with data, each as one sentence that says what to do.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::cifar::Kind;
use crate::transforms::random_resized_crop::Area;

/// What can be wrong with data, with where it lies and how it is asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused something.
    #[error("cannot {action} {path}: {cause}", path = path.display())]
    Io {
        /// What was tried: "read", "write", ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },

    // --- images and transforms -------------------------------------------------------------------------------------
    /// An image whose bytes do not match its sides.
    #[error("an image of {width}x{height} pixels cannot be made of {bytes} bytes: it needs three for every pixel")]
    ImageShape {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// The bytes given.
        bytes: usize,
    },
    /// A side that is 0 or too long.
    #[error("an image side of {found} pixels cannot be handled: it must lie between 1 and {max}")]
    ImageSize {
        /// The side asked for.
        found: usize,
        /// The greatest possible.
        max: usize,
    },
    /// A mean or deviation that no pixel can be normalised with.
    #[error("data.{key} contains {found}: each of the three must be {expected}")]
    Normalisation {
        /// "mean" or "std".
        key: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f32,
    },
    /// A crop's scale that is no part of an image.
    #[error("a crop's scale of {least} to {greatest} is impossible: it needs 0 < least <= greatest <= 1")]
    CropScale {
        /// The least share of the area.
        least: f64,
        /// The greatest share of the area.
        greatest: f64,
    },
    /// A probability that is none.
    #[error("the probability of {of} is {found}, but it must lie between 0 and 1")]
    Probability {
        /// What is probable.
        of: &'static str,
        /// What it is.
        found: f64,
    },
    /// A strength that RandAugment does not have.
    #[error(
        "RandAugment cannot draw magnitudes with the mean {mean} and the standard deviation {std}: \
         the mean must lie between 0 and 10, the deviation be 0 or more"
    )]
    Magnitude {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        std: f64,
    },
    /// A place for the transformed image that has another size.
    #[error("the transformed image has {expected} numbers, but there is room for {found}")]
    OutputLength {
        /// 3 S S.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// Planes that are no image of the given size.
    #[error(
        "{found} numbers are no image of {image_size}x{image_size} pixels: it has three for every pixel, and at least one pixel"
    )]
    PlanesLength {
        /// The side of the image.
        image_size: usize,
        /// How many numbers were given.
        found: usize,
    },
    /// A part of an image that is none.
    #[error(
        "{area:?} is no part of an image of {width}x{height} pixels: it must lie within it, and have at least one pixel"
    )]
    PartOfImage {
        /// The part.
        area: Area,
        /// Columns of the image.
        width: usize,
        /// Rows of the image.
        height: usize,
    },

    // --- mixing and previews ---------------------------------------------------------------------------------------
    /// A strength of mixing that no Beta distribution has.
    #[error("{method} = {found} is impossible: it must be 0 (off), or lie between {least} and {greatest}")]
    MixingAlpha {
        /// "mixup" or "cutmix".
        method: &'static str,
        /// The least that can be drawn from.
        least: f64,
        /// The greatest that can be drawn from.
        greatest: f64,
        /// What was asked for.
        found: f64,
    },
    /// A label smoothing that leaves no distribution.
    #[error("a label smoothing of {found} is impossible: it must lie between 0 and 1")]
    LabelSmoothing {
        /// What was asked for.
        found: f64,
    },
    /// A label that stands for no class.
    #[error("the label {label} stands for no class: there are {classes}, numbered from 0")]
    LabelWithoutClass {
        /// The label.
        label: i64,
        /// How many classes there are.
        classes: usize,
    },
    /// A batch whose images and labels do not match.
    #[error(
        "a batch of {images} labels goes with {expected} numbers for its images of {image_size}x{image_size} pixels, not {found}"
    )]
    BatchLength {
        /// How many labels there are.
        images: usize,
        /// The side of each image.
        image_size: usize,
        /// The numbers that belong to them.
        expected: usize,
        /// The numbers that were given.
        found: usize,
    },
    /// An image that does not fit into a preview.
    #[error("an image of {width}x{height} pixels does not fit into a preview of images of {side}x{side}")]
    PreviewSize {
        /// The side of the preview's images.
        side: usize,
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// A preview that nobody could look at.
    #[error(
        "a preview of {rows} rows of {columns} images, {drawn} x {drawn} pixels each, would have more than {megapixels} million pixels: \
         take fewer with --images and --epochs, or smaller images"
    )]
    PreviewTooLarge {
        /// Images in each row.
        columns: usize,
        /// Rows.
        rows: usize,
        /// The side of an image as it is drawn.
        drawn: usize,
        /// The greatest area, in millions of pixels.
        megapixels: usize,
    },
    /// A preview that cannot be made.
    #[error("the preview cannot be drawn: {cause}")]
    Preview {
        /// Why.
        cause: String,
    },

    // --- places ----------------------------------------------------------------------------------------------------
    /// Nothing lies at a path.
    #[error("there is no {path}: give --data a folder or an archive that exists, or one of shapes, cifar10, cifar100", path = path.display())]
    NotFound {
        /// What was asked for.
        path: PathBuf,
    },
    /// A file that is no archive.
    #[error(
        "{path} is a file, but no .tar.gz of CIFAR-10 or CIFAR-100: \
         give --data a folder of images or the official binary archive", path = path.display()
    )]
    NotAnArchive {
        /// The file.
        path: PathBuf,
    },
    /// An archive of something else.
    #[error(
        "{path} is an archive, but holds no data_batch_1.bin (CIFAR-10) and no train.bin (CIFAR-100): \
         get the official binary version with `bmae data download cifar10`, or unpack it and give the folder", path = path.display()
    )]
    UnknownArchive {
        /// The archive.
        path: PathBuf,
    },

    // --- CIFAR -----------------------------------------------------------------------------------------------------
    /// A known set that has not been downloaded.
    #[error(
        "{kind} is not in {root}: run `bmae data download {source_name} --to {root}`, or give --data its directory or archive",
        source_name = kind.source_name(), root = root.display()
    )]
    CifarNotFound {
        /// Which set.
        kind: Kind,
        /// Where it was looked for.
        root: PathBuf,
    },
    /// Files of both sets in one place.
    #[error("{path} holds files of CIFAR-10 and of CIFAR-100: put them into folders of their own and choose one", path = path.display())]
    CifarAmbiguous {
        /// The directory or archive.
        path: PathBuf,
    },
    /// The version for Python or Matlab.
    #[error(
        "{path} holds the version of CIFAR for Python, which is not read: \
         get the binary version with `bmae data download cifar10` or `bmae data download cifar100`", path = path.display()
    )]
    CifarForPython {
        /// The directory.
        path: PathBuf,
    },
    /// Some files are there, others are not.
    #[error("{kind} in {path} is incomplete, missing {missing}: download it again", path = path.display())]
    CifarMissingFiles {
        /// Which set.
        kind: Kind,
        /// The directory or archive.
        path: PathBuf,
        /// The files that are missing.
        missing: String,
    },
    /// A file that is no whole number of records.
    #[error(
        "{path} has {found} bytes, but {kind} has records of {record_bytes}: that is {records} records and {rest} bytes over; \
         the file is cut short or overlong, so download it again", path = path.display()
    )]
    CifarLength {
        /// Which set.
        kind: Kind,
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: usize,
        /// The length of a record in bytes.
        record_bytes: usize,
        /// How many whole records there are.
        records: usize,
        /// How many bytes there are after them.
        rest: usize,
    },
    /// A label that stands for no class.
    #[error(
        "{path}, record {record}: the label is {label}, but there are {classes} classes, numbered from 0; \
         the file is damaged, so download it again", path = path.display()
    )]
    LabelOutOfRange {
        /// The file.
        path: PathBuf,
        /// The record, from 0.
        record: usize,
        /// Its label.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A list of class names that is too short or too long.
    #[error("{path} names {found} classes, not {expected}: put one name on each line, or delete the file", path = path.display())]
    CifarClassNames {
        /// The file.
        path: PathBuf,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An archive that cannot be read to its end.
    #[error("the archive {path} is cut short or damaged ({cause}): download it again", path = path.display())]
    ArchiveDamaged {
        /// The archive.
        path: PathBuf,
        /// What went wrong.
        cause: io::Error,
    },
    /// An archive with something in it that has no business there.
    #[error("the archive {path} is refused because {entry} in it {why}: download the official one", path = path.display(), entry = entry.display())]
    ArchiveRefused {
        /// The archive.
        path: PathBuf,
        /// The entry.
        entry: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },

    // --- folders of images -----------------------------------------------------------------------------------------
    /// A folder without images.
    #[error("{path} holds no image: files ending in {extensions} are read", path = path.display())]
    NoImagesInFolder {
        /// The folder.
        path: PathBuf,
        /// What is read.
        extensions: String,
    },
    /// An image beside the class folders.
    #[error("{path} lies beside the class folders, so it has no class: move it into one", path = path.display())]
    ImageWithoutClass {
        /// The image.
        path: PathBuf,
    },
    /// Other classes in training than in testing.
    #[error(
        "the class folders of {train} and {test} differ: {difference}; give both the same classes, or remove the folder {test}",
        train = train.display(), test = test.display()
    )]
    ClassesDiffer {
        /// The folder of training images.
        train: PathBuf,
        /// The folder of test images.
        test: PathBuf,
        /// Which are only in one of them.
        difference: String,
    },
    /// A file that should be an image and is none.
    #[error("the image {path} cannot be decoded ({cause}): repair or remove it", path = path.display())]
    CorruptImage {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        cause: String,
    },
    /// An image that would take too much memory.
    #[error(
        "the image {path} has {width}x{height} pixels, more than the {max_megapixels} million that are decoded: \
         scale it down or remove it", path = path.display()
    )]
    ImageTooLarge {
        /// The file.
        path: PathBuf,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The greatest area, in millions of pixels.
        max_megapixels: u64,
    },
    /// A walk through folders that failed.
    #[error("cannot look through {path}: {cause}", path = path.display())]
    Walk {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },

    // --- shapes ----------------------------------------------------------------------------------------------------
    /// Shapes too small to be told apart, or too large.
    #[error(
        "shapes of {found}x{found} pixels cannot be drawn: data.image_size must lie between {min} and {max} for them"
    )]
    ShapeSize {
        /// The side asked for.
        found: usize,
        /// The least.
        min: usize,
        /// The greatest.
        max: usize,
    },

    // --- download --------------------------------------------------------------------------------------------------
    /// Something that is no address.
    #[error("{url} is no URL: it should begin with https:// or http:// and name a server")]
    DownloadUrl {
        /// What was given.
        url: String,
    },
    /// No network, no such server, or no answer.
    #[error("cannot reach {url} ({cause}): check the network connection, or name a mirror with --url")]
    DownloadUnreachable {
        /// What was asked for.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// The server has no such file, or does not give it.
    #[error(
        "{url} cannot be downloaded, the server answered with status {status}: check the address, or name a mirror with --url"
    )]
    DownloadRefused {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection was cut.
    #[error(
        "the download of {url} broke off after {done}{total} bytes ({cause}): run the command again to continue there"
    )]
    DownloadBrokeOff {
        /// What was asked for.
        url: String,
        /// The bytes that are here.
        done: u64,
        /// " of " and the bytes in all, where they are known.
        total: String,
        /// What went wrong.
        cause: String,
    },
    /// Something else came than the archive.
    #[error(
        "what came from {url} has the MD5 {found}, not {expected}: it was deleted; download it again, or name a mirror with --url"
    )]
    DownloadChecksum {
        /// What was asked for.
        url: String,
        /// The MD5 of the archive.
        expected: String,
        /// The MD5 of what came.
        found: String,
    },
    /// Another file has the archive's name.
    #[error("{path} exists already, but has the MD5 {found}, not {expected}: remove it to download it again", path = path.display())]
    DownloadPresentDiffers {
        /// The file.
        path: PathBuf,
        /// The MD5 of the archive.
        expected: String,
        /// Its own MD5.
        found: String,
    },
    /// Two downloads at once.
    #[error("{path} is being downloaded by another process: wait until it has ended", path = path.display())]
    DownloadBusy {
        /// The file that both write to.
        path: PathBuf,
    },

    // --- loader ----------------------------------------------------------------------------------------------------
    /// A batch size or number of workers of 0.
    #[error("the {key} is 0: it takes at least one {unit}")]
    ZeroInLoader {
        /// What is 0.
        key: &'static str,
        /// What there must be one of.
        unit: &'static str,
    },
    /// A data set without images.
    #[error("the data set holds no images: choose another with --data, or raise data.train_limit or data.shapes_train")]
    NoImages,
    /// Too few images to train on.
    #[error(
        "the data set has {images} images, which do not fill one batch of {batch_size}: \
         lower batch_size, or use more images (data.train_limit, data.shapes_train)"
    )]
    LessThanOneBatch {
        /// The images there are.
        images: usize,
        /// The images of a batch.
        batch_size: usize,
    },
    /// No memory for a batch.
    #[error(
        "a batch of {images} images of {image_size}x{image_size} pixels does not fit in memory: lower batch_size or data.image_size"
    )]
    BatchMemory {
        /// Images in the batch.
        images: usize,
        /// The side of each.
        image_size: usize,
    },
    /// The system gave no thread.
    #[error("cannot start a worker thread of the loader: {cause}")]
    WorkerStart {
        /// What the system said.
        cause: io::Error,
    },
    /// A worker of the loader panicked: a fault of bmae.
    #[error("a worker thread of the loader panicked ({message}): this is a fault in bmae, please report it")]
    WorkerPanicked {
        /// The panic's message.
        message: String,
    },
}

impl DataError {
    /// For `map_err`: the system refused `action` on `path`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { action, path, cause }
    }
}
