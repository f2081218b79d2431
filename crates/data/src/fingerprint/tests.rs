use bmae_architecture::ImageSize;

use std::fs;
use std::path::Path;

use super::*;
use crate::{Selection, Source, open};

/// `train/` and `test/` with two classes of three files each; only pictures are decoded, and these are none.
fn photos(root: &Path) {
    for split in ["train", "test"] {
        for class in ["cat", "dog"] {
            for number in 0..3 {
                let path = root.join(split).join(class).join(format!("{number}.png"));
                fs::create_dir_all(path.parent().expect("a folder")).expect("room");
                fs::write(path, format!("{split} {class} {number}")).expect("room");
            }
        }
    }
}

fn of(source: &Source, split: Split) -> Fingerprint {
    let dataset = open(source, &Selection::default()).expect("images");
    Fingerprint::of(&dataset, split).expect("it can be read").expect("the split is there")
}

fn train(root: &Path) -> Fingerprint {
    of(&Source::Path(root.to_owned()), Split::Train)
}

/// Which parts of the training images' fingerprint a change moves: number, listing, contents.
fn moved_by(change: impl FnOnce(&Path)) -> (bool, bool, bool) {
    let folder = tempfile::tempdir().expect("a folder");
    photos(folder.path());
    let before = train(folder.path());
    change(&folder.path().join("train"));
    let after = train(folder.path());
    (before.images != after.images, before.listing != after.listing, before.contents != after.contents)
}

#[test]
fn what_happens_to_an_image_shows_in_the_part_that_it_concerns() {
    assert_eq!(
        moved_by(|train| fs::write(train.join("cat/1.png"), "train cat X").expect("room")),
        (false, false, true)
    );
    assert_eq!(
        moved_by(|train| fs::write(train.join("cat/1.png"), "longer than it was").expect("room")),
        (false, false, true)
    );
    assert_eq!(
        moved_by(|train| fs::rename(train.join("cat/1.png"), train.join("cat/1b.png")).expect("a file")),
        (false, true, false)
    );
    let rename_class = |train: &Path| {
        for split in [train.to_owned(), train.with_file_name("test")] {
            fs::rename(split.join("dog"), split.join("hound")).expect("a folder");
        }
    };
    assert_eq!(moved_by(rename_class), (false, true, false));
    assert_eq!(
        moved_by(|train| fs::rename(train.join("cat/2.png"), train.join("dog/10.png")).expect("a file")),
        (false, true, true)
    );
    assert_eq!(moved_by(|train| fs::remove_file(train.join("dog/2.png")).expect("a file")), (true, true, true));
    assert_eq!(moved_by(|train| fs::write(train.join("dog/3.png"), "new").expect("room")), (true, true, true));
}

#[test]
fn places_times_and_other_files_do_not_count() {
    let nothing = (false, false, false);
    let copied = |from: &Path| {
        fs::copy(from, from.with_extension("copy")).and_then(|_| fs::rename(from.with_extension("copy"), from))
    };
    assert_eq!(moved_by(|train| copied(&train.join("cat/1.png")).expect("a copy")), nothing);
    assert_eq!(moved_by(|train| fs::write(train.join("cat/notes.txt"), "not an image").expect("room")), nothing);
    assert_eq!(moved_by(|train| fs::write(train.join("../test/cat/0.png"), "a test image").expect("room")), nothing);
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    photos(here.path());
    photos(there.path());
    assert_eq!(train(here.path()), train(there.path()));
}

#[test]
fn only_the_images_that_are_taken_count() {
    let folder = tempfile::tempdir().expect("a folder");
    photos(folder.path());
    let of_two = || {
        let dataset = open(&Source::Path(folder.path().to_owned()), &Selection::limited(2, 0)).expect("images");
        Fingerprint::of(&dataset, Split::Train).expect("it can be read").expect("images")
    };
    let before = of_two();
    fs::write(folder.path().join("train/cat/2.png"), "beyond the limit").expect("room");
    assert_eq!((of_two(), before.images), (before.clone(), 2));
    let lists = |limit| {
        let dataset = open(&Source::Path(folder.path().to_owned()), &Selection::limited(limit, 0)).expect("images");
        before.lists(&dataset, Split::Train)
    };
    assert_eq!([2, 3, 0].map(lists), [true, false, false]);
}

#[test]
fn splits_and_what_shapes_are_drawn_from_are_told_apart() {
    let shapes = |seed, side| {
        let size = ImageSize::square(side);
        of(&Source::Shapes { seed, train: 20, test: 20, size }, Split::Train)
    };
    assert_eq!(shapes(0, 32), shapes(0, 32));
    let of_size = |height, width| Source::Shapes { seed: 0, train: 20, test: 20, size: ImageSize { height, width } };
    let others = [
        shapes(1, 32),
        shapes(0, 64),
        of(&of_size(32, 64), Split::Train),
        of(&of_size(64, 32), Split::Train),
        of(&of_size(32, 32), Split::Test),
    ];
    assert_ne!(others[2].contents, others[3].contents);
    assert!(others.iter().all(|other| other.contents != shapes(0, 32).contents), "{others:?}");
}

#[test]
fn every_byte_of_cifar_counts_and_a_set_without_test_images_has_no_fingerprint_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, record: Vec<u8>| fs::write(folder.path().join(name), record).expect("room");
    let record = |label: u8, last: u8| [vec![label], vec![9; 3071], vec![last]].concat();
    for number in 1..6 {
        write(&format!("data_batch_{number}.bin"), record(number, 9));
    }
    write("test_batch.bin", record(0, 9));
    let train = || of(&Source::Cifar10(folder.path().to_owned()), Split::Train);
    let before = train();
    write("data_batch_4.bin", record(4, 8));
    let pixel = train();
    assert_eq!((pixel.listing == before.listing, pixel.contents == before.contents), (true, false));
    write("data_batch_4.bin", record(5, 9));
    let label = train();
    assert_eq!((label.listing == before.listing, label.contents == before.contents), (false, true));

    let pile = tempfile::tempdir().expect("a folder");
    fs::write(pile.path().join("a.png"), "unlabelled").expect("room");
    let dataset = open(&Source::Path(pile.path().to_owned()), &Selection::default()).expect("images");
    assert_eq!(Fingerprint::of(&dataset, Split::Test).expect("nothing is read"), None);
}
