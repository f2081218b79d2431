//! Which figures there are, what is in them, and what is said in the place of those that are not there.

use std::fs;

use crate::experiment::run;
use crate::rendered::{data, finetune, report, text, words};

#[test]
fn an_ablation_is_drawn_once_two_values_are_there_and_named_as_not_run_before() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "mae-k-2", "mae-k", "k = 2", 70.0);
    finetune(folder.path(), "mae", "mae", "", 60.0);
    assert!(!report(folder.path()).iter().any(|name| name.starts_with("k-")));
    let missing =
        "K ablation (fine-tuning, linear probe): not run; needs at least two runs of mae-k with different K; ";
    assert!(text(folder.path(), "report.md").contains(&format!("- {missing}`bmae sweep k`")));
    let page = text(folder.path(), "index.html");
    assert!(page.contains(&format!("<li>{missing}<code>bmae sweep k</code> runs them.</li>")));
    assert!(!page.contains("id=\"panel-k\""), "a tab with nothing to show");

    finetune(folder.path(), "mae-k-10", "mae-k", "k = 10", 75.0);
    let names = report(folder.path());
    assert!(names.contains(&"k-finetune".to_owned()) && names.contains(&"k-overview-finetune".to_owned()), "{names:?}");
    let curves = words(folder.path(), "k-finetune");
    assert!(curves.ends_with("Last values: mae 60.00; K = 2 70.00; K = 10 75.00."), "{curves}");
    assert!(text(folder.path(), "report.md").contains("- K ablation: linear probe: not run;"));
    assert!(text(folder.path(), "index.html").contains("<div class=\"absent\" id=\"k-linprobe\">"));
}

#[test]
fn an_overview_gives_the_published_value_of_each_setting_that_was_published() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "mae-k-3", "mae-k", "k = 3", 70.0);
    finetune(folder.path(), "mae-k-10", "mae-k", "k = 10", 75.0);
    report(folder.path());
    let overview = words(folder.path(), "k-overview-finetune");
    assert!(overview.ends_with("top-1 in %. K 3: 70.00 (not published); K 10: 75.00 (published 91.38)."), "{overview}");
    let svg = text(folder.path(), "figures/k-overview-finetune.svg");
    let hollow = svg.matches("fill=\"none\" stroke=\"#5B6472\"").count();
    assert_eq!(hollow, 2, "the published mark and the one of the key");
}

#[test]
fn wse_and_tau_vary_while_the_other_is_held() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "a", "ema-mae", "wse = 1\ntau = 0.005", 71.0);
    finetune(folder.path(), "b", "ema-mae", "wse = 5\ntau = 0.005", 72.0);
    finetune(folder.path(), "c", "ema-mae", "wse = 5\ntau = 0.1", 73.0);
    finetune(folder.path(), "d", "ema-mae", "wse = 5\ntau = 0.3", 74.0);
    finetune(folder.path(), "e", "ema-mae", "wse = 9\ntau = 0.7", 75.0);
    report(folder.path());
    let wse = words(folder.path(), "wse-finetune");
    assert!(wse.ends_with("Last values: 1_0.005 71.00; 5_0.005 72.00."), "{wse}");
    let tau = words(folder.path(), "tau-finetune");
    assert!(tau.ends_with("Last values: 5_0.005 72.00; 5_0.1 73.00; 5_0.3 74.00."), "{tau}");
}

#[test]
fn the_best_of_each_method_is_the_one_with_the_highest_mean_of_that_evaluation() {
    let folder = tempfile::tempdir().expect("a folder");
    for (seed, top1) in [(0, 80.0), (1, 60.0)] {
        let path = folder.path().join(format!("runs/uneven-seed{seed}/finetune"));
        run("finetune", "mae-k").name("uneven").parameters("k = 2").seed(seed).accuracies(&[50.0, top1]).write(&path);
    }
    finetune(folder.path(), "steady", "mae-k", "k = 4", 75.0);
    finetune(folder.path(), "mae", "mae", "", 70.0);
    report(folder.path());
    let best = words(folder.path(), "best-finetune");
    assert!(best.ends_with("Last values: mae 70.00; steady 75.00."), "{best}");
}

#[test]
fn each_evaluation_has_its_own_best_of_a_method() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, parameters, finetuned, probed) in [("k10", "k = 10", 80.0, 50.0), ("k20", "k = 20", 70.0, 60.0)] {
        finetune(folder.path(), name, "mae-k", parameters, finetuned);
        let path = folder.path().join("runs").join(name).join("linprobe");
        run("linprobe", "mae-k").name(name).parameters(parameters).accuracies(&[40.0, probed]).write(&path);
    }
    finetune(folder.path(), "mae", "mae", "", 60.0);
    run("linprobe", "mae").accuracies(&[40.0, 45.0]).write(&folder.path().join("runs/mae/linprobe"));
    report(folder.path());
    for (figure, ends) in [("best-finetune", "mae 60.00; k10 80.00."), ("best-linprobe", "mae 45.00; k20 60.00.")] {
        let best = words(folder.path(), figure);
        assert!(best.ends_with(&format!("Last values: {ends}")), "{best}");
    }
}

