use std::io::Write;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::{Samples, Source, open as open_source};

/// An array as NumPy writes it.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), data].concat()
}

fn npz(path: &Path, arrays: &[(&str, Vec<u8>)]) {
    let mut zip = ZipWriter::new(std::fs::File::create(path).expect("room"));
    for (key, bytes) in arrays {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(format!("{key}.npy"), options).expect("room");
        zip.write_all(bytes).expect("room");
    }
    zip.finish().expect("room");
}

fn opened(arrays: &[(&str, Vec<u8>)]) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().expect("a temporary folder").keep();
    let path = folder.join("set.npz");
    npz(&path, arrays);
    let whole = crate::Selection { test_fraction: 0.0, ..crate::Selection::default() };
    open_source(&Source::Path(path), &whole).map_err(|error| error.to_string())
}

/// Three images of 2 x 1 pixels and two channels.
fn three() -> Vec<u8> {
    let values: Vec<u8> = (0..12_u16).flat_map(|value| (1000 * value).to_le_bytes()).collect();
    npy("<u2", "(3, 2, 1, 2)", &values)
}

#[test]
fn images_and_labels_are_read_at_random_in_the_channels_and_bits_that_they_have() {
    let labels: Vec<u8> = [7_i64, -1, 7].iter().flat_map(|label| label.to_le_bytes()).collect();
    let data = opened(&[("images", three()), ("labels", npy("<i8", "(3,)", &labels))]).expect("a set");
    assert_eq!((data.channels, data.depth, data.train.len()), (2, Depth::Bits16, 3));
    assert_eq!(data.class_names, ["-1", "7"]);
    assert_eq!((0..3).map(|index| data.train.label(index)).collect::<Vec<_>>(), [Some(1), Some(0), Some(1)]);
    let second = data.train.image(1).expect("an image");
    assert_eq!((second.height(), second.width()), (2, 1));
    assert_eq!(second.samples(), &Samples::U16(vec![4000, 5000, 6000, 7000]));
    assert_eq!(data.train.file(1), Some(Path::new("set/images/1")));
}

#[test]
fn a_file_with_images_for_training_and_for_testing_is_both() {
    let grey = |count: u8| npy("|u1", &format!("({count}, 1, 1)"), &(0..count).collect::<Vec<u8>>());
    let labels = |labels: &[u8]| npy("|u1", &format!("({}, 1)", labels.len()), labels);
    let arrays = [
        ("train_images", grey(3)),
        ("train_labels", labels(&[0, 1, 0])),
        ("test_images", grey(2)),
        ("val_images", grey(1)),
    ];
    let with = |test: &[u8]| opened(&[&arrays[..], &[("test_labels", labels(test))]].concat());
    let data = with(&[1, 0]).expect("a set");
    assert_eq!((data.channels, data.train.len(), data.test.map(|test| test.len())), (1, 3, Some(2)));
    assert!(with(&[1, 2]).expect_err("a label without a class").contains("the label 2"));
    assert!(with(&[1]).expect_err("too few").contains("1 labels for its 2 images"));
}

#[test]
fn what_is_no_set_is_refused_with_what_there_is() {
    let refused = |arrays: &[(&str, Vec<u8>)]| opened(arrays).expect_err("no set");
    assert!(refused(&[("weights", three())]).contains("weights"));
    assert!(refused(&[("images", npy("<u2", "(3, 2, 1, 2)", &[0; 5]))]).contains("cut short"));
    assert!(refused(&[("images", npy("<u2", "(3,)", &[0; 6]))]).contains("[N, H, W]"));
    assert!(refused(&[("images", npy("<c8", "(3, 1, 1)", &[0; 24]))]).contains("<c8"));
    assert!(refused(&[("images", npy("|u1", "(0, 1, 1)", &[]))]).contains("no images"));
}
