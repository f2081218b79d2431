use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use super::*;
use crate::Selection;
use crate::cifar::{open, recognise};
use crate::error::CifarError;
use crate::{CifarSet, Images};

/// A `.tar.gz` of these entries.
fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for &(name, entry_type, contents) in entries {
        let mut header = Header::new_gnu();
        // Written as bytes: the library itself refuses names that climb out.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(entry_type);
        header.set_mode(0o644);
        header.set_size(contents.len() as u64);
        if matches!(entry_type, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").expect("a short name");
        }
        header.set_cksum();
        builder.append(&header, contents).expect("memory");
    }
    builder.into_inner().and_then(GzEncoder::finish).expect("memory")
}

fn cifar100(extra: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let record = |fine: u8| [vec![0, fine], vec![fine; 3072]].concat();
    let (train, test) = ([record(7), record(8)].concat(), record(9));
    let mut entries = vec![
        ("cifar-100-binary/", EntryType::Directory, &[][..]),
        ("cifar-100-binary/test.bin", EntryType::Regular, &test[..]),
        ("cifar-100-binary/train.bin", EntryType::Regular, &train[..]),
        ("cifar-100-binary/coarse_label_names.txt", EntryType::Regular, b"unused\n"),
    ];
    entries.extend_from_slice(extra);
    archive(&entries)
}

fn file(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("some.tar.gz");
    fs::write(&path, bytes).expect("room");
    path
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn an_archive_is_recognised_by_the_files_in_it() {
    let folder = folder();
    let path = file(&folder, &cifar100(&[]));
    let data = recognise(&path, &Selection::default()).expect("a good archive").expect("CIFAR-100");
    let labels = |images: &dyn Images| (0..images.len()).map(|i| images.label(i)).collect::<Vec<_>>();
    assert_eq!(labels(&*data.train), [Some(7), Some(8)]);
    assert_eq!(labels(&**data.test.as_ref().expect("a test set")), [Some(9)]);
    assert_eq!(data.train.image(1).expect("in memory").pixels(), [8; 3072]);
}

#[test]
fn the_official_archive_is_found_in_its_folder() {
    let folder = folder();
    fs::write(folder.path().join("cifar-100-binary.tar.gz"), cifar100(&[])).expect("room");
    let data = open(CifarSet::Cifar100, folder.path(), &Selection::limited(1, 0)).expect("a good archive");
    assert_eq!(data.train.len(), 1);
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let whole = cifar100(&[]);
    for length in (2..whole.len()).step_by(whole.len() / 23) {
        let folder = folder();
        let path = file(&folder, &whole[..length]);
        let error = recognise(&path, &Selection::default()).expect_err("cut short");
        assert!(matches!(error, DataError::Cifar(CifarError::ArchiveDamaged { .. })), "{length} bytes: {error}");
    }
}

#[test]
fn a_damaged_byte_is_noticed() {
    let folder = folder();
    let mut bytes = cifar100(&[]);
    let last = bytes.len() - 6;
    bytes[last] ^= 1;
    let error = read(&file(&folder, &bytes)).expect_err("the sum is wrong");
    assert!(matches!(error, DataError::Cifar(CifarError::ArchiveDamaged { .. })), "{error}");
}

#[test]
fn entries_that_climb_out_are_refused() {
    for name in ["../train.bin", "a/../../train.bin", "/train.bin"] {
        let folder = folder();
        let path = file(&folder, &archive(&[(name, EntryType::Regular, b"x")]));
        let error = read(&path).expect_err(name).to_string();
        assert!(error.contains("train.bin") && error.contains("outside"), "{error}");
    }
}

#[test]
fn links_are_refused() {
    for entry_type in [EntryType::Symlink, EntryType::Link, EntryType::Fifo] {
        let folder = folder();
        let error = read(&file(&folder, &archive(&[("train.bin", entry_type, b"")]))).expect_err("a link").to_string();
        assert!(error.contains("train.bin") && error.contains("link"), "{error}");
    }
}

#[test]
fn a_file_that_comes_twice_is_refused() {
    let folder = folder();
    let bytes = cifar100(&[("elsewhere/test.bin", EntryType::Regular, b"x")]);
    let error = read(&file(&folder, &bytes)).expect_err("two test.bin").to_string();
    assert!(error.contains("comes twice"), "{error}");
}

#[test]
fn a_file_that_claims_to_be_huge_is_refused_before_it_is_read() {
    let folder = folder();
    let mut header = Header::new_gnu();
    header.set_path("train.bin").expect("a short name");
    header.set_size(LONGEST_FILE + 1);
    header.set_cksum();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(header.as_bytes()).expect("memory");
    let error = read(&file(&folder, &encoder.finish().expect("memory"))).expect_err("too long").to_string();
    assert!(error.contains("longer than any file"), "{error}");
}

#[test]
fn a_stream_that_unpacks_without_end_is_stopped() {
    let mut bounded = Bounded { inner: io::repeat(0), left: 100_000 };
    let error = io::copy(&mut bounded, &mut io::sink()).expect_err("endless");
    assert!(error.to_string().contains("unpacks to more than"), "{error}");
    let mut bounded = Bounded { inner: &[1, 2, 3][..], left: 3 };
    assert_eq!(io::copy(&mut bounded, &mut io::sink()).expect("just enough"), 3);
}

/// A `.tar.gz` of one entry that claims `size` bytes and has `there` zeros.
fn claiming(name: &str, entry_type: EntryType, size: u64, there: usize) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(entry_type);
    header.set_size(size);
    header.set_cksum();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(header.as_bytes()).expect("memory");
    io::copy(&mut io::repeat(0).take(there as u64), &mut packed).expect("memory");
    packed.finish().expect("memory")
}

#[test]
fn extended_headers_of_other_archivers_are_passed_over() {
    let pax = b"30 mtime=1400000000.123456789\n";
    let folder = folder();
    let whole = cifar100(&[("cifar-100-binary/PaxHeaders/train.bin", EntryType::XHeader, pax)]);
    let path = file(&folder, &whole);
    assert!(recognise(&path, &Selection::default()).expect("a good archive").is_some());
}

#[test]
fn what_a_header_claims_is_neither_made_room_for_nor_read() {
    const CLAIMED: u64 = 3_000_000_000;
    for (name, entry_type, there, part) in [
        ("cifar-100-binary/train.bin", EntryType::Regular, 1000, "longer than any file of CIFAR"),
        ("cifar-100-binary/notes.txt", EntryType::Regular, 1000, "cut short or damaged"),
        ("././@LongLink", EntryType::GNULongName, 257 << 20, "more than 256 MiB"),
        ("PaxHeaders/train.bin", EntryType::XHeader, 1000, "cut short or damaged"),
    ] {
        let folder = folder();
        let path = file(&folder, &claiming(name, entry_type, CLAIMED, there));
        let error = read(&path).expect_err("a lie").to_string();
        assert!(error.contains(part), "{name}: {error}");
    }
    let folder = folder();
    let path = file(&folder, &claiming("cifar-100-binary/train.bin", EntryType::Regular, 100 << 20, 1000));
    let error = read(&path).expect_err("cut").to_string();
    assert!(error.contains("cut short or damaged"), "{error}");
}
