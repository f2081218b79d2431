//! Paths are bytes: every command takes them whatever they are, or refuses before any work.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use bmae_nn::TensorFile;
use image::ImageFormat;

use crate::fixtures::picture;
use crate::folder::{Ended, Folder};

/// A folder in Latin-1, which is no UTF-8; `@` stands for it in the lines below.
const NAME: &[u8] = b"caf\xe9";

/// Every command by the name of its manual page, with lines that give each of its paths in such bytes, in an order in
/// which they can be run.
const COMMANDS: [(&str, &[&str]); 30] = [
    (
        "pretrain",
        &["--preset @/tiny.toml --out @/run --json", "--from @/run --preset @/tiny.toml --out @/on --data @/photos"],
    ),
    (
        "finetune",
        &["--preset @/tiny.toml --from @/run --out @/ft", "--preset @/tiny.toml --from @/run --out @/ft --resume"],
    ),
    ("linprobe", &["--preset @/tiny.toml --from @/run --out @/lp --json"]),
    ("knn", &["--preset @/tiny.toml --from @/run/checkpoints/last.safetensors --out @/knn"]),
    ("report", &["@/run @/ft @/lp --out @/report --json", "@ --out @/report"]),
    ("reproduce", &["--preset @/tiny.toml --out @/all --set pretrain.epochs=1"]),
    (
        "sweep",
        &[
            "@/grid.toml --preset @/tiny.toml --evaluations knn --out @/sweep",
            "@/grid.toml --preset @/tiny.toml --evaluations knn --out @/jobs --emit slurm --json",
            "@/grid.toml --preset @/tiny.toml --evaluations knn --out @/jobs --emit snakemake",
            "@/grid.toml --preset @/tiny.toml --evaluations knn --dry-run",
        ],
    ),
    ("watch", &["@/run"]),
    ("runs", &["@", "@ --json"]),
    ("runs-compare", &["@/ft @/lp --json"]),
    ("runs-metrics", &["@/ft"]),
    ("reconstruct", &["--from @/run --data @/photos --out @/grid.png --attention @/looks.png --json"]),
    (
        "forward",
        &["--weights @/run --inputs @/inputs.safetensors --outputs @/forward.safetensors --preset @/tiny.toml"],
    ),
    (
        "replay",
        &[
            "--stage pretrain --weights @/run --batches @/batches.safetensors --steps-per-epoch 1 --outputs @/replay.safetensors --preset @/tiny.toml",
        ],
    ),
    (
        "features",
        &[
            "--preset @/tiny.toml --from @/run --data @/photos --split train --feature mean --out @/features.safetensors --json",
            "--preset @/tiny.toml --from @/run --data @/photos --split train --feature mean --out @/features.npz",
            "--preset @/tiny.toml --from @/run --data @/photos --split train --feature mean --out @/features.csv",
        ],
    ),
    ("predict", &["--from @/ft @/photos/test --out @/predictions.csv --json", "--from @/knn @/photos --data @/photos"]),
    ("neighbours", &["--from @/lp @/photos/test --out @/near.html --json"]),
    ("bench", &["--preset @/tiny.toml --steps 1 --warmup 1 --batch 4"]),
    // There is no server: it gets as far as asking.
    ("data-download", &["cifar10 --to @/archives --url http://127.0.0.1:9/none"]),
    ("data-info", &["--preset @/tiny.toml --data @/photos", "--preset @/tiny.toml --set data.source=@/photos --json"]),
    ("data-check", &["--preset @/tiny.toml --data @/photos --json"]),
    ("data-preview", &["--stage pretrain --preset @/tiny.toml --data @/photos --out @/preview.png"]),
    ("checkpoint-info", &["@/run --json", "--from @/run"]),
    (
        "checkpoint-export",
        &[
            "--from @/run --to timm --out @/timm.safetensors",
            "--from @/run --to huggingface --out @/vit --json",
            "--from @/run --to onnx --out @/run.onnx",
        ],
    ),
    ("checkpoint-import", &["--from @/vit --out @/imported.safetensors --preset @/tiny.toml"]),
    ("resume", &["@/ft --json", "@/all", "@/run --epochs 3 --data @/photos", "@/sweep"]),
    ("init", &["--data @/photos --time 5s @/proposed.toml --json"]),
    ("keys", &["lr"]),
    ("completions", &["bash"]),
    ("man", &["@/man", "@/man"]),
];

/// Commands that only hold others.
const GROUPS: [&str; 2] = ["data", "checkpoint"];

fn bytes(line: &str) -> Vec<OsString> {
    let word = |word: &str| {
        let parts: Vec<&[u8]> = word.as_bytes().split(|&byte| byte == b'@').collect();
        OsString::from_vec(parts.join(NAME))
    };
    line.split(' ').map(word).collect()
}

