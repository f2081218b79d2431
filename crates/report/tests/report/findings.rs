//! What the report claims, held against artificial results.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use bmae_report::{Finding, WrittenReport, collect_runs, findings_csv, group_runs};

use crate::experiment::{run, write_report};

/// The sixteen settings with an accuracy of fine-tuning and of the probe, made so that the first four claims get the
/// four verdicts.
const SETTINGS: [(&str, &str, &str, f64, f64); 16] = [
    ("scratch", "scratch", "", 60.0, 30.0),
    ("mae", "mae", "", 70.0, 50.0),
    ("k1", "mae-k", "k = 1", 72.0, 48.0),
    ("k2", "mae-k", "k = 2", 73.0, 49.8),
    ("k4", "mae-k", "k = 4", 74.0, 45.0),
    ("k5", "mae-k", "k = 5", 75.0, 55.0),
    ("k10", "mae-k", "k = 10", 80.0, 56.0),
    ("k20", "mae-k", "k = 20", 76.0, 60.0),
    ("e1", "ema-mae", "wse = 1\ntau = 0.005", 72.0, 62.0),
    ("e5", "ema-mae", "wse = 5\ntau = 0.005", 75.0, 54.0),
    ("e20", "ema-mae", "wse = 20\ntau = 0.005", 76.0, 55.0),
    ("e40", "ema-mae", "wse = 40\ntau = 0.005", 73.0, 61.0),
    ("e80", "ema-mae", "wse = 80\ntau = 0.005", 71.0, 53.0),
    ("e5q", "ema-mae", "wse = 5\ntau = 0.1", 80.1, 51.0),
    ("e5h", "ema-mae", "wse = 5\ntau = 0.3", 79.0, 50.0),
    ("new", "mae-new", "k = 5\ntau = 0.005\nslow_weight = 0.2", 75.5, 56.5),
];

fn evaluated(
    folder: &Path,
    (name, method, parameters, finetune, linprobe): (&str, &'static str, &'static str, f64, f64),
) {
    for (stage, top1) in [("finetune", finetune), ("linprobe", linprobe)] {
        let run = run(stage, method).name(name).parameters(parameters).accuracies(&[top1 - 5.0, top1]);
        run.write(&folder.join("runs").join(name).join(stage));
    }
}

fn report(folder: &Path) -> WrittenReport {
    write_report(&[folder.join("runs")], &folder.join("report")).expect("a report")
}

fn findings(folder: &Path) -> Vec<Finding> {
    let collected = collect_runs(&[folder.join("runs")]).expect("runs");
    bmae_report::findings(&group_runs(&collected.runs))
}

/// The rows of `findings.csv`: each the cells by their columns.
fn rows(folder: &Path) -> Vec<HashMap<String, String>> {
    let text = findings_csv(&findings(folder));
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect::<Result<_, _>>().expect("rows")
}

/// The row of a part of a claim; part 0 is the claim itself.
fn row(folder: &Path, claim: &str, part: usize) -> HashMap<String, String> {
    let is_it = |row: &HashMap<String, String>| row["claim"] == claim && row["part"] == part.to_string();
    rows(folder).into_iter().find(is_it).unwrap_or_else(|| panic!("no part {part} of {claim}"))
}

fn verdicts(folder: &Path) -> HashMap<&'static str, &'static str> {
    findings(folder).into_iter().map(|finding| (finding.claim, finding.verdict.name())).collect()
}

