//! `bmae checkpoint`: weights in and out, and what is said of those that are not right.

use std::fs;
use std::path::Path;

use crate::fixtures::class_folders;
use crate::folder::{Ended, Folder};

/// A weight file of another program, from tests/reference/weights.
fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/weights").join(name).display().to_string()
}

fn knn(folder: &Folder, from: &str, more: &[&str]) -> Ended {
    class_folders(folder);
    folder.run(&[&["knn", "--from", from, "--out", "out", "--data", "photos", "--set", "knn.k=3"][..], more].concat())
}

#[test]
fn info_says_what_a_run_holds_and_with_v_every_tensor_and_the_recipe() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    let short = folder.bmae("checkpoint info a").succeeds();
    for part in [
        "a/checkpoints/last.safetensors\n",
        "encoder: dim 16, depth 1, MLP 64 wide, patches of 4 x 4 (4 x 4 of them in an image of 16 x 16)",
        "decoder: dim 8, depth 1, predicts 48 values a patch (pixels)",
        "parameters: 5,984 (encoder 4,384, decoder 1,600)",
        "method mae, seed 0, heads 2 and 2 (decoder), 2 epochs done",
    ] {
        assert!(short.stdout.contains(part), "no {part}{}", short.story());
    }
    assert!(!short.stdout.contains("patch_embed.proj.weight"), "{}", short.story());
    let long = folder.bmae("checkpoint info --from a -v").succeeds();
    assert!(
        long.stdout.contains("patch_embed.proj.weight") && long.stdout.contains("[16, 3, 4, 4]"),
        "{}",
        long.story()
    );
    assert!(long.stdout.ends_with(&folder.read("a/config.toml")), "{}", long.story());
    let json = folder.bmae("checkpoint info a/checkpoints/last.safetensors --json").succeeds().json();
    assert_eq!(json["tensors"]["cls_token"], serde_json::json!([1, 1, 16]));
    assert_eq!(json["recipe"].as_str(), Some(folder.read("a/config.toml").as_str()));
    assert_eq!((&json["encoder"]["heads"], &json["numbers"]), (&serde_json::json!(2), &serde_json::json!(5984)));
    let nothing = folder.bmae("checkpoint info");
    assert!(nothing.code == Some(2) && nothing.stderr.contains("<RUN|FILE>"), "{}", nothing.story());
}

#[test]
fn info_says_what_kind_of_foreign_file_it_is() {
    let folder = Folder::new();
    for (name, parts) in [
        (
            "official.pth",
            &["file: PyTorch (torch.save), names of official MAE and timm, under `model`; 3 tensors beside"][..],
        ),
        ("plain.pth", &["integer tensors are not read (steps)", "recipe: none; numbers of attention heads come from"]),
        (
            "huggingface",
            &["safetensors, names of Hugging Face", "config.json tells 2 heads in the encoder and 2 heads in the"],
        ),
        ("classifier_timm.safetensors", &["head: 3 classes (the mean of the patch tokens, fc_norm)"]),
    ] {
        let ended = folder.run(&["checkpoint", "info", &fixture(name)]).succeeds();
        for part in parts {
            assert!(ended.stdout.contains(part), "no {part}{}", ended.story());
        }
    }
}

#[test]
fn weights_travel_out_and_back_and_mean_the_same() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --out a").succeeds();
    let hugging = folder.bmae("checkpoint export --from a --to huggingface --out vit").succeeds();
    assert!(
        hugging.stdout.contains("transformers.ViTMAEForPreTraining.from_pretrained(\"vit\")"),
        "{}",
        hugging.story()
    );
    assert_eq!(hugging.stderr, "", "{}", hugging.story());
    folder.bmae("checkpoint export --from vit --to mae --out mae.safetensors").succeeds();
    let timm = folder.bmae("checkpoint export --from mae.safetensors --to timm --out timm.safetensors").succeeds();
    assert!(timm.stderr.contains("note: a VisionTransformer has no decoder"), "{}", timm.story());

    let top1 = |from: &str, out: &str| {
        folder.run(&["knn", "--preset", "tiny.toml", "--from", from, "--out", out, "--json"]).succeeds().json()["top1"]
            .clone()
    };
    let own = top1("a", "k-a");
    for from in ["vit", "mae.safetensors", "timm.safetensors"] {
        assert_eq!(top1(from, &format!("k-{from}")), own, "{from}");
    }
    let json = folder.bmae("checkpoint export --from a --to mae --out m.safetensors --json").succeeds().json();
    assert_eq!((&json["to"], &json["tensors"]), (&serde_json::json!("mae"), &serde_json::json!(38)));
}

