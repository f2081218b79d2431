//! What was probably meant: advice on options, commands, keys, words and paths that are not as they should be.

use std::fs;

use crate::fixtures::class_folders;
use crate::folder::{Ended, Folder};

/// Runs `bmae` and demands exit code 2 with these parts on stderr.
fn advises(folder: &Folder, line: &str, parts: &[&str]) {
    let ended = folder.bmae(line);
    let is_advised = ended.code == Some(2) && parts.iter().all(|part| ended.stderr.contains(part));
    assert!(is_advised, "{parts:?} in {}", ended.story());
}

#[test]
fn an_option_of_another_program_is_answered_with_ours() {
    let folder = Folder::new();
    for (line, meant) in [
        ("pretrain --out r --config own.toml", "did you mean `--preset own.toml`?"),
        ("pretrain --out r --K 4", "did you mean `--k 4`?"),
        ("pretrain --output r", "did you mean `--out r`?"),
        ("pretrain -o r", "did you mean `--out r`?"),
        ("pretrain --out r --dataset=photos", "did you mean `--data photos`?"),
        ("pretrain --out r --gpu 0", "did you mean `--device gpu`?"),
        ("pretrain --out r --num-workers 4", "did you mean `--threads 4`?"),
        ("pretrain --out r -j 4", "did you mean `--threads 4`?"),
        ("knn --checkpoint runs/a --out r", "did you mean `--from runs/a`?"),
        ("linprobe --model runs/a --out r", "did you mean `--from runs/a`?"),
        ("pretrain --out r --continue", "did you mean `--resume`?"),
        ("sweep k --cluster", "did you mean `--emit slurm`?"),
        ("bench --batch-size 64", "did you mean `--batch 64`?"),
        ("pretrain --outt r", "a similar argument exists: '--out'"),
    ] {
        advises(&folder, line, &[meant]);
    }
}

#[test]
fn an_option_that_is_a_key_is_answered_with_the_key_of_the_stage() {
    let folder = Folder::new();
    for (line, meant) in [
        ("pretrain --out r --epochs 3", "`--set pretrain.epochs=3`"),
        ("linprobe --from scratch --out r --epochs=3", "`--set linprobe.epochs=3`"),
        ("pretrain --out r --lr 1e-3", "`--set pretrain.base_lr=1e-3`"),
        ("pretrain --out r -lr 1e-3", "`--set pretrain.base_lr=1e-3`"),
        ("finetune --from scratch --out r --batch-size 64", "`--set finetune.batch_size=64`"),
        ("pretrain --out r --mask-ratio 0.5", "`--set pretrain.mask_ratio=0.5`"),
        ("pretrain --out r --weight_decay 0.1", "`--set pretrain.weight_decay=0.1`"),
        ("reproduce --img-size 64", "`--set data.image_size=64`"),
        ("pretrain --out r --epochs", "`--set pretrain.epochs=VALUE`"),
        ("bench --stage finetune --drop-path 0.2", "`--set finetune.drop_path=0.2`"),
    ] {
        advises(&folder, line, &["--set", meant]);
    }
    advises(&folder, "pretrain --out r --optimizer sgd", &["the optimisers are fixed"]);
}

#[test]
fn a_word_that_stands_where_none_is_expected_is_answered_with_its_option() {
    let folder = Folder::new();
    for (line, meant) in [
        ("pretrain r", "did you mean `--out r`?"),
        ("knn r --out k", "did you mean `--from r`?"),
        ("data info photos", "did you mean `--data photos`?"),
        ("pretrain --out r pretrain.epochs=3", "did you mean `--set pretrain.epochs=3`?"),
        ("pretrain --out r --set pretrain.epochs 3", "did you mean `--set pretrain.epochs=3`?"),
        ("pretrain --out r --set model.encoder=dim=8 model.encoder=depth=2", "`--set 'model.encoder=...'`"),
        ("sweep k method.k=1,2", "did you mean `--grid method.k=1,2`?"),
        ("pretrain --resume runs/a", "`--resume --out runs/a`"),
    ] {
        advises(&folder, line, &[meant]);
    }
}

