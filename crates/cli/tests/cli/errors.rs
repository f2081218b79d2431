//! Every error that a user can cause is one sentence with a remedy and the right exit code, and leaves nothing behind.

use std::fs;
use std::process::Command;

use image::ImageFormat;

use crate::fixtures::{cifar10, cifar10_records, class_folders, picture, unlabelled_folder};
use crate::folder::Folder;

/// A pre-training of `tiny.toml` into `run` with more arguments.
fn pretrain(folder: &Folder, arguments: &[&str]) -> crate::folder::Ended {
    let mut words = vec!["pretrain", "--preset", "tiny.toml", "--out", "run"];
    words.extend(arguments);
    folder.run(&words)
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let folder = Folder::new();
    pretrain(&folder, &["--set", "pretrain.epoch=3"])
        .refuses(2, &["unknown key `pretrain.epoch`", "--set pretrain.epoch=3", "did you mean `pretrain.epochs`?"])
        .leaves_no("run");
    folder.write("mine.toml", b"[model]\npatchsize = 4\n");
    folder
        .bmae("pretrain --preset mine.toml --out run")
        .refuses(2, &["`model.patchsize`", "mine.toml", "did you mean `model.patch_size`?"])
        .leaves_no("run");
}

#[test]
fn a_value_out_of_range_says_what_is_allowed() {
    let folder = Folder::new();
    for (set, part) in [
        ("pretrain.mask_ratio=1.5", "is 1.5, but must be a number above 0 and below 1"),
        ("pretrain.epochs=0", "must be a whole number of at least 1"),
        ("pretrain.epochs=ten", "is the string \"ten\""),
        ("finetune.pooling=max", "must be \"mean\" or \"class-token\""),
    ] {
        pretrain(&folder, &["--set", set]).refuses(2, &[part]).leaves_no("run");
    }
    pretrain(&folder, &["--method", "mae-k", "--k", "0"])
        .refuses(2, &["`method.k` given by --k is 0"])
        .leaves_no("run");
    pretrain(&folder, &["--method", "maek"]).refuses(2, &["\"maek\"", "\"mae-k\""]).leaves_no("run");
}

#[test]
fn a_mask_that_keeps_or_hides_no_patch_is_refused() {
    let folder = Folder::new();
    pretrain(&folder, &["--set", "pretrain.mask_ratio=0.99"])
        .refuses(2, &["keeps none of the 16 patches", "lower it to at most 0.937"])
        .leaves_no("run");
    pretrain(&folder, &["--set", "pretrain.mask_ratio=1e-17"])
        .refuses(2, &["masks none of the 16 patches", "raise it to at least"])
        .leaves_no("run");
}

#[test]
fn an_image_size_that_patches_do_not_divide_is_refused() {
    let folder = Folder::new();
    pretrain(&folder, &["--set", "data.image_size=18"])
        .refuses(2, &["18 x 18", "4 x 4", "`data.image_size`", "such as 20"])
        .leaves_no("run");
    pretrain(&folder, &["--set", "data.image_size=[16,18]"])
        .refuses(2, &["16 x 18", "its width of 18 is no multiple of 4", "such as [16, 20]"])
        .leaves_no("run");
    pretrain(&folder, &["--set", "data.image_size=[18,32]", "--set", "model.patch_size=[4,8]"])
        .refuses(2, &["18 x 32", "4 x 8", "its height of 18 is no multiple of 4", "such as [20, 32]"])
        .leaves_no("run");
    pretrain(&folder, &["--set", "data.image_size=[16]"])
        .refuses(2, &["a whole number from 1 to 1000000, or a list of two such, [height, width]"])
        .leaves_no("run");
}

#[cfg(target_os = "linux")]
#[test]
fn an_image_size_or_model_that_cannot_fit_in_memory_is_refused_at_once() {
    let folder = Folder::new();
    for (set, key) in [
        ("data.image_size=400000", "`data.image_size`"),
        ("model.encoder={dim=400000, depth=1000, heads=4}", "`model.encoder.dim`"),
        ("model.encoder.depth=1000000", "`model.encoder.depth`"),
        ("pretrain.batch_size=9223372036854775807", "`pretrain.batch_size`"),
    ] {
        pretrain(&folder, &["--set", set])
            .refuses(2, &["pre-training needs at least ", " available: lower ", key])
            .leaves_no("run");
    }
}