#[test]
fn mae_new_stands_beside_the_parents_that_share_its_parameters() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "new", "mae-new", "k = 5\ntau = 0.005\nslow_weight = 0.2", 79.0);
    finetune(folder.path(), "k10", "mae-k", "k = 10", 71.0);
    finetune(folder.path(), "slow", "ema-mae", "wse = 5\ntau = 0.1", 72.0);
    finetune(folder.path(), "early", "ema-mae", "wse = 1\ntau = 0.005", 74.0);
    assert!(!report(folder.path()).contains(&"mae-new-finetune".to_owned()), "no run is a parent of it");

    finetune(folder.path(), "k5", "mae-k", "k = 5", 73.0);
    finetune(folder.path(), "same", "ema-mae", "wse = 5\ntau = 0.005", 75.0);
    report(folder.path());
    let curves = words(folder.path(), "mae-new-finetune");
    assert!(curves.ends_with("Last values: MAE-K 5 73.00; EMA 5_0.005 75.00; MAE-new 79.00."), "{curves}");
}

#[test]
fn two_lines_that_would_share_a_short_name_keep_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "first", "mae-k", "k = 2", 70.0);
    finetune(folder.path(), "second", "mae-k", "k = 2", 71.0);
    finetune(folder.path(), "third", "mae-k", "k = 4", 72.0);
    report(folder.path());
    let curves = words(folder.path(), "k-finetune");
    assert!(curves.ends_with("Last values: first 70.00; second 71.00; K = 4 72.00."), "{curves}");
}

#[test]
fn every_figure_is_a_png_too_with_two_pixels_per_unit_of_the_svg() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "mae", "mae", "", 60.0);
    finetune(folder.path(), "scratch", "scratch", "", 50.0);
    let names = report(folder.path());
    assert!(names.contains(&"baselines-finetune".to_owned()), "{names:?}");
    for name in names {
        let png = fs::read(folder.path().join(format!("report/figures/{name}.png"))).expect("a PNG file");
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
        let side = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
        let svg = text(folder.path(), &format!("figures/{name}.svg"));
        let size = format!("width=\"{}\" height=\"{}\"", side(16) / 2, side(20) / 2);
        assert!(svg.contains(&size), "{name}: {size}");
    }
}

#[test]
fn the_page_holds_the_curves_as_data_each_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |seed: u64| folder.path().join(format!("runs/mae-seed{seed}/finetune"));
    run("finetune", "mae").epochs(2).accuracies(&[50.0, 60.0]).write(&at(0));
    run("finetune", "mae").epochs(2).seed(1).accuracies(&[52.0, 61.234_567]).write(&at(1));
    finetune(folder.path(), "scratch", "scratch", "", 40.0);
    let event = "{\"kind\":\"epoch\",\"epoch\":1,\"grad_norm\":0.25,\"event\":\"switch\"}\n";
    let pretrain = folder.path().join("runs/mae-seed0/pretrain");
    run("pretrain", "mae").steps(2).metrics(event).write(&pretrain);
    report(folder.path());

    let data = data(folder.path());
    let charts = data["charts"].as_array().expect("charts");
    let chart = |name: &str| charts.iter().find(|chart| chart["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    let baselines = chart("baselines-finetune");
    assert_eq!((&baselines["yLabel"], &baselines["curves"][1]["label"]), (&"top-1, %".into(), &"mae".into()));
    let place = baselines["curves"][1]["series"].as_u64().expect("a place") as usize;
    let series = &data["series"][place];
    assert_eq!(series["mean"], serde_json::json!({"x": [1.0, 2.0], "y": [51.0, 60.617]}));
    assert_eq!(series["seeds"][1], serde_json::json!({"seed": 1, "x": [1.0, 2.0], "y": [52.0, 61.235]}));
    assert_eq!(chart("best-finetune")["curves"], baselines["curves"], "one curve is stored twice");
    assert_eq!(chart("pretrain-loss")["strip"][0]["events"], serde_json::json!([[1.0, "switch"]]));
    assert!(charts.iter().any(|chart| chart["name"] == "monitor-gradient-norm"));
}

#[test]
fn a_name_cannot_close_the_data() {
    let folder = tempfile::tempdir().expect("a folder");
    finetune(folder.path(), "a", "scratch", "", 60.0);
    let path = folder.path().join("runs/b/finetune");
    run("finetune", "mae").name("</script><!--<script>").accuracies(&[1.0, 2.0]).write(&path);
    report(folder.path());
    let data = data(folder.path());
    let label = &data["charts"][0]["curves"][1]["label"];
    assert_eq!(label, "</script><!--<script>");
    let page = text(folder.path(), "index.html");
    assert_eq!(page.matches("<script").count(), page.matches("</script>").count());
}

#[test]
fn a_collapse_that_was_announced_is_shown_with_its_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = "{\"kind\":\"epoch\",\"epoch\":7,\"target_std\":0.001,\"collapse\":\"the target's spread is gone\"}\n";
    run("pretrain", "mae-k").parameters("k = 1").metrics(line).write(&folder.path().join("runs/a/pretrain"));
    report(folder.path());
    let page = text(folder.path(), "index.html");
    assert!(page.contains("<li>mae-k, seed 0, after 8 epochs: the target's spread is gone</li>"));
    assert!(page.contains("1 pre-training announced a collapse"));
    let markdown = text(folder.path(), "report.md");
    assert!(
        markdown.contains("**Collapse.** mae-k, seed 0, after 8 epochs: the target's spread is gone"),
        "{markdown}"
    );
}