fn run(folder: &Folder, command: &str, line: &str) -> Ended {
    let words: Vec<&str> = match command.split_once('-').filter(|(group, _)| *group != "data" || command != "data") {
        Some((group, rest)) => vec![group, rest],
        None => vec![command],
    };
    let output = folder.command(&words).args(bytes(line)).output().expect("the binary can be started");
    folder.ended(&[&words.join(" "), line], output)
}

/// A folder with all that the commands read, in such bytes.
fn made() -> Folder {
    let folder = Folder::new();
    let at = |name: &str| folder.path("").join(OsStr::from_bytes(NAME)).join(name);
    for class in [&b"caf\xe9"[..], b"caf\xe8"] {
        for split in ["train", "test"] {
            let path = at("photos").join(split).join(OsStr::from_bytes(class));
            std::fs::create_dir_all(&path).expect("a folder");
            for number in 0..16 {
                let name = [format!("{number}").as_bytes(), b"\xff.png"].concat();
                let bytes = picture(number, ImageFormat::Png);
                std::fs::write(path.join(OsStr::from_bytes(&name)), bytes).expect("a picture");
            }
        }
    }
    std::fs::write(at("tiny.toml"), folder.read("tiny.toml")).expect("a recipe");
    std::fs::write(at("grid.toml"), "[[grids]]\nmethod.name = [\"scratch\", \"mae\"]\n").expect("a sweep");
    let values = |count: usize| (0..count).map(|n| ((n * 37) % 101) as f32 / 50.0 - 1.0).collect::<Vec<f32>>();
    let mut inputs = TensorFile::default();
    inputs.put_floats("images", &[2, 3, 16, 16], values(2 * 768));
    std::fs::write(at("inputs.safetensors"), inputs.to_bytes().expect("tensors")).expect("a file");
    let mut batches = TensorFile::default();
    batches.put_floats("images", &[1, 2, 3, 16, 16], values(2 * 768));
    batches.put_floats("noise", &[1, 2, 16], values(32));
    std::fs::write(at("batches.safetensors"), batches.to_bytes().expect("tensors")).expect("a file");
    folder
}

#[test]
fn every_command_takes_paths_in_any_bytes() {
    let folder = made();
    for (command, lines) in COMMANDS {
        for line in lines {
            let ended = run(&folder, command, line);
            match command {
                "data-download" => drop(ended.refuses(1, &["cannot reach"])),
                _ => drop(ended.succeeds()),
            }
        }
    }
    folder.bmae("man pages").succeeds();
    let mut pages: Vec<String> = std::fs::read_dir(folder.path("pages"))
        .expect("a folder")
        .map(|page| page.expect("a page").file_name().into_string().expect("a name"))
        .filter_map(|page| Some(page.strip_prefix("bmae-")?.strip_suffix(".1")?.to_owned()))
        .filter(|command| !GROUPS.contains(&command.as_str()))
        .collect();
    pages.sort();
    let mut tried = COMMANDS.map(|(command, _)| command.to_owned()).to_vec();
    tried.sort();
    assert_eq!(tried, pages, "every command has its line above");
}

#[test]
fn what_a_run_records_of_such_paths_is_read_back() {
    let folder = made();
    let inside = folder.path("").join(OsStr::from_bytes(NAME));
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let output = folder.command(&words).current_dir(&inside).output().expect("the binary can be started");
        folder.ended(&words, output).succeeds()
    };
    // The folder at work makes every absolute path one in such bytes.
    run("pretrain --preset tiny.toml --data photos --out a");
    run("linprobe --preset tiny.toml --from a --out probe");
    run("pretrain --preset tiny.toml --data photos --from a --out on");
    run("pretrain --preset on/config.toml --out on --resume");
    let outdated = run("runs probe --json").json();
    assert_eq!(outdated[0]["state"], "finished", "{outdated}");
    let recipe = std::fs::read_to_string(inside.join("probe/config.toml")).expect("a recipe");
    assert!(recipe.contains("source = \"file:///") && recipe.contains("/caf%E9/photos\""), "{recipe}");
    let told = run("checkpoint export --from a --to timm --out t.safetensors --json").json();
    assert_eq!(told["out"], "t.safetensors");
    let classes = run("data info --preset tiny.toml --data photos --json").json()["classes"].clone();
    assert_eq!(classes, serde_json::json!([r"caf\xe8", r"caf\xe9"]));
}

#[test]
fn what_is_no_path_and_no_utf_8_is_refused_and_named() {
    let folder = Folder::new();
    let ended = run(&folder, "sweep", "--grid method.k=@ --out s");
    ended.refuses_usage(&["not UTF-8", r"method.k=caf\xe9"]).leaves_no("s");
}
