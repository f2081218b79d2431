//! What an evaluation leaves of its test images: predictions, mistakes, a map.

use std::fs;
use std::path::Path;

use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::Outcome;
use bmae_train::run;

use crate::small::{Watching, metrics, planned, recipe, session};

const EVALUATIONS: [(&str, Stage); 3] =
    [("finetune", Stage::Finetune), ("linprobe", Stage::Linprobe), ("knn", Stage::Knn)];
const FILES: [&str; 3] = ["test_predictions.csv", "pictures/mistakes.png", "map.csv"];

fn evaluate(stage: Stage, recipe: &Recipe, out: &Path, stop_after: Option<usize>) -> Outcome {
    let mut watching = Watching { stop_after, ..Watching::default() };
    run::stage(&mut session(&mut watching, 2), &planned(stage, recipe, &Start::Scratch, out), true).expect("evaluates")
}

/// The cells of each line but the first.
fn rows(run: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(run.join("test_predictions.csv")).expect("predictions");
    assert!(text.starts_with("image,file,label,rank,class,probability\n"), "{}", text.lines().next().unwrap_or(""));
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn files(run: &Path) -> [Option<Vec<u8>>; 3] {
    FILES.map(|file| fs::read(run.join(file)).ok())
}

#[test]
fn the_accuracy_of_the_predictions_is_the_top1_of_the_run_exactly() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, stage) in EVALUATIONS {
        let out = folder.path().join(name);
        evaluate(stage, &recipe(""), &out, None);
        let rows = rows(&out);
        assert_eq!(rows.len(), 40 * 5, "{name}: five of ten classes of each of 40 images");
        let first: Vec<_> = rows.iter().filter(|row| row[3] == "1").collect();
        let right = first.iter().filter(|row| row[2] == row[4]).count();
        let logged = metrics(&out).into_iter().rfind(|line| line["kind"] == "eval").expect("an accuracy");
        assert_eq!(100.0 * right as f64 / first.len() as f64, logged["top1"].as_f64().expect("percent"), "{name}");
        for image in rows.chunks(5) {
            let probability = |row: &Vec<String>| row[5].parse::<f64>().expect("a number");
            assert!(image.is_sorted_by(|a, b| probability(a) >= probability(b)), "{name}: {image:?}");
            assert!(image.iter().map(probability).sum::<f64>() < 1.0 + 1e-5, "{name}: {image:?}");
        }
        let [_, mistakes, map] = files(&out);
        assert!(mistakes.is_some_and(|png| png.starts_with(b"\x89PNG")), "{name}");
        assert_eq!(map.is_some(), stage != Stage::Finetune, "{name}: a map of a frozen encoder's features");
    }
}

#[test]
fn a_session_that_ended_behind_the_last_epoch_is_made_up_for_with_the_same_files() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, stage) in EVALUATIONS {
        let out = folder.path().join(name);
        evaluate(stage, &recipe(""), &out, None);
        let (whole, about) = (files(&out), fs::read_to_string(out.join("run.toml")).expect("run.toml"));
        FILES.map(|file| fs::remove_file(out.join(file)).ok());
        fs::write(out.join("run.toml"), about.replace("finished = true", "finished = false")).expect("written");
        let outcome = evaluate(stage, &recipe(""), &out, None);
        assert!(matches!(outcome, Outcome::Finished(summary) if summary.top1.is_some()), "{name}: {outcome:?}");
        assert_eq!(files(&out), whole, "{name}");
    }
}

#[test]
fn an_evaluation_that_was_stopped_and_resumed_leaves_the_same_files_as_one_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, stage) in [("finetune", Stage::Finetune), ("linprobe", Stage::Linprobe)] {
        let (whole, stopped) = (folder.path().join(format!("{name}-whole")), folder.path().join(name));
        evaluate(stage, &recipe(""), &whole, None);
        evaluate(stage, &recipe(""), &stopped, Some(6));
        assert_eq!(files(&stopped), [None, None, None], "{name}: nothing of the kind before the end");
        evaluate(stage, &recipe(""), &stopped, None);
        assert_eq!(files(&stopped), files(&whole), "{name}");
    }
}

#[test]
fn images_that_have_files_are_told_by_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("knn"));
    for (class, shade) in [("dark, and more", 20u8), ("light", 220)] {
        for split in ["train", "test"] {
            let place = data.join(split).join(class);
            fs::create_dir_all(&place).expect("a folder");
            for image in 0..2u8 {
                let ppm = [b"P6 16 16 255\n".to_vec(), vec![shade + image; 3 * 256]].concat();
                fs::write(place.join(format!("{image}.ppm")), ppm).expect("an image");
            }
        }
    }
    let recipe = recipe(&format!("data.source = '{}'", data.display()));
    evaluate(Stage::Knn, &recipe, &out, None);
    let text = fs::read_to_string(out.join("test_predictions.csv")).expect("predictions");
    assert!(text.contains("0,\"dark, and more/0.ppm\",\"dark, and more\",1,"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("3,light/1.ppm,light,2,")), "{text}");
    let about = fs::read_to_string(out.join("run.toml")).expect("run.toml");
    assert!(about.contains("class_names = [\"dark, and more\", \"light\"]"), "{about}");
}
