//! Files of `torch.save` that claim more than they hold, and others that are not what they should be: memory stays in
//! proportion to the bytes that were given, and the remedy fits the fault.

use std::io::{Cursor, Write};
use std::path::Path;

use bmae_nn::StateDict;
use zip::write::{SimpleFileOptions, ZipWriter};

#[track_caller]
fn refused(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    StateDict::open(&path).unwrap_err().to_string()
}

/// What `pickle.dumps` writes for `{name: tensor, ...}`, where each tensor is a view of the one storage "0" of `stored`
/// numbers.
fn pickled(names: &[String], stored: i32, shape: [i32; 4], stride: [i32; 4]) -> Vec<u8> {
    let text = |text: &str| [&b"X"[..], &u32::try_from(text.len()).unwrap().to_le_bytes(), text.as_bytes()].concat();
    let number = |number: i32| [&b"J"[..], &number.to_le_bytes()].concat();
    let tuple = |numbers: [i32; 4]| [&b"("[..], &numbers.map(number).concat(), b"t"].concat();
    let mut pickle = b"\x80\x02}".to_vec();
    for name in names {
        pickle.extend(text(name));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.extend(text("storage"));
        pickle.extend(b"ctorch\nFloatStorage\n");
        pickle.extend([text("0"), text("cpu"), number(stored), b"tQ".to_vec(), number(0)].concat());
        pickle.extend([tuple(shape), tuple(stride)].concat());
        pickle.extend(b"\x89ccollections\nOrderedDict\n)RtRs");
    }
    pickle.push(b'.');
    pickle
}

/// The zip archive that `torch.save` writes, of this pickle and a storage of zeros.
fn archive(pickle: &[u8], stored: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", &vec![0; 4 * stored]), ("a/version", b"3\n")] {
        zip.start_file(name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const NAME: &str = "patch_embed.proj.weight";

#[test]
fn a_tensor_of_the_archive_that_is_made_here_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.pth");
    let pickle = pickled(&[NAME.to_owned()], 96, [8, 3, 2, 2], [12, 4, 2, 1]);
    std::fs::write(&path, archive(&pickle, 96)).unwrap();
    assert_eq!(StateDict::open(&path).unwrap().tensors[NAME].shape, [8, 3, 2, 2]);
    // An expanded tensor is fine as long as it is small.
    let pickle = pickled(&[NAME.to_owned()], 1, [8, 3, 2, 2], [0; 4]);
    std::fs::write(&path, archive(&pickle, 1)).unwrap();
    assert_eq!(StateDict::open(&path).unwrap().tensors[NAME].values.len(), 96);
}

#[test]
fn tensors_that_repeat_or_share_their_numbers_beyond_the_size_of_the_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let expanded = pickled(&[NAME.to_owned()], 1, [16_000, 3, 128, 128], [0; 4]);
    let message = refused(folder.path(), "expanded.pth", &archive(&expanded, 1));
    assert!(message.contains("claims 3145728000 bytes of numbers") && message.contains("tensor.clone()"), "{message}");

    let names: Vec<String> = (0..1000).map(|number| format!("blocks.{number}.mlp.fc1.weight")).collect();
    let shared = pickled(&names, 1 << 16, [256, 256, 1, 1], [256, 1, 1, 1]);
    let message = refused(folder.path(), "shared.pth", &archive(&shared, 1 << 16));
    assert!(message.contains("claims 262144000 bytes of numbers"), "{message}");
}

#[test]
fn a_zip_archive_whose_entries_claim_many_times_its_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = archive(&pickled(&[NAME.to_owned()], 96, [8, 3, 2, 2], [12, 4, 2, 1]), 96);
    // The size of the last entry, 24 bytes behind the start of its record in the central directory.
    let record = bytes.windows(4).rposition(|word| word == b"PK\x01\x02").unwrap();
    bytes[record + 24..record + 28].copy_from_slice(&3_000_000_000_u32.to_le_bytes());
    let message = refused(folder.path(), "packed.pth", &bytes);
    assert!(message.contains("claims 3000000") && message.contains("are packed"), "{message}");
}

#[test]
fn the_remedy_fits_what_a_file_is_instead_of_weights() {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = vec![0; 1024];
    tar[..8].copy_from_slice(b"storages");
    tar[257..262].copy_from_slice(b"ustar");
    let padded = |first: &[u8]| [first, &[7; 300]].concat();
    for (name, bytes, found, remedy) in [
        ("a.pth", tar, "a tar archive", "unpack it"),
        ("b.pth", padded(b"\x1f\x8b\x08"), "what gzip packed", "unpack it"),
        ("c.pth", b"<!DOCTYPE html>\n<html>".to_vec(), "a web page", "download the file itself, not the page"),
        ("d.pth", b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "a Git LFS pointer", "`git lfs pull`"),
        ("e.pth", padded(b"\x89HDF\r\n\x1a\n"), "an HDF5 file", "convert it"),
        ("f.pth", Vec::new(), "it has only 0 bytes", "copy or download it again"),
        ("g.pth", b"dear reader, hello".to_vec(), "text that begins with \"dear reader", "give a safetensors file"),
    ] {
        let message = refused(folder.path(), name, &bytes);
        let (before, after) = message.rsplit_once("; ").unwrap();
        assert!(before.contains(&format!("{name} holds no weights but ")) && before.contains(found), "{message}");
        assert!(after.contains(remedy), "{message}");
    }
}

#[test]
fn a_cut_file_is_copied_again_and_what_was_saved_otherwise_is_saved_again() {
    let folder = tempfile::tempdir().unwrap();
    let whole = archive(&pickled(&[NAME.to_owned()], 96, [8, 3, 2, 2], [12, 4, 2, 1]), 96);
    let cut = refused(folder.path(), "cut.pth", &whole[..whole.len() / 2]);
    assert!(cut.ends_with("copy or download it again"), "{cut}");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/weights");
    let legacy = std::fs::read(fixtures.join("legacy.pth")).unwrap();
    for end in [legacy.len() - 1, legacy.len() / 2, 300] {
        let cut = refused(folder.path(), "cut.pth", &legacy[..end]);
        assert!(cut.ends_with("copy or download it again"), "{end}: {cut}");
    }
    let whole = std::fs::read(fixtures.join("weights.safetensors")).unwrap();
    let cut = refused(folder.path(), "cut.safetensors", &whole[..whole.len() - 4]);
    assert!(cut.contains("cut short") && cut.ends_with("copy or download it again"), "{cut}");
    let list = refused(folder.path(), "list.pth", b"\x80\x02]q\x00K\x01a.padding");
    assert!(list.contains("save it again with torch.save(model.state_dict()"), "{list}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_and_one_that_is_no_file_are_told_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let message = StateDict::open(&folder.path().join("none.pth")).unwrap_err().to_string();
    assert!(message.ends_with("give a run directory or a weights file that exists"), "{message}");
    let message = StateDict::open(Path::new("/dev/null")).unwrap_err().to_string();
    assert!(message.contains("no file but a pipe or a device"), "{message}");
}
