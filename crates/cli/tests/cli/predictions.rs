//! `bmae predict` and `bmae neighbours`: a finished run is asked about images.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;

use image::RgbImage;
use serde_json::Value;

use crate::fixtures::cifar10;
use crate::folder::{Ended, Folder};

/// Class names that must come through every file and table.
const CLASSES: [&str; 3] = ["=cat", "a, \"b\"", "dog"];

/// A picture whose colour leans to that of its class, without giving it away.
fn picture(class: u32, number: u32) -> Vec<u8> {
    let noise = |x: u32, y: u32, salt: u32| {
        let mixed = (x * 73 + y * 179 + number * 283 + salt * 997).wrapping_mul(2_654_435_761) >> 16;
        u8::try_from(mixed % 200).expect("a byte")
    };
    let image = RgbImage::from_fn(20, 18, |x, y| {
        let mut pixel = [0, 1, 2].map(|salt| noise(x, y, salt));
        pixel[class as usize] = pixel[class as usize].saturating_add(u8::try_from(number % 5 * 9).expect("a byte"));
        image::Rgb(pixel)
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("a picture can be encoded");
    bytes.into_inner()
}

/// `photos/` of three classes, and `run`, a pre-training on it.
fn photos(folder: &Folder) {
    for (class, name) in CLASSES.iter().enumerate() {
        let class = u32::try_from(class).expect("small");
        for number in 0..16 {
            folder.write(&format!("photos/train/{name}/{number}.png"), &picture(class, number));
        }
        for number in 100..107 {
            folder.write(&format!("photos/test/{name}/{number}.png"), &picture(class, number));
        }
    }
    folder.bmae("pretrain --preset tiny.toml --data photos --out run -q").succeeds();
}

fn evaluate(folder: &Folder, stage: &str, more: &str) -> f64 {
    let line = format!("{stage} --preset tiny.toml --data photos --from run --out {stage} -q --json{more}");
    folder.bmae(&line).succeeds().json()["top1"].as_f64().expect("percent")
}

/// The records of a CSV file, without its header.
fn records(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(std::mem::take(&mut cell)),
                letter => cell.push(letter),
            }
        }
        cells.push(cell);
        cells
    };
    text.lines().skip(1).map(cells).collect()
}

/// How many of the first ranks are right, in percent, by the folders that the images lie in.
fn accuracy(ended: &Ended) -> f64 {
    let first: Vec<Vec<String>> = records(&ended.stdout).into_iter().filter(|record| record[1] == "1").collect();
    let is_right = |record: &&Vec<String>| {
        let folder = record[0].rsplit('/').nth(1).expect("a folder");
        folder == record[2].trim_start_matches('\'')
    };
    100.0 * first.iter().filter(is_right).count() as f64 / first.len() as f64
}

fn piped(folder: &Folder, words: &[&str], list: &[u8]) -> Ended {
    let mut command = folder.command(words);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(list).expect("it listens");
    folder.ended(words, child.wait_with_output().expect("it ends"))
}

#[test]
fn the_first_ranks_over_the_test_folder_are_right_exactly_as_often_as_the_run_says() {
    let folder = Folder::new();
    photos(&folder);
    let mut accuracies = Vec::new();
    for (stage, more) in [("finetune", " --set finetune.epochs=4"), ("linprobe", ""), ("knn", " --set knn.k=5")] {
        let top1 = evaluate(&folder, stage, more);
        let ended = folder.run(&["predict", "--from", stage, "photos/test"]).succeeds();
        assert_eq!(ended.stdout.lines().next(), Some("file,rank,class,probability"));
        assert_eq!(records(&ended.stdout).len(), 21 * 3, "of three classes all are told{}", ended.story());
        assert_eq!(accuracy(&ended), top1, "{stage}{}", ended.story());
        accuracies.push(top1);
        // An image is given the same, to the last digit, whatever stands beside it.
        let alone = folder.run(&["predict", "--from", stage, "photos/test/dog/103.png"]).succeeds();
        let lines: Vec<&str> =
            ended.stdout.lines().filter(|line| line.contains("103.png") && line.contains("test/dog")).collect();
        assert_eq!(alone.stdout.lines().skip(1).collect::<Vec<_>>(), lines, "{stage}{}", alone.story());
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        let mut before: BTreeMap<String, f64> = BTreeMap::new();
        for record in records(&ended.stdout) {
            let probability: f64 = record[3].parse().expect("a number");
            *sums.entry(record[0].clone()).or_default() += probability;
            assert!(before.insert(record[0].clone(), probability).is_none_or(|before| before >= probability));
        }
        assert!(sums.values().all(|sum| (sum - 1.0).abs() < 1e-5), "{sums:?}");
        // The same by one of its checkpoints.
        if stage != "knn" {
            let from = format!("{stage}/checkpoints/last.safetensors");
            let of_checkpoint = folder.run(&["predict", "--from", &from, "photos/test"]).succeeds();
            assert_eq!(of_checkpoint.stdout, ended.stdout, "{stage}");
        }
    }
    assert!(accuracies.iter().any(|accuracy| *accuracy > 0.0 && *accuracy < 100.0), "{accuracies:?}");
}

