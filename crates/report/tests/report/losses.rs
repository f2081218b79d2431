//! The figures of the loss.

use std::fmt::Write;
use std::path::Path;

use crate::experiment::run;
use crate::rendered::{caption, curves, report, text, words};

/// A pre-training that logs two steps: one on pixels, and one on features with these losses against each target.
fn pretrain(folder: &Path, method: &'static str, parameters: &'static str, loss: f64, targets: &[f64]) {
    let lines = format!(
        "{{\"kind\":\"step\",\"epoch\":4,\"epoch_1000x\":4800,\"loss\":1.5}}\n\
         {{\"kind\":\"epoch\",\"epoch\":5,\"event\":\"switch\"}}\n\
         {{\"kind\":\"step\",\"epoch\":5,\"epoch_1000x\":5200,\"loss\":{loss},\"targets\":{targets:?}}}\n"
    );
    let name = parameters.replace([' ', '\n'], "");
    let path = folder.join("runs").join(&name).join("pretrain");
    run("pretrain", method).name(&name).parameters(parameters).metrics(&lines).write(&path);
}

/// MAE-new, both its parents, and what else the report's figures of the loss are about.
fn family(folder: &Path) {
    pretrain(folder, "mae-k", "k = 5", 0.3, &[0.3]);
    pretrain(folder, "ema-mae", "wse = 1\ntau = 0.005", 0.2, &[0.2]);
    pretrain(folder, "ema-mae", "wse = 5\ntau = 0.005", 0.1, &[0.1]);
    pretrain(folder, "ema-mae", "wse = 1\ntau = 0.1", 0.7, &[0.7]);
    pretrain(folder, "mae-new", "k = 5\ntau = 0.005\nslow_weight = 0.2", 0.34, &[0.25, 0.45]);
}

#[test]
fn a_figure_of_the_loss_draws_every_logged_point_over_epochs() {
    let folder = tempfile::tempdir().expect("a folder");
    run("pretrain", "mae").steps(400).write(&folder.path().join("runs/mae/pretrain"));
    report(folder.path());
    let svg = text(folder.path(), "figures/pretrain-loss.svg");
    let longest = |svg: &str| {
        let lines = svg.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next());
        lines.map(|points| points.split_whitespace().count()).max().unwrap_or(0)
    };
    assert_eq!(longest(&svg), 2_000);
    assert!(svg.contains("\nepoch\n") && !svg.contains("1000 ×"), "the axis counts epochs");
    // The page draws fewer where no script runs, and its live chart has them all.
    let page = text(folder.path(), "index.html");
    assert!(longest(&page) < 1_000, "{}", longest(&page));
    let all = &curves(folder.path(), "pretrain-loss")[0].1;
    assert_eq!((all.len(), all[0].0, all[1_999].0), (2_000, 0.0, 399.8));
}

#[test]
fn the_losses_of_mae_new_against_its_average_and_its_copy_are_curves_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    family(folder.path());
    report(folder.path());
    let curves = curves(folder.path(), "mae-new-loss");
    let of = |name: &str| curves.iter().find(|(label, _)| label == name).map(|(_, points)| points.clone());
    assert_eq!(of("MAE-new"), Some(vec![(4.8, 1.5), (5.2, 0.34)]));
    assert_eq!(of("MAE-new L_fast"), Some(vec![(5.2, 0.25)]), "from the switch on, without its weight");
    assert_eq!(of("MAE-new L_slow"), Some(vec![(5.2, 0.45)]));
    assert_eq!(of("MAE-K 5"), Some(vec![(4.8, 1.5), (5.2, 0.3)]), "a single target is the loss itself");
    assert_eq!(curves.len(), 6);
    let words = words(folder.path(), "mae-new-loss");
    assert!(words.ends_with(" 4 of them change from pixels to features."), "one row of targets a run: {words}");
}

#[test]
fn the_loss_is_drawn_without_and_with_mae_new_and_beside_both_the_run_that_the_report_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    family(folder.path());
    report(folder.path());
    let names = |figure: &str| curves(folder.path(), figure).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("mae-new-parents-loss"), ["MAE-K 5", "EMA 1_0.005", "EMA 5_0.005"]);
    let with = ["MAE-K 5", "EMA 1_0.005", "EMA 5_0.005", "MAE-new", "MAE-new L_fast", "MAE-new L_slow"];
    assert_eq!(names("mae-new-loss"), with);
}

#[test]
fn what_is_mislabelled_in_the_reports_pictures_is_said_beside_runs_of_the_same_data() {
    let said = "the curve labelled EMA 5_0.005 falls to features within the second epoch, while MAE-K 5 and MAE-new switch at \
                epoch 5: it is a run with WSE 1.";
    for (data, is_said) in [("CIFAR-10", true), ("shapes", false)] {
        let folder = tempfile::tempdir().expect("a folder");
        run("pretrain", "mae").data(data).steps(2).write(&folder.path().join("runs/mae/pretrain"));
        report(folder.path());
        let caption = caption(folder.path(), "pretrain-loss").replace('\\', "");
        assert_eq!(caption.contains(said), is_said, "{data}: {caption}");
    }
}

#[test]
fn two_mae_new_are_told_apart_by_lambda() {
    let folder = tempfile::tempdir().expect("a folder");
    family(folder.path());
    pretrain(folder.path(), "mae-new", "k = 5\ntau = 0.005\nslow_weight = 0.5", 0.4, &[0.2, 0.4]);
    report(folder.path());
    let mut names = String::new();
    for (name, _) in curves(folder.path(), "mae-new-loss").iter().skip(3) {
        write!(names, "{name}; ").expect("text");
    }
    assert_eq!(
        names,
        "MAE-new λ 0.2; MAE-new λ 0.2 L_fast; MAE-new λ 0.2 L_slow; \
         MAE-new λ 0.5; MAE-new λ 0.5 L_fast; MAE-new λ 0.5 L_slow; "
    );
}
