use std::fs;
use std::path::Path;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A PNG of one pixel of this red.
fn png(red: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(1, 1, image::Rgb([red, 0, 0]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("in memory");
    bytes.into_inner()
}

/// A shard of these members.
fn write(path: &Path, members: &[(&str, &[u8])]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("room");
    let mut builder = tar::Builder::new(fs::File::create(path).expect("room"));
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).expect("room");
    }
    builder.into_inner().expect("room");
}

/// `count` samples from `first` on, labelled in turn with `classes`, each with a text beside it.
fn write_samples(path: &Path, first: u8, count: u8, classes: u8) {
    let members: Vec<(String, Vec<u8>)> = (first..first + count)
        .flat_map(|number| {
            let member = |ending: &str, bytes: Vec<u8>| (format!("{number:04}.{ending}"), bytes);
            [
                member("png", png(number)),
                member("cls", (number % classes).to_string().into_bytes()),
                member("txt", b"a caption".to_vec()),
            ]
        })
        .collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    write(path, &members);
}

fn all(path: &Path) -> Result<Dataset, DataError> {
    open(path, &Selection { test_fraction: 0.0, ..Selection::default() })
}

fn error(path: &Path) -> String {
    all(path).expect_err("it is refused").to_string()
}

fn contents(images: &dyn Images) -> Vec<(u8, Option<usize>)> {
    (0..images.len()).map(|at| (images.image(at).expect("an image").pixels()[0], images.label(at))).collect()
}

#[test]
fn a_shard_is_its_images_with_the_labels_beside_them() {
    let folder = folder();
    let path = folder.path().join("a.tar");
    write_samples(&path, 0, 5, 2);
    let data = all(&path).expect("a shard");
    assert_eq!(contents(&*data.train), [(0, Some(0)), (1, Some(1)), (2, Some(0)), (3, Some(1)), (4, Some(0))]);
    assert_eq!(data.class_names, ["0", "1"]);
    assert_eq!(data.train.file(3), Some(Path::new("a.tar/0003.png")));
    assert_eq!(data.train.name(3), format!("the image {}", path.join("0003.png").display()));
}