#[test]
fn exported_weights_classify_as_the_run_does_and_know_the_names() {
    let folder = Folder::new();
    photos(&folder);
    for (stage, more) in [("finetune", ""), ("linprobe", " --set linprobe.feature=mean")] {
        evaluate(&folder, stage, more);
        folder.bmae(&format!("checkpoint export --from {stage} --to timm --out {stage}.safetensors -q")).succeeds();
        let json = |from: &str| folder.run(&["predict", "--from", from, "photos/test", "--json"]).succeeds().json();
        let (own, exported) = (json(stage), json(&format!("{stage}.safetensors")));
        let (own, exported) = (own.as_array().expect("a list"), exported.as_array().expect("a list"));
        assert_eq!((own.len(), exported.len()), (63, 63));
        for (own, exported) in own.iter().zip(exported) {
            let close = |key: &str| {
                (own[key].as_f64().expect("a number") - exported[key].as_f64().expect("a number")).abs() < 1e-5
            };
            assert!(close("probability") && own["class"] == exported["class"], "{stage}: {own} and {exported}");
        }
        let named: Vec<&Value> = own.iter().take(3).map(|record| &record["class"]).collect();
        assert!(CLASSES.iter().all(|class| named.iter().any(|named| named == class)), "{named:?}");
    }
}

#[test]
fn images_come_from_files_folders_and_lists_in_their_order() {
    let folder = Folder::new();
    photos(&folder);
    evaluate(&folder, "linprobe", "");
    let files = |ended: &Ended| records(&ended.stdout).into_iter().map(|record| record[0].clone()).collect::<Vec<_>>();
    let ended = folder
        .run(&["predict", "--from", "linprobe", "--top", "1", "photos/test/dog/101.png", "photos/test/=cat"])
        .succeeds();
    let expected: Vec<String> = std::iter::once("photos/test/dog/101.png".to_owned())
        .chain((100..107).map(|number| format!("photos/test/=cat/{number}.png")))
        .collect();
    assert_eq!(files(&ended), expected);
    for list in [&b"photos/test/dog/101.png\nphotos/test/=cat\n"[..], b"photos/test/dog/101.png\0photos/test/=cat\0"] {
        let listed = piped(&folder, &["predict", "--from", "linprobe", "--top", "1", "-"], list).succeeds();
        assert_eq!(listed.stdout, ended.stdout);
    }
    cifar10(&folder, 3);
    let of_set =
        folder.run(&["predict", "--from", "linprobe", "--top", "1", "photos/test/dog/101.png", "cifar"]).succeeds();
    assert_eq!(files(&of_set), ["photos/test/dog/101.png", "cifar#0", "cifar#1", "cifar#2"]);
    let out =
        folder.run(&["predict", "--from", "linprobe", "--top=1", "photos/test/=cat", "--out", "p.csv"]).succeeds();
    assert_eq!(out.stdout, "7 images in p.csv\n");
    let text = folder.read("p.csv");
    assert_eq!(text.lines().count(), 8);
    let cell = text
        .lines()
        .any(|line| line.contains(",1,'=cat,") || line.contains(",1,\"a, \"\"b\"\"\",") || line.contains(",1,dog,"));
    assert!(cell && !text.contains(",=cat"), "no name is a formula\n{text}");
    let json =
        folder.run(&["predict", "--from", "linprobe", "photos/test/dog", "--json", "--top", "2"]).succeeds().json();
    assert_eq!(json.as_array().map(Vec::len), Some(14));
    let fields: Vec<&String> = json[0].as_object().expect("a record").keys().collect();
    assert_eq!(fields, ["class", "file", "probability", "rank"]);
}

