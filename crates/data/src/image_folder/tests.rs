use std::ffi::OsStr;
use std::fs;

use image::{Rgb, RgbImage};

use super::*;
use crate::Image;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Writes a 2x1 picture of one colour, making the folders it lies in.
fn write(root: &Path, name: &str, colour: [u8; 3]) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("room");
    RgbImage::from_pixel(2, 1, Rgb(colour)).save(&path).expect("an image format");
    path
}

fn all(root: &Path) -> Result<Dataset, DataError> {
    open(root, &Selection::default())
}

/// With so many training images.
fn limited(root: &Path, train: usize) -> Result<Dataset, DataError> {
    crate::open(&crate::Source::Path(root.to_owned()), &Selection::limited(train, 0))
}

/// Red value and label of every image.
fn contents(images: &dyn Images) -> Vec<(u8, Option<usize>)> {
    (0..images.len()).map(|i| (images.image(i).expect("an image").pixels()[0], images.label(i))).collect()
}

#[test]
fn classes_and_images_come_in_the_order_of_their_names() {
    let folder = folder();
    let root = folder.path();
    write(root, "train/dog/b.png", [3, 0, 0]);
    write(root, "train/cat/2.png", [2, 0, 0]);
    write(root, "train/cat/1.bmp", [1, 0, 0]);
    write(root, "train/dog/a/deep.PNG", [9, 0, 0]);
    write(root, "test/cat/x.png", [4, 0, 0]);
    write(root, "test/dog/x.png", [5, 0, 0]);
    let data = all(root).expect("a labelled folder");
    assert_eq!(data.class_names, ["cat", "dog"]);
    assert_eq!(contents(&*data.train), [(1, Some(0)), (2, Some(0)), (9, Some(1)), (3, Some(1))]);
    assert_eq!(contents(&**data.test.as_ref().expect("a test set")), [(4, Some(0)), (5, Some(1))]);
}

#[test]
fn a_labelled_folder_needs_no_test_images() {
    let folder = folder();
    write(folder.path(), "train/cat/1.png", [1, 0, 0]);
    let data = all(folder.path()).expect("a labelled folder");
    assert!(data.test.is_none() && data.is_labelled());
}

#[test]
fn folders_of_other_usual_names_are_taken_and_test_images_before_those_of_validation() {
    let folder = folder();
    write(folder.path(), "Training/cat/1.png", [1, 0, 0]);
    write(folder.path(), "valid/cat/1.png", [2, 0, 0]);
    let data = all(folder.path()).expect("a labelled folder");
    assert_eq!(contents(&**data.test.as_ref().expect("a test set")), [(2, Some(0))]);
    assert_eq!(data.test_origin, Some(TestOrigin::Folder("valid".to_owned())));
    write(folder.path(), "Val/cat/1.png", [3, 0, 0]);
    assert_eq!(all(folder.path()).expect("as before").test_origin, Some(TestOrigin::Folder("Val".to_owned())));
    write(folder.path(), "test/cat/1.png", [4, 0, 0]);
    write(folder.path(), "train/cat/1.png", [5, 0, 0]);
    let data = all(folder.path()).expect("as before");
    assert_eq!((contents(&*data.train), data.test_origin), (vec![(5, Some(0))], None));
}

#[test]
fn images_lie_below_the_splits_of_a_labelled_folder_and_anywhere_below_another() {
    let folder = folder();
    write(folder.path(), "train/loose.png", [1, 0, 0]);
    assert_eq!(folders_with_images(folder.path()), [folder.path()]);
    write(folder.path(), "Training/cat/1.png", [1, 0, 0]);
    write(folder.path(), "val/cat/1.png", [2, 0, 0]);
    fs::remove_dir_all(folder.path().join("train")).expect("it is there");
    assert_eq!(folders_with_images(folder.path()), ["Training", "val"].map(|name| folder.path().join(name)));
}

