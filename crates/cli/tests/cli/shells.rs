//! What shells and `man` need.

use crate::folder::Folder;

#[test]
fn completions_know_the_commands_of_every_shell() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = folder.bmae(&format!("completions {shell}")).succeeds();
        for word in ["reproduce", "sweep", "reconstruct", "--evaluations", "ema-mae"] {
            let word = if shell == "fish" { word.trim_start_matches("--") } else { word };
            assert!(ended.stdout.contains(word), "{shell} lacks {word}");
        }
    }
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
