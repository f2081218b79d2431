//! What a figure says of itself: its title, what its axes count, which line is which.

use std::path::Path;

use crate::experiment::run;
use crate::rendered::{finetune, report, text};

fn svg(folder: &Path, figure: &str) -> String {
    text(folder, &format!("figures/{figure}.svg"))
}

/// The height of a figure in CSS pixels.
fn height(svg: &str) -> i32 {
    let (_, rest) = svg.split_once(" height=\"").expect("a height");
    rest.split('"').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// The texts of a figure with the places of their middles in drawing units, from the top.
fn texts(svg: &str) -> Vec<(i32, String)> {
    let text = |element: &str| {
        let (attributes, rest) = element.split_once('>')?;
        let (_, y) = attributes.split_once(" y=\"")?;
        Some((y.split('"').next()?.parse().ok()?, rest.split("</text>").next()?.trim().to_owned()))
    };
    svg.split("<text").skip(1).filter_map(text).collect()
}

#[test]
fn every_figure_has_its_title_over_it_and_counts_epochs() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "mae", "mae", "", 60.0);
    finetune(folder.path(), "scratch", "scratch", "", 50.0);
    run("pretrain", "mae").steps(4).write(&folder.path().join("runs/mae/pretrain"));
    let titles = [
        ("baselines-finetune", "Baselines: fine-tuning"),
        ("pretrain-loss", "Pre-training loss"),
        ("cost-finetune", "Accuracy over cost: fine-tuning over hours"),
    ];
    let drawn = report(folder.path());
    for (figure, title) in titles.into_iter().filter(|(figure, _)| drawn.iter().any(|name| name == figure)) {
        let texts = texts(&svg(folder.path(), figure));
        let (y, _) = texts.iter().find(|(_, text)| text == title).unwrap_or_else(|| panic!("{figure}: {texts:?}"));
        assert!(texts.iter().all(|(other, text)| text == title || other > y), "{figure}: something is above its title");
    }
    for figure in ["baselines-finetune", "pretrain-loss"] {
        assert!(texts(&svg(folder.path(), figure)).iter().any(|(_, text)| text == "epoch"), "{figure}");
    }
}

#[test]
fn where_single_seeds_are_drawn_a_key_says_which_lines_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let seed = |seed: u64| {
        let path = folder.path().join(format!("runs/mae-seed{seed}/finetune"));
        run("finetune", "mae").seed(seed).accuracies(&[50.0, 60.0 + seed as f64]).write(&path);
    };
    let said = || {
        report(folder.path());
        let texts = texts(&svg(folder.path(), "finetune-top1"));
        ["single seeds", "their mean"].map(|words| texts.iter().any(|(_, text)| text == words))
    };
    seed(0);
    assert_eq!(said(), [false; 2], "one seed has no mean");
    seed(1);
    assert_eq!(said(), [true; 2]);
}

#[test]
fn a_figure_grows_with_its_runs_and_no_name_is_cut_or_lies_on_another() {
    let heights = [2, 16, 40].map(|runs| {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..runs {
            finetune(folder.path(), &format!("run-{number:02}"), "mae", "", 60.0 + f64::from(number) / 10.0);
        }
        report(folder.path());
        let svg = svg(folder.path(), "finetune-top1");
        let mut names: Vec<i32> =
            texts(&svg).into_iter().filter(|(_, text)| text.starts_with("run-")).map(|(y, _)| y).collect();
        assert_eq!(names.len(), runs as usize, "a name is missing");
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[1] - pair[0] >= 15 * 4 - 1), "names lie on each other: {names:?}");
        height(&svg)
    });
    assert!(heights[0] <= heights[1] && heights[1] + 100 < heights[2], "{heights:?}");
}

#[test]
fn a_long_name_stands_in_several_lines_with_every_letter() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = "photos-of-the-second-summer-with-mask_ratio0.9-and-a-batch-of-4096-images-third-try";
    finetune(folder.path(), name, "mae", "", 60.0);
    finetune(folder.path(), "scratch", "scratch", "", 50.0);
    report(folder.path());
    let texts = texts(&svg(folder.path(), "best-finetune"));
    let all: String = texts.iter().map(|(_, text)| text.as_str()).collect();
    assert!(all.contains(name), "{texts:?}");
    assert!(!all.contains('…'), "{texts:?}");
}
