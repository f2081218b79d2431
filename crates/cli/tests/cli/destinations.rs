//! What is written goes where it was meant to go: through links, into devices and pipes, and never in their place.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use crate::folder::Folder;

const TRAIN: &str = "pretrain --preset tiny.toml -q --out";

fn features(out: &str) -> String {
    format!("features --preset tiny.toml --from scratch --split test --feature mean -q --out {out}")
}

fn mode(folder: &Folder, name: &str) -> u32 {
    fs::symlink_metadata(folder.path(name)).expect("it is there").permissions().mode() & 0o7777
}

fn is_link(folder: &Folder, name: &str) -> bool {
    fs::symlink_metadata(folder.path(name)).is_ok_and(|found| found.is_symlink())
}

#[test]
fn a_file_given_as_a_link_is_written_where_the_link_points() {
    let folder = Folder::new();
    folder.write("disk/old", b"");
    fs::set_permissions(folder.path("disk/old"), fs::Permissions::from_mode(0o640)).expect("a mode");
    folder.write("any-other", b"");
    for (link, target) in [("to-old", "disk/old"), ("to-new", "disk/new")] {
        symlink(target, folder.path(link)).expect("a link");
        folder.bmae(&features(link)).succeeds();
        assert!(is_link(&folder, link), "{}", folder.listing());
        assert!(fs::metadata(folder.path(target)).expect("it is there").len() > 1000);
    }
    assert_eq!(mode(&folder, "disk/old"), 0o640, "what is replaced keeps its mode");
    assert_eq!(mode(&folder, "disk/new"), mode(&folder, "any-other"), "what is new has the mode that the umask gives");

    symlink("round", folder.path("round")).expect("a link");
    folder.bmae(&features("round")).refuses(1, &["cannot write round"]);
    symlink("nowhere/file", folder.path("into-nowhere")).expect("a link");
    folder.bmae(&features("into-nowhere")).refuses(1, &["cannot write into-nowhere", "make the folder first"]);
}

#[test]
fn a_report_and_an_export_go_through_links_too() {
    let folder = Folder::new();
    folder.bmae(&format!("{TRAIN} a")).succeeds();
    fs::create_dir(folder.path("report")).expect("a folder");
    symlink("../elsewhere.csv", folder.path("report/results.csv")).expect("a link");
    folder.bmae("report a --out report -q").succeeds();
    assert!(is_link(&folder, "report/results.csv") && folder.read("elsewhere.csv").starts_with("run,method"));

    fs::create_dir(folder.path("disk")).expect("a folder");
    for (link, target) in [("empty", "disk"), ("dangling", "new")] {
        symlink(target, folder.path(link)).expect("a link");
        folder.bmae(&format!("checkpoint export --from a --to huggingface --out {link} -q")).succeeds();
        assert!(is_link(&folder, link) && folder.path(target).join("config.json").exists(), "{}", folder.listing());
    }
}

#[test]
fn a_run_directory_and_its_folders_may_be_links() {
    let folder = Folder::new();
    symlink("disk", folder.path("run")).expect("a link");
    folder.bmae(&format!("{TRAIN} run")).succeeds();
    assert!(is_link(&folder, "run") && folder.path("disk/run.toml").exists(), "{}", folder.listing());

    fs::create_dir_all(folder.path("other/large")).expect("a folder");
    fs::create_dir_all(folder.path("second")).expect("a folder");
    let about = folder.read("disk/run.toml").replace("finished = true", "finished = false");
    folder.write("disk/run.toml", about.as_bytes());
    fs::rename(folder.path("disk/checkpoints"), folder.path("other/checkpoints")).expect("moved");
    symlink("../other/checkpoints", folder.path("disk/checkpoints")).expect("a link");
    folder.bmae(&format!("{TRAIN} run --resume")).succeeds();
    assert!(is_link(&folder, "disk/checkpoints"), "{}", folder.listing());
}

#[test]
fn a_device_or_a_pipe_is_given_the_bytes_and_stays() {
    let folder = Folder::new();
    folder.bmae(&features("/dev/null")).succeeds();
    assert!(fs::metadata("/dev/null").expect("there is one").file_type().is_char_device());

    let made = Command::new("mkfifo").arg(folder.path("pipe")).status().expect("there is mkfifo");
    assert!(made.success());
    let reader = Command::new("cat").arg(folder.path("pipe")).stdout(Stdio::piped()).spawn().expect("there is cat");
    folder.bmae(&features("pipe")).succeeds();
    let read = reader.wait_with_output().expect("it ends").stdout;
    assert!(read.len() > 1000, "{}", read.len());
    assert!(fs::symlink_metadata(folder.path("pipe")).expect("the pipe").file_type().is_fifo());
}

#[test]
fn a_lock_that_is_no_file_is_refused_before_anything_is_written() {
    let folder = Folder::new();
    folder.write("precious", b"kept");
    for (run, target) in [("link", "../precious"), ("dangling", "../nowhere")] {
        fs::create_dir(folder.path(run)).expect("a folder");
        symlink(target, folder.path(run).join("lock")).expect("a link");
    }
    fs::create_dir_all(folder.path("folder/lock")).expect("a folder");
    fs::create_dir(folder.path("pipe")).expect("a folder");
    let made = Command::new("mkfifo").arg(folder.path("pipe/lock")).status().expect("there is mkfifo");
    assert!(made.success());
    for (run, part) in
        [("link", "symbolic link"), ("dangling", "symbolic link"), ("folder", "folder"), ("pipe", "pipe")]
    {
        let lock = format!("cannot lock {run}/lock");
        folder.bmae(&format!("{TRAIN} {run}")).refuses(1, &[&lock, part, "remove it"]);
        assert_eq!(fs::read_dir(folder.path(run)).expect("a folder").count(), 1, "{}", folder.listing());
    }
    assert_eq!(folder.read("precious"), "kept");
    assert!(!folder.path("nowhere").exists());
}

#[test]
fn event_files_of_other_programs_stay() {
    let folder = Folder::new();
    folder.bmae(&format!("{TRAIN} run")).succeeds();
    let foreign = "run/tensorboard/events.out.tfevents.1700000000.machine.1.0";
    folder.write(foreign, b"mine");
    let about = folder.read("run/run.toml").replace("finished = true", "finished = false");
    folder.write("run/run.toml", about.as_bytes());
    folder.bmae(&format!("{TRAIN} run --resume")).succeeds();
    assert_eq!(folder.read(foreign), "mine");
}
