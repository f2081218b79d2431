//! `docs/keys.md` is the page of keys that the definitions generate.

use crate::keys;

/// Where the page lies, from this crate.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keys.md");

#[test]
fn the_page_of_keys_is_the_one_that_the_definitions_generate() {
    if std::env::var_os("BMAE_WRITE_PAGES").is_some() {
        std::fs::write(PAGE, keys::page()).expect("the page can be written");
    }
    let page = std::fs::read_to_string(PAGE).expect("docs/keys.md exists");
    assert!(
        page == keys::page(),
        "docs/keys.md is not what the keys say: write it again with \
         BMAE_WRITE_PAGES=1 cargo test --release -p bmae-recipe the_page_of_keys"
    );
}
