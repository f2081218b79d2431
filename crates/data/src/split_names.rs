//! What people call training and test images: their folders, their shards, their lines of a table.

/// Names of training images, the usual one first.
pub const TRAIN: [&str; 2] = ["train", "training"];

/// Names of test images, the usual one first. Of several the first is taken: images for validation were looked at while
/// a training was tuned, those for testing were not.
pub const TEST: [&str; 5] = ["test", "testing", "val", "valid", "validation"];

/// The place of `name` among `names`, in any case of letters.
pub fn place(name: &str, names: &[&str]) -> Option<usize> {
    names.iter().position(|known| known.eq_ignore_ascii_case(name))
}

/// Whether `name` is one of a part of a data set.
pub fn is_of_a_split(name: &str) -> bool {
    place(name, &TRAIN).or(place(name, &TEST)).is_some()
}
