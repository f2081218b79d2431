//! A stopped run goes on as if it had never stopped; a finished one is left alone.

use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::Outcome;

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};

fn mae_new() -> Recipe {
    recipe("method.name = 'mae-new'\nmethod.k = 2\nmethod.tau = 0.3\npretrain.checkpoint_every = 3")
}

#[test]
fn a_run_stopped_in_the_middle_of_an_epoch_and_resumed_reads_like_one_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    pretrain(&mae_new(), &whole, false, None).expect("trains");

    // 4 steps an epoch: step 14 lies in epoch 3, after the switch.
    let outcome = pretrain(&mae_new(), &stopped, false, Some(14)).expect("stops");
    assert_eq!(outcome, Outcome::Interrupted { epochs_kept: 3, epochs: 6, steps_kept: 2 });
    let outcome = pretrain(&mae_new(), &stopped, true, None).expect("goes on");
    assert!(matches!(outcome, Outcome::Finished(_)));

    assert_eq!(metrics(&stopped), metrics(&whole));
    assert_eq!(weights(&stopped).tensors, weights(&whole).tensors, "bit for bit");
}

#[test]
fn a_torn_last_line_is_dropped_on_resume() {
    use std::io::Write;
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    pretrain(&mae_new(), &whole, false, None).expect("trains");
    pretrain(&mae_new(), &stopped, false, Some(10)).expect("stops");
    let mut file = std::fs::OpenOptions::new().append(true).open(stopped.join("metrics.jsonl")).expect("metrics");
    file.write_all(br#"{"kind":"step","run":"te"#).expect("written");
    drop(file);
    pretrain(&mae_new(), &stopped, true, None).expect("goes on");
    assert_eq!(metrics(&stopped), metrics(&whole));
}

#[test]
fn a_finished_run_is_recognised_and_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&mae_new(), folder.path(), false, None).expect("trains");
    let before = std::fs::read(folder.path().join("metrics.jsonl")).expect("metrics");
    assert_eq!(pretrain(&mae_new(), folder.path(), true, None).expect("recognised"), Outcome::AlreadyFinished);
    assert_eq!(std::fs::read(folder.path().join("metrics.jsonl")).expect("metrics"), before);
}

#[test]
fn resuming_an_empty_or_missing_folder_starts_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("pretrain.epochs = 1");
    for out in [folder.path().join("missing"), folder.path().to_owned()] {
        if out.exists() {
            std::fs::remove_dir_all(out.join("missing")).expect("emptied");
        }
        assert!(matches!(pretrain(&recipe, &out, true, None), Ok(Outcome::Finished(_))), "{}", out.display());
    }
}

#[test]
fn a_folder_with_a_run_is_refused_without_resume_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 1"), folder.path(), false, None).expect("trains");
    let error = pretrain(&recipe("pretrain.epochs = 1"), folder.path(), false, None).expect_err("refused");
    let text = error.to_string();
    assert!(text.contains("already holds a run"), "{text}");
}

#[test]
fn another_recipe_is_refused_on_resume_and_the_keys_that_differ_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 1"), folder.path(), false, None).expect("trains");
    let error = pretrain(&recipe("pretrain.epochs = 2"), folder.path(), true, None).expect_err("refused");
    assert!(error.to_string().contains("pretrain.epochs was 1, is now 2"), "{error}");
}

#[test]
fn what_only_other_stages_read_may_change_between_sessions() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("pretrain.epochs = 1"), folder.path(), false, None).expect("trains");
    let other = recipe("pretrain.epochs = 1\nlinprobe.epochs = 9\nfinetune.base_lr = 0.5");
    assert_eq!(pretrain(&other, folder.path(), true, None).expect("recognised"), Outcome::AlreadyFinished);
}

#[test]
fn a_folder_with_other_files_is_never_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("thesis.tex"), "years of work").expect("written");
    let error = pretrain(&recipe("pretrain.epochs = 1"), folder.path(), true, None).expect_err("refused");
    assert!(error.to_string().contains("thesis.tex"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe("pretrain.epochs = 2");
    let of = |workers: usize| {
        let out = folder.path().join(workers.to_string());
        let mut watching = Watching::default();
        bmae_train::run::stage(
            &mut session(&mut watching, workers),
            &planned(Stage::Pretrain, &recipe, &Start::Scratch, &out),
            false,
        )
        .expect("trains");
        (metrics(&out), weights(&out).tensors)
    };
    assert_eq!(of(1), of(4));
}

#[test]
fn kept_checkpoints_carry_their_epoch_in_their_name() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&mae_new(), folder.path(), false, None).expect("trains");
    let mut names: Vec<String> = std::fs::read_dir(folder.path().join("checkpoints"))
        .expect("checkpoints")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["epoch-0003.safetensors", "epoch-0006.safetensors", "last.safetensors"]);
}
