//! `bmae keys`: docs/keys.md for whoever has the program alone.

use crate::folder::Folder;

#[test]
fn the_list_has_every_key_of_the_page() {
    let page = include_str!("../../../../docs/keys.md");
    let list = Folder::new().bmae("keys").succeeds().stdout;
    let mut keys = 0;
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let name = row.split('`').next().expect("a name");
        assert!(list.lines().any(|line| line.trim_start().split(' ').next() == Some(name)), "{name} in\n{list}");
        keys += 1;
    }
    assert!(keys > 80, "only {keys}");
}

#[test]
fn a_word_finds_keys_by_section_name_and_text_and_a_path_tells_all() {
    let folder = Folder::new();
    let keys = |word: &str| -> Vec<String> {
        let json = folder.run(&["keys", word, "--json"]).succeeds().json();
        json.as_array().expect("a list").iter().map(|key| key["key"].as_str().expect("a path").to_owned()).collect()
    };
    assert_eq!(keys("knn"), ["knn.k", "knn.temperature", "knn.feature"]);
    assert!(keys("lr").contains(&"pretrain.base_lr".to_owned()));
    assert!(keys("effective rank").contains(&"monitor.every".to_owned()));
    let whole = folder.bmae("keys pretrain.base_lr").succeeds().stdout;
    for part in ["Learning rate per 256 images", "a number of at least 0", "quick 0.003, mini 0.002, paper 0.001"] {
        assert!(whole.contains(part), "{whole}");
    }
    folder.bmae("keys pretrain.epcohs").refuses(2, &["did you mean `pretrain.epochs`?"]);
}
