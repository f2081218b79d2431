use std::fs;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn path_error(path: &Path) -> String {
    open(&Source::Path(path.to_owned()), &Selection::default()).expect_err("nothing that can be opened").to_string()
}

#[test]
fn limits_hold_for_shapes_too() {
    let source = Source::Shapes { seed: 0, train: 100, test: 50, size: bmae_architecture::ImageSize::square(32) };
    let lengths = |train, test| {
        let data = open(&source, &Selection::limited(train, test)).expect("shapes");
        (data.train.len(), data.test.expect("a test set").len())
    };
    assert_eq!(lengths(0, 0), (100, 50));
    assert_eq!(lengths(7, 0), (7, 50));
    assert_eq!(lengths(200, 3), (100, 3));
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let folder = folder();
    let error = path_error(&folder.path().join("nowhere"));
    assert!(error.contains("there is no") && error.contains("nowhere"), "{error}");
}

#[test]
fn a_file_that_is_no_archive_is_called_so() {
    let folder = folder();
    for (name, contents) in [("notes.txt", "hello"), ("empty.tar.gz", "")] {
        let path = folder.path().join(name);
        fs::write(&path, contents).expect("room");
        let error = path_error(&path);
        assert!(error.contains(name) && error.contains("no .tar.gz"), "{error}");
    }
}

#[test]
fn an_archive_of_something_else_says_what_was_expected() {
    let folder = folder();
    let path = folder.path().join("other.tar.gz");
    let gzip = flate2::write::GzEncoder::new(fs::File::create(&path).expect("room"), flate2::Compression::fast());
    let mut builder = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    builder.append_data(&mut header, "readme.txt", &b"hi"[..]).expect("room");
    builder.into_inner().and_then(|gzip| gzip.finish()).expect("room");
    let error = path_error(&path);
    assert!(error.contains("holds no data_batch_1.bin (CIFAR-10) and no train.bin"), "{error}");
}

#[test]
fn cifar_for_python_is_recognised_and_refused() {
    let ten = folder();
    fs::write(ten.path().join("data_batch_1"), "pickled").expect("room");
    let hundred = folder();
    fs::write(hundred.path().join("train"), "pickled").expect("room");
    fs::write(hundred.path().join("meta"), "pickled").expect("room");
    for folder in [ten, hundred] {
        let error = path_error(folder.path());
        assert!(error.contains("for Python") && error.contains("only the binary version"), "{error}");
    }
}

#[test]
fn a_folder_of_images_is_opened_as_one() {
    let folder = folder();
    image::RgbImage::new(3, 2).save(folder.path().join("a.png")).expect("room");
    let data = open(&Source::Path(folder.path().to_owned()), &Selection::default()).expect("an unlabelled folder");
    assert_eq!((data.train.len(), data.is_labelled()), (1, false));
}

#[test]
fn a_folder_holds_images_where_they_lie_in_it_or_in_its_classes_and_not_where_they_lie_deeper() {
    let root = folder();
    let put = |path: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("it lies below")).expect("a folder");
        fs::write(path, "never decoded").expect("a file");
    };
    put("labelled/train/cat/1.png");
    put("pile/1.JPG");
    put("deep/er/1.png");
    put("texts/notes.txt");
    put(".hidden/1.png");
    let holds = |name: &str| holds_images(&root.path().join(name));
    assert!(holds("labelled") && holds("pile") && holds("deep/er"));
    assert!(
        !holds("deep") && !holds("texts") && !holds("missing") && !holds("pile/1.JPG") && !holds_images(root.path())
    );
    let found: Vec<String> = folders_of_images(root.path())
        .iter()
        .map(|folder| folder.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(found, ["labelled", "pile"]);
    assert!(folders_of_images(&root.path().join("missing")).is_empty());
}
