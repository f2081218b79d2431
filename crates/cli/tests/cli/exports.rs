//! What leaves for use elsewhere without weights: files of ONNX, and features in three formats.

use crate::fixtures::{class_folders, unlabelled_folder};
use crate::folder::Folder;

const TRAIN: &str = "pretrain --preset tiny.toml --data photos -q --out a --set pretrain.batch_size=4";

#[test]
fn an_onnx_file_says_what_it_takes_and_gives_and_is_replaced_by_its_own_command_alone() {
    let folder = Folder::new();
    class_folders(&folder);
    folder.bmae(TRAIN).succeeds();
    folder
        .bmae("finetune --preset tiny.toml --data photos --from a --out ft -q --set finetune.batch_size=4")
        .succeeds();
    for (line, input, output) in [
        ("--from a --out a.onnx", "uint8 [N, 16, 16, 3]", "features: float [N, 16]"),
        ("--from a --out a.onnx --feature mean --input float", "float [N, 3, 16, 16]", "features: float [N, 16]"),
        ("--from ft --out ft.onnx --input uint16", "uint16 [N, 16, 16, 3]", "logits: float [N, 2]"),
        ("--from ft --out ft.onnx --pool class-token", "uint8 [N, 16, 16, 3]", "features: float [N, 16]"),
    ] {
        let json = folder.bmae(&format!("checkpoint export --to onnx {line} --json")).succeeds().json();
        assert_eq!(json["input"], format!("images: {input}"), "{line}");
        assert_eq!((&json["output"], &json["to"]), (&output.into(), &"onnx".into()), "{line}");
    }
    let text = folder.bmae("checkpoint export --to onnx --from ft --out ft.onnx").succeeds();
    assert!(text.stdout.contains("an ONNX classifier of 2 classes"), "{}", text.story());
    assert!(text.stdout.contains("it takes images: uint8 [N, 16, 16, 3] and gives logits: float [N, 2]"));
    let bytes = std::fs::read(folder.path("ft.onnx")).expect("it is there");
    folder.bmae("checkpoint export --to onnx --from ft --out ft.onnx -q").succeeds();
    assert_eq!(std::fs::read(folder.path("ft.onnx")).expect("it is there"), bytes);
    let said = String::from_utf8_lossy(&bytes).into_owned();
    assert!(said.contains("[\"cat\",\"dog\"]") && said.contains("bmae.version"), "names and version go along");

    folder.write("mine.onnx", b"mine");
    folder.bmae("checkpoint export --to onnx --from a --out mine.onnx").refuses(2, &["mine.onnx", "--force"]);
    folder.bmae("checkpoint export --to onnx --from a --out mine.onnx --force -q").succeeds();
    folder.bmae("checkpoint export --to onnx --from a --out a.pb").refuses(2, &["an ONNX file", "a.pb", ".onnx"]);
    folder.bmae("checkpoint export --to timm --from a --out t.safetensors --input float").refuses(2, &["--to onnx"]);
    folder.bmae("checkpoint export --to onnx --from none --out b.onnx").refuses(1, &["none"]).leaves_no("b.onnx");
}

#[test]
fn a_run_of_nearest_neighbours_gives_the_encoder_that_it_measured() {
    let folder = Folder::new();
    class_folders(&folder);
    folder.bmae(TRAIN).succeeds();
    folder.bmae("knn --preset tiny.toml --data photos --from a --out k -q").succeeds();
    for (command, out) in
        [("checkpoint export --to onnx --from", "e.onnx"), ("features --split test --feature mean --from", "f.csv")]
    {
        let ended = folder.bmae(&format!("{command} k --out k-{out}")).succeeds();
        assert!(ended.stderr.contains("note: k holds no classifier"), "{}", ended.story());
        folder.bmae(&format!("{command} a --out a-{out} -q")).succeeds();
        let [one, other] = ["k", "a"].map(|run| std::fs::read(folder.path(&format!("{run}-{out}"))).expect("a file"));
        // The recipe that goes along is that of the run.
        assert!(one == other || out.ends_with("onnx"), "{out}");
    }
}

#[test]
fn features_are_written_by_suffix_with_files_and_classes_and_every_format_again() {
    let folder = Folder::new();
    class_folders(&folder);
    unlabelled_folder(&folder);
    folder.bmae(TRAIN).succeeds();
    let command = "features --preset tiny.toml --from a --split test --feature mean -q --data photos --out";
    for name in ["f.safetensors", "f.npz", "f.csv"] {
        folder.bmae(&format!("{command} {name}")).succeeds();
        let first = std::fs::read(folder.path(name)).expect("a file");
        folder.bmae(&format!("{command} {name}")).succeeds();
        assert_eq!(std::fs::read(folder.path(name)).expect("a file"), first, "{name}");
        let mine = format!("mine-{name}");
        folder.write(&mine, b"file,label\na.png,cat\n");
        folder.bmae(&format!("{command} {mine}")).refuses(2, &[&mine, "does not hold features that bmae wrote"]);
        folder.bmae(&format!("{command} {mine} --force")).succeeds();
    }
    let table = folder.read("f.csv");
    let mut lines = table.lines();
    assert!(lines.next().is_some_and(|header| header.starts_with("file,label,f0,f1,") && header.ends_with(",f15")));
    let lines: Vec<&str> = lines.collect();
    assert!(lines.len() == 6 && lines[0].starts_with("cat/0.png,cat,") && lines[5].starts_with("dog/2.png,dog,"));

    let tensors = bmae_nn::TensorFile::from_file(&folder.path("f.safetensors")).expect("tensors");
    let (shape, values) = tensors.floats::<2>("features", "").expect("features");
    let of_table =
        lines.iter().flat_map(|line| line.split(',').skip(2).map(|value| value.parse::<f32>().expect("f32")));
    assert_eq!((shape, values), ([6, 16], &of_table.collect::<Vec<_>>()[..]), "the same numbers, to the last bit");

    folder
        .bmae("features --preset tiny.toml --from a --split train --feature class-token -q --data pile --out u.csv")
        .succeeds();
    assert!(folder.read("u.csv").starts_with("file,f0,f1,"), "without labels there is no such column");
    folder.bmae(&format!("{command} f.txt")).refuses(2, &["f.txt", ".safetensors, .npz or .csv"]).leaves_no("f.txt");
}

#[test]
fn every_run_has_a_class_token_and_a_mean_whatever_its_head_sees() {
    let folder = Folder::new();
    class_folders(&folder);
    folder.bmae(TRAIN).succeeds();
    for pooling in ["class-token", "mean"] {
        for (stage, key) in [("finetune", "finetune.pooling"), ("linprobe", "linprobe.feature")] {
            let run = format!("{stage}-{pooling}");
            let line = format!(
                "{stage} --preset tiny.toml --data photos --from a --set {key}={pooling} --out {run} -q --set {stage}.batch_size=4"
            );
            folder.bmae(&line).succeeds();
            for feature in ["class-token", "mean"] {
                folder
                    .bmae(&format!(
                        "features --from {run} --data photos --split test --feature {feature} --out {run}-{feature}.csv"
                    ))
                    .succeeds();
            }
        }
    }
}
