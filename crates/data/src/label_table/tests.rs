use std::fs;
use std::path::Path;

use super::*;

/// A folder with six images `0.png` to `5.png` of that red, and the table `labels.csv` of this text.
fn table(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("images")).expect("room");
    for number in 0..6 {
        let path = folder.path().join(format!("images/{number}.png"));
        image::RgbImage::from_pixel(1, 1, image::Rgb([number, 0, 0])).save(path).expect("room");
    }
    let path = folder.path().join(NAME);
    fs::write(&path, text).expect("room");
    (folder, path)
}

fn read(text: &str) -> Result<Dataset, DataError> {
    let (folder, path) = table(text);
    let data = open(&path, &Selection { test_fraction: 0.0, ..Selection::default() });
    let _ = folder.keep();
    data
}

fn error(text: &str) -> String {
    read(text).expect_err("it is refused").to_string()
}

fn contents(images: &dyn Images) -> Vec<(u8, Option<usize>)> {
    (0..images.len()).map(|at| (images.image(at).expect("an image").pixels()[0], images.label(at))).collect()
}

#[test]
fn each_line_is_an_image_with_its_label() {
    let data = read("file,label\nimages/2.png,dog\nimages/0.png,cat\nimages/1.png,dog\n").expect("a table");
    assert_eq!(contents(&*data.train), [(2, Some(1)), (0, Some(0)), (1, Some(1))]);
    assert_eq!(data.class_names, ["cat", "dog"]);
    assert_eq!(data.train.file(0), Some(Path::new("images/2.png")));
    assert!(data.train.name(0).ends_with("/images/2.png"));
}

#[test]
fn columns_may_have_other_usual_names_any_order_and_semicolons_or_none() {
    let expected = [(1, Some(1)), (0, Some(0))];
    for text in [
        "class,id,Filename\n10,a,images/1.png\n9,b,images/0.png\n",
        "\u{feff}path;target\r\nimages/1.png;10\r\nimages/0.png;9\r\n",
        "image\tlabel\nimages/1.png\t10\nimages/0.png\t9\n",
        "images/1.png,10\nimages/0.png,9",
        "\"images/1.png\", 10\n\n\"images/0.png\", 9\n",
    ] {
        assert_eq!(contents(&*read(text).expect(text).train), expected, "{text}");
    }
}

#[test]
fn a_column_of_splits_is_followed_and_else_the_images_are_divided() {
    let data =
        read("file,label,split\nimages/0.png,a,train\nimages/1.png,b,train\nimages/2.png,a,val\nimages/3.png,b,test\n")
            .expect("a table");
    assert_eq!(contents(&*data.train), [(0, Some(0)), (1, Some(1))]);
    assert_eq!(contents(&**data.test.as_ref().expect("a test set")), [(3, Some(1))]);
    assert_eq!(data.test_origin, None);
    let data = read("images/0.png,a,train\nimages/2.png,a,valid\n").expect("a table");
    assert_eq!(data.test_origin, Some(TestOrigin::Lines("valid".to_owned())));
    let (_folder, path) = table(&(0..6).map(|at| format!("images/{at}.png,{}\n", at % 2)).collect::<String>());
    let data = open(&path, &Selection::default()).expect("a table");
    assert_eq!((data.train.len(), data.test.expect("a test set").len()), (4, 2));
    let error = error("file,label,split\nimages/0.png,a,elsewhere\n");
    assert!(error.contains("line 2: the split is elsewhere"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named_with_its_line() {
    let message = error("file,label\nimages/0.png,cat\nimages/7.png,dog\n");
    assert!(message.contains("labels.csv, line 3, names images/7.png, which is not there"), "{message}");
    let message = error("images/8.png,cat\nimages/0.png,cat\nimages/9.png,cat\n");
    assert!(message.contains("line 1,") && message.contains("and 1 more file"), "{message}");
}

#[test]
fn a_label_that_no_class_has_is_named_with_its_line() {
    let message = error("file,label,split\nimages/0.png,cat,train\nimages/1.png,dog,train\nimages/2.png,bird,test\n");
    assert!(
        message.contains("labels.csv, line 4, has the label bird, but no class has it: the classes are cat, dog"),
        "{message}"
    );
}

#[test]
fn what_is_no_table_of_labels_says_what_was_expected() {
    assert!(error("").contains("names no image"));
    assert!(error("file,label\n").contains("names no image"));
    assert!(error("file,colour\nimages/0.png,1\n").contains("has the columns file, colour"));
    assert!(error("file,label\nimages/0.png\n").contains("line 2: images/0.png has no label"));
    assert!(error("file,label\n,cat\n").contains("line 2: it names no file"));
    let twice = error("file,label\nimages/0.png,cat\nimages/1.png,cat\nimages/0.png,dog\n");
    assert!(twice.contains("names images/0.png twice, in lines 2 and 4"), "{twice}");
    assert!(error("file,label,split\nimages/0.png,a,test\n").contains("names no image"));
}

#[test]
fn a_folder_may_hold_its_table() {
    let (folder, _) = table("file,label\nimages/0.png,cat\nimages/1.png,dog\n");
    let source = crate::Source::Path(folder.path().to_owned());
    let data = crate::open(&source, &Selection::default()).expect("a table");
    assert_eq!((data.class_names, data.train.len()), (vec!["cat".to_owned(), "dog".to_owned()], 2));
}
