use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A picture of one colour, with enough rows for deflate to matter.
fn bmp(red: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([red, 0, 0]));
    picture.write_to(&mut bytes, image::ImageFormat::Bmp).expect("in memory");
    bytes.into_inner()
}

/// What a zip says of a member, which need not be true.
struct Claims {
    name: Vec<u8>,
    method: u16,
    flags: u16,
    packed: Vec<u8>,
    size: u32,
    crc: u32,
}

fn stored(name: &str, bytes: &[u8]) -> Claims {
    let (size, crc) = (bytes.len() as u32, crc32fast::hash(bytes));
    Claims { name: name.into(), method: 0, flags: 0, packed: bytes.to_vec(), size, crc }
}

fn deflated(name: &str, bytes: &[u8]) -> Claims {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("in memory");
    Claims { method: 8, packed: encoder.finish().expect("in memory"), ..stored(name, bytes) }
}

/// A zip of these members, written by hand so that it can lie.
fn write(path: &Path, members: &[Claims]) {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for Claims { name, method, flags, packed, size, crc } in members {
        let header = bytes.len() as u32;
        let mut common = Vec::new();
        common.extend(20_u16.to_le_bytes());
        common.extend(flags.to_le_bytes());
        common.extend(method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(crc.to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name);
        bytes.extend(packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(20_u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(header.to_le_bytes());
        directory.extend(name);
    }
    let (start, count) = (bytes.len() as u32, members.len() as u16);
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    fs::write(path, bytes).expect("room");
}

fn opened(members: &[Claims]) -> Result<Dataset, DataError> {
    let folder = folder();
    let path = folder.path().join("photos.zip");
    write(&path, members);
    let data = open(&path, &Selection { test_fraction: 0.0, ..Selection::default() });
    // Images are read from the file until the folder goes.
    let _ = folder.keep();
    data
}

fn contents(images: &dyn Images) -> Vec<(u8, Option<usize>)> {
    (0..images.len()).map(|at| (images.image(at).expect("an image").pixels()[0], images.label(at))).collect()
}

#[test]
fn a_zip_is_what_its_folder_would_be() {
    let data = opened(&[
        stored("photos/train/dog/1.bmp", &bmp(3)),
        deflated("photos/train/cat/2.bmp", &bmp(2)),
        stored("photos/train/cat/1.bmp", &bmp(1)),
        deflated("photos/val/cat/1.bmp", &bmp(4)),
        stored("photos/val/dog/1.bmp", &bmp(5)),
        stored("photos/readme.txt", b"not an image"),
        stored("__MACOSX/photos/train/cat/._1.bmp", b"no picture"),
        stored("photos/train/cat/.hidden.bmp", b"no picture"),
    ])
    .expect("a labelled folder");
    assert_eq!(data.class_names, ["cat", "dog"]);
    assert_eq!(contents(&*data.train), [(1, Some(0)), (2, Some(0)), (3, Some(1))]);
    assert_eq!(contents(&**data.test.as_ref().expect("a test set")), [(4, Some(0)), (5, Some(1))]);
    assert_eq!(data.test_origin, Some(TestOrigin::Folder("val".to_owned())));
    assert_eq!(data.train.file(2), Some(Path::new("dog/1.bmp")));
    assert!(data.train.name(2).ends_with("photos.zip/photos/train/dog/1.bmp"), "{}", data.train.name(2));
}

#[test]
fn class_folders_and_piles_are_told_apart_as_in_a_folder() {
    let classes = opened(&[stored("cats/1.bmp", &bmp(1)), stored("dogs/1.bmp", &bmp(2))]).expect("classes");
    assert_eq!(classes.class_names, ["cats", "dogs"]);
    let pile = opened(&[stored("all/1.bmp", &bmp(1)), stored("all/2.bmp", &bmp(2))]).expect("a pile");
    assert_eq!(contents(&*pile.train), [(1, None), (2, None)]);
    let error = opened(&[stored("notes.txt", b"none")]).expect_err("no image").to_string();
    assert!(error.contains("photos.zip holds no image") && error.contains(".txt"), "{error}");
    let folder_alone = [stored("all/", b""), stored("all/train/a/1.bmp", &bmp(1)), stored("all/train/b/", b"")];
    let error = opened(&folder_alone).expect_err("an empty class").to_string();
    assert!(error.contains("photos.zip/all/train/b holds no image"), "{error}");
}

#[test]
fn names_that_are_not_utf8_or_have_backslashes_are_read() {
    let data = opened(&[
        Claims { name: b"caf\x82s/1.bmp".to_vec(), ..stored("", &bmp(1)) },
        stored("dogs\\1.bmp", &bmp(2)),
        stored("übung/1.bmp", &bmp(3)),
    ])
    .expect("classes");
    assert_eq!(data.class_names, ["cafés", "dogs", "übung"]);
    assert_eq!(contents(&*data.train).len(), 3);
}

#[test]
fn what_cannot_be_read_at_random_is_refused_with_its_name() {
    let why = |member: Claims| opened(&[member]).expect_err("refused").to_string();
    let encrypted = why(Claims { flags: 1, ..stored("a.bmp", &bmp(1)) });
    assert!(encrypted.contains("a.bmp in the archive") && encrypted.ends_with("is encrypted"), "{encrypted}");
    let zstd = why(Claims { method: 93, ..stored("a.bmp", &bmp(1)) });
    assert!(zstd.contains("by other means than deflate"), "{zstd}");
    let outside = why(stored("../a.bmp", &bmp(1)));
    assert!(outside.contains("outside the archive's own folder"), "{outside}");
    let huge = why(Claims { size: u32::MAX - 1, ..deflated("a.bmp", &bmp(1)) });
    assert!(huge.contains("256 MiB"), "{huge}");
    let folder = folder();
    fs::write(folder.path().join("a.zip"), "no zip").expect("room");
    let error = open(&folder.path().join("a.zip"), &Selection::default()).expect_err("no zip").to_string();
    assert!(error.contains("a.zip is damaged or cut short"), "{error}");
}

#[test]
fn members_that_are_not_what_the_directory_says_are_damaged_images() {
    let fails = |member: Claims| {
        let data = opened(&[member, stored("b.bmp", &bmp(2))]).expect("names alone do not tell");
        assert!(data.train.image(1).is_ok());
        data.train.image(0).expect_err("damaged").to_string()
    };
    let good = || deflated("a.bmp", &bmp(1));
    for member in [
        Claims { size: good().size - 1, ..good() },
        Claims { size: good().size + 1, ..good() },
        Claims { crc: 1, ..good() },
        Claims { packed: vec![0xff; 20], ..good() },
    ] {
        let error = fails(member);
        assert!(error.contains("photos.zip/a.bmp cannot be decoded"), "{error}");
    }
}