#[test]
fn a_foreign_file_is_evaluated_with_the_sizes_that_its_shapes_tell() {
    let folder = Folder::new();
    let ended = knn(&folder, &fixture("official.pth"), &["--set", "model.encoder.heads=2"]).succeeds();
    assert!(
        folder.read("out/config.toml").contains("dim = 8\ndepth = 2\nheads = 2\nmlp_ratio = 2"),
        "{}",
        ended.story()
    );
    assert!(!ended.stderr.contains("attention heads"), "they were given{}", ended.story());
    let ended = folder
        .run(&[
            "features",
            "--from",
            &fixture("official.pth"),
            "--preset",
            "mini",
            "--data",
            "photos",
            "--split",
            "test",
            "--feature",
            "mean",
            "--out",
            "f.safetensors",
        ])
        .succeeds();
    let note = "note: ";
    assert!(ended.stderr.contains(note) && ended.stderr.contains("of its encoder: taken is 4"), "{}", ended.story());
    assert!(!ended.stderr.contains("of its decoder"), "nothing uses it{}", ended.story());
}

#[test]
fn a_pre_training_goes_on_from_a_foreign_autoencoder_at_another_image_size() {
    let folder = Folder::new();
    folder.write("mae.pth", &fs::read(fixture("official.pth")).expect("the fixture"));
    let line = "pretrain --preset tiny.toml --from mae.pth --out on --set data.image_size=16 --set model.encoder.heads=2 \
                --set model.decoder.heads=2";
    let ended = folder.bmae(line).succeeds();
    assert!(ended.stderr.contains("pos_embed and decoder_pos_embed resized from 3 x 3 to 8 x 8"), "{}", ended.story());
    let recipe = folder.read("on/config.toml");
    assert!(recipe.contains("[model.encoder]\ndim = 8\ndepth = 2\nheads = 2\nmlp_ratio = 2"), "{}", ended.story());
    assert!(recipe.contains("[model.decoder]\ndim = 4\ndepth = 1\nheads = 2"), "{}", ended.story());
    assert!(folder.read("on/run.toml").contains("mae.pth\""), "{}", ended.story());
    // The recipe that the run wrote down says it all.
    folder.bmae("pretrain --preset on/config.toml --out again").succeeds();
    assert!(folder.weights("again") == folder.weights("on"), "the last weights differ");
    // A run that has begun needs the file no more, not even to know its own sizes.
    fs::remove_file(folder.path("mae.pth")).expect("it was there");
    let again = folder.bmae(&format!("{line} --resume")).succeeds();
    assert!(again.stdout.contains("was finished earlier"), "{}", again.story());
    folder.bmae(&line.replace("--out on", "--out other")).refuses(1, &["mae.pth"]).leaves_no("other");
}

#[test]
fn imported_weights_need_no_more_flags() {
    let folder = Folder::new();
    let from = fixture("official.pth");
    folder
        .run(&["checkpoint", "import", "--from", &from, "--out", "own.safetensors", "--set", "model.encoder.heads=4"])
        .succeeds();
    let ended = knn(&folder, "own.safetensors", &[]).succeeds();
    assert!(folder.read("out/config.toml").contains("dim = 8\ndepth = 2\nheads = 4"), "{}", ended.story());
    assert!(!ended.stderr.contains("heads"), "{}", ended.story());
}

#[test]
fn heads_that_do_not_divide_a_foreign_width_are_asked_for() {
    let folder = Folder::new();
    knn(&folder, &fixture("official.pth"), &["--preset", "paper"])
        .refuses(2, &["official.pth is 8 wide, which 3 attention heads do not divide", "--set model.encoder.heads=N"])
        .leaves_no("out");
}

#[test]
fn a_patch_size_that_does_not_divide_the_image_is_refused() {
    let folder = Folder::new();
    knn(&folder, &fixture("official.pth"), &["--set", "data.image_size=15"])
        .refuses(2, &["15 x 15", "2 x 2", "`data.image_size`", "such as 16"])
        .leaves_no("out");
}

