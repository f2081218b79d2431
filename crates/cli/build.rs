//! Tells the program which commit it is built from, where it is built in a checkout: `BMAE_COMMIT`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=BMAE_COMMIT");
    let here = Path::new("..").join("..");
    // A commit changes the log of HEAD; elsewhere, such as in a package from a registry, there is none.
    for file in [".git/HEAD", ".git/logs/HEAD"] {
        if here.join(file).exists() {
            println!("cargo::rerun-if-changed={}", here.join(file).display());
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    let given = std::env::var("BMAE_COMMIT").ok().filter(|commit| !commit.is_empty());
    if let Some(commit) = given.or_else(|| git(&["rev-parse", "--short=12", "HEAD"])) {
        println!("cargo::rustc-env=BMAE_COMMIT={commit}");
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    // Only the checkout of this very workspace counts, not one that a package happens to be unpacked in.
    let manifest = Path::new("..").join("..").join("Cargo.toml");
    manifest.exists().then_some(())?;
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
