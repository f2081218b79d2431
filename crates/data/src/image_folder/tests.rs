use std::fs;

use image::{Rgb, RgbImage};

use super::*;

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
    open(root, Limits::default())
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
    assert_eq!(data.test_folder.as_deref(), Some("valid"));
    write(folder.path(), "Val/cat/1.png", [3, 0, 0]);
    assert_eq!(all(folder.path()).expect("as before").test_folder.as_deref(), Some("Val"));
    write(folder.path(), "test/cat/1.png", [4, 0, 0]);
    write(folder.path(), "train/cat/1.png", [5, 0, 0]);
    let data = all(folder.path()).expect("as before");
    assert_eq!((contents(&*data.train), data.test_folder), (vec![(5, Some(0))], None));
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
    let data = open(folder.path(), Limits { train: 6, test: 0 }).expect("a labelled folder");
    let expected = [(0, 0), (1, 0), (2, 0), (10, 1), (20, 2), (21, 2)].map(|(red, label)| (red, Some(label)));
    assert_eq!(contents(&*data.train), expected);
    assert_eq!(taken_of_each(&[4, 1, 4], usize::MAX), [4, 1, 4]);
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
    assert_eq!(open(folder.path(), Limits { train: 2, test: 0 }).expect("as before").train.len(), 2);
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
fn long_lists_of_differing_classes_are_cut() {
    let many: Vec<String> = (0..8).map(|i| format!("c{i}")).collect();
    assert_eq!(difference(&many, &[]), "only in train is c0, c1, c2, c3, c4 and 3 more");
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
    let open = |path: &str| open(&folder.path().join(path), Limits::default());
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
