//! Classes and mistakes: what follows from the test predictions of an evaluation.

use std::fs;
use std::path::{Path, PathBuf};

use bmae_report::{metrics_records, read_run};

use crate::experiment::{run, write_report};

/// A finished evaluation in `folder` whose images are of these classes and were taken for these with these
/// probabilities; it reports `top1`.
fn evaluation(
    folder: &Path,
    stage: &'static str,
    names: &[&str],
    images: &[(usize, usize, f64)],
    top1: f64,
) -> PathBuf {
    let list: Vec<String> = names.iter().map(|name| toml::Value::from(*name).to_string()).collect();
    let about = format!("classes = {}\nclass_names = [{}]", names.len(), list.join(", "));
    let folder = run(stage, "mae").parameters(&about).accuracies(&[1.0, top1]).write(folder);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["image", "file", "label", "rank", "class", "probability"]).expect("a line");
    for (index, &(class, said, probability)) in images.iter().enumerate() {
        let other = (said + 1) % names.len();
        for (rank, (class_said, probability)) in [(said, probability), (other, 0.0)].into_iter().enumerate() {
            let file = format!("test/{}/{index}.png", names[class]);
            writer
                .write_record([
                    &index.to_string(),
                    &file,
                    names[class],
                    &(rank + 1).to_string(),
                    names[class_said],
                    &format!("{probability:.6}"),
                ])
                .expect("a line");
        }
    }
    fs::write(folder.join("test_predictions.csv"), writer.into_inner().expect("text")).expect("written");
    folder
}

fn report(runs: &Path) -> PathBuf {
    let out = runs.join("report");
    write_report(&[runs.to_owned()], &out).expect("a report");
    out
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Of four cats three are recognised, of two dogs one; nothing is taken for a bird, and there is none.
const IMAGES: [(usize, usize, f64); 6] = [(0, 0, 0.9), (0, 0, 0.9), (0, 0, 0.9), (0, 1, 0.9), (1, 1, 0.4), (1, 0, 0.6)];
const NAMES: [&str; 3] = ["cat", "dog", "bird"];

#[test]
fn the_scores_of_classes_are_those_worked_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    evaluation(&folder.path().join("mae/finetune"), "finetune", &NAMES, &IMAGES, 100.0 * 4.0 / 6.0);
    let out = report(folder.path());
    let matrix = text(&out.join("figures/confusion-00-mae-finetune.csv"));
    assert_eq!(matrix, "label,cat,dog,bird\ncat,3,1,0\ndog,1,1,0\nbird,0,0,0\n");
    let classes = text(&out.join("classes.csv"));
    let rows: Vec<&str> = classes.lines().skip(1).collect();
    assert_eq!(rows[0], "mae,finetune,1,cat,4,4,3,75.0000,75.0000,75.0000,75.0000");
    assert_eq!(rows[1], "mae,finetune,1,dog,2,2,1,50.0000,50.0000,50.0000,50.0000");
    assert_eq!(rows[2], "mae,finetune,1,bird,0,0,0,,0.0000,,0.0000");
    // Bins: (0.33, 0.4] one right of one said 0.4, (0.53, 0.6] none of one said 0.6, (0.87, 0.93] three of four said 0.9.
    let error = ((1.0f64 - 0.4).abs() + 0.6 + (3.0f64 - 3.6).abs()) / 6.0;
    let expected = format!("mae,finetune,0,6,3,66.6667,,62.5000,62.5000,62.5000,62.5000,{:.4},", 100.0 * error);
    let evaluations = text(&out.join("evaluations.csv"));
    assert!(evaluations.lines().nth(1).is_some_and(|row| row.starts_with(&expected)), "{evaluations}");
    for ending in ["svg", "png"] {
        assert!(out.join(format!("figures/confusion-00-mae-finetune.{ending}")).exists());
    }
    let page = text(&out.join("index.html"));
    assert!(page.contains("id=\"classes\"") && page.contains("cat taken for dog: 1 of 4 images, 25.0 %"));
    assert!(page.contains("test/cat/3.png"), "the file of a mistake");
    assert!(text(&out.join("report.md")).contains("## Classes and mistakes"));
}