#[test]
fn limits_take_turns_between_the_classes() {
    let folder = folder();
    for image in 0..4 {
        write(folder.path(), &format!("train/a/{image}.png"), [image, 0, 0]);
        write(folder.path(), &format!("train/c/{image}.png"), [20 + image, 0, 0]);
    }
    write(folder.path(), "train/b/0.png", [10, 0, 0]);
    let data = limited(folder.path(), 6).expect("a labelled folder");
    let expected = [(0, 0), (1, 0), (2, 0), (10, 1), (20, 2), (21, 2)].map(|(red, label)| (red, Some(label)));
    assert_eq!(contents(&*data.train), expected);
}

#[test]
fn any_other_folder_is_unlabelled_at_any_depth() {
    let folder = folder();
    write(folder.path(), "b/c/2.png", [2, 0, 0]);
    write(folder.path(), "a.png", [1, 0, 0]);
    write(folder.path(), "b/d.webp", [3, 0, 0]);
    write(folder.path(), "train/loose.png", [4, 0, 0]);
    fs::write(folder.path().join("notes.txt"), "not an image").expect("room");
    fs::write(folder.path().join(".hidden.png"), "not an image").expect("room");
    let data = all(folder.path()).expect("an unlabelled folder");
    assert!(!data.is_labelled() && data.test.is_none());
    assert_eq!(contents(&*data.train), [(1, None), (2, None), (3, None), (4, None)]);
    assert_eq!(limited(folder.path(), 2).expect("as before").train.len(), 2);
}

#[test]
fn classes_that_differ_between_train_and_test_are_named() {
    let folder = folder();
    for name in ["train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/bird/1.png"] {
        write(folder.path(), name, [0; 3]);
    }
    let error = all(folder.path()).expect_err("other classes").to_string();
    assert!(error.contains("only in train is dog, only in test is bird"), "{error}");
}

#[test]
fn folders_without_images_are_named() {
    let empty = folder();
    let error = all(empty.path()).expect_err("nothing").to_string();
    assert!(error.contains("holds no image") && error.contains(".png") && error.contains(".qoi"), "{error}");

    let folder = folder();
    write(folder.path(), "train/cat/1.png", [0; 3]);
    fs::create_dir(folder.path().join("train/dog")).expect("room");
    let error = all(folder.path()).expect_err("an empty class").to_string();
    assert!(error.contains("dog holds no image"), "{error}");
}

#[test]
fn an_image_beside_the_class_folders_is_named() {
    let folder = folder();
    write(folder.path(), "train/cat/1.png", [0; 3]);
    write(folder.path(), "train/stray.png", [0; 3]);
    let error = all(folder.path()).expect_err("no class").to_string();
    assert!(error.contains("stray.png") && error.contains("has no class"), "{error}");
}

#[test]
fn a_corrupt_image_is_named_when_it_is_asked_for() {
    let folder = folder();
    let path = write(folder.path(), "good.png", [0; 3]);
    let bytes = fs::read(&path).expect("written");
    fs::write(folder.path().join("cut.png"), &bytes[..bytes.len() / 2]).expect("room");
    fs::write(folder.path().join("text.jpg"), "not an image at all").expect("room");
    let data = all(folder.path()).expect("names alone do not tell");
    let outcome: Vec<Result<Image, String>> =
        (0..3).map(|i| data.train.image(i).map_err(|error| error.to_string())).collect();
    assert!(outcome[0].as_ref().is_err_and(|error| error.contains("cut.png") && !error.contains('\n')), "{outcome:?}");
    assert!(outcome[1].is_ok());
    assert!(outcome[2].as_ref().is_err_and(|error| error.contains("text.jpg")), "{outcome:?}");
}

