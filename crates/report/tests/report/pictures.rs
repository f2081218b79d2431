//! The pictures of a pre-training in the report.

use std::fs;
use std::path::{Path, PathBuf};

use crate::experiment::{run, write_report};

/// Head and end of a PNG file of 4 x 3 pixels; nobody decodes it here.
fn png(mark: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend([0, 0, 0, 4, 0, 0, 0, 3, 8, 2, 0, 0, mark]);
    bytes.extend(b"\0\0\0\0IEND\xaeB`\x82");
    bytes
}

/// A pre-training with pictures of these names.
fn pretrain(folder: &Path, pictures: &[(&str, Vec<u8>)]) -> PathBuf {
    let path = run("pretrain", "mae").steps(1).write(&folder.join("runs/mae/pretrain"));
    fs::create_dir_all(path.join("pictures")).expect("a folder");
    for (name, bytes) in pictures {
        fs::write(path.join("pictures").join(name), bytes).expect("a picture");
    }
    path
}

fn report(folder: &Path) -> (String, String) {
    write_report(&[folder.join("runs")], &folder.join("report")).expect("a report");
    let read = |file| fs::read_to_string(folder.join("report").join(file)).expect("a text");
    (read("index.html"), read("report.md"))
}

#[test]
fn the_last_picture_of_each_kind_is_shown_and_copied_beside_the_markdown() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["epoch-0002-reconstruction.png", "epoch-0010-reconstruction.png", "epoch-0010-attention.png"];
    pretrain(folder.path(), &[(names[0], png(1)), (names[1], png(2)), (names[2], png(3))]);
    let (page, markdown) = report(folder.path());

    assert!(page.contains("<figure class=\"picture\" data-epoch=\"2\" hidden>"));
    assert!(page.contains("<figure class=\"picture\" data-epoch=\"10\">"));
    assert!(page.contains("<img width=\"4\" height=\"3\" alt=\"Reconstruction of mae after 10 epochs: "));
    assert_eq!(page.matches("src=\"data:image/png;base64,iVBORw0KGgo").count(), 3);
    let copy = "figures/picture-00-mae-epoch-0010-reconstruction.png";
    assert!(markdown.contains(&format!("![Reconstruction of mae after 10 epochs]({copy})")), "{markdown}");
    assert_eq!(fs::read(folder.path().join("report").join(copy)).expect("a copy"), png(2));
}

#[test]
fn at_most_six_epochs_are_taken_in_and_a_file_that_is_not_gets_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<String> = (1..=9).map(|epoch| format!("epoch-{epoch:04}-reconstruction.png")).collect();
    let mut pictures: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), png(0))).collect();
    pictures[7].1.resize(3_200_000, 0);
    pictures[8].1 = b"GIF89a".to_vec();
    pretrain(folder.path(), &pictures);
    let (page, markdown) = report(folder.path());

    assert_eq!(page.matches("<figure class=\"picture\"").count(), 4, "epochs 4 to 7");
    let large = "epoch-0008-reconstruction.png is not shown: it has 3.2 MB, more than the 3 MB that a page takes in.";
    assert!(page.contains(large) && markdown.contains(large), "{markdown}");
    assert!(page.contains("epoch-0009-reconstruction.png is not shown: it is not a whole PNG file."));
}

#[test]
fn what_is_called_like_a_picture_and_is_none_stops_no_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["epoch-0001-attention.png", "epoch-0002-attention.png", "epoch-0003-attention.png"];
    let torn = png(1)[..29].to_vec();
    let path = pretrain(folder.path(), &[(names[0], png(1)), (names[1], torn)]);
    fs::create_dir(path.join("pictures").join(names[2])).expect("a folder");
    let (page, _) = report(folder.path());

    assert_eq!(page.matches("<figure class=\"picture\"").count(), 1);
    assert!(page.contains("epoch-0002-attention.png is not shown: it is not a whole PNG file."), "{page}");
    assert!(page.contains("epoch-0003-attention.png is not shown: it is not a file."), "{page}");
}

#[test]
fn without_pictures_there_is_no_section_and_no_copy_of_an_earlier_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = pretrain(folder.path(), &[("epoch-0001-attention.png", png(1))]);
    assert!(report(folder.path()).0.contains("<h2 id=\"pictures\">"));
    fs::remove_dir_all(path.join("pictures")).expect("removed");
    let own = folder.path().join("report/figures/mine.png");
    fs::write(&own, "not of a report").expect("a file");
    assert!(!report(folder.path()).0.contains("<h2 id=\"pictures\">"));
    assert!(!folder.path().join("report/figures/picture-00-mae-epoch-0001-attention.png").exists());
    assert!(own.exists(), "a file that is not ours was removed");
}
