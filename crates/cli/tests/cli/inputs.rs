//! A command that is given again with other images or weights than its run was made of.

use image::ImageFormat;

use crate::fixtures::{class_folders, picture};
use crate::folder::Folder;

const PRETRAIN: &str = "pretrain --preset tiny.toml --data photos --set pretrain.batch_size=4 --out";

#[test]
fn a_resume_says_in_one_sentence_which_images_changed_and_what_to_do() {
    let folder = Folder::new();
    class_folders(&folder);
    folder.bmae(&format!("{PRETRAIN} a")).succeeds();
    folder.bmae(&format!("{PRETRAIN} a --resume")).succeeds();
    folder.write("photos/train/cat/9.png", &picture(9, ImageFormat::Png));
    let parts = ["a was made of other images: ", "had 12 training images when it began, and has 13 now", "--out"];
    folder.bmae(&format!("{PRETRAIN} a --resume")).refuses(1, &parts);
    folder.bmae(&format!("{PRETRAIN} b")).succeeds();
}

#[test]
fn an_evaluation_of_another_encoder_is_refused_alone_and_left_out_of_lists_and_reports() {
    let folder = Folder::new();
    let pretrain = |seed: u32, out: &str| {
        folder.bmae(&format!("pretrain --preset tiny.toml --set seed={seed} --out {out}")).succeeds();
    };
    pretrain(1, "runs/mae/pretrain");
    pretrain(2, "other");
    let knn = |from: &str| format!("knn --preset tiny.toml --set seed=1 --from {from} --out runs/mae/knn --resume");
    folder.bmae(&knn("runs/mae/pretrain")).succeeds();
    let parts =
        ["other weights: ", "the weights of runs/mae/pretrain (SHA-256 ", "the weights of other (SHA-256 ", "--out"];
    folder.bmae(&knn("other")).refuses(1, &parts);

    let top1 = |table: &str| table.lines().find(|line| line.starts_with("runs/mae/knn")).map(str::to_owned);
    let before = folder.bmae("runs runs").succeeds().stdout;
    assert!(top1(&before).is_some_and(|line| line.contains(" finished ")), "{before}");
    std::fs::remove_dir_all(folder.path("runs/mae/pretrain")).expect("a run");
    std::fs::rename(folder.path("other"), folder.path("runs/mae/pretrain")).expect("the other run");
    folder.bmae(&knn("runs/mae/pretrain")).refuses(1, &["those of runs/mae/pretrain have changed since it began"]);
    let after = folder.bmae("runs runs").succeeds().stdout;
    assert!(top1(&after).is_some_and(|line| line.ends_with(" outdated")), "{after}");
    assert!(after.contains("it was made from earlier weights of runs/mae/pretrain; run it again"), "{after}");
    let report = folder.bmae("report runs --out report").succeeds();
    let warning =
        "warning: runs/mae/knn was made from earlier weights of runs/mae/pretrain and is left out: run it again.";
    assert!(report.stderr.contains(warning), "{}", report.story());
    assert!(!folder.read("report/results.csv").contains(",knn,1,"), "{}", folder.read("report/results.csv"));
}

#[test]
fn reproduce_makes_evaluations_again_whose_test_images_changed_and_refuses_other_training_images() {
    let folder = Folder::new();
    class_folders(&folder);
    let words = "--data photos --set pretrain.batch_size=4 --set finetune.batch_size=4 --set linprobe.batch_size=4 -q";
    let reproduce = format!("reproduce --preset tiny.toml {words} --out plan");
    folder.bmae(&reproduce).succeeds();
    folder.write("photos/test/cat/0.png", &picture(9, ImageFormat::Png));
    let noted = folder.bmae(&reproduce.replace(" -q", "")).succeeds();
    let notes =
        noted.stderr.lines().filter(|line| line.starts_with("note: plan/") && line.ends_with("; it is repeated"));
    assert_eq!(
        notes.count(),
        noted.stderr.matches("was made of other images: the contents of the test images").count()
    );
    assert!(noted.stderr.contains("note: plan/mae/knn was made of other images"), "{}", noted.story());
    assert!(
        folder.bmae(&reproduce.replace(" -q", "")).succeeds().stderr.lines().all(|line| !line.contains("repeated"))
    );
    folder.write("photos/train/cat/0.png", &picture(9, ImageFormat::Png));
    folder.bmae(&reproduce).refuses(1, &["mae/pretrain was made of other images: ", "training images of ", "--out"]);
}