#[test]
fn each_verdict_is_given_where_it_is_due() {
    let folder = tempfile::tempdir().expect("a folder");
    for setting in SETTINGS {
        evaluated(folder.path(), setting);
    }
    let verdicts = verdicts(folder.path());
    let expected = [
        ("pretraining-helps", "confirmed"),
        ("mae-k-finetune", "confirmed"),
        ("large-k-probe", "contradicted"), // K 4 is below MAE.
        ("small-k-probe", "undecided"),    // K 2 is within the noise of MAE.
        ("best-k-finetune", "confirmed"),
        ("best-k-probe", "confirmed"),
        ("ema-mae-above-mae", "confirmed"),
        ("ema-mae-equals-mae-k-finetune", "undecided"), // 0.1 ± 1.1 reaches beyond 1 point.
        ("ema-mae-above-mae-k-probe", "confirmed"),
        ("wse-finetune", "confirmed"),
        ("wse-probe", "confirmed"),
        ("large-tau-finetune", "confirmed"),
        ("small-tau-probe", "confirmed"),
        ("mae-new-finetune", "undecided"),
        ("mae-new-finetune-little", "confirmed"), // 0.5 ± 1.2 stays within 2 points.
        ("mae-new-probe", "confirmed"),
        ("mae-new-probe-much", "undecided"), // 1.5 of 1.9 points, and 2.5 of 2.45, both ± 1.4.
        ("mae-new-smoother", "not-run"),
        ("mae-new-converges", "not-run"),
        ("stable-features-probe", "not-run"),
    ];
    for (claim, verdict) in expected {
        assert_eq!(verdicts[claim], verdict, "{claim}");
    }
    assert_eq!(verdicts.len(), expected.len());
}

#[test]
fn a_row_has_the_published_numbers_ours_and_the_interval_worked_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    evaluated(folder.path(), SETTINGS[0]);
    evaluated(folder.path(), SETTINGS[1]);
    report(folder.path());
    let csv = fs::read_to_string(folder.path().join("report/findings.csv")).expect("findings.csv");
    // Errors sqrt(0.7 * 0.3 / 10000) = 0.45826 and sqrt(0.6 * 0.4 / 10000) = 0.48990 points; together 0.67082, times
    // 1.959964 is 1.314784.
    let expected = "\
claim,part,sentence,verdict,first,second,evaluation,unit,published_first,published_second,published_difference,\
value_first,value_second,difference,low,high,interval_from,interval_n,expected_low,expected_high,remark
pretraining-helps,0,Pre-training helps: MAE is above scratch in both evaluations.,confirmed,,,,,,,,,,,,,,,,,
pretraining-helps,1,Pre-training helps: MAE is above scratch in both evaluations.,confirmed,mae,scratch,finetune,points,\
85.83,81.1,4.73,70.000000,60.000000,10.000000,8.685216,11.314784,test-images,10000,0.000000,,
";
    assert!(csv.starts_with(expected), "{csv}");
}

#[test]
fn published_numbers_stand_beside_those_of_the_same_data_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    for (method, top1) in [("mae", 70.0), ("scratch", 60.0)] {
        let path = folder.path().join("runs").join(method).join("finetune");
        let run = run("finetune", method).data("shapes").parameters("classes = 10\ntest_images = 100");
        run.accuracies(&[top1]).write(&path);
    }
    let part = row(folder.path(), "pretraining-helps", 1);
    assert_eq!((part["published_first"].as_str(), part["value_first"].as_str()), ("", "70.000000"));
}

