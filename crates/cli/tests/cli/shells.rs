//! What shells and `man` need.

use std::process::Command;

use crate::folder::Folder;

#[test]
fn every_shell_has_a_script_that_asks_the_program() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = folder.bmae(&format!("completions {shell}")).succeeds();
        assert!(ended.stdout.contains("BMAE_COMPLETE") && ended.stdout.contains("bmae"), "{}", ended.story());
    }
}

/// What bash offers behind `words`, of which the last is half typed, in the folder.
fn offered_by_bash(folder: &Folder, words: &[&str]) -> Vec<String> {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_bmae"));
    let path =
        format!("{}:{}", binary.parent().expect("a folder").display(), std::env::var("PATH").unwrap_or_default());
    let [.., before, last] = words else { panic!("two words at least") };
    let script = format!(
        "source <(bmae completions bash); COMP_WORDS=({}); COMP_CWORD={}; COMP_TYPE=9; \
         _clap_complete_bmae bmae '{last}' '{before}' 2>&1; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len() - 1
    );
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path(".")).env("PATH", path).output();
    let output = output.expect("bash is installed");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()
}

#[test]
fn bash_completes_names_and_keys_and_values() {
    let folder = Folder::new();
    folder.write("own.toml", b"");
    folder.write("photos/train/cat/1.png", b"");
    folder.write("runs/a/run.toml", b"");
    folder.write("other/letter.txt", b"");
    let offers = |words: &[&str], offered: &[&str]| assert_eq!(offered_by_bash(&folder, words), offered, "{words:?}");
    offers(&["bmae", "repr"], &["reproduce"]);
    offers(
        &["bmae", "pretrain", "--preset", ""],
        &["quick", "mini", "paper", "other/", "own.toml", "photos/", "runs/", "tiny.toml"],
    );
    offers(&["bmae", "pretrain", "--preset", "pa"], &["paper"]);
    offers(&["bmae", "pretrain", "--method", "mae-"], &["mae-k", "mae-new"]);
    offers(&["bmae", "pretrain", "--set", "pretrain.ep"], &["pretrain.epochs=", "pretrain.epoch_fraction="]);
    // Bash splits words at `=`.
    offers(&["bmae", "pretrain", "--set", "method.name", "=", "mae-"], &["mae-k", "mae-new"]);
    offers(
        &["bmae", "pretrain", "--set", "method.name", "="],
        &["scratch", "mae", "mae-k", "ema-mae", "mae-new", "custom"],
    );
    offers(&["bmae", "sweep", "--grid", "method.wa"], &["method.warmup_weight="]);
    offers(&["bmae", "sweep", "la"], &["lambda", "labels"]);
    offers(&["bmae", "data", "preview", "--stage", "lin"], &["linprobe"]);
    offers(&["bmae", "data", "info", "--data", "ci"], &["cifar10", "cifar100"]);
    offers(&["bmae", "sweep", "k", "--evaluations", "finetune,k"], &["finetune,knn"]);
    offers(&["bmae", "knn", "--from", "s"], &["scratch"]);
    offers(&["bmae", "report", "r"], &["runs/"]);
    assert_eq!(offered_by_bash(&folder, &["bmae", "watch", ""])[0], "runs/");
    offers(&["bmae", "checkpoint", "export", "--to", "h"], &["huggingface"]);
}

#[cfg(target_os = "linux")]
#[test]
fn help_fits_the_terminal_and_its_examples_can_be_pasted() {
    let folder = Folder::new();
    for columns in [50, 60, 80, 110] {
        for command in ["pretrain", "sweep", "bench", "forward", "checkpoint export"] {
            let line = format!("stty cols {columns} rows 50; {} {command} --help", env!("CARGO_BIN_EXE_bmae"));
            let output =
                Command::new("script").args(["-qec", &line, "/dev/null"]).current_dir(folder.path(".")).output();
            let Ok(output) = output else {
                eprintln!("skipped: there is no `script` here");
                return;
            };
            let text = plain(&String::from_utf8_lossy(&output.stdout));
            let long = text.lines().find(|line| line.chars().count() > columns && !line.trim_start().starts_with("--"));
            assert_eq!(long, None, "at {columns} columns in\n{text}");
            let joined = text.replace("\\\n", "");
            let examples =
                joined.lines().filter(|line| line.trim_start().starts_with("bmae ") && line.starts_with(' '));
            for example in examples.filter(|example| !example.contains('\'')) {
                let words = shlex::split(example).expect("closed quotes");
                assert!(words.len() > 1 && (example.contains(" --out") || command != "pretrain"), "{example}");
            }
        }
    }
}

/// Without colours and carriage returns.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest: String = parts.map(|part| part.split_once('m').map_or("", |(_, rest)| rest)).collect();
    (first + &rest).replace('\r', "")
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = Folder::new();
    let json = folder.bmae("man pages/man1 --json").succeeds().json();
    let pages = json["pages"].as_array().expect("a list");
    for page in ["bmae.1", "bmae-pretrain.1", "bmae-data-preview.1", "bmae-runs-compare.1"] {
        assert!(pages.iter().any(|name| name == page), "{page} in {json}");
        let text = folder.read(&format!("pages/man1/{page}"));
        assert!(text.starts_with(".ie") || text.contains(".TH"), "{page} is no manual page");
    }
    assert!(folder.read("pages/man1/bmae-pretrain.1").contains("bmae pretrain \\-\\-out runs/mae"));
}

#[test]
fn the_version_names_the_commit_it_was_built_from_in_a_checkout() {
    let text = Folder::new().bmae("--version").succeeds().stdout;
    assert!(text.starts_with(concat!("bmae ", env!("CARGO_PKG_VERSION"))), "{text}");
}