#[test]
fn the_scores_are_among_the_metrics_of_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = evaluation(&folder.path().join("mae/knn"), "knn", &NAMES, &IMAGES, 100.0 * 4.0 / 6.0);
    let records = metrics_records(&[read_run(&run).expect("a run")]);
    let value = |name: &str| {
        let row = records.rows.iter().find(|row| row["kind"] == "test" && row["name"] == name);
        row.map(|row| row["value"].as_f64().expect("percent"))
    };
    assert_eq!((value("recall.cat"), value("precision.dog")), (Some(75.0), Some(50.0)));
    assert_eq!((value("balanced_accuracy"), value("top5"), value("recall.bird")), (Some(62.5), None, None));
    assert!(records.unreadable.is_empty());
}

#[test]
fn predictions_of_other_weights_than_the_reported_ones_are_left_out_with_a_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mae/finetune");
    evaluation(&path, "finetune", &NAMES, &IMAGES, 50.0);
    let out = report(folder.path());
    let page = text(&out.join("index.html"));
    assert!(page.contains("they are not of the same weights") && !out.join("classes.csv").exists());
    fs::write(path.join("test_predictions.csv"), "image,file,label,rank,class,probability\n0,,cat,2,dog,0.5\n")
        .expect("written");
    let out = report(folder.path());
    assert!(text(&out.join("index.html")).contains("line 2 of test_predictions.csv is not the next class of an image"));
}

#[test]
fn runs_of_earlier_versions_have_no_such_section() {
    let folder = tempfile::tempdir().expect("a folder");
    run("finetune", "mae").accuracies(&[50.0, 60.0]).write(&folder.path().join("mae/finetune"));
    let out = report(folder.path());
    assert!(!text(&out.join("index.html")).contains("Classes and mistakes") && !out.join("evaluations.csv").exists());
}

#[test]
fn seeds_of_a_line_count_together() {
    let folder = tempfile::tempdir().expect("a folder");
    for (seed, said) in [(0, 0), (1, 1)] {
        let path = folder.path().join(format!("mae-seed{seed}/finetune"));
        evaluation(
            &path,
            "finetune",
            &["cat", "dog"],
            &[(0, said, 0.9), (1, 1, 0.8)],
            if said == 0 { 100.0 } else { 50.0 },
        );
        let about = text(&path.join("run.toml")).replace("seed = 0", &format!("seed = {seed}"));
        fs::write(path.join("run.toml"), about).expect("written");
    }
    let out = report(folder.path());
    let matrix = text(&out.join("figures/confusion-00-mae-finetune.csv"));
    assert_eq!(matrix, "label,cat,dog\ncat,1,1\ndog,0,2\n");
    assert_eq!(text(&out.join("evaluations.csv")).lines().count(), 3, "each seed by itself");
}

#[test]
fn a_hundred_classes_with_long_names_of_any_kind_make_a_page_that_can_be_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut names: Vec<String> =
        (0..98).map(|class| format!("class {class:02} with a name that takes a line")).collect();
    names.extend(["<script>alert('x')</script>".to_owned(), "a, \"b\" | c".to_owned()]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let images: Vec<(usize, usize, f64)> =
        (0..4000).map(|image| (image % 100, (image % 100 + (image / 100) * (image % 7)) % 100, 0.5)).collect();
    let right = images.iter().filter(|(class, said, _)| class == said).count();
    for stage in ["finetune", "linprobe", "knn"] {
        let path = folder.path().join("mae").join(stage);
        evaluation(&path, stage, &names, &images, 100.0 * right as f64 / 4000.0);
    }
    let out = report(folder.path());
    let page = text(&out.join("index.html"));
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"));
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    let figure = text(&out.join("figures/confusion-00-mae-knn.svg"));
    assert!(!figure.contains("<script>"));
    let matrix = text(&out.join("figures/confusion-00-mae-knn.csv"));
    let rows = csv::Reader::from_reader(matrix.as_bytes()).into_records().collect::<Result<Vec<_>, _>>().expect("CSV");
    assert!(rows.len() == 100 && rows.iter().all(|row| row.len() == 101));
    assert!(text(&out.join("evaluations.csv")).contains(",4000,100,"));
}

#[test]
fn above_ten_classes_the_five_most_probable_count_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<String> = (0..11).map(|class| format!("c{class}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // The second rank is the class behind the one that is said.
    let path = folder.path().join("mae/knn");
    evaluation(&path, "knn", &names, &[(0, 0, 0.9), (1, 0, 0.9), (5, 0, 0.9), (6, 6, 0.9)], 50.0);
    let rows = text(&report(folder.path()).join("evaluations.csv"));
    assert!(rows.contains("mae,knn,0,4,11,50.0000,75.0000,"), "{rows}");
}