#[test]
fn a_data_directory_that_is_missing_is_named() {
    let folder = Folder::new();
    pretrain(&folder, &["--data", "nowhere"]).refuses(1, &["nowhere", "--data"]).leaves_no("run");
    pretrain(&folder, &["--data", "cifar10"]).refuses(1, &["CIFAR-10", "bmae data download cifar10"]).leaves_no("run");
}

#[test]
fn a_cifar_file_that_is_cut_short_or_overlong_is_named() {
    for (bytes, records) in [(3 * 3073 - 10, 2), (3 * 3073 + 10, 3)] {
        let folder = Folder::new();
        cifar10(&folder, 3);
        folder.write("cifar/data_batch_2.bin", &cifar10_records(4, 1)[..bytes]);
        pretrain(&folder, &["--data", "cifar"])
            .refuses(
                1,
                &["data_batch_2.bin", &format!("{bytes} bytes"), &format!("{records} records"), "download it again"],
            )
            .leaves_no("run");
    }
}

#[test]
fn a_label_out_of_range_names_file_and_record() {
    let folder = Folder::new();
    cifar10(&folder, 3);
    let mut bytes = cifar10_records(3, 0);
    bytes[2 * 3073] = 11;
    folder.write("cifar/data_batch_3.bin", &bytes);
    pretrain(&folder, &["--data", "cifar"])
        .refuses(1, &["data_batch_3.bin", "record 2", "label is 11", "10 classes"])
        .leaves_no("run");
}

#[test]
fn a_corrupt_image_in_a_folder_is_named() {
    let folder = Folder::new();
    class_folders(&folder);
    let whole = picture(1, ImageFormat::Png);
    folder.write("photos/train/cat/3.png", &whole[..whole.len() / 2]);
    pretrain(&folder, &["--data", "photos", "--set", "pretrain.batch_size=4", "-q"])
        .refuses(1, &["photos/train/cat/3.png", "cannot be decoded", "repair or remove it"]);
}

#[test]
fn class_folders_that_differ_between_training_and_testing_are_named() {
    let folder = Folder::new();
    class_folders(&folder);
    folder.write("photos/train/owl/1.png", &picture(1, ImageFormat::Png));
    folder
        .run(&["finetune", "--preset", "tiny.toml", "--data", "photos", "--from", "scratch", "--out", "run"])
        .refuses(1, &["photos/train", "photos/test", "owl"])
        .leaves_no("run");
}

#[test]
fn fewer_images_than_one_batch_names_the_key_to_lower() {
    let folder = Folder::new();
    pretrain(&folder, &["--set", "data.train_limit=20"])
        .refuses(1, &["20 training images", "one batch of 32", "pretrain.batch_size"])
        .leaves_no("run");
}

#[test]
fn evaluations_need_labels_and_say_so() {
    let folder = Folder::new();
    unlabelled_folder(&folder);
    for command in ["finetune", "linprobe", "knn"] {
        folder
            .run(&[command, "--preset", "tiny.toml", "--data", "pile", "--from", "scratch", "--out", "run"])
            .refuses(1, &[command, "labelled", "pile", "--data"])
            .leaves_no("run");
    }
}

#[test]
fn weights_of_another_shape_name_the_tensor_and_both_shapes() {
    let folder = Folder::new();
    pretrain(&folder, &[]).succeeds();
    folder
        .run(&["knn", "--preset", "tiny.toml", "--from", "run", "--out", "knn", "--set", "model.encoder.dim=32"])
        .refuses(1, &["last.safetensors", "16", "32"])
        .leaves_no("knn");
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_every_command_that_uses_them() {
    let folder = Folder::new();
    pretrain(&folder, &[]).succeeds();
    let mut bytes = std::fs::read(folder.path("run/checkpoints/last.safetensors")).expect("there are weights");
    let header = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length) as usize);
    for value in bytes[8 + header..].chunks_exact_mut(4) {
        value.copy_from_slice(&f32::NAN.to_le_bytes());
    }
    folder.write("nan.safetensors", &bytes);
    for line in [
        "knn --preset tiny.toml --from nan.safetensors --out out",
        "linprobe --preset tiny.toml --from nan.safetensors --out out",
        "finetune --preset tiny.toml --from nan.safetensors --out out",
        "pretrain --preset tiny.toml --from nan.safetensors --out out",
        "features --preset tiny.toml --from nan.safetensors --split test --feature mean --out out.safetensors",
        "reconstruct --from nan.safetensors --out out.png",
        "checkpoint export --from nan.safetensors --to timm --out out.safetensors",
    ] {
        folder.bmae(line).refuses(1, &["tensor ", "nan.safetensors holds NaN", "before the training diverged"]);
        assert!(!folder.path("out").exists() && !folder.path("out.safetensors").exists(), "{line}");
    }
}