#[test]
fn an_image_that_cannot_be_read_is_named_and_the_others_are_answered() {
    let folder = Folder::new();
    photos(&folder);
    evaluate(&folder, "linprobe", "");
    let whole = picture(0, 3);
    folder.write("mixed/a.png", &whole);
    folder.write("mixed/b.png", &whole[..whole.len() / 2]);
    folder.write("mixed/c.heic", b"no such decoder");
    folder.write("mixed/d.png", &whole);
    let words = ["predict", "--from", "linprobe", "--top", "1", "mixed", "nowhere.png", "--out", "p.csv"];
    let ended = folder.run(&words);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), "2 images in p.csv\n"), "{}", ended.story());
    for part in
        ["error: 3 of 5 images could not be read", "warning: the image mixed/b.png", "mixed/c.heic", "nowhere.png"]
    {
        assert!(ended.stderr.contains(part), "no {part}{}", ended.story());
    }
    let named: Vec<String> = records(&folder.read("p.csv")).into_iter().map(|record| record[0].clone()).collect();
    assert_eq!(named, ["mixed/a.png", "mixed/d.png"]);
    folder.write("empty/notes.txt", b"no image");
    folder.bmae("predict --from linprobe empty").refuses(1, &["there is no image to ask about", "empty"]);
    piped(&folder, &["predict", "--from", "linprobe", "-"], b"").refuses(1, &["there is no image to ask about"]);
}

#[test]
fn what_has_no_classifier_says_what_makes_one() {
    let folder = Folder::new();
    photos(&folder);
    for from in ["run", "run/checkpoints/last.safetensors"] {
        folder.bmae(&format!("predict --from {from} photos/test")).refuses(
            2,
            &[
                "has no classifier: it holds a pre-training",
                &format!("`bmae finetune --from {from} --out FOLDER` makes one"),
            ],
        );
    }
    folder.bmae("checkpoint export --from run --to timm --out e.safetensors -q").succeeds();
    folder.bmae("predict --from e.safetensors photos/test").refuses(2, &["e.safetensors has no classifier"]);
    folder.bmae("predict --from rum photos/test").refuses(1, &["there is no rum", "did you mean run?"]);
    folder.bmae("linprobe --preset tiny.toml --data photos --from run --out all/a/linprobe -q").succeeds();
    folder
        .bmae("predict --from all photos/test")
        .refuses(2, &["all holds no run itself, but runs in folders below it", "such as all/a/linprobe"]);
    folder
        .bmae("predict --from all/a/linprobe photos/test --set data.image_size=32")
        .refuses(2, &["with the recipe that it has, so --set data.image_size=32 cannot be given to it"]);
    folder.bmae("predict --from all/a/linprobe").refuses_usage(&["IMAGE"]);
}

#[test]
fn neighbours_that_are_no_longer_there_do_not_vote() {
    let folder = Folder::new();
    photos(&folder);
    evaluate(&folder, "knn", "");
    let asked = "predict --from knn photos/test/dog/101.png";
    let before = folder.bmae(asked).succeeds();
    std::fs::rename(folder.path("photos"), folder.path("elsewhere")).expect("moved");
    folder.bmae("predict --from knn elsewhere/test/dog/101.png").refuses(1, &["there is no", "photos"]);
    let found = folder.bmae("predict --from knn elsewhere/test/dog/101.png --data elsewhere").succeeds();
    assert_eq!(found.stdout.replace("elsewhere", "photos"), before.stdout);
    std::fs::remove_file(folder.path("elsewhere/train/dog/3.png")).expect("removed");
    folder
        .bmae("predict --from knn elsewhere/test/dog/101.png --data elsewhere")
        .refuses(1, &["knn votes by the training images that it measured", "put these back", "--data"]);
    std::fs::rename(folder.path("elsewhere"), folder.path("photos")).expect("moved back");
    folder.write("photos/train/dog/3.png", &picture(2, 3));
    folder.bmae(asked).succeeds();
    folder.bmae("resume run --epochs 3 -q").succeeds();
    folder.bmae(asked).refuses(1, &["knn measured other weights of run than these are now", "`bmae knn --from run"]);
}