#[test]
fn a_command_by_another_name_is_answered_with_ours() {
    let folder = Folder::new();
    for (line, meant) in [
        ("train --out r", "did you mean `bmae pretrain`?"),
        ("eval --from r", "did you mean `bmae finetune`, `bmae linprobe` or `bmae knn`?"),
        ("linear --from r", "did you mean `bmae linprobe`?"),
        ("plot runs", "did you mean `bmae report`?"),
        ("compare a b", "did you mean `bmae runs compare`?"),
        ("ls", "did you mean `bmae runs`?"),
        ("download cifar10", "did you mean `bmae data download`?"),
        ("knnn --from r", "a similar subcommand exists: 'knn'"),
    ] {
        advises(&folder, line, &[meant]);
    }
}

#[test]
fn a_value_that_is_none_of_a_few_words_is_answered_with_the_nearest_or_its_meaning() {
    let folder = Folder::new();
    for (line, meant) in [
        ("checkpoint export --from r --to hf --out o", "'huggingface'"),
        ("features --from scratch --split val --feature mean --out o", "'test'"),
        ("pretrain --out r --device cuda", "'gpu'"),
        ("data preview --stage linear --out o.png", "'linprobe'"),
        ("sweep k --evaluations linear,knn --dry-run", "'linprobe'"),
        ("data download cifar-10", "'cifar10'"),
        ("sweep k --emit sbatch", "'slurm'"),
    ] {
        advises(&folder, line, &["a similar value exists", meant]);
    }
    advises(&folder, "features --from scratch --split test --feature cls --out o", &["`--feature class-token`"]);
    advises(&folder, "sweep k --seed 1,2,3", &["`--seeds 3`"]);
}

#[test]
fn presets_methods_and_sweeps_that_do_not_exist_are_answered_with_the_nearest() {
    let folder = Folder::new();
    folder.write("own.toml", b"seed = 1");
    for (line, meant) in [
        ("reproduce --preset quik", "did you mean quick?"),
        ("reproduce --preset small", "did you mean quick?"),
        ("reproduce --preset own", "did you mean own.toml?"),
        ("reproduce --preset owm.toml", "did you mean own.toml?"),
        ("pretrain --out r --method maek", "did you mean \"mae-k\"?"),
        ("pretrain --out r --method byol", "did you mean \"ema-mae\"?"),
        ("sweep lamda --dry-run", "did you mean lambda?"),
        ("sweep method.k=1,2 --dry-run", "did you mean `--grid method.k=1,2`?"),
        ("pretrain --out r --set lr=1e-3", "did you mean `pretrain.base_lr`?"),
        ("finetune --from scratch --out r --set lr=1e-3", "did you mean `finetune.base_lr`?"),
        ("pretrain --out r --set num_workers=4", "--threads N"),
    ] {
        advises(&folder, line, &[meant]);
    }
}

#[test]
fn paths_that_are_not_there_are_answered_with_the_nearest() {
    let folder = Folder::new();
    class_folders(&folder);
    folder.write("runs/mae/run.toml", b"");
    for (line, meant) in [
        ("pretrain --out r --data photo", "did you mean photos?"),
        ("pretrain --out r --data cifar-10", "did you mean cifar10?"),
        ("pretrain --out r --data CIFAR100", "did you mean cifar100?"),
        ("knn --from runs/mea --out r", "did you mean runs/mae?"),
        ("knn --from run/mae --out r", "did you mean runs/mae?"),
        ("report run --out r", "did you mean runs?"),
        ("runs run", "did you mean runs?"),
    ] {
        folder.bmae(line).refuses(1, &[meant]).leaves_no("r");
    }
}