#[test]
fn shards_of_a_folder_or_a_pattern_follow_each_other_and_their_names_say_what_they_are_for() {
    let folder = folder();
    write_samples(&folder.path().join("train-000.tar"), 0, 4, 2);
    write_samples(&folder.path().join("train-001.tar"), 4, 4, 2);
    write_samples(&folder.path().join("val-000.tar"), 8, 2, 2);
    let data = all(folder.path()).expect("three shards");
    let reds = |images: &dyn Images| contents(images).iter().map(|(red, _)| *red).collect::<Vec<_>>();
    assert_eq!(reds(&*data.train), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(reds(&**data.test.as_ref().expect("a test set")), [8, 9]);
    assert_eq!(data.test_origin, Some(TestOrigin::Shards("val".to_owned())));
    let pattern = all(&folder.path().join("train-{000..001}.tar")).expect("two shards");
    assert_eq!((reds(&*pattern.train), pattern.test.is_none()), ((0..8).collect(), true));
    let error = error(&folder.path().join("train-{000..002}.tar"));
    assert!(error.contains("there is no shard") && error.contains("train-002.tar"), "{error}");
}

#[test]
fn shards_that_name_no_test_images_are_divided_by_class() {
    let folder = folder();
    write_samples(&folder.path().join("a.tar"), 0, 20, 2);
    let data = open(folder.path(), &Selection::default()).expect("a shard");
    let test = contents(&**data.test.as_ref().expect("a test set"));
    assert_eq!([0, 1].map(|class| test.iter().filter(|(_, label)| *label == Some(class)).count()), [2, 2]);
    assert_eq!(data.train.len(), 16);
}

#[test]
fn a_shard_without_images_is_named() {
    let folder = folder();
    write_samples(&folder.path().join("0.tar"), 0, 2, 2);
    for (name, write_it) in [("1.tar", true), ("2.tar", false)] {
        let path = folder.path().join(name);
        if write_it {
            write(&path, &[("0.txt", b"no image")])
        } else {
            fs::write(&path, "").expect("room")
        }
        let error = error(folder.path());
        assert!(error.contains(&format!("the shard {} holds no image", path.display())), "{error}");
        fs::remove_file(path).expect("it is there");
    }
}

#[test]
fn labels_are_numbers_in_their_order_words_or_in_json() {
    let folder = folder();
    let of = |labels: [(&str, &str); 3]| {
        let path = folder.path().join("a.tar");
        let image = png(0);
        let names: Vec<(String, &[u8])> = labels
            .iter()
            .enumerate()
            .flat_map(|(at, (ending, label))| {
                [(format!("{at}.png"), &image[..]), (format!("{at}.{ending}"), label.as_bytes())]
            })
            .collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        write(&path, &members);
        let data = all(&path)?;
        Ok::<_, DataError>((
            contents(&*data.train).iter().map(|(_, label)| *label).collect::<Vec<_>>(),
            data.class_names,
        ))
    };
    let (labels, names) = of([("cls", "10\n"), ("cls", "9"), ("cls", "010")]).expect("numbers");
    assert_eq!((labels, names), (vec![Some(1), Some(0), Some(1)], vec!["9".to_owned(), "10".to_owned()]));
    let (labels, names) = of([("cls", "dog"), ("cls", "cat"), ("cls", "dog")]).expect("words");
    assert_eq!((labels, names), (vec![Some(1), Some(0), Some(1)], vec!["cat".to_owned(), "dog".to_owned()]));
    let (labels, _) = of([("json", r#"{"label": 3}"#), ("json", r#"{"cls": "4"}"#), ("cls", "3")]).expect("JSON");
    assert_eq!(labels, [Some(0), Some(1), Some(0)]);
    let error = of([("cls", "1"), ("cls", "-1"), ("cls", "1")]).expect_err("no class").to_string();
    assert!(error.contains("1.cls has the label -1, but no class has it"), "{error}");
    let error = of([("cls", "1"), ("txt", "1"), ("cls", "1")]).expect_err("no label").to_string();
    assert!(error.contains("1.png has no label"), "{error}");
    let (labels, names) = of([("txt", "1"), ("txt", "1"), ("txt", "1")]).expect("no labels");
    assert_eq!((labels, names.len()), (vec![None, None, None], 0));
}

#[test]
fn a_label_of_a_test_shard_that_no_class_has_is_named() {
    let folder = folder();
    write_samples(&folder.path().join("train.tar"), 0, 6, 2);
    write_samples(&folder.path().join("test.tar"), 0, 6, 3);
    let error = error(folder.path());
    assert!(error.contains("test.tar/0002.png has the label 2, but no class has it: the classes are 0, 1"), "{error}");
}

#[test]
fn of_several_images_of_a_sample_the_one_with_the_shortest_ending_is_taken() {
    let folder = folder();
    let path = folder.path().join("a.tar");
    write(&path, &[("0.mask.png", &png(9)), ("0.png", &png(1)), ("0.cls", b"0"), ("1.png", &png(2)), ("1.cls", b"0")]);
    assert_eq!(contents(&*all(&path).expect("a shard").train), [(1, Some(0)), (2, Some(0))]);
}

#[test]
fn long_names_and_folders_in_a_shard_are_read() {
    let folder = folder();
    let path = folder.path().join("a.tar");
    let long = format!("{}/0.png", "folder".repeat(40));
    write(&path, &[(&long, &png(7)), (&long.replace("png", "cls"), b"0"), ("b/0.png", &png(8)), ("b/0.cls", b"1")]);
    let data = all(&path).expect("a shard");
    assert_eq!(contents(&*data.train), [(7, Some(0)), (8, Some(1))]);
    assert_eq!(data.train.file(0), Some(Path::new("a.tar").join(&long).as_path()));
}

#[test]
fn a_shard_that_is_cut_short_compressed_or_holds_links_is_refused() {
    let folder = folder();
    let path = folder.path().join("a.tar");
    write_samples(&path, 0, 3, 2);
    let bytes = fs::read(&path).expect("it was written");
    fs::write(&path, &bytes[..600]).expect("room");
    assert!(error(&path).contains("is damaged or cut short"), "{}", error(&path));
    fs::write(&path, "this is no shard at all".repeat(50)).expect("room");
    assert!(error(&path).contains("is damaged or cut short"), "{}", error(&path));
    fs::remove_file(&path).expect("it is there");
    let packed = folder.path().join("a.tar.gz");
    fs::write(&packed, "").expect("room");
    assert!(error(folder.path()).contains("takes an uncompressed .tar"), "{}", error(folder.path()));

    let mut builder = tar::Builder::new(fs::File::create(&path).expect("room"));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "0.png", "/etc/passwd").expect("room");
    builder.into_inner().expect("room");
    assert!(error(&path).contains("0.png in the archive") && error(&path).contains("is a link"), "{}", error(&path));
}
