//! Weights: safetensors, what `torch.save` wrote, and what a Hugging Face folder says of them.

use std::path::Path;

use bmae_architecture::GridSize;
use bmae_nn::StateDict;
use bmae_nn::weights::Architecture;
use flate2::Crc;

use crate::scratch;

/// A weight file of any kind: its bytes tell which.
pub fn weights(bytes: &[u8]) -> bool {
    look_at(&scratch::write("weights.bin", bytes))
}

/// The pickle of what `torch.save` writes since PyTorch 1.6, in an archive with a few storages: packed here, so that the
/// checksums of zip do not keep mutations from it.
pub fn pickle(bytes: &[u8]) -> bool {
    const STORAGE: [u8; 256] = [0; 256];
    let storages = ["archive/data/0", "archive/data/1", "archive/data/2"].map(|name| (name, &STORAGE[..]));
    let entries = [("archive/data.pkl", bytes), ("archive/version", &b"3\n"[..])];
    look_at(&scratch::write("weights.bin", &zip(&[&entries[..], &storages].concat())))
}

/// A zip archive of these files, stored as they are.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    let length = |length: usize| u32::try_from(length).expect("it is small").to_le_bytes();
    for (name, bytes) in entries {
        let mut checksum = Crc::new();
        checksum.update(bytes);
        // What both headers of an entry say: version, flags, method, time, date, checksum, sizes, lengths of name and rest.
        let mut said = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        said.extend(checksum.sum().to_le_bytes());
        said.extend([length(bytes.len()), length(bytes.len()), length(name.len())].concat());
        let place = length(archive.len());
        archive.extend([&b"PK\x03\x04"[..], &said[..], name.as_bytes(), bytes].concat());
        directory.extend([&b"PK\x01\x02\x14\x00"[..], &said[..], &[0; 10], &place, name.as_bytes()].concat());
    }
    let count = u16::try_from(entries.len()).expect("they are few").to_le_bytes();
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &length(directory.len()), &length(archive.len()), &[0; 2]];
    [archive, directory, end.concat()].concat()
}

/// The `config.json` of a Hugging Face folder, beside weights of a small model.
pub fn hugging_face(bytes: &[u8]) -> bool {
    const WEIGHTS: &[u8] = include_bytes!("../../../fuzz/corpus/weights/huggingface.safetensors");
    scratch::write("folder/model.safetensors", WEIGHTS);
    scratch::write("folder/config.json", bytes);
    look_at(&scratch::path("folder"))
}

/// Everything that is asked of weights before there is a model for them. What is taken holds as many numbers as its
/// shapes say.
fn look_at(path: &Path) -> bool {
    let Ok(mut state) = StateDict::open(path) else { return false };
    for (name, array) in &state.tensors {
        let count = array.shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
        assert_eq!(count, Some(array.values.len()), "{name} {:?}", array.shape);
    }
    let _ = Architecture::of(&state).to_string();
    let _ = state.missing_tensors();
    let _ = state.resize_positions(GridSize { rows: 2, columns: 3 });
    true
}
