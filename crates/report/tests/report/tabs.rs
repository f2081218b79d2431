//! The tabs of the page: one for each thing that there is to see.

use std::path::Path;

use crate::rendered::{finetune, report, text};

/// The families that have a tab, in their order.
fn tabs(folder: &Path) -> Vec<String> {
    report(folder);
    let page = text(folder, "index.html");
    let panels = page.split("<div class=\"panel\" id=\"panel-").skip(1);
    panels.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn tabs_that_would_show_the_same_are_one() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "mae", "mae", "", 60.0);
    finetune(folder.path(), "scratch", "scratch", "", 50.0);
    assert_eq!(tabs(folder.path()), ["all"], "the best, the baselines and every run are the same two");

    finetune(folder.path(), "ema", "ema-mae", "wse = 1\ntau = 0.005", 70.0);
    assert_eq!(tabs(folder.path()), ["all", "baselines"], "the best of each method is every run");

    finetune(folder.path(), "ema-late", "ema-mae", "wse = 5\ntau = 0.005", 71.0);
    assert_eq!(tabs(folder.path()), ["best", "baselines", "wse"], "the ablation has every run, and more");
}

#[test]
fn a_tab_that_would_only_say_that_nothing_was_run_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "mae", "mae", "", 60.0);
    assert_eq!(tabs(folder.path()), ["all"]);
    let page = text(folder.path(), "index.html");
    assert!(
        page.contains("K ablation (fine-tuning, linear probe): not run"),
        "it is told in the list of what was not run"
    );
}

#[test]
fn the_button_for_the_theme_says_which_one_it_brings() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "mae", "mae", "", 60.0);
    report(folder.path());
    let page = text(folder.path(), "index.html");
    assert!(page.contains("other === \"dark\" ? \"Dark theme\" : \"Light theme\""));
    assert!(!page.contains("aria-pressed\", String(current()"), "a label that changes is no switch besides");
}