#[test]
fn weights_of_another_architecture_are_refused_with_what_they_are() {
    let folder = Folder::new();
    knn(&folder, &fixture("official.pth"), &["--set", "model.encoder={dim=16, heads=2}"])
        .refuses(1, &["tensor cls_token in", "needs [1, 1, 16]", "the weights are of an encoder of dim 8, depth 2"])
        .leaves_no("out");
    knn(&folder, &fixture("classifier_timm.safetensors"), &["--set", "model.encoder.heads=2"])
        .refuses(1, &["classifier_timm.safetensors classifies by the mean of the patch tokens", "--feature block:N"])
        .leaves_no("out");
}

#[test]
fn a_pth_that_is_none_is_refused_by_what_it_is() {
    let folder = Folder::new();
    let whole = fs::read(fixture("official.pth")).expect("the fixture is there");
    folder.write("text.pth", b"not weights at all\n");
    folder.write("short.pth", &whole[..whole.len() / 2]);
    folder.write("empty.pth", b"");
    for (name, part) in [
        ("text.pth", "text.pth holds no weights but text that begins with \"not weights at all\""),
        ("short.pth", "short.pth cannot be read as a PyTorch checkpoint ("),
        ("empty.pth", "it has only 0 bytes"),
    ] {
        knn(&folder, name, &[]).refuses(1, &[part]).leaves_no("out");
        folder.run(&["checkpoint", "info", name]).refuses(1, &[part]);
    }
}

#[test]
fn an_export_that_cannot_be_leaves_nothing() {
    let folder = Folder::new();
    let export = |from: &str, to: &str, out: &str| {
        folder.run(&[
            "checkpoint",
            "export",
            "--from",
            from,
            "--to",
            to,
            "--out",
            out,
            "--set",
            "model.encoder.heads=2",
        ])
    };
    let classifier = fixture("classifier_timm.safetensors");
    export(&classifier, "huggingface", "vit").refuses(1, &["mean of the patch tokens", "--to timm"]).leaves_no("vit");
    export(&classifier, "timm", "vit.pth").refuses(2, &["ends in .safetensors"]).leaves_no("vit.pth");
    folder.write("taken/letter.txt", b"dear mother");
    export(&fixture("official.pth"), "huggingface", "taken")
        .refuses(2, &["taken holds letter.txt", "did not write", "--force"]);
    export("nowhere", "timm", "vit.safetensors").refuses(1, &["nowhere"]).leaves_no("vit.safetensors");
    export(&fixture("outputs.safetensors"), "timm", "vit.safetensors")
        .refuses(1, &["outputs.safetensors is of another architecture", "it has no part of a Vision Transformer"])
        .leaves_no("vit.safetensors");
    folder
        .run(&[
            "checkpoint",
            "export",
            "--from",
            &classifier,
            "--to",
            "timm",
            "--out",
            "vit.safetensors",
            "-q",
            "--set",
            "data.image_size=1000000",
        ])
        .refuses(2, &["a model of these sizes needs at least", " of memory", "`data.image_size`"])
        .leaves_no("vit.safetensors");
    let unknown = export(&classifier, "tflite", "vit.tflite").leaves_no("vit.tflite");
    assert!(unknown.code == Some(2) && unknown.stderr.contains("timm, mae, huggingface, onnx"), "{}", unknown.story());
}

#[test]
fn info_lists_what_is_missing_and_import_refuses_it() {
    let folder = Folder::new();
    let mut weights = bmae_nn::StateDict::from_file(Path::new(&fixture("weights.safetensors"))).expect("weights");
    weights.tensors.remove("blocks.1.mlp.fc2.bias").expect("it was there");
    folder.write("half.safetensors", &weights.to_bytes().expect("whole tensors"));
    let ended = folder.bmae("checkpoint info half.safetensors").succeeds();
    assert!(ended.stdout.contains("missing: blocks.1.mlp.fc2.bias\n"), "{}", ended.story());
    let whole = folder.run(&["checkpoint", "info", &fixture("weights.safetensors")]).succeeds();
    assert!(!whole.stdout.contains("missing"), "{}", whole.story());
    folder
        .bmae("checkpoint import --from half.safetensors --out own.safetensors -q")
        .refuses(1, &["half.safetensors lacks 1 tensor (blocks.1.mlp.fc2.bias) of this model"])
        .leaves_no("own.safetensors");
}
