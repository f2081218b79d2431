//! Limits of the system are sentences, and a run that met one goes on when it is lifted.

use crate::folder::{Ended, Folder};

/// `bmae` behind limits that a shell sets.
fn limited(folder: &Folder, limits: &str, line: &str) -> Ended {
    let words: Vec<&str> = line.split(' ').collect();
    let bmae = folder.command(&words);
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]).arg(bmae.get_program()).args(bmae.get_args());
    let variables = bmae.get_envs().filter_map(|(name, value)| Some((name, value?)));
    shell.envs(variables).env_remove("RUST_BACKTRACE").current_dir(folder.path(""));
    folder.ended(&words, shell.output().expect("there is bash"))
}

const TRAIN: &str = "pretrain --preset tiny.toml -q --out run";

#[test]
fn a_limit_on_the_size_of_files_is_a_sentence_and_the_run_goes_on_without_it() {
    let folder = Folder::new();
    // Whether the signal is ignored already or would kill.
    for limits in ["ulimit -f 8", "trap '' XFSZ; ulimit -f 8"] {
        limited(&folder, limits, TRAIN).refuses(1, &["cannot write run/", "File too large", "ulimit -f"]);
        let about = std::fs::read_to_string(folder.path("run/run.toml")).expect("run.toml");
        assert!(about.contains("File too large"), "{about}");
        std::fs::remove_dir_all(folder.path("run")).expect("removed");
    }
    limited(&folder, "ulimit -f 8", TRAIN).refuses(1, &["File too large"]);
    folder.bmae(&format!("{TRAIN} --resume")).succeeds();
}

#[cfg(target_os = "linux")]
#[test]
fn memory_that_is_refused_is_a_sentence_and_the_run_goes_on_with_more() {
    let folder = Folder::new();
    let large = format!(
        "{TRAIN} --threads 1 --set model.encoder={{dim=512,depth=4,heads=8}} --set pretrain.epochs=1 --set pretrain.warmup_epochs=0"
    );
    limited(&folder, "ulimit -v 200000", &large)
        .refuses(1, &["not enough memory: the system refused ", " bytes; lower batch_size", "bmae resume"]);
    folder.bmae(&format!("{large} --resume")).succeeds();
}
