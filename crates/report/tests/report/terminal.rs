//! The table in a terminal, as wide as that is.

use unicode_width::UnicodeWidthStr;

use crate::experiment::{run, write_report};

#[test]
fn the_table_keeps_within_the_terminal_and_shows_more_where_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..3 {
        for (method, parameters) in [("mae", ""), ("mae-new", "k = 5\ntau = 0.005\nslow_weight = 0.2")] {
            let name = if method == "mae" { "mae" } else { "mae-new-k5-tau0.005-slow_weight0.2-copy_atepoch-end" };
            for stage in ["finetune", "linprobe", "knn"] {
                let path = folder.path().join(format!("{name}-seed{seed}/{stage}"));
                let run = run(stage, method).name(name).parameters(parameters).seed(seed);
                run.accuracies(&[40.0, 50.0 + seed as f64]).write(&path);
            }
        }
    }
    let written = write_report(&[folder.path().to_owned()], &folder.path().join("report")).expect("a report");
    let widest = |text: &str| text.lines().take_while(|line| !line.is_empty()).map(UnicodeWidthStr::width).max();
    assert!(widest(&written.table) > Some(100), "{}", written.table);
    for width in [60, 80, 100, 120, 160, 200] {
        let table = written.table_within(width);
        assert!(widest(&table) <= Some(width), "{width}:\n{table}");
        for part in ["51.00", "85.83", "91.4", "10.00"] {
            assert!(table.contains(part), "{part} at {width}:\n{table}");
        }
    }
    let narrow = written.table_within(80);
    assert!(narrow.contains("51.00 ± 1.00 (3)") && narrow.contains("published"), "{narrow}");
    let wide = written.table_within(220);
    for heading in ["data", "time", "images/s"] {
        assert!(wide.lines().next().is_some_and(|line| line.contains(heading)), "{heading}:\n{wide}");
    }
    assert!(
        wide.contains("mae-new-k5-tau0.005-slow_weight0.2-copy_atepoch-end") && wide.contains("CIFAR-10"),
        "{wide}"
    );
}
