//! `bench`: that it runs and what it prints; never how fast anything is.

use crate::folder::Folder;

const FAST: &str = "--steps 2 --warmup 1";

#[test]
fn every_stage_and_method_is_measured_on_images_of_nowhere() {
    let folder = Folder::new();
    for (stage, method) in
        [("pretrain", "mae"), ("pretrain", "mae-k"), ("pretrain", "mae-new"), ("finetune", "mae"), ("linprobe", "mae")]
    {
        // No data set has to exist.
        let command =
            format!("bench --preset tiny.toml --stage {stage} --method {method} --batch 6 --threads 2 {FAST} --json");
        let json = folder.bmae(&format!("{command} --set data.source=cifar10")).succeeds().json();
        assert_eq!((json["stage"].as_str(), json["method"].as_str()), (Some(stage), Some(method)));
        assert_eq!(
            (json["batch"].as_u64(), json["threads"].as_u64(), json["steps"].as_u64()),
            (Some(6), Some(2), Some(2))
        );
        for key in ["images_per_s", "gflop_per_s", "product_peak_gflop_per_s", "ms_per_step"] {
            assert!(json[key].as_f64().is_some_and(|number| number > 0.0), "{key} of {json}");
        }
        if cfg!(target_os = "linux") {
            assert!(json["peak_rss_mib"].as_f64().is_some_and(|number| number > 1.0), "{json}");
        }
        assert!(["portable", "avx2", "avx512"].contains(&json["instruction_set"].as_str().expect("a name")));
    }
    assert!(!folder.listing().contains("runs"), "{}", folder.listing());
}

#[test]
fn the_text_says_what_how_fast_and_with_a_profile_where_the_time_goes() {
    let folder = Folder::new();
    let text = folder.bmae(&format!("bench --preset tiny.toml --method mae-new {FAST} --profile")).succeeds().stdout;
    for part in [
        "pretrain mae-new: batch 32, ",
        " images/s (",
        " GFLOP/s, ",
        "time of all threads",
        "optimiser",
        "threads without work",
        "targets: attention",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn the_precision_is_that_of_the_recipe_and_is_told_with_how_its_products_are_computed() {
    let folder = Folder::new();
    let command = format!("bench --preset tiny.toml --method mae-k {FAST}");
    let in_f32 = folder.bmae(&format!("{command} --json")).succeeds().json();
    assert_eq!((in_f32["precision"].as_str(), in_f32.get("bf16_products")), (Some("f32"), None));
    let in_bf16 = folder.bmae(&format!("{command} --json --set precision=bf16")).succeeds().json();
    assert_eq!(in_bf16["precision"], "bf16");
    let products = in_bf16["bf16_products"].as_str().expect("a name").to_owned();
    assert!(["rounded-f32", "avx512-bf16", "amx"].contains(&products.as_str()), "{products}");
    for stage in ["pretrain", "finetune", "linprobe"] {
        let text = folder.bmae(&format!("{command} --stage {stage} --set precision=bf16")).succeeds().stdout;
        assert!(text.lines().next().is_some_and(|line| line.contains(&format!(", bf16 by {products}, "))), "{text}");
    }
}

#[test]
fn micro_batches_and_a_probe_of_fixed_features_are_measured_as_they_train() {
    let folder = Folder::new();
    for (stage, set) in [
        ("pretrain", "pretrain.accumulate=4"),
        ("finetune", "finetune.accumulate=2"),
        ("linprobe", "linprobe.accumulate=2"),
    ] {
        folder.bmae(&format!("bench --preset tiny.toml --stage {stage} {FAST} --set {set}")).succeeds();
    }
}

#[test]
fn what_pre_trains_nothing_cannot_be_measured_pre_training() {
    let folder = Folder::new();
    folder
        .bmae("bench --preset tiny.toml --method scratch")
        .refuses(2, &["\"scratch\" pre-trains nothing", "--stage finetune or linprobe"]);
}

#[test]
fn an_instruction_set_that_does_not_exist_is_refused_by_every_command() {
    let folder = Folder::new();
    for arguments in ["bench --preset tiny.toml", "data info", "pretrain --preset tiny.toml --out run"] {
        let words: Vec<&str> = arguments.split(' ').collect();
        let output = folder.command(&words).env("BMAE_SIMD", "sse9").output().expect("the binary can be started");
        folder
            .ended(&words, output)
            .refuses(2, &["BMAE_SIMD is \"sse9\"", "\"portable\", \"avx2\" or \"avx512\"", "unset it"])
            .leaves_no("run");
    }
}

#[test]
fn the_portable_kernels_train_too() {
    let folder = Folder::new();
    let words: Vec<&str> = "bench --preset tiny.toml --steps 1 --warmup 1 --json".split(' ').collect();
    let output = folder.command(&words).env("BMAE_SIMD", "portable").output().expect("the binary can be started");
    assert_eq!(folder.ended(&words, output).succeeds().json()["instruction_set"], "portable");
}

#[test]
fn loading_alone_is_timed_on_the_images_of_the_recipe_over_as_many_epochs_as_it_takes() {
    let folder = Folder::new();
    let json =
        folder.bmae("bench --preset tiny.toml --loading --batch 8 --steps 30 --warmup 2 --json").succeeds().json();
    assert_eq!((json["images"].as_u64(), json["batch"].as_u64()), (Some(240), Some(8)), "{json}");
    assert!(json["images_per_s"].as_f64().is_some_and(|number| number > 0.0), "{json}");
    folder.bmae("bench --preset tiny.toml --loading --data nowhere").refuses(1, &["nowhere"]);
    folder.bmae("bench --preset tiny.toml --data shapes").refuses(2, &["--loading"]);
}
