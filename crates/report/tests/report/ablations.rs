//! The figures of the report's sixteen settings, and the ablation of lambda.

use std::path::Path;

use crate::experiment::run;
use crate::rendered::{curves, finetune, report, text, words};

/// Method, parameters, and accuracies as published.
type Setting = (&'static str, &'static str, [f64; 2]);

/// The settings of the report, as a sweep of them calls its runs.
const SETTINGS: [Setting; 16] = [
    ("scratch", "", [81.1, 30.9]),
    ("mae", "", [85.8, 52.4]),
    ("mae-k", "k = 1", [89.4, 51.3]),
    ("mae-k", "k = 2", [89.9, 50.8]),
    ("mae-k", "k = 4", [90.9, 53.7]),
    ("mae-k", "k = 5", [91.1, 55.5]),
    ("mae-k", "k = 10", [91.4, 54.3]),
    ("mae-k", "k = 20", [90.5, 57.2]),
    ("ema-mae", "wse = 1\ntau = 0.005", [88.6, 60.5]),
    ("ema-mae", "wse = 5\ntau = 0.005", [89.8, 54.4]),
    ("ema-mae", "wse = 20\ntau = 0.005", [90.0, 55.6]),
    ("ema-mae", "wse = 40\ntau = 0.005", [89.4, 59.8]),
    ("ema-mae", "wse = 80\ntau = 0.005", [87.4, 54.6]),
    ("ema-mae", "wse = 5\ntau = 0.1", [91.3, 53.5]),
    ("ema-mae", "wse = 5\ntau = 0.3", [90.5, 52.8]),
    ("mae-new", "k = 5\ntau = 0.005\nslow_weight = 0.2", [91.4, 59.3]),
];

fn write_settings(folder: &Path) {
    for (method, parameters, [finetune, probe]) in SETTINGS {
        let name = format!("{method}-{}", parameters.replace(" = ", "").replace('\n', "-"));
        let name = name.trim_end_matches('-');
        let at = |stage: &str| folder.join("runs").join(name).join(stage);
        let of = |stage| run(stage, method).name(name).parameters(parameters);
        if method != "scratch" {
            of("pretrain").epochs(100).steps(2).accuracies(&[1.0, 1.0]).write(&at("pretrain"));
        }
        of("finetune").accuracies(&[50.0, finetune]).write(&at("finetune"));
        of("linprobe").accuracies(&[20.0, probe]).write(&at("linprobe"));
    }
}

#[test]
fn every_figure_of_the_report_is_drawn_from_its_sixteen_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    write_settings(folder.path());
    let drawn = report(folder.path());
    let of = |figure: &str, stage: &str| {
        let name = format!("{figure}-{stage}");
        assert!(drawn.contains(&name), "no {name} in {drawn:?}");
        curves(folder.path(), &name).into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    };
    for stage in ["finetune", "linprobe"] {
        assert_eq!(of("baselines", stage), "scratch mae");
        assert_eq!(of("k", stage), "scratch mae K = 1 K = 2 K = 4 K = 5 K = 10 K = 20");
        assert_eq!(of("wse", stage), "scratch mae 1_0.005 5_0.005 20_0.005 40_0.005 80_0.005");
        assert_eq!(of("tau", stage), "scratch mae 5_0.005 5_0.1 5_0.3");
        assert_eq!(of("mae-new", stage), "MAE-K 5 EMA 5_0.005 MAE-new");
        assert!(drawn.contains(&format!("cost-{stage}")), "{drawn:?}");
    }
    // The best of each method is another one in each evaluation.
    assert_eq!(of("best", "finetune"), "scratch mae mae-k-k10 ema-mae-wse5-tau0.1 MAE-new");
    assert_eq!(of("best", "linprobe"), "scratch mae mae-k-k20 ema-mae-wse1-tau0.005 MAE-new");
    assert_eq!(of("mae-new", "parents-loss"), "MAE-K 5 EMA 1_0.005 EMA 5_0.005");
    assert_eq!(of("mae-new", "loss"), "MAE-K 5 EMA 1_0.005 EMA 5_0.005 MAE-new");
    let missed = text(folder.path(), "report.md");
    assert!(missed.contains("- λ ablation (fine-tuning, linear probe): not run; needs at least two runs of mae-new"));
    assert_eq!(missed.matches("ablation (").count() + missed.matches("Best of each method (").count(), 1, "{missed}");
}

#[test]
fn lambda_varies_while_k_and_tau_are_held_and_the_parents_stand_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    write_settings(folder.path());
    for (name, parameters, top1) in [
        ("a", "k = 5\ntau = 0.005\nslow_weight = 0.0", 90.0),
        ("b", "k = 5\ntau = 0.005\nslow_weight = 1.0", 92.0),
        ("c", "k = 5\ntau = 0.1\nslow_weight = 0.5", 93.0),
        ("d", "k = 4\ntau = 0.005\nslow_weight = 0.5", 94.0),
    ] {
        finetune(folder.path(), name, "mae-new", parameters, top1);
    }
    report(folder.path());
    let names: Vec<String> = curves(folder.path(), "lambda-finetune").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["scratch", "mae", "MAE-K 5", "EMA 5_0.005", "λ = 0", "λ = 0.2", "λ = 1"]);
    let overview = words(folder.path(), "lambda-overview-finetune");
    assert!(
        overview.ends_with("λ 0: 90.00 (not published); λ 0.2: 91.40 (published ≈ 91.4); λ 1: 92.00 (not published)."),
        "{overview}"
    );
    let markdown = text(folder.path(), "report.md");
    let section = &markdown[markdown.find("### λ ablation: fine-tuning").expect("a section")..];
    assert!(section.contains("Not in it, since more than the parameter differs: d, c."), "{section}");
}
