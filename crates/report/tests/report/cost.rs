//! The figures of accuracy over cost.

use std::path::Path;

use crate::experiment::run;
use crate::rendered::{finetune, report, text, words};

/// A method with its parameters.
type Method = (&'static str, &'static str);

const MAE: Method = ("mae", "");

/// A pre-training of so many hours at so many images a second.
fn pretrain(folder: &Path, name: &str, (method, parameters): Method, seed: u64, hours: f64, rate: f64) {
    let seconds = 3600.0 * hours;
    let line = format!("{{\"kind\":\"epoch\",\"epoch\":0,\"images_per_s\":{rate:?},\"wall_s\":{seconds:?}}}\n");
    let path = folder.join("runs").join(format!("{name}-seed{seed}")).join("pretrain");
    run("pretrain", method).name(name).parameters(parameters).seed(seed).metrics(&line).write(&path);
}

#[test]
fn each_run_stands_at_the_mean_hours_of_its_pre_trainings_and_scratch_at_none() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(folder.path(), "mae", MAE, 0, 1.0, 300.0);
    pretrain(folder.path(), "mae", MAE, 1, 2.0, 300.0);
    for (seed, top1) in [(0, 60.0), (1, 62.0)] {
        let path = folder.path().join(format!("runs/mae-seed{seed}/finetune"));
        run("finetune", "mae").seed(seed).accuracies(&[50.0, top1]).write(&path);
    }
    finetune(folder.path(), "scratch", "scratch", "", 50.0);
    // Nobody knows what this one cost.
    finetune(folder.path(), "elsewhere", "mae-k", "k = 4", 70.0);
    let names = report(folder.path());
    let hours = words(folder.path(), "cost-finetune");
    assert!(
        hours.ends_with("top-1 in % over hours of pre-training. scratch 50.00 at 0.00; mae 61.00 at 1.50."),
        "{hours}"
    );
    assert!(!names.contains(&"cost-rate-finetune".to_owned()), "scratch has no rate, and one mark compares nothing");
    assert!(!names.contains(&"cost-linprobe".to_owned()), "the probe was not run");

    pretrain(folder.path(), "elsewhere", ("mae-k", "k = 4"), 0, 3.0, 200.0);
    report(folder.path());
    let rate = words(folder.path(), "cost-rate-finetune");
    assert!(rate.ends_with("over images/s of pre-training. mae 61.00 at 300; MAE-K 4 70.00 at 200."), "{rate}");
}

#[test]
fn the_numbers_of_the_figure_stand_below_it_with_their_deviation() {
    let folder = tempfile::tempdir().expect("a folder");
    for (seed, top1) in [(0, 60.0), (1, 62.0)] {
        pretrain(folder.path(), "mae", MAE, seed, 1.0, 300.0);
        let path = folder.path().join(format!("runs/mae-seed{seed}/linprobe"));
        run("linprobe", "mae").seed(seed).accuracies(&[50.0, top1]).write(&path);
    }
    run("linprobe", "scratch").accuracies(&[30.0]).epochs(1).write(&folder.path().join("runs/scratch/linprobe"));
    report(folder.path());
    let page = text(folder.path(), "index.html");
    let (_, figure) = page.split_once("id=\"cost-linprobe\"").expect("the figure");
    let figure = figure.split("</figure>").next().unwrap_or_default();
    assert!(figure.contains("<td class=\"n\">1.00</td><td class=\"n\">61.00 ± 1.41</td>"), "{figure}");
    assert!(figure.contains("<td class=\"n\">0.00</td><td class=\"n\">30.00</td>"), "{figure}");
    let bars = text(folder.path(), "figures/cost-linprobe.svg").matches("stroke-width=\"8\"").count();
    assert_eq!(bars, 1, "a single seed has no deviation");
}
