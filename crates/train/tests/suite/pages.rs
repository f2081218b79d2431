//! `docs/methods.md` and `docs/recipes.md` name the tests that hold what they say; here it is made sure that these
//! exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bmae_recipe::keys;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).expect("the page exists")
}

/// Names of all tests of the workspace: what stands after `#[test]`.
fn tests() -> BTreeSet<String> {
    fn collect(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("source");
                let after = text.split("#[test]").skip(1).filter_map(|rest| rest.split("fn ").nth(1));
                names.extend(after.filter_map(|rest| Some(rest.split('(').next()?.to_owned())));
            }
        }
    }
    let mut names = BTreeSet::new();
    collect(&root().join("crates"), &mut names);
    names
}

/// The words in backticks that look like the name of a test: four words or more.
fn named(page: &str) -> Vec<&str> {
    let looks_so = |word: &&str| {
        word.matches('_').count() > 2 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    page.split('`').skip(1).step_by(2).filter(looks_so).collect()
}

#[test]
fn every_test_that_the_pages_name_exists() {
    let tests = tests();
    assert!(tests.len() > 300, "{} tests were found", tests.len());
    for name in ["methods.md", "recipes.md"] {
        let page = page(name);
        assert!(named(&page).len() > 20, "docs/{name}");
        for test in named(&page) {
            assert!(tests.contains(test), "docs/{name} names {test}, which is no test");
        }
    }
}

#[test]
fn every_option_of_a_method_and_of_a_target_has_its_line_and_its_test() {
    let page = page("methods.md");
    let of_method = keys::all().into_iter().filter(|key| key.path().starts_with("method."));
    for key in of_method.chain(keys::of_targets()) {
        let name = key.path().rsplit('.').next().expect("a name");
        let line = page.lines().find(|line| line.starts_with('|') && first_cell(line).contains(&format!("`{name}`")));
        let line = line.unwrap_or_else(|| panic!("docs/methods.md has no line for {}", key.path()));
        assert!(!named(line).is_empty(), "docs/methods.md names no test for {}", key.path());
    }
}

fn first_cell(line: &str) -> &str {
    line.split('|').nth(1).unwrap_or_default()
}
