//! What others made and the report embeds is what they released.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

const FILES: [(&str, &str); 3] = [
    ("uplot/uPlot.iife.min.js", "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"),
    ("uplot/uPlot.min.css", "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"),
    ("uplot/LICENSE", "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd"),
];

fn vendor(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor").join(file);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn vendored_files_are_unmodified_and_listed_with_their_sums() {
    let list = String::from_utf8(vendor("README.md")).expect("text");
    for (file, sum) in FILES {
        let found: String = Sha256::digest(vendor(file)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, sum, "{file}");
        let name = file.rsplit('/').next().unwrap_or(file);
        assert!(list.contains(&format!("| `{name}` | `{sum}` |")), "{file} is not listed with its sum");
    }
    // It stands in the page as a comment.
    assert!(!String::from_utf8(vendor("uplot/LICENSE")).expect("text").contains("--"));
}

#[test]
fn embedded_scripts_and_styles_cannot_close_their_elements() {
    for (file, closing) in [("uplot/uPlot.iife.min.js", "</script"), ("uplot/uPlot.min.css", "</style")] {
        let text = String::from_utf8(vendor(file)).expect("text").to_lowercase();
        assert!(!text.contains(closing) && !text.contains("<!--") && !text.contains("url("), "{file}");
    }
}
