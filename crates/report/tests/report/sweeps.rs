//! The accuracy against whichever key of the recipe was swept.

use std::path::Path;

use crate::experiment::run;
use crate::rendered::{report, text, words};

/// A pre-training and its evaluations, whose recipes have these `lines` besides.
fn write(folder: &Path, name: &str, seed: u64, (lines, of_finetune): (&str, &str), top1: f64) {
    let at = |stage: &str| folder.join("runs").join(format!("{name}-seed{seed}")).join(stage);
    let config = format!("seed = {seed}\n{lines}\n");
    run("pretrain", "mae").name(name).seed(seed).config(&config).steps(1).write(&at("pretrain"));
    let from = format!("from = 'runs/{name}-seed{seed}/pretrain'");
    for stage in ["finetune", "linprobe", "knn"] {
        let config = if stage == "finetune" { format!("{config}{of_finetune}\n") } else { config.clone() };
        run(stage, "mae")
            .name(name)
            .seed(seed)
            .parameters(&from)
            .config(&config)
            .accuracies(&[1.0, top1])
            .write(&at(stage));
    }
}

#[test]
fn a_sweep_over_any_key_draws_every_evaluation_against_it_with_the_spread_of_seeds() {
    for (key, values, scale) in [
        ("[pretrain]\nmask_ratio", ["0.5", "0.75"], ""),
        ("[model.encoder]\ndepth", ["2", "64"], " (logarithmic)"),
        ("[pretrain]\nnorm_pix", ["false", "true"], ""),
        ("[pretrain]\ncrop_scale", ["[0.2, 1.0]", "[0.5, 1.0]"], ""),
        ("[method]\nnormalisation", ["\"none\"", "\"layer-norm\""], ""),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        for (at, value) in values.into_iter().enumerate() {
            for seed in 0..2 {
                let top1 = 50.0 + 10.0 * at as f64 + 2.0 * seed as f64;
                write(folder.path(), &format!("run{at}"), seed, (&format!("{key} = {value}"), ""), top1);
            }
        }
        let names = report(folder.path());
        let path = key.trim_start_matches('[').replace("]\n", ".");
        for stage in ["finetune", "linprobe", "knn"] {
            let figure = format!("sweep-{path}-{stage}");
            assert!(names.contains(&figure), "{figure} in {names:?}");
            let said = words(folder.path(), &figure);
            let [first, second] = values.map(|value| value.trim_matches('"'));
            assert!(
                said.ends_with(&format!("{path} {first}: 51.00; {second}: 61.00.").replace('"', "&quot;")),
                "{said}"
            );
            let svg = text(folder.path(), &format!("figures/{figure}.svg"));
            assert!(svg.contains(&format!("{path}{scale}")), "{path}");
        }
        assert!(text(folder.path(), "results.csv").lines().next().is_some_and(|header| header.ends_with(&path)));
    }
}

#[test]
fn of_two_keys_at_once_each_has_a_figure_with_a_curve_for_every_value_of_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    for ratio in [0.5, 0.75] {
        for rate in [0.1, 1.0] {
            let (name, top1) = (format!("r{ratio}-lr{rate}"), 50.0 + ratio + rate);
            let lines = (format!("[pretrain]\nmask_ratio = {ratio}"), format!("[finetune]\nbase_lr = {rate}"));
            write(folder.path(), &name, 0, (&lines.0, &lines.1), top1);
        }
    }
    let names = report(folder.path());
    assert!(names.iter().all(|name| !name.starts_with("sweep-finetune.base_lr-knn")), "the kNN does not depend on it");
    let by_ratio = words(folder.path(), "sweep-pretrain.mask_ratio-finetune");
    assert!(
        by_ratio.contains("base_lr 0.1 (0.5: 50.60; 0.75: 50.85), base_lr 1 (0.5: 51.50; 0.75: 51.75)"),
        "{by_ratio}"
    );
    let by_rate = words(folder.path(), "sweep-finetune.base_lr-finetune");
    assert!(by_rate.contains("mask_ratio 0.5 (0.1: 50.60; 1: 51.50), mask_ratio 0.75 "), "{by_rate}");
}

#[test]
fn a_figure_of_an_earlier_sweep_is_gone_with_its_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, ratio) in [("a", 0.5), ("b", 0.75)] {
        write(folder.path(), name, 0, (&format!("[pretrain]\nmask_ratio = {ratio}"), ""), 50.0);
    }
    let figure = folder.path().join("report/figures/sweep-pretrain.mask_ratio-knn.png");
    report(folder.path());
    assert!(figure.exists());
    std::fs::remove_dir_all(folder.path().join("runs/b-seed0")).expect("removed");
    report(folder.path());
    assert!(!figure.exists());
}