#[test]
fn each_run_says_what_became_of_it_and_where_it_ran() {
    let folder = tempfile::tempdir().expect("a folder");
    let about = "failed = \"the loss was not finite\"\ncommit = \"abc123\"\nmachine = \"two cores\"";
    let path = folder.path().join("runs/a/finetune");
    run("finetune", "mae").parameters(about).unfinished().accuracies(&[50.0]).write(&path);
    let stopped = folder.path().join("runs/b/finetune");
    run("finetune", "scratch").unfinished().accuracies(&[50.0]).write(&stopped);
    report(folder.path());
    let page = text(folder.path(), "index.html");
    assert!(page.contains("<td>failed: the loss was not finite</td>") && page.contains("<td>stopped</td>"));
    assert!(page.contains("<dt>Commit</dt><dd>abc123</dd>") && page.contains("<dt>Machine</dt><dd>two cores</dd>"));
    let markdown = text(folder.path(), "report.md");
    assert!(markdown.contains("- Machine: two cores\n") && markdown.contains("| failed: the loss was not finite |"));
}

#[test]
fn an_ablation_holds_everything_else_that_the_pre_trainings_were_made_with() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, parameters, mask_ratio) in
        [("a", "k = 1", 0.5), ("b", "k = 2", 0.75), ("c", "k = 4", 0.75), ("d", "k = 4", 0.5), ("e", "k = 8", 0.75)]
    {
        let path = folder.path().join("runs").join(name);
        let config = format!("seed = 0\n[method]\nk = {name:?}\n[pretrain]\nmask_ratio = {mask_ratio}\n");
        run("pretrain", "mae-k").name(name).parameters(parameters).config(&config).write(&path.join("pretrain"));
        finetune(folder.path(), name, "mae-k", parameters, 70.0);
    }
    report(folder.path());
    let curves = words(folder.path(), "k-finetune");
    assert!(curves.ends_with("Last values: K = 2 70.00; K = 4 70.00; K = 8 70.00."), "{curves}");
    // What is left out is named, and in what the runs differ.
    let markdown = text(folder.path(), "report.md");
    let left_out = "Not in it, since more than the parameter differs: a, d.";
    assert!(markdown.contains(left_out) && text(folder.path(), "index.html").contains(left_out), "{markdown}");
    let differ = "these runs differ among themselves: pretrain.mask\\_ratio 0.5 or 0.75.";
    assert!(markdown.contains(differ), "{markdown}");
}

#[test]
fn lines_that_are_drawn_while_they_run_are_not_said_to_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, parameters: &'static str, finished: bool| {
        let path = folder.path().join("runs").join(name).join("finetune");
        let run = run("finetune", "ema-mae").name(name).parameters(parameters).accuracies(&[50.0, 60.0]);
        if finished {
            run.write(&path)
        } else {
            run.epochs(9).unfinished().write(&path)
        };
    };
    write("low1", "wse = 1\ntau = 0.005", true);
    write("low2", "wse = 2\ntau = 0.005", true);
    write("high1", "wse = 1\ntau = 0.1", true);
    write("high2", "wse = 2\ntau = 0.1", false);
    write("high3", "wse = 3\ntau = 0.1", false);
    report(folder.path());
    let curves = words(folder.path(), "wse-finetune");
    assert!(curves.contains("1_0.1 60.00") && curves.contains("3_0.1 60.00"), "{curves}");
    let markdown = text(folder.path(), "report.md");
    let section = &markdown[markdown.find("### WSE ablation: fine-tuning").expect("a section")..];
    assert!(section.contains("Not in it, since more than the parameter differs: low1, low2."), "{section}");
}

#[test]
fn a_curve_that_ended_long_before_the_others_is_not_tied_to_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let ties = |epochs: u64| {
        for (name, epochs) in [("long", 20), ("short", epochs)] {
            run("pretrain", "mae").name(name).steps(epochs).write(&folder.path().join("runs").join(name));
        }
        report(folder.path());
        let svg = text(folder.path(), "figures/pretrain-loss.svg");
        svg.matches("opacity=\"0.45\"").count()
    };
    assert_eq!((ties(20), ties(4)), (2, 1));
}