#[test]
fn weights_that_a_pre_training_cannot_begin_with_are_refused_before_anything_is_written() {
    let folder = Folder::new();
    pretrain(&folder, &[]).succeeds();
    let begin = |more: &[&str]| {
        folder.run(&[&["pretrain", "--preset", "tiny.toml", "--from", "run", "--out", "on"][..], more].concat())
    };
    begin(&["--set", "model.patch_size=8", "--set", "pretrain.mask_ratio=0.5"])
        .refuses(1, &["patch_embed.proj.weight", "[16, 3, 4, 4]", "[16, 3, 8, 8]"])
        .leaves_no("on");
    begin(&["--set", "model.encoder.dim=32"]).refuses(1, &["cls_token", "[1, 1, 16]", "[1, 1, 32]"]).leaves_no("on");
    begin(&["--set", "model.encoder.depth=2"])
        .refuses(1, &["run/checkpoints/last.safetensors", "lacks", "blocks.1."])
        .leaves_no("on");
    folder
        .run(&["pretrain", "--preset", "tiny.toml", "--from", "nowhere.pth", "--out", "on"])
        .refuses(1, &["cannot read the weights file nowhere.pth"])
        .leaves_no("on");
}

#[test]
fn a_teacher_that_is_missing_changed_or_none_is_named() {
    let folder = Folder::new();
    pretrain(&folder, &[]).succeeds();
    let taught = |target: &str, more: &[&str]| {
        let targets = format!("method.targets=[{{{target}}}]");
        let line =
            ["pretrain", "--preset", "tiny.toml", "--method", "custom", "--wse", "0", "--out", "on", "--set", &targets];
        folder.run(&[&line[..], more].concat())
    };
    taught("update='fixed', from='nowhere.pth'", &[])
        .refuses(1, &["cannot read the weights file", "nowhere.pth"])
        .leaves_no("on");
    taught("update='fixed', from='tiny.toml'", &[])
        .refuses(1, &["tiny.toml holds no weights but text"])
        .leaves_no("on");
    taught("update='fixed'", &[]).refuses(2, &["update=\"fixed\" and no weights", "`from`"]).leaves_no("on");
    taught("update='copy', from='run'", &[]).refuses(2, &["update=\"copy\" makes it of the student"]).leaves_no("on");
    let sha256 = format!("update='fixed', from='run', from_sha256='{}'", "0".repeat(64));
    taught(&sha256, &[]).refuses(1, &["run has changed since the recipe was written"]).leaves_no("on");
    taught("update='fixed', from='run'", &[]).succeeds();
    assert!(folder.read("on/config.toml").contains("from_sha256 = \""));
}

#[test]
fn a_weights_file_that_is_cut_short_or_no_weights_file_is_named() {
    let folder = Folder::new();
    pretrain(&folder, &[]).succeeds();
    let whole = fs::read(folder.path("run/checkpoints/last.safetensors")).expect("there are weights");
    folder.write("short.safetensors", &whole[..whole.len() - 100]);
    let knn = |from: &str| folder.run(&["knn", "--preset", "tiny.toml", "--from", from, "--out", "knn"]);
    knn("short.safetensors").refuses(1, &["short.safetensors", "cut short"]).leaves_no("knn");
    knn("tiny.toml").refuses(1, &["tiny.toml holds no weights but text"]).leaves_no("knn");
    knn("nowhere").refuses(1, &["nowhere"]).leaves_no("knn");
    fs::create_dir(folder.path("empty")).expect("a folder can be made");
    knn("empty").refuses(1, &["empty", "checkpoints/last.safetensors"]).leaves_no("knn");
}