#[test]
fn several_common_seeds_are_paired_and_one_common_seed_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |method: &'static str, seed: u64, top1: f64| {
        let path = folder.path().join(format!("runs/{method}-seed{seed}/finetune"));
        run("finetune", method).seed(seed).accuracies(&[50.0, top1]).write(&path);
    };
    let part = || row(folder.path(), "pretraining-helps", 1);
    for (seed, mae, scratch) in [(0, 61.0, 60.0), (1, 65.0, 62.0), (2, 70.0, 65.0)] {
        write("mae", seed, mae);
        write("scratch", seed, scratch);
    }
    write("mae", 3, 99.0); // No partner.
    let paired = part();
    // Differences 1, 3, 5: 3 ± 4.302653 * 2 / sqrt(3) = 4.968275.
    assert_eq!((paired["difference"].as_str(), paired["low"].as_str()), ("3.000000", "-1.968275"));
    assert_eq!((paired["high"].as_str(), paired["verdict"].as_str()), ("7.968275", "undecided"));
    assert_eq!((paired["interval_from"].as_str(), paired["interval_n"].as_str()), ("seeds", "3"));
    assert_eq!(paired["value_first"], "65.333333");

    for seed in [1, 2] {
        fs::remove_dir_all(folder.path().join(format!("runs/scratch-seed{seed}"))).expect("removed");
    }
    let single = part();
    assert_eq!((single["value_first"].as_str(), single["value_second"].as_str()), ("61.000000", "60.000000"));
    assert_eq!((single["interval_from"].as_str(), single["interval_n"].as_str()), ("test-images", "10000"));

    fs::remove_dir_all(folder.path().join("runs/mae-seed0")).expect("removed");
    let apart = part();
    assert_eq!(apart["verdict"], "not-run");
    assert_eq!(apart["remark"], "Not run: a seed of fine-tuning of mae that scratch shares.");
}

#[test]
fn a_parent_of_another_setting_is_not_run_and_never_the_next_best() {
    let folder = tempfile::tempdir().expect("a folder");
    evaluated(folder.path(), ("new", "mae-new", "k = 5\ntau = 0.005\nslow_weight = 0.2", 79.0, 59.0));
    evaluated(folder.path(), ("k4", "mae-k", "k = 4", 70.0, 50.0));
    evaluated(folder.path(), ("early", "ema-mae", "wse = 1\ntau = 0.005", 70.0, 50.0));
    evaluated(folder.path(), ("quick", "ema-mae", "wse = 5\ntau = 0.1", 70.0, 50.0));
    let missing = "Not run: fine-tuning of mae-k K 5, ema-mae WSE 5 τ 0.005.";
    let claim = row(folder.path(), "mae-new-finetune", 0);
    assert_eq!((claim["verdict"].as_str(), claim["remark"].as_str()), ("not-run", missing));
    assert!(
        !folder.path().join("report/figures/mae-new-finetune.svg").exists(),
        "a parent of another setting is drawn"
    );

    // With one parent there, its comparison is judged, and the claim about both is still not run.
    evaluated(folder.path(), ("k5", "mae-k", "k = 5", 70.0, 50.0));
    assert_eq!(row(folder.path(), "mae-new-finetune", 1)["verdict"], "confirmed");
    assert_eq!(row(folder.path(), "mae-new-finetune", 0)["verdict"], "not-run");
}

#[test]
fn the_best_of_a_method_needs_all_its_settings_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for setting in SETTINGS {
        evaluated(folder.path(), setting);
    }
    assert_eq!(row(folder.path(), "ema-mae-above-mae", 1)["remark"], "best ema-mae is ema-mae WSE 5 τ 0.1");
    assert_eq!(row(folder.path(), "ema-mae-above-mae", 2)["remark"], "best ema-mae is ema-mae WSE 1 τ 0.005");
    fs::remove_dir_all(folder.path().join("runs/e80/linprobe")).expect("removed");
    assert_eq!(row(folder.path(), "ema-mae-above-mae", 1)["verdict"], "confirmed");
    let probe = row(folder.path(), "ema-mae-above-mae", 2);
    assert_eq!(probe["remark"], "Not run: linear probe of ema-mae WSE 80 τ 0.005.");
}

#[test]
fn two_lines_of_one_setting_decide_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a", "b"] {
        evaluated(folder.path(), (name, "mae", "", 70.0, 50.0));
    }
    evaluated(folder.path(), SETTINGS[0]);
    let claim = row(folder.path(), "pretraining-helps", 1);
    assert_eq!(claim["remark"], "Not run: a single fine-tuning of mae (there are a and b).");
}