#[test]
fn photographs_that_are_not_decoded_are_refused_and_counted() {
    let folder = folder();
    write(folder.path(), "train/cat/1.png", [1, 0, 0]);
    fs::write(folder.path().join("train/cat/notes.txt"), "not an image").expect("room");
    assert!(all(folder.path()).is_ok(), "other files are passed over");
    fs::write(folder.path().join("train/cat/2.AVIF"), "").expect("room");
    let error = all(folder.path()).expect_err("left out").to_string();
    assert!(error.ends_with("2.AVIF is an AVIF file, which is not decoded"), "{error}");
    fs::write(folder.path().join("train/cat/3.heic"), "").expect("room");
    let error = all(folder.path()).expect_err("left out").to_string();
    assert!(error.contains("and there is 1 more"), "{error}");
}

#[test]
fn a_folder_of_other_files_alone_says_which() {
    let folder = folder();
    for name in ["a.NEF", "b.psd", "c.nef", "d"] {
        fs::write(folder.path().join(name), "not an image").expect("room");
    }
    let error = all(folder.path()).expect_err("no image").to_string();
    assert!(error.contains("holds no image") && error.ends_with("(there are others, in .nef, .psd)"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn class_names_that_are_no_utf8_stay_apart() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    for (name, red) in [(&b"caf\xe9"[..], 1), (b"caf\xe8", 2), (b"caf", 3)] {
        let class = folder.path().join("train").join(OsStr::from_bytes(name));
        write(&class, "1.png", [red, 0, 0]);
    }
    let data = all(folder.path()).expect("three classes");
    assert_eq!(data.class_names, ["caf", "caf\\xe8", "caf\\xe9"]);
    assert_eq!(contents(&*data.train), [(3, Some(0)), (2, Some(1)), (1, Some(2))]);
    write(folder.path(), "train/caf\\xe9/1.png", [4, 0, 0]);
    let error = all(folder.path()).expect_err("two of one name").to_string();
    assert!(error.contains("both have the name caf\\xe9"), "{error}");
}

#[test]
fn an_image_is_called_by_its_file() {
    let folder = folder();
    let path = write(folder.path(), "a.png", [1, 0, 0]);
    assert_eq!(all(folder.path()).expect("an image").train.name(0), format!("the image {}", path.display()));
}

#[cfg(unix)]
#[test]
fn a_folder_that_links_back_to_itself_is_refused() {
    let folder = folder();
    write(folder.path(), "a/1.png", [0; 3]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).expect("a link");
    let error = all(folder.path()).expect_err("a loop").to_string();
    assert!(error.contains("links back"), "{error}");
}

#[test]
fn pictures_that_bmae_drew_are_no_data_wherever_they_lie() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    };
    let photo = b"not decoded here";
    for name in ["a.png", "figures/own.png", "sub/b.png"] {
        write(name, photo);
    }
    let open = |path: &str| open(&folder.path().join(path), &Selection::default());
    let all = open("").expect("images");
    assert_eq!((all.train.len(), &all.left_out), (3, &None), "a folder of that name alone says nothing");

    write("sub/index.html", b"<head><meta name=\"generator\" content=\"bmae\">");
    write("sub/figures/k.png", photo);
    write("sub/figures/k.svg", photo);
    write("runs/a/run.toml", b"stage = \"pretrain\"\nprogram = \"bmae 0.1.0\"\n");
    write("runs/a/pictures/epoch-0001-attention.png", photo);
    let kept = open("").expect("images");
    let told = kept.left_out.expect("it is said").to_string();
    assert_eq!(kept.train.len(), 3);
    assert!(told.starts_with("3 files that bmae drew are no data and left out, in "), "{told}");
    assert!(told.ends_with("/runs/a/pictures and one more such folder"), "{told}");
    for drawn in ["runs/a", "runs/a/pictures", "sub/figures"] {
        let refused = open(drawn).expect_err("no images").to_string();
        assert!(refused.contains("holds no image") && refused.contains("that bmae drew"), "{refused}");
    }
}