#[test]
fn an_output_folder_that_holds_something_else_is_left_alone() {
    let folder = Folder::new();
    pretrain(&folder, &[]).succeeds();
    let before = folder.read("run/metrics.jsonl");
    pretrain(&folder, &[]).refuses(1, &["run already holds a run", "`bmae resume run` goes on with it", "--out"]);
    pretrain(&folder, &["--resume", "--set", "pretrain.epochs=3"])
        .refuses(1, &["another recipe", "pretrain.epochs was 2, is now 3", "`bmae resume run`", "--out"]);
    assert_eq!(folder.read("run/metrics.jsonl"), before);

    folder.write("letters/to-mother.txt", b"dear mother");
    folder
        .run(&["pretrain", "--preset", "tiny.toml", "--out", "letters"])
        .refuses(1, &["letters is not empty", "to-mother.txt", "--out"])
        .leaves_no("letters/config.toml");
    folder.write("file", b"");
    folder.run(&["pretrain", "--preset", "tiny.toml", "--out", "file"]).refuses(1, &["file", "choose another"]);
}

#[cfg(target_os = "linux")]
#[test]
fn no_permission_is_one_sentence() {
    // Not even root may make a folder there.
    Folder::new()
        .run(&["pretrain", "--preset", "tiny.toml", "--out", "/proc/bmae-run", "-q"])
        .refuses(1, &["cannot write /proc/bmae-run", "choose another place to write"]);
}

/// Runs its arguments on a disk at `small` that holds little more than the weights and states, which are certain to come, then lists what a half-written file would be.
#[cfg(target_os = "linux")]
const ON_A_SMALL_DISK: &str = "mount -t tmpfs -o size=96k tmpfs small || exit 99
    \"$@\"
    code=$?
    find small -type f -name '.*'
    exit $code";

#[cfg(target_os = "linux")]
#[test]
fn no_space_is_one_sentence_and_leaves_no_half_file() {
    let folder = Folder::new();
    fs::create_dir(folder.path("small")).expect("a folder can be made");
    let arguments = ["pretrain", "--preset", "tiny.toml", "--out", "small/run", "-q"];
    let bmae = folder.command(&arguments);
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh"])
        .arg(bmae.get_program())
        .args(bmae.get_args())
        .current_dir(folder.path("."))
        .output()
        .expect("util-linux is installed");
    let ended = folder.ended(&arguments, output);
    if ended.code == Some(99) || ended.stderr.starts_with("unshare: ") {
        eprintln!("skipped: this machine lets no test mount a tmpfs");
        return;
    }
    ended.refuses(1, &["cannot write small/run", "No space left", "free some space"]);
}

#[test]
fn a_device_that_this_build_lacks_names_the_feature() {
    if cfg!(feature = "gpu") {
        return;
    }
    pretrain(&Folder::new(), &["--device", "gpu"]).refuses(2, &["no gpu device", "--features gpu"]).leaves_no("run");
}

#[test]
fn scratch_is_not_pre_trained() {
    pretrain(&Folder::new(), &["--method", "scratch"])
        .refuses(2, &["pre-trains nothing", "--from scratch"])
        .leaves_no("run");
}

#[test]
fn presets_and_reports_that_do_not_exist_are_named() {
    let folder = Folder::new();
    folder.bmae("reproduce --preset quik").refuses(2, &["`quik`", "quick, mini and paper"]).leaves_no("runs");
    folder.bmae("reproduce --preset no.toml").refuses(2, &["no.toml", "No such file"]).leaves_no("runs");
    folder.write("none.toml", b"seed = 1");
    folder.bmae("reproduce --preset none.toml").refuses(2, &["no [[runs]]"]).leaves_no("runs");
    folder.bmae("report nowhere --out report").refuses(1, &["nowhere does not exist"]).leaves_no("report");
    folder.write("photos/cat.txt", b"no run");
    folder.bmae("report photos --out report").refuses(1, &["photos holds no run", "--out"]).leaves_no("report");
    folder.write("run/run.toml", b"stage = 'knn'\nname = 'mae'\nmethod = 'mae'\nseed = 0\n");
    folder.bmae("report run --out run").refuses(1, &["run is a run directory", "choose another --out"]);
    folder
        .bmae("report run --out photos/cat.txt")
        .refuses(1, &["cannot write photos/cat.txt", "choose another place to write"]);
}

#[test]
fn a_wrong_command_line_is_exit_code_2_and_points_to_the_help() {
    let folder = Folder::new();
    for line in [
        "pretain",
        "pretrain",
        "pretrain --out run --epochs 3",
        "knn --from scratch",
        "data download mnist",
        "-q -v data info",
    ] {
        let ended = folder.run(&line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>());
        assert_eq!(ended.code, Some(2), "{}", ended.story());
        assert!(ended.stderr.contains("--help"), "{}", ended.story());
        assert_eq!(ended.stdout, "", "{}", ended.story());
    }
}