#[test]
fn predictions_replace_predictions_and_nothing_that_is_read() {
    let folder = Folder::new();
    photos(&folder);
    evaluate(&folder, "linprobe", "");
    let predict = |out: &str| folder.run(&["predict", "--from", "linprobe", "photos/test/dog", "--out", out]);
    let force = |out: &str| folder.run(&["predict", "--from", "linprobe", "photos/test/dog", "--force", "--out", out]);
    folder.write("mine.csv", b"a,b\n1,2\n");
    predict("mine.csv").refuses(2, &["mine.csv is there already", "--force"]);
    assert_eq!(folder.read("mine.csv"), "a,b\n1,2\n");
    force("mine.csv").succeeds();
    predict("mine.csv").succeeds();
    for read in [
        "photos/test/dog/101.png",
        "linprobe/run.toml",
        "linprobe/checkpoints/last.safetensors",
        "linprobe/test_predictions.csv",
    ] {
        let before = std::fs::read(folder.path(read)).expect("a file");
        force(read).refuses(2, &["is read to make what would be written in its place"]);
        assert!(std::fs::read(folder.path(read)).expect("a file") == before, "{read}");
    }
    predict("linprobe/predictions.csv").succeeds();
    predict("linprobe/predictions.csv").succeeds();
    predict("nowhere/p.csv").refuses(1, &["nowhere"]);
}

#[test]
fn the_nearest_training_image_of_a_training_image_is_itself() {
    let folder = Folder::new();
    photos(&folder);
    for (stage, more) in [("run", ""), ("finetune", ""), ("linprobe", ""), ("knn", " --set knn.k=5")] {
        if stage != "run" {
            evaluate(&folder, stage, more);
        }
        let words = ["neighbours", "--from", stage, "photos/train/dog/3.png", "photos/test/=cat", "--k", "4"];
        let ended = folder.run(&words).succeeds();
        assert_eq!(ended.stdout.lines().next(), Some("file,rank,image,neighbour,class,similarity"));
        let lines = records(&ended.stdout);
        assert_eq!(lines.len(), 8 * 4, "{}", ended.story());
        assert_eq!(lines[0][1..5], ["1", "41", "dog/3.png", "dog"].map(str::to_owned), "{stage}{}", ended.story());
        assert!(lines[0][5].parse::<f64>().is_ok_and(|similarity| (similarity - 1.0).abs() < 1e-5), "{stage}");
    }
    let ended = folder.bmae("neighbours --from run photos/test/dog --out near.html --top 3 --json").succeeds();
    assert_eq!(ended.json().as_array().map(Vec::len), Some(21));
    let page = folder.read("near.html");
    for part in
        ["content=\"bmae neighbours\"", "data:image/png;base64,", ">100.png<", ">photos/test/dog<", "a, &quot;b&quot;"]
    {
        assert!(page.contains(part), "no {part}");
    }
    assert_eq!(page.matches("<img").count(), 7 * 4);
    folder.bmae("neighbours --from run photos/test/dog --out near.html").succeeds();
    folder.bmae("neighbours --from run photos/test/dog --out near.png --top 3").succeeds();
    folder.bmae("neighbours --from run photos/test/dog --out near.png").succeeds();
    assert!(image::open(folder.path("near.png")).expect("a picture").width() > 500);
    folder
        .bmae("neighbours --from run photos/test/dog --out photos/train/dog/near.png")
        .refuses(2, &["lies among the images of", "--force"]);
    folder.write("site.html", b"<title>mine</title>");
    folder.bmae("neighbours --from run photos/test/dog --out site.html").refuses(2, &["site.html is there already"]);
    folder.bmae("neighbours --from run photos/test/dog --out near.jpg").refuses_usage(&[".html or .png"]);
    let nothing = folder.bmae("neighbours --from run nowhere.png");
    assert!(
        nothing.code == Some(1) && nothing.stderr.contains("1 of 1 image could not be read"),
        "{}",
        nothing.story()
    );
}
