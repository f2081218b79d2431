//! `docs/keys.md` is the page of keys that the definitions generate.

use crate::{AnyKey, keys};

/// Where the page lies, from this crate.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keys.md");

const HEAD: &str = "\
# Recipe keys

A recipe is TOML. `--set key.path=value` sets the same keys on the command line. A key that a preset does not set has
the default below, which is the published setting; `bmae data info` prints `data.mean` and `data.std` of your own
images. This page is generated from the definitions in `crates/recipe/src/sections/`.
";

#[test]
fn the_page_of_keys_is_the_one_that_the_definitions_generate() {
    if std::env::var_os("BMAE_WRITE_PAGES").is_some() {
        std::fs::write(PAGE, page()).expect("the page can be written");
    }
    let found = std::fs::read_to_string(PAGE).expect("docs/keys.md exists");
    assert!(
        found == page(),
        "docs/keys.md is not what the keys say: write it again with \
         BMAE_WRITE_PAGES=1 cargo test -p bmae-recipe the_page_of_keys"
    );
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut section = None;
    for key in keys::all() {
        let own = key.path().rsplit_once('.').map(|(section, _)| section);
        if page == HEAD || own != section {
            page.push_str(&heading(&own.map_or("Top level".to_owned(), |own| format!("[{own}]"))));
            section = own;
        }
        page.push_str(&row(key));
    }
    page.push_str(&heading("[[method.targets]] (name = \"custom\")"));
    keys::of_targets().into_iter().for_each(|key| page.push_str(&row(key)));
    page.push_str(&heading("[[runs]]"));
    page.push_str(&row(keys::of_runs()[0]));
    page.push_str("\nand any key of [method], which it overrides; its method goes by `method`.\n");
    page
}

fn heading(title: &str) -> String {
    format!("\n## {title}\n\n| key | default | allowed values | meaning |\n|---|---|---|---|\n")
}

fn row(key: &dyn AnyKey) -> String {
    let default = match key.path() {
        // These depend on the machine and on other keys.
        "data.root" => "the user's cache folder".to_owned(),
        "method.targets.tau_end" => "tau".to_owned(),
        "runs.name" => "the method's".to_owned(),
        _ => format!("`{}`", key.default_value()),
    };
    let about: Vec<&str> = [key.short(), key.long()].into_iter().filter(|text| !text.is_empty()).collect();
    format!("| `{}` | {default} | {} | {} |\n", key.name(), key.allowed(), about.join(". "))
}
