//! `seed` and `[data]`.

use super::key::{AnyKey, Count, Key, Number, Words};

pub(crate) static SEED: Key<u64> = Key {
    path: "seed",
    range: Count::from(0),
    default: || 0,
    short: "everything random depends on it: initialisation, order, crops, masks",
    long: "The images of \"shapes\" do not: they depend on data.shapes_seed alone.",
};

pub(crate) static SOURCE: Key<String> = Key {
    path: "data.source",
    range: Words { allowed: "\"shapes\", \"cifar10\", \"cifar100\" or a path", fits: |text| !text.is_empty() },
    default: || "shapes".to_owned(),
    short: "where the images come from: \"shapes\", \"cifar10\", \"cifar100\" or a path",
    long: "\"shapes\" is generated and needs no files. A path is a folder or an archive, whose kind is recognised: the \
           binary CIFAR-10 or CIFAR-100 files, train/<class>/ and test/<class>/ folders, or a folder of images without \
           labels.",
};

pub(crate) static ROOT: Key<String> = Key {
    path: "data.root",
    range: Words { allowed: "a path", fits: |text| !text.is_empty() },
    default: || dirs::cache_dir().map_or(String::new(), |cache| cache.join("bmae").display().to_string()),
    short: "folder in which \"cifar10\" and \"cifar100\" lie",
    long: "`bmae data download` puts them there; by default it is `bmae` in the user's cache folder.",
};

pub(crate) static IMAGE_SIZE: Key<usize> = Key {
    path: "data.image_size",
    range: Count::between(1, 1_000_000),
    default: || 32,
    short: "side of the square images that the model sees, in pixels",
    long: "Divisible by model.patch_size.",
};

pub(crate) static MEAN: Key<[f32; 3]> = Key {
    path: "data.mean",
    range: Number::between(-1e6, 1e6),
    default: || [0.4914, 0.4822, 0.4465],
    short: "mean of each channel, of pixels from 0 to 1",
    long: "CIFAR-10's by default, for every source; `bmae data info` prints the set's own.",
};

pub(crate) static STD: Key<[f32; 3]> = Key {
    path: "data.std",
    range: Number::between(0.0, 1e6).above_least(),
    default: || [0.2023, 0.1994, 0.2010],
    short: "standard deviation of each channel, of pixels from 0 to 1",
    long: "",
};

pub(crate) static TRAIN_LIMIT: Key<usize> = Key {
    path: "data.train_limit",
    range: Count::from(0),
    default: || 0,
    short: "use the first so many training images; 0 = all",
    long: "",
};

pub(crate) static TEST_LIMIT: Key<usize> = Key {
    path: "data.test_limit",
    range: Count::from(0),
    default: || 0,
    short: "use the first so many test images; 0 = all",
    long: "",
};

pub(crate) static SHAPES_SEED: Key<u64> = Key {
    path: "data.shapes_seed",
    range: Count::from(0),
    default: || 0,
    short: "chooses the images of \"shapes\"",
    long: "Apart from `seed`, so that several seeds train on the same images.",
};

pub(crate) static SHAPES_TRAIN: Key<usize> = Key {
    path: "data.shapes_train",
    range: Count::from(1),
    default: || 4000,
    short: "training images of \"shapes\"",
    long: "",
};

pub(crate) static SHAPES_TEST: Key<usize> = Key {
    path: "data.shapes_test",
    range: Count::from(1),
    default: || 1000,
    short: "test images of \"shapes\"",
    long: "",
};

pub(super) fn all() -> Vec<&'static dyn AnyKey> {
    vec![&SOURCE, &ROOT, &IMAGE_SIZE, &MEAN, &STD, &TRAIN_LIMIT, &TEST_LIMIT, &SHAPES_SEED, &SHAPES_TRAIN, &SHAPES_TEST]
}
