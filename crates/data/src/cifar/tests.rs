use std::fs;
use std::path::PathBuf;

use super::*;
use crate::Images;
use crate::error::CifarError;
use crate::statistics::Statistics;

/// A record whose pixel bytes count up from `start`, so that every plane and place differs.
fn record(labels: &[u8], start: u8) -> Vec<u8> {
    let pixels = (0..3072_u32).map(|i| start.wrapping_add((i / 7) as u8));
    labels.iter().copied().chain(pixels).collect()
}

/// Five training files of two records each and a test file of three.
fn write_cifar10(folder: &Path) {
    for (number, name) in CifarSet::Cifar10.train_files().iter().enumerate() {
        let label = 2 * number as u8;
        let records = [record(&[label], label), record(&[label + 1], label + 1)].concat();
        fs::write(folder.join(name), records).expect("room");
    }
    let records = [record(&[9], 1), record(&[0], 2), record(&[5], 3)].concat();
    fs::write(folder.join("test_batch.bin"), records).expect("room");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn labels(images: &dyn Images) -> Vec<usize> {
    (0..images.len()).map(|index| images.label(index).expect("a label")).collect()
}

fn test_labels(data: &Dataset) -> Vec<usize> {
    labels(&**data.test.as_ref().expect("a test set"))
}

fn open10(root: &Path) -> Result<Dataset, DataError> {
    open(CifarSet::Cifar10, root, &Selection::default())
}

#[test]
fn records_become_images_in_the_order_of_the_files() {
    let folder = folder();
    write_cifar10(folder.path());
    let data = open10(folder.path()).expect("complete files");
    assert_eq!(data.name, "CIFAR-10");
    assert_eq!(labels(&*data.train), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(test_labels(&data), [9, 0, 5]);
}

#[test]
fn planes_become_pixels_row_by_row() {
    let mut bytes = vec![3];
    for channel in 0..3_u32 {
        bytes.extend((0..1024_u32).map(|place| (place + 85 * channel) as u8));
    }
    let mut records = Records::new(CifarSet::Cifar10);
    records.append(Path::new("a file"), &bytes).expect("one record");
    let image = records.image(0).expect("in memory");
    assert_eq!((image.width(), image.height()), (32, 32));
    for place in 0..1024 {
        let expected = [place as u8, (place + 85) as u8, (place + 170) as u8];
        assert_eq!(image.pixels()[3 * place..3 * place + 3], expected, "pixel {place}");
    }
}

#[test]
fn of_two_label_bytes_the_fine_one_is_used() {
    let folder = folder();
    fs::write(folder.path().join("train.bin"), [record(&[19, 99], 0), record(&[1, 0], 0)].concat()).expect("room");
    fs::write(folder.path().join("test.bin"), record(&[3, 42], 0)).expect("room");
    let data = recognise(folder.path(), &Selection::default()).expect("complete files").expect("CIFAR-100");
    assert_eq!(data.name, "CIFAR-100");
    assert_eq!(labels(&*data.train), [99, 0]);
    assert_eq!(test_labels(&data), [42]);
    assert_eq!(data.class_names.len(), 100);
    assert_eq!(data.class_names[42], "leopard");
}

#[test]
fn limits_take_classes_in_turn_across_files_and_the_order_stays() {
    let folder = folder();
    write_cifar10(folder.path());
    // Classes 0, 0 and 5, 5 in the first two files, with another pixel in each.
    fs::write(folder.path().join("data_batch_1.bin"), [record(&[5], 1), record(&[5], 2)].concat()).expect("room");
    fs::write(folder.path().join("data_batch_2.bin"), [record(&[0], 3), record(&[0], 4)].concat()).expect("room");
    let limited =
        |train, test| open(CifarSet::Cifar10, folder.path(), &Selection::limited(train, test)).expect("complete files");
    let whole = limited(0, 0);
    assert_eq!(labels(&*whole.train), [5, 5, 0, 0, 4, 5, 6, 7, 8, 9]);
    let data = limited(3, 2);
    assert_eq!(labels(&*data.train), [5, 0, 4]);
    for (at, of_whole) in [0, 2, 4].into_iter().enumerate() {
        assert_eq!(data.train.image(at).expect("in memory"), whole.train.image(of_whole).expect("in memory"));
    }
    assert_eq!(test_labels(&data), [0, 5]);
    assert_eq!(
        labels(&*limited(8, 0).train),
        [5, 0, 0, 4, 6, 7, 8, 9],
        "the second of a class follows when each had its first"
    );
}

#[test]
fn missing_files_are_named() {
    let folder = folder();
    write_cifar10(folder.path());
    fs::remove_file(folder.path().join("data_batch_3.bin")).expect("there");
    fs::remove_file(folder.path().join("test_batch.bin")).expect("there");
    let error = recognise(folder.path(), &Selection::default()).expect_err("incomplete").to_string();
    assert!(error.contains("missing data_batch_3.bin, test_batch.bin"), "{error}");
}

#[test]
fn a_set_that_is_not_there_is_named_with_where_it_was_looked_for() {
    let folder = folder();
    let error = open(CifarSet::Cifar100, &folder.path().join("nowhere"), &Selection::default()).expect_err("nothing");
    let error = error.to_string();
    assert!(error.contains("CIFAR-100 is not in") && error.contains("nowhere"), "{error}");
}

#[test]
fn a_file_that_is_no_whole_number_of_records_is_refused() {
    let one = record(&[0], 0);
    for (bytes, over) in [
        (&one[..3072], "0 records and 3072 bytes over"),
        (&[&one[..], &[1, 2]].concat()[..], "1 record and 2 bytes over"),
        (&[], "0 records and 0 bytes over"),
    ] {
        let folder = folder();
        write_cifar10(folder.path());
        fs::write(folder.path().join("data_batch_4.bin"), bytes).expect("room");
        let error = open10(folder.path()).expect_err("another length").to_string();
        assert!(error.contains("data_batch_4.bin"), "{error}");
        assert!(error.contains(&format!("has {} bytes", bytes.len())), "{error}");
        assert!(error.contains("records of 3073"), "{error}");
        assert!(error.contains(over), "{error}");
    }
}

#[test]
fn a_label_that_does_not_exist_is_named_with_its_record() {
    let folder = folder();
    write_cifar10(folder.path());
    let records = [record(&[4], 0), record(&[10], 0)].concat();
    fs::write(folder.path().join("data_batch_2.bin"), records).expect("room");
    let error = open10(folder.path()).expect_err("no class 10").to_string();
    assert!(error.contains("data_batch_2.bin, record 1: the label is 10, but there are 10 classes"), "{error}");
}

#[test]
fn a_refused_file_leaves_the_records_as_they_were() {
    let mut records = Records::new(CifarSet::Cifar10);
    records.append(Path::new("good"), &record(&[1], 0)).expect("one record");
    let bad = [record(&[2], 0), record(&[255], 0)].concat();
    records.append(Path::new("bad"), &bad).expect_err("no class 255");
    assert_eq!(labels(&records), [1]);
}

#[test]
fn class_names_come_from_the_file_if_there_is_one() {
    let folder = folder();
    write_cifar10(folder.path());
    assert_eq!(open10(folder.path()).expect("complete").class_names[9], "truck");
    let names = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n";
    fs::write(folder.path().join("batches.meta.txt"), names).expect("room");
    assert_eq!(open10(folder.path()).expect("complete").class_names[9], "j");
    fs::write(folder.path().join("batches.meta.txt"), "a\nb\n").expect("room");
    let error = open10(folder.path()).expect_err("two names").to_string();
    assert!(error.contains("names 2 classes, not 10"), "{error}");
}

#[test]
fn the_official_names_are_as_many_as_the_classes_and_all_different() {
    for set in [CifarSet::Cifar10, CifarSet::Cifar100] {
        let names: std::collections::BTreeSet<&str> = class_names::official(set).collect();
        assert_eq!(names.len(), set.classes(), "{set}");
    }
    assert!(class_names::official(CifarSet::Cifar100).is_sorted());
}

#[test]
fn files_of_both_sets_in_one_folder_are_refused() {
    let folder = folder();
    write_cifar10(folder.path());
    fs::write(folder.path().join("train.bin"), record(&[0, 0], 0)).expect("room");
    let error = recognise(folder.path(), &Selection::default()).expect_err("ambiguous");
    assert!(matches!(error, DataError::Cifar(CifarError::BothSets { .. })), "{error}");
}

#[test]
fn the_folder_around_the_directory_will_do_too() {
    let folder = folder();
    let inner = folder.path().join("cifar-10-batches-bin");
    fs::create_dir(&inner).expect("room");
    write_cifar10(&inner);
    assert_eq!(open10(folder.path()).expect("complete").train.len(), 10);
    let recognised = recognise(folder.path(), &Selection::default()).expect("complete").expect("CIFAR-10");
    assert_eq!(recognised.train.len(), 10);
}

#[test]
fn any_bytes_may_be_refused_but_never_panic() {
    use rand::RngExt;
    let mut generator = crate::random::keyed(0, 0, 0, crate::random::Purpose::Order);
    for set in [CifarSet::Cifar10, CifarSet::Cifar100] {
        for _ in 0..300 {
            let length = generator.random_range(0..7000);
            let bytes: Vec<u8> = (0..length).map(|_| generator.random::<u8>() % 120).collect();
            let mut records = Records::new(set);
            if records.append(Path::new("any"), &bytes).is_ok() {
                assert!(labels(&records).iter().all(|&label| label < set.classes()));
            }
        }
    }
}

/// `BMAE_CIFAR10`, or the copy beside the repository.
fn real_cifar10() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cifar-10-batches-bin");
    let path = std::env::var_os("BMAE_CIFAR10").map_or(beside, PathBuf::from);
    path.is_dir().then_some(path)
}

/// The copy for development has these figures in its README; the official files have the same two decimals.
#[test]
fn the_real_cifar10_has_its_known_statistics() {
    let Some(path) = real_cifar10() else {
        // Straight to stderr: what a passing test prints is not shown.
        let note = "SKIPPED: no CIFAR-10 here; set BMAE_CIFAR10 to its directory to run this test\n";
        std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes()).expect("stderr");
        return;
    };
    let data = open10(&path).expect("the real files");
    assert_eq!((data.train.len(), data.test.as_ref().expect("a test set").len()), (50_000, 10_000));
    assert_eq!(data.class_names[0], "airplane");
    let statistics = Statistics::of(&*data.train, 10).expect("images in memory");
    assert_eq!(statistics.class_counts, [5000; 10]);
    assert_eq!((statistics.least_size, statistics.greatest_size), ((32, 32), (32, 32)));
    let close = |found: Vec<f64>, expected: [f64; 3]| {
        let differences = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
        assert!(differences.fold(0.0, f64::max) < 2e-3, "{found:?} instead of {expected:?}");
    };
    close(statistics.mean, [0.4913, 0.4821, 0.4465]);
    // The deviation over all pixels of the training set.
    close(statistics.std, [0.2452, 0.2428, 0.2606]);
}
