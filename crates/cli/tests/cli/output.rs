//! Results on stdout, the rest on stderr; a reader that has had enough is no failure.

use std::fs::OpenOptions;
use std::process::Stdio;

use crate::folder::Folder;

#[test]
fn results_go_to_stdout_and_progress_to_stderr_as_plain_lines() {
    let ended = Folder::new().bmae("-v pretrain --preset tiny.toml --out a").succeeds();
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.story());
    assert!(ended.stderr.contains("a pretrain: 2 epochs of 2 steps of 32 images"), "{}", ended.story());
    assert!(ended.stderr.contains("a pretrain: epoch 1/2: loss "), "{}", ended.story());
    assert!(ended.stderr.contains(" images/s"), "{}", ended.story());
    assert!(!ended.stderr.contains('\u{1b}'), "no escape sequences where there is no terminal{}", ended.story());
}

#[test]
fn quiet_says_nothing_beside_the_result_and_verbose_names_the_parameter_groups() {
    let folder = Folder::new();
    let quiet = folder.bmae("-q pretrain --preset tiny.toml --out a").succeeds();
    assert_eq!(quiet.stderr, "", "{}", quiet.story());
    assert_eq!(quiet.stdout.lines().count(), 1, "{}", quiet.story());
    let verbose = folder.bmae("-v pretrain --preset tiny.toml --out b").succeeds();
    assert!(verbose.stderr.contains("patch_embed.proj.weight"), "{}", verbose.story());
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    for words in [["checkpoint", "info", "--from", "a"], ["report", "a", "--out", "report"]] {
        let mut child = folder
            .command(&words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        drop(child.stdout.take());
        let ended = folder.ended(&words, child.wait_with_output().expect("it ends"));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.story());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_a_failure() {
    let folder = Folder::new();
    let words = ["data", "info", "--preset", "tiny.toml"];
    let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = folder.command(&words).stdout(full).output().expect("the binary can be started");
    folder.ended(&words, output).refuses(1, &["cannot write the results to stdout", "No space left"]);
}
