//! Tells the program which commit it is built from, where it is built in a checkout: `BMAE_COMMIT`, with `+` behind it
//! where the files differ from that commit.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=BMAE_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let given = std::env::var("BMAE_COMMIT").ok().filter(|commit| !commit.is_empty());
    if let Some(commit) = given.or_else(commit) {
        println!("cargo::rustc-env=BMAE_COMMIT={commit}");
    }
}

/// Only the checkout of this very workspace counts, not one that a package happens to be unpacked in.
fn commit() -> Option<String> {
    let root = PathBuf::from("..").join("..");
    root.join("Cargo.lock").exists().then_some(())?;
    let commit = git(&root, &["rev-parse", "--short=12", "HEAD"])?;
    // A commit changes the log of HEAD; what is built lies in these.
    let log = git(&root, &["rev-parse", "--git-path", "logs/HEAD"])?;
    for path in [log.as_str(), "crates", "configs", "Cargo.lock"] {
        if root.join(path).exists() {
            println!("cargo::rerun-if-changed={}", root.join(path).display());
        }
    }
    let changed = git(&root, &["status", "--porcelain", "--untracked-files=no", "crates", "configs", "Cargo.lock"]);
    let changed = changed.is_some_and(|changed| !changed.is_empty());
    Some(if changed { format!("{commit}+") } else { commit })
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").current_dir(root).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