#[test]
fn an_unknown_number_of_test_images_leaves_a_single_seed_undecided() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |about: &'static str| {
        for (method, top1) in [("mae", 90.0), ("scratch", 10.0)] {
            let path = folder.path().join("runs").join(method).join("finetune");
            run("finetune", method).data("/photos").parameters(about).accuracies(&[top1]).write(&path);
        }
    };
    write("");
    let part = row(folder.path(), "pretraining-helps", 1);
    assert_eq!((part["verdict"].as_str(), part["low"].as_str()), ("undecided", ""));
    write("classes = 4\ntest_images = 400");
    let part = row(folder.path(), "pretraining-helps", 1);
    assert_eq!((part["verdict"].as_str(), part["interval_n"].as_str()), ("confirmed", "400"));
    report(folder.path());
    let markdown = fs::read_to_string(folder.path().join("report/report.md")).expect("report.md");
    assert!(markdown.contains("| chance |  | 25.00 |"), "{markdown}");
}

/// A pre-training of twelve epochs whose target is born before epoch 2 (from 0), with a roughness and a target's cosine
/// in each epoch, and the loss of the last three.
fn pretrained(folder: &Path, name: &str, roughness: impl Fn(u64) -> f64, cosine: f64, last: [f64; 3]) {
    let &(_, method, parameters, ..) = SETTINGS.iter().find(|setting| setting.0 == name).expect("a setting");
    let mut metrics = String::new();
    for epoch in 0..12 {
        let loss = if epoch < 9 { 1.0 } else { last[epoch as usize - 9] };
        let event = if epoch == 2 { ",\"event\":\"switch\"" } else { "" };
        let rough = roughness(epoch);
        metrics.push_str(&format!("{{\"kind\":\"epoch\",\"epoch\":{epoch},\"loss\":{loss}{event}}}\n"));
        let cosine = if epoch > 2 { format!(",\"target_cosine\":[{cosine},null]") } else { String::new() };
        metrics.push_str(&format!(
            "{{\"kind\":\"stability\",\"epoch\":{epoch},\"loss_roughness\":{rough}{cosine},\"renewals\":[]}}\n"
        ));
    }
    let path = folder.join("runs").join(name).join("pretrain");
    run("pretrain", method).name(name).parameters(parameters).epochs(12).metrics(&metrics).write(&path);
}

#[test]
fn the_roughness_of_one_seed_is_paired_in_stretches_after_the_switch() {
    let folder = tempfile::tempdir().expect("a folder");
    // Until the switch's epoch MAE-K is as rough as can be, which does not count. Epochs 3 to 7 and 8 to 11 are two
    // stretches (K 5) with the differences 0.1 and 0.3; over the nine epochs the mean is (5 * 0.1 + 4 * 0.3) / 9.
    let rough = |epoch| {
        if epoch < 3 {
            9.0
        } else if epoch < 8 {
            0.2
        } else {
            0.4
        }
    };
    pretrained(folder.path(), "k5", rough, 0.9, [1.0; 3]);
    assert_eq!(
        row(folder.path(), "mae-new-smoother", 1)["remark"],
        "Not run: pre-training with stability lines of mae-new K 5 τ 0.005 λ 0.2."
    );
    pretrained(folder.path(), "new", |_| 0.1, 0.9, [1.0; 3]);
    let part = row(folder.path(), "mae-new-smoother", 1);
    // t(1) = 12.706205, s = 0.141421, over sqrt(2): ± 1.270620.
    assert_eq!((part["value_first"].as_str(), part["value_second"].as_str()), ("0.288889", "0.100000"));
    assert_eq!((part["difference"].as_str(), part["low"].as_str()), ("0.188889", "-1.081732"));
    assert_eq!((part["interval_from"].as_str(), part["interval_n"].as_str()), ("stretches", "2"));
    assert_eq!(part["verdict"], "undecided");
    pretrained(folder.path(), "k5", |_| 0.2, 0.9, [1.0; 3]);
    assert_eq!(row(folder.path(), "mae-new-smoother", 1)["verdict"], "confirmed");
}