#[test]
fn a_recipe_names_its_images_from_its_own_folder_and_messages_say_which_recipe_did() {
    let folder = Folder::new();
    class_folders(&folder);
    let recipe = folder.read("tiny.toml").replace("[data]\n", "[data]\nsource = '../photos'\n");
    assert!(recipe.contains("../photos"), "tiny.toml has a [data]: {recipe}");
    folder.write("recipes/own.toml", recipe.as_bytes());
    folder.write("elsewhere/x", b"");
    let preview = |place: &str, recipe: &str| -> Ended {
        let words = ["data", "info", "--preset", recipe];
        let output = folder.command(&words).current_dir(folder.path(place)).output().expect("it starts");
        folder.ended(&words, output)
    };
    assert!(preview(".", "recipes/own.toml").succeeds().stdout.contains("12 images"));
    assert!(preview("elsewhere", "../recipes/own.toml").succeeds().stdout.contains("12 images"));

    folder.write("recipes/lost.toml", b"[data]\nsource = 'nowhere'\n");
    folder
        .bmae("data info --preset recipes/lost.toml")
        .refuses(1, &["`data.source` of recipes/lost.toml", "recipes/nowhere"]);
    folder.write("recipes/near.toml", b"[data]\nsource = '../photo'\n");
    let meant = format!("did you mean {}?", folder.path("photos").display());
    folder.bmae("data info --preset recipes/near.toml").refuses(1, &["`data.source` of recipes/near.toml", &meant]);
}

#[test]
fn a_run_finds_its_images_from_every_folder() {
    let folder = Folder::new();
    class_folders(&folder);
    let recipe = folder.read("tiny.toml").replace("[data]\n", "[data]\nsource = 'photos'\n");
    folder.write("own.toml", recipe.as_bytes());
    folder.bmae("pretrain --preset own.toml --out runs/a --set pretrain.batch_size=4").succeeds();
    folder.write("elsewhere/x", b"");
    let knn = |place: &str, from: &str, out: &str| {
        let words = ["knn", "--from", from, "--out", out];
        let output = folder.command(&words).current_dir(folder.path(place)).output().expect("it starts");
        folder.ended(&words, output).succeeds();
    };
    knn("elsewhere", "../runs/a", "../runs/a-knn");
    // As a run would have it whose recipe was written by hand: its path begins in the working folder.
    let config = folder.read("runs/a/config.toml");
    let absolute = folder.path("photos").canonicalize().expect("it is there").display().to_string();
    let plain = folder.path("photos").display().to_string();
    let relative = config.replace(&absolute, "photos").replace(&plain, "photos");
    assert_ne!(relative, config);
    fs::write(folder.path("runs/a/config.toml"), relative).expect("it can be written");
    knn(".", "runs/a", "runs/b-knn");
}

#[test]
fn a_result_is_told_once_and_a_probe_is_no_page_of_lines() {
    let folder = Folder::new();
    let pretrained = folder.bmae("pretrain --preset tiny.toml --out run").succeeds();
    let loss =
        pretrained.stdout.split("loss ").nth(1).and_then(|rest| rest.split(',').next()).expect("a loss").to_owned();
    assert!(!pretrained.stderr.contains(&loss), "{}", pretrained.story());
    let probe =
        "linprobe --preset tiny.toml --from run --out probe --set linprobe.epochs=40 --set linprobe.augmentation=none";
    let ended = folder.bmae(probe).succeeds();
    assert!(ended.stderr.lines().count() < 8, "{}", ended.story());
    assert!(
        ended.stderr.contains("40 epochs of") && ended.stderr.contains("features are computed once"),
        "{}",
        ended.story()
    );
    let said = format!("{}{}", ended.stdout, folder.bmae("watch probe").succeeds().stdout);
    assert!(!said.contains("images/s"), "{said}");
    assert!(!folder.read("probe/metrics.jsonl").contains("images_per_s"), "no image passed");
    assert!(folder.read("run/metrics.jsonl").contains("images_per_s"));
}

#[test]
fn one_of_a_thing_is_told_in_the_singular() {
    let folder = Folder::new();
    folder.write("one/train/cat/1.png", &crate::fixtures::picture(1, image::ImageFormat::Png));
    let info = folder.bmae("data info --data one").succeeds().stdout;
    assert!(info.contains("1 image of ") && info.contains("1 class: cat"), "{info}");
    let ended = folder.bmae("pretrain --preset tiny.toml --out run --set pretrain.epochs=1").succeeds();
    assert!(ended.stderr.contains(": 1 epoch of "), "{}", ended.story());
    let swept = folder.bmae("sweep --grid method.k=2 --method mae-k --dry-run").succeeds();
    assert!(swept.stderr.contains("1 combination with 1 seed: 1 pre-training and 3 evaluations"), "{}", swept.story());
}
