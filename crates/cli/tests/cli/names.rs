//! Names that others chose are shown as text: they control no terminal, begin no line, and are no formula.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use image::ImageFormat;

use crate::fixtures::picture;
use crate::folder::Folder;

/// Clears the screen, begins a line, turns letters around, and ends a bar.
const HOSTILE: &str = "x\u{1b}[2Jy\nz\u{202e}\u{9b}31m|";
/// As it is shown.
const SHOWN: &str = r"x\u{1b}[2Jy\nz\u{202e}\u{9b}31m|";

/// Nothing but text, its line breaks and its tabs.
#[track_caller]
fn is_text(text: &str) {
    let others: Vec<char> =
        text.chars().filter(|&c| !(c == '\n' || c == '\t' || bmae_output::plain::is_plain(c))).collect();
    assert!(others.is_empty(), "{others:?} in {text}");
}

#[test]
fn the_name_of_a_run_is_text_wherever_it_is_shown() {
    let folder = Folder::new();
    let trained = folder.run(&["pretrain", "--preset", "tiny.toml", "--out", HOSTILE]).succeeds();
    assert!(trained.stderr.contains(SHOWN) && trained.stdout.contains(SHOWN), "{}", trained.story());
    assert_eq!(trained.stdout.lines().count(), 1, "{}", trained.story());
    let again = folder.run(&["pretrain", "--preset", "tiny.toml", "--out", HOSTILE]);
    is_text(&again.stderr);
    assert!(again.code == Some(1) && again.stderr.contains("already holds a run"), "{}", again.story());

    let mut shown = vec![trained.stdout, trained.stderr];
    for words in
        [&["runs", HOSTILE][..], &["watch", HOSTILE], &["runs", "metrics", HOSTILE], &["runs", "--json", HOSTILE]]
    {
        let told = folder.run(words).succeeds();
        assert!(told.stdout.contains("u{1b}[2J"), "{}", told.story());
        shown.push(told.stdout);
    }
    let report = folder.run(&["report", HOSTILE, "--out", "report"]).succeeds();
    shown.push(report.stdout);
    for file in ["report.md", "results.csv", "findings.csv", "figures/pretrain-loss.svg"] {
        shown.push(folder.read(&format!("report/{file}")));
    }
    let page = folder.read("report/index.html");
    assert!(page.contains(r"x\u{1b}[2Jy\nz\u{202e}") && !page.contains('\u{1b}') && !page.contains("z\u{202e}"));
    shown.iter().for_each(|text| is_text(text));
    let listed = folder.run(&["runs", HOSTILE, "--json"]).succeeds().json();
    assert_eq!(listed[0]["directory"], HOSTILE, "JSON has the path itself");
}

#[test]
fn what_was_typed_is_text_in_errors() {
    let folder = Folder::new();
    for words in [
        &["a\u{1b}]0;owned\u{7}b\u{202e}"][..],
        &["checkpoint", "info", "--from", HOSTILE],
        &["data", "info", "--data", HOSTILE],
        &["runs", HOSTILE],
        &["report", HOSTILE, "--out", "r"],
        &["pretrain", "--set", "seed=\"\u{1b}[2J\"", "--out", "r"],
        &["pretrain", "--set", "a\u{1b}[2J\u{202e}=1", "--out", "r"],
    ] {
        let ended = folder.run(words);
        assert!(matches!(ended.code, Some(1 | 2)), "{}", ended.story());
        is_text(&ended.stderr);
    }
}

#[test]
fn a_name_that_begins_like_a_formula_is_none_in_csv() {
    let folder = Folder::new();
    folder.run(&["pretrain", "--preset", "tiny.toml", "--out", "=1+1", "-q"]).succeeds();
    folder.run(&["knn", "--preset", "tiny.toml", "--from", "=1+1", "--out", "knn", "-q"]).succeeds();
    let metrics = folder.run(&["runs", "metrics", "knn"]).succeeds();
    assert!(metrics.stdout.lines().skip(1).all(|line| line.starts_with("'=1+1,knn,0,")), "{}", metrics.story());
    folder.run(&["report", "knn", "--out", "report"]).succeeds();
    assert!(folder.read("report/results.csv").contains("\n'=1+1,"), "{}", folder.read("report/results.csv"));
}

#[test]
fn class_folders_whose_names_are_no_utf_8_stay_apart() {
    let folder = Folder::new();
    for split in ["train", "test"] {
        for class in [&b"caf\xe9"[..], b"caf\xe8", b"a\x1b[2J"] {
            let path = folder.path("photos").join(split).join(OsStr::from_bytes(class));
            std::fs::create_dir_all(&path).expect("a folder");
            for number in 0..4 {
                std::fs::write(path.join(format!("{number}.png")), picture(number, ImageFormat::Png))
                    .expect("a picture");
            }
        }
    }
    let told = folder.bmae("data info --preset tiny.toml --data photos").succeeds();
    assert!(told.stdout.contains(r"3 classes: a\u{1b}[2J 4, caf\xe8 4, caf\xe9 4"), "{}", told.story());
}

#[test]
fn a_folder_whose_name_is_no_utf_8_is_written_to() {
    let folder = Folder::new();
    for json in [false, true] {
        let mut command = folder.command(&["pretrain", "--preset", "tiny.toml", "-q", "--out"]);
        let name = if json { &b"caf\xe8"[..] } else { b"caf\xe9" };
        command.arg(OsStr::from_bytes(name)).args(json.then_some("--json"));
        let output = command.output().expect("the binary can be started");
        let ended = folder.ended(&["pretrain"], output).succeeds();
        assert!(json || ended.stdout.ends_with("in caf\\xe9\n"), "{}", ended.story());
        assert!(folder.path("").join(OsStr::from_bytes(name)).join("run.toml").exists());
    }
}
