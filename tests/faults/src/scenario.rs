//! The commands that are disturbed: every stage and method, on models and data that take a fraction of a second.

use std::fs;

use crate::shim::Bench;

/// A command that writes into the folder in which it runs.
pub struct Scenario {
    /// What it does.
    pub stage: &'static str,
    /// The method that pre-trains, or that pre-trained the encoder.
    pub method: &'static str,
    /// The command.
    pub begin: Vec<String>,
    /// What goes on where it stopped.
    pub again: Vec<String>,
}

/// Everything that takes time is as small as it can be; what has a file of its own is there.
const RECIPE: &str = r#"
[data]
shapes_train = 64
shapes_test = 20
image_size = 16
[model]
patch_size = 4
encoder = { dim = 16, depth = 1, heads = 2 }
decoder = { dim = 8, depth = 1, heads = 2 }
[method]
k = 1
wse = 1
[pretrain]
epochs = 3
batch_size = 16
warmup_epochs = 1
checkpoint_every = 2
[finetune]
epochs = 2
batch_size = 16
[linprobe]
epochs = 2
batch_size = 16
augmentation = "none"
[monitor]
pictures = 2
pictures_every = 2
stability = 4
"#;

/// Two methods whose first epoch is the same, so that a trunk is trained.
const RUNS: &str = r#"
[[runs]]
name = "mae"
[[runs]]
name = "mae-k"
"#;

const CUSTOM: &str = "method.targets=[{update='ema', tau=0.1, unit='step'}, {weight=0.2, update='copy', every=1}]";

const METHODS: [&str; 5] = ["mae", "mae-k", "ema-mae", "mae-new", "custom"];

/// All of them, with what they read made ready.
///
/// # Panics
/// When the program cannot do that.
pub fn all(bench: &Bench) -> Vec<Scenario> {
    let inputs = bench.inputs();
    let place = |name: &str| inputs.join(name).display().to_string();
    fs::write(inputs.join("tiny.toml"), RECIPE).expect("there is room");
    fs::write(inputs.join("two.toml"), format!("{RECIPE}{RUNS}")).expect("there is room");
    let with_recipe = |command: &str, rest: &[&str]| {
        let recipe = place("tiny.toml");
        let line = [command, "--quiet", "--threads", "1", "--preset", &recipe];
        line.iter().chain(rest).map(|word| (*word).to_owned()).collect::<Vec<String>>()
    };
    let ready = |line: Vec<String>| {
        let ended = bench.run(&inputs, &line);
        assert_eq!(ended.code, Some(0), "bmae {}: {}", line.join(" "), ended.stderr);
    };
    ready(with_recipe("pretrain", &["--method", "mae", "--out", "runs/mae/pretrain"]));
    let encoder = place("runs/mae/pretrain");
    ready(with_recipe("knn", &["--from", &encoder, "--out", "runs/mae/knn"]));
    ready(with_recipe("linprobe", &["--from", &encoder, "--out", "runs/mae/linprobe"]));

    let resumable = |stage: &'static str, method: &'static str, begin: Vec<String>| {
        let again = begin.iter().cloned().chain(["--resume".to_owned()]).collect();
        Scenario { stage, method, begin, again }
    };
    let repeatable =
        |stage: &'static str, begin: Vec<String>| Scenario { stage, method: "mae", again: begin.clone(), begin };
    let mut scenarios = Vec::new();
    for method in METHODS {
        let out = ["--method", method, "--out", "run"];
        let targets: &[&str] = if method == "custom" { &["--set", CUSTOM] } else { &[] };
        scenarios.push(resumable("pretrain", method, with_recipe("pretrain", &[&out, targets].concat())));
    }
    for stage in ["finetune", "linprobe", "knn"] {
        scenarios.push(resumable(stage, "mae", with_recipe(stage, &["--from", &encoder, "--out", "run"])));
    }
    // The best epoch on held-out images is tested in the end, and the training may end early.
    let held_out = ["finetune.validation_fraction=0.3", "finetune.patience=1", "finetune.epochs=3"];
    let held_out =
        ["--from", &encoder, "--out", "run"].into_iter().chain(held_out.iter().flat_map(|set| ["--set", *set]));
    let held_out: Vec<&str> = held_out.collect();
    scenarios.push(resumable("finetune", "mae, held out", with_recipe("finetune", &held_out)));
    // As few epochs as show a trunk, since the stages have scenarios of their own.
    let short = ["pretrain.epochs=2", "finetune.epochs=1", "linprobe.epochs=1", "monitor.pictures=0"];
    let short = short.iter().flat_map(|setting| ["--set", setting]).map(str::to_owned);
    let plan = ["reproduce", "--quiet", "--threads", "1", "--preset", &place("two.toml"), "--out", "plan"];
    let plan = plan.map(str::to_owned).into_iter().chain(short).collect();
    scenarios.push(Scenario { method: "mae, mae-k", ..repeatable("reproduce", plan) });
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    scenarios.push(repeatable("report", words(&["report", "--quiet", &place("runs"), "--out", "report"])));
    let from = ["--quiet", "--threads", "1", "--from", &encoder];
    let with_encoder = |command: &[&str], rest: &[&str]| words(&[command, &from, rest].concat());
    scenarios.push(repeatable("features", {
        with_encoder(&["features"], &["--split", "test", "--feature", "mean", "--out", "features.safetensors"])
    }));
    scenarios.push(repeatable("reconstruct", with_encoder(&["reconstruct"], &["--out", "grid.png"])));
    scenarios.push(repeatable("export", {
        with_encoder(&["checkpoint", "export"], &["--to", "huggingface", "--out", "exported"])
    }));
    scenarios
}
