//! CIFAR-10 and CIFAR-100, as files and as the official archive.

use std::io::Write;

use bmae_data::{Dataset, Selection, Source};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::scratch;

/// The label and the pixels of an image of CIFAR-10; CIFAR-100 has one label more.
const RECORD: usize = 1 + 3072;

/// A first byte that says which of the two, then each file of the set, a 0 or 1 in front of it for how much there is of
/// it: nothing, or a record and what is left over of the input.
pub fn binary(bytes: &[u8]) -> bool {
    let Some((&set, bytes)) = bytes.split_first() else { return false };
    let ten = set % 2 == 0;
    let folder = if ten { "cifar10" } else { "cifar100" };
    let names: &[&str] = match ten {
        true => &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"],
        false => &["train", "test"],
    };
    // The first file gets the bytes as they are, the others one record each, of which they say the first byte.
    let whole = if ten { RECORD } else { RECORD + 1 };
    for (index, name) in names.iter().enumerate() {
        let mut record = vec![bytes.get(index).copied().unwrap_or(0) % 10; whole];
        if index == 0 {
            record = bytes.to_vec();
        }
        scratch::write(&format!("{folder}/{name}.bin"), &record);
    }
    bmae_data::open(&Source::Path(scratch::path(folder)), &Selection::default()).is_ok_and(|data| look_at(&data))
}

/// A `.tar.gz`, or a `.tar` that is packed here, so that the checksum of gzip does not keep mutations from the tar.
pub fn archive(bytes: &[u8]) -> bool {
    let packed = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => bytes.to_vec(),
        false => {
            let mut packer = GzEncoder::new(Vec::new(), Compression::none());
            packer.write_all(bytes).and_then(|()| packer.finish()).expect("memory takes it")
        }
    };
    let path = scratch::write("archive.tar.gz", &packed);
    bmae_data::open(&Source::Path(path), &Selection::default()).is_ok_and(|data| look_at(&data))
}

/// The first and the last image of a set that was taken, whose label must be one of its classes.
fn look_at(data: &Dataset) -> bool {
    let last = data.train.len() - 1;
    for index in [0, last] {
        data.train.image(index).expect("it was checked when it was opened");
        assert!(data.train.label(index).is_some_and(|label| label < data.class_names.len()));
    }
    true
}
