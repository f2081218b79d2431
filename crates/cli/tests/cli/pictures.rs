//! `bmae reconstruct`.

use crate::fixtures::class_folders;
use crate::folder::Folder;

fn is_a_picture(folder: &Folder, name: &str) -> (u32, u32) {
    let picture = image::open(folder.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    (picture.width(), picture.height())
}

#[test]
fn a_pre_training_is_drawn_by_what_it_predicts() {
    let folder = Folder::new();
    folder.bmae("pretrain --preset tiny.toml --method mae --out mae").succeeds();
    folder.bmae("pretrain --preset tiny.toml --method mae-k --k 1 --out mae-k").succeeds();
    let pixels = folder.bmae("reconstruct --from mae --out pixels.png --images 4 --json").succeeds().json();
    assert_eq!((pixels["predicted"].as_str(), pixels["images"].as_u64()), (Some("pixels"), Some(4)));
    let line = "reconstruct --from mae-k --out features.png --attention looks.png --images 4 --json";
    assert_eq!(folder.bmae(line).succeeds().json()["predicted"], "features");
    // Images of 16 pixels are drawn six times as large, four apart: one image a row, in four views, with words over the
    // columns and the names of the classes before the rows.
    let (words, names) = (4..100, 12..170);
    let [pixels, features, looks] = ["pixels.png", "features.png", "looks.png"].map(|name| is_a_picture(&folder, name));
    assert!(words.contains(&(pixels.1 - 4 * 100)) && names.contains(&(pixels.0 - 4 * 100)), "{pixels:?}");
    assert_eq!(features.0, pixels.0);
    // The image, the mean and two heads, and below them the colour scale.
    assert_eq!(looks.0, pixels.0);
    assert!(looks.1 > features.1, "{looks:?}");
}

#[test]
fn any_half_of_any_data_can_be_drawn_and_a_set_without_a_test_half_too() {
    let folder = Folder::new();
    class_folders(&folder);
    let data = "--set data.image_size=16";
    folder
        .bmae(&format!("pretrain --preset tiny.toml --data photos {data} --set pretrain.batch_size=4 --out a"))
        .succeeds();
    folder.bmae("reconstruct --from a --out test.png").succeeds();
    folder.bmae("reconstruct --from a --split train --out train.png --images 12").succeeds();
    folder.bmae("reconstruct --from a --data shapes --out shapes.png --images 1").succeeds();
    let (width, height) = is_a_picture(&folder, "shapes.png");
    assert!(width > 4 * 100 && (104..204).contains(&height), "{width} x {height}");
    let ended = folder.bmae("reconstruct --from a --data photos/train/cat --out cats.png").succeeds();
    assert!(ended.stdout.contains("6 images"), "{}", ended.story());
    folder
        .bmae("reconstruct --from a --data photos/train/cat --split test --out none.png")
        .refuses(1, &["test"])
        .leaves_no("none.png");
}

#[test]
fn what_cannot_be_drawn_is_one_sentence_and_leaves_no_file() {
    let folder = Folder::new();
    folder.bmae("knn --preset tiny.toml --from scratch --out k").succeeds();
    folder.bmae("finetune --preset tiny.toml --from scratch --out f").succeeds();
    folder.bmae("reconstruct --from k --out a.png").refuses(1, &["checkpoints/last.safetensors is missing"]);
    folder.bmae("reconstruct --from f --out a.png").refuses(1, &["decoder"]).leaves_no("a.png");
    folder.bmae("reconstruct --from gone --out a.png").refuses(1, &["gone"]);
    folder.bmae("reconstruct --from f --out nowhere/a.png").refuses(1, &["nowhere"]);
    folder.bmae("reconstruct --from f --out a.png --attention a.png").refuses(2, &["same file"]).leaves_no("a.png");
}