#[test]
fn a_loss_has_converged_if_its_last_quarter_is_level() {
    let folder = tempfile::tempdir().expect("a folder");
    let verdict = |last: [f64; 3]| {
        pretrained(folder.path(), "new", |_| 0.1, 0.9, last);
        let part = row(folder.path(), "mae-new-converges", 1);
        (part["difference"].clone(), part["verdict"].clone())
    };
    assert_eq!(verdict([1.0, 1.01, 1.02]), ("2.970297".to_owned(), "confirmed".to_owned()));
    assert_eq!(verdict([1.0, 1.1, 1.2]), ("27.272727".to_owned(), "contradicted".to_owned()));
    assert_eq!(verdict([1.0, 1.3, 1.1]).1, "undecided");
}

#[test]
fn stable_targets_are_ranked_against_the_probe_over_five_settings_or_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["k1", "k2", "k5", "k10", "e1"];
    evaluated(folder.path(), SETTINGS[0]);
    for (rank, name) in names.into_iter().enumerate() {
        let found = row(folder.path(), "stable-features-probe", 1)["remark"].clone();
        let wanted = "linear probe and stability lines of 5 settings with a target";
        assert_eq!(found, format!("Not run: {wanted} (there are {rank})."));
        evaluated(folder.path(), *SETTINGS.iter().find(|setting| setting.0 == name).expect("a setting"));
        pretrained(folder.path(), name, |_| 0.1, 0.9 + 0.01 * rank as f64, [1.0; 3]);
    }
    // The probes are 48, 49.8, 55, 56 and 62: the order is the same.
    let part = row(folder.path(), "stable-features-probe", 1);
    assert_eq!((part["difference"].as_str(), part["verdict"].as_str()), ("1.000000", "confirmed"));
    pretrained(folder.path(), "k1", |_| 0.1, 0.99, [1.0; 3]);
    // Ranks 5 1 2 3 4 against 1 2 3 4 5: 1 - 6 * 20 / (5 * 24) = 0.
    let part = row(folder.path(), "stable-features-probe", 1);
    assert_eq!((part["difference"].as_str(), part["verdict"].as_str()), ("0.000000", "undecided"));
}

#[test]
fn page_markdown_and_terminal_tell_the_findings_where_there_are_any() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = |file: &str| fs::read_to_string(folder.path().join("report").join(file)).expect("a file");
    evaluated(folder.path(), SETTINGS[0]);
    let written = report(folder.path());
    assert!(!written.table.contains("conclusions"), "{}", written.table);
    assert!(
        !text("index.html").contains("id=\"findings\"")
            && !text("report.md").contains("What the published report claims")
    );

    evaluated(folder.path(), SETTINGS[1]);
    evaluated(folder.path(), SETTINGS[2]);
    let counts = "1 confirmed, 0 contradicted, 0 undecided, 19 not run";
    let written = report(folder.path());
    assert!(
        written.table.ends_with(&format!("\nconclusions of the published report: {counts}\n")),
        "{}",
        written.table
    );
    let (page, markdown) = (text("index.html"), text("report.md"));
    assert!(page.contains(counts) && markdown.contains(counts));
    let row = "| – mae − scratch, fine-tuning | 85.83 − 81.10 = +4.73 | 70.00 − 60.00 | +10.00 \\[+8.69, +11.31\\] (one \
               seed, 10000 test images) | confirmed |";
    assert!(markdown.contains(row), "{markdown}");
    let missing = "- The best K of fine-tuning is 10. Not run: fine-tuning of mae-k K 10, mae-k K 2, ";
    assert!(markdown.contains(missing), "{markdown}");
    assert!(page.contains("+10.00 [+8.69, +11.31]") && page.contains("<strong class=\"verdict confirmed\">confirmed"));
}
