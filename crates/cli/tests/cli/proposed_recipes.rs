//! `bmae init`: a recipe for the images at hand, which every stage then takes.

use serde_json::Value;

use crate::fixtures::{cifar10, class_folders, unlabelled_folder};
use crate::folder::Folder;

/// The losses of a run's epochs, in order.
fn losses(folder: &Folder, run: &str) -> Vec<f64> {
    let metrics = folder.read(&format!("{run}/metrics.jsonl"));
    let lines = metrics.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let epochs = lines.filter(|line| line["kind"] == "epoch");
    epochs.filter_map(|line| line["loss"].as_f64().or_else(|| line["train_loss"].as_f64())).collect()
}

#[test]
fn a_proposed_recipe_is_read_without_a_warning_and_every_stage_of_it_converges() {
    let folder = Folder::new();
    let init = "init --data shapes --time 4s shapes.toml --set data.shapes_train=640 --set data.shapes_test=400";
    let ended = folder.bmae(init).succeeds();
    assert!(ended.stdout.contains("bmae pretrain --preset shapes.toml --out runs/shapes\n"), "{}", ended.story());
    assert!(ended.stderr.contains("on this machine about: pre-training "), "{}", ended.story());
    // As many as a machine with nothing else to do has time for.
    let longer =
        "--set pretrain.epochs=12 --set pretrain.warmup_epochs=1 --set monitor.every=12 --set monitor.pictures_every=0";
    let pretrained = folder.bmae(&format!("pretrain --preset shapes.toml {longer} --out runs/a")).succeeds();
    let warned: Vec<&str> = pretrained.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(warned.iter().all(|line| line.contains("too short to learn from")), "{}", pretrained.story());
    let fell = losses(&folder, "runs/a");
    assert!(fell[fell.len() - 1] < 0.9 * fell[0], "{fell:?}");

    let probed = folder.bmae("linprobe --preset shapes.toml --from runs/a --out runs/probe --json").succeeds();
    assert!(!probed.stderr.contains("warning: "), "{}", probed.story());
    let (fell, top1) = (losses(&folder, "runs/probe"), probed.json()["top1"].as_f64());
    let highest = fell.iter().copied().fold(0.0, f64::max);
    assert!(highest < 1.3 * fell[0] && fell[fell.len() - 1] < 0.95 * fell[0], "{fell:?}");
    assert!(top1.is_some_and(|top1| top1 > 14.0), "ten classes: {top1:?}");
}

#[test]
fn folders_with_classes_without_and_cifar_have_each_the_sections_that_they_can_use() {
    let folder = Folder::new();
    class_folders(&folder);
    unlabelled_folder(&folder);
    cifar10(&folder, 4);
    for (data, sections, others) in [
        ("photos", &["[pretrain]", "[finetune]", "[linprobe]", "[knn]", "[[runs]]"][..], &[][..]),
        ("pile", &["[pretrain]"][..], &["[finetune]", "[linprobe]", "[knn]", "[[runs]]"][..]),
        ("cifar", &["[pretrain]", "[finetune]"][..], &[][..]),
    ] {
        let file = format!("{data}.toml");
        let ended = folder.bmae(&format!("init --data {data} --time 1s {file} --json")).succeeds();
        let recipe = folder.read(&file);
        for section in sections {
            assert!(recipe.lines().any(|line| line == *section), "{section} in\n{recipe}");
        }
        for section in others {
            assert!(!recipe.lines().any(|line| line == *section), "{section} in\n{recipe}");
        }
        assert!(recipe.contains(&format!("source = \"{data}\"\n")), "{recipe}");
        assert_eq!(ended.json()["recipe"], file);
        folder.bmae(&format!("data info --preset {file}")).succeeds();
    }
    let recipe = folder.read("photos.toml");
    assert!(recipe.contains("image_size = 16\n") && recipe.contains("patch_size = 2\n"), "20 x 16 pixels: {recipe}");
}

#[test]
fn what_is_there_already_stays_unless_force_says_otherwise() {
    let folder = Folder::new();
    class_folders(&folder);
    folder.write("mine.toml", b"seed = 7\n");
    folder.bmae("init --data photos --time 1s mine.toml").refuses(2, &["mine.toml is there already", "--force"]);
    assert_eq!(folder.read("mine.toml"), "seed = 7\n");
    folder.bmae("init --data photos --time 1s mine.toml --force --seed 3").succeeds();
    assert!(folder.read("mine.toml").contains("# As --seed says.\nseed = 3\n"));
    folder.bmae("init --data photos mine.txt").refuses_usage(&["ends in .toml"]);
    folder.bmae("init --data photos nowhere/mine.toml").refuses(1, &["cannot write nowhere/mine.toml"]);
    folder.bmae("init --data photos --time soon new.toml").refuses_usage(&["30m"]).leaves_no("new.toml");
    folder
        .bmae("init --data photos --set data.image_size=huge new.toml")
        .refuses(2, &["data.image_size"])
        .leaves_no("new.toml");
}

#[test]
fn without_data_the_folder_at_work_is_meant_where_it_holds_images_and_else_those_in_it_are_named() {
    let folder = Folder::new();
    folder.bmae("init new.toml").refuses(2, &["holds no images", "--data"]);
    class_folders(&folder);
    folder.bmae("init new.toml").refuses(2, &["did you mean `bmae init --data photos new.toml`?"]);
    let command = folder.command(&["init", "--time", "1s", "new.toml"]).current_dir(folder.path("photos")).output();
    folder.ended(&["init"], command.expect("it starts")).succeeds();
    assert!(folder.read("photos/new.toml").contains("source = \".\"\n"));
}

#[test]
fn settings_hold_and_the_rest_is_chosen_around_them() {
    let folder = Folder::new();
    class_folders(&folder);
    folder.bmae("init --data photos --time 1s a.toml --set data.image_size=24 --set pretrain.epochs=3").succeeds();
    let recipe = folder.read("a.toml");
    assert!(recipe.contains("# As --set data.image_size=24 says.\nimage_size = 24\n"), "{recipe}");
    assert!(recipe.contains("patch_size = 4\n") && recipe.contains("epochs = 3\n"), "{recipe}");
}