/// Images of so many classes, 5 of each, in folders of their own.
fn write_classes(root: &Path, classes: &[&str]) {
    for (label, class) in classes.iter().enumerate() {
        for number in 0..5 {
            write(root, &format!("{class}/{number}.png"), [10 * label as u8 + number, 0, 0]);
        }
    }
}

#[test]
fn class_folders_without_a_split_are_labelled_and_a_fifth_of_each_is_for_testing() {
    let folder = folder();
    write_classes(folder.path(), &["cats", "dogs"]);
    let data = all(folder.path()).expect("two classes");
    assert_eq!(data.class_names, ["cats", "dogs"]);
    assert_eq!(data.test_origin, Some(TestOrigin::HeldOut { fraction: 0.2, seed: 0 }));
    let (train, test) = (contents(&*data.train), contents(&**data.test.as_ref().expect("a test set")));
    let of = |part: &[(u8, Option<usize>)], class| part.iter().filter(|(_, label)| *label == Some(class)).count();
    assert_eq!([of(&train, 0), of(&train, 1), of(&test, 0), of(&test, 1)], [4, 4, 1, 1]);
    assert!(train.iter().all(|image| !test.contains(image)));
    let files =
        |images: &dyn Images| (0..images.len()).map(|at| images.file(at).map(Path::to_owned)).collect::<Vec<_>>();
    assert_eq!(files(&*data.train).len(), 8);
    assert!(files(&*data.train).iter().flatten().all(|file| file.starts_with("cats") || file.starts_with("dogs")));
}

#[test]
fn the_division_depends_on_fraction_and_seed_alone() {
    let folder = folder();
    write_classes(folder.path(), &["cats", "dogs"]);
    let test = |test_fraction, split_seed| {
        let selection = Selection { test_fraction, split_seed, ..Selection::default() };
        open(folder.path(), &selection).expect("two classes").test.map(|images| contents(&*images))
    };
    assert_eq!(test(0.4, 1), test(0.4, 1));
    let seeds: std::collections::BTreeSet<_> = (0..5).map(|seed| test(0.4, seed)).collect();
    assert!(seeds.len() > 1);
    assert_eq!(test(0.4, 0).map(|images| images.len()), Some(4));
    assert_eq!(test(0.0, 0), None);
}

#[test]
fn folders_are_classes_where_two_hold_images_and_none_is_called_as_a_split() {
    let kind_of = |files: &[&str]| {
        let folder = folder();
        files.iter().for_each(|file| drop(write(folder.path(), file, [0; 3])));
        let data = all(folder.path()).expect("images");
        data.class_names
    };
    let none: [String; 0] = [];
    assert_eq!(kind_of(&["cats/1.png", "dogs/1.png"]), ["cats", "dogs"]);
    assert_eq!(kind_of(&["cats/1.png", "dogs/1.png", "birds/small/1.png"]), ["birds", "cats", "dogs"]);
    assert_eq!(kind_of(&["cats/1.png", "dogs/old/1.png", "dogs/2.png"]), ["cats", "dogs"]);
    assert_eq!(kind_of(&["all/1.png"]), none, "one folder alone");
    assert_eq!(kind_of(&["2020/january/1.png", "2021/may/1.png"]), none, "images that lie deeper");
    assert_eq!(kind_of(&["1.png", "cats/1.png", "dogs/1.png"]), none, "an image beside them");
    assert_eq!(kind_of(&["train/1.png", "test/1.png"]), none, "splits without classes");
    assert_eq!(kind_of(&["cats/1.png", "dogs/1.png", "val/1.png"]), none, "a split without classes");
}

#[test]
fn a_folder_without_images_beside_class_folders_is_no_class() {
    let folder = folder();
    write_classes(folder.path(), &["cats", "dogs"]);
    fs::create_dir(folder.path().join("notes")).expect("room");
    fs::write(folder.path().join("notes/read.txt"), "not an image").expect("room");
    assert_eq!(all(folder.path()).expect("two classes").class_names, ["cats", "dogs"]);
}
