//! The published values: beside which runs they stand, and how.

use std::path::Path;

use crate::experiment::{run, write_report};
use crate::rendered::{caption, report, text, words};

fn probe(folder: &Path, name: &str, parameters: &'static str, data: &'static str, top1: f64) {
    let path = folder.join("runs").join(name).join("linprobe");
    run("linprobe", "mae-k").name(name).parameters(parameters).data(data).accuracies(&[10.0, top1]).write(&path);
}

#[test]
fn they_stand_beside_runs_of_the_same_data_alone() {
    for (data, beside) in [("CIFAR-10", true), ("shapes", false), ("CIFAR-100", false), ("/photos", false)] {
        let folder = tempfile::tempdir().expect("a folder");
        probe(folder.path(), "k10", "k = 10", data, 54.0);
        probe(folder.path(), "k20", "k = 20", data, 56.0);
        let written = write_report(&[folder.path().join("runs")], &folder.path().join("report")).expect("a report");
        let published = written.summary.runs[1].linprobe.published.map(|published| published.top1);
        assert_eq!(published, beside.then_some(57.2), "{data}");
        assert_eq!(written.table.contains("57.20"), beside, "{data}: {}", written.table);
        assert_eq!(words(folder.path(), "k-overview-linprobe").contains("published"), beside, "{data}");
        let column = "<th scope=\"col\" class=\"n\">published</th>";
        assert_eq!(text(folder.path(), "index.html").contains(column), beside, "{data}");
        assert_eq!(caption(folder.path(), "k-overview-linprobe").contains("Hollow marks are"), beside, "{data}");
        let hollow =
            text(folder.path(), "figures/k-overview-linprobe.svg").contains("fill=\"none\" stroke=\"#5B6472\"");
        assert_eq!(hollow, beside, "{data}");
    }
}

#[test]
fn they_have_an_axis_of_their_own_where_the_heights_differ_much() {
    for (ours, apart) in [([54.0, 56.0], false), ([50.0, 52.0], false), ([34.0, 36.0], true), ([84.0, 86.0], true)] {
        let folder = tempfile::tempdir().expect("a folder");
        probe(folder.path(), "k10", "k = 10", "CIFAR-10", ours[0]);
        probe(folder.path(), "k20", "k = 20", "CIFAR-10", ours[1]);
        report(folder.path());
        let svg = text(folder.path(), "figures/k-overview-linprobe.svg");
        assert_eq!(svg.contains("\npublished top-1, %\n"), apart, "{ours:?}");
        let caption = caption(folder.path(), "k-overview-linprobe");
        assert_eq!(caption.contains("they have an axis of their own"), apart, "{ours:?}: {caption}");
    }
}
