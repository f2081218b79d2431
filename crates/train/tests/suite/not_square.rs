//! Images and patches that are not square, from the first step to the last evaluation.

use std::path::Path;

use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::export::{Destination, export};
use bmae_train::observer::{Event, Message};
use bmae_train::run;
use bmae_train::start::read_weights;

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};

/// 32 x 16 pixels in patches of 8 x 4: 4 rows and 4 columns of them.
const HIGH: &str = "data.image_size = [32, 16]\nmodel.patch_size = [8, 4]\npretrain.epochs = 2\n";
/// As many patches of the same size in another form: 2 rows and 8 columns.
const WIDE: &str = "data.image_size = [16, 32]\nmodel.patch_size = [8, 4]\npretrain.epochs = 2\n";

fn high(keys: &str) -> Recipe {
    recipe(&format!("{HIGH}{keys}"))
}

/// What `stage` tells the user, run to its end.
fn told(stage: Stage, recipe: &Recipe, start: &Start, out: &Path) -> String {
    let mut watching = Watching::default();
    run::stage(&mut session(&mut watching, 1), &planned(stage, recipe, start, out), false).expect("it runs");
    let said = watching.events.iter().filter_map(|event| match event {
        Event::Message(Message::Warning(text) | Message::Note(text)) => Some(text.clone()),
        _ => None,
    });
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_method_trains_and_its_losses_are_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    for (place, keys) in [
        "method = { name = 'mae' }\npretrain.norm_pix = true",
        "method = { name = 'mae-k', k = 1 }",
        "method = { name = 'ema-mae', wse = 1, tau = 0.1 }",
        "method = { name = 'mae-new', k = 1, tau = 0.1, slow_weight = 0.2, masks = 'separate' }",
        "method = { name = 'custom', wse = 0, targets = [{ update = 'ema', unit = 'step', tau = 0.1 }] }",
    ]
    .into_iter()
    .enumerate()
    {
        let out = folder.path().join(place.to_string());
        pretrain(&high(keys), &out, false, None).unwrap_or_else(|error| panic!("{keys}: {error}"));
        let losses = metrics(&out).into_iter().filter_map(|line| line.get("loss")?.as_f64()).collect::<Vec<_>>();
        assert!(losses.len() >= 2 && losses.iter().all(|loss| loss.is_finite()), "{keys}: {losses:?}");
        assert_eq!(weights(&out).tensors["pos_embed"].shape, [1, 17, 16]);
        assert_eq!(weights(&out).tensors["patch_embed.proj.weight"].shape, [16, 3, 8, 4]);
    }
}

#[test]
fn every_evaluation_runs_and_all_that_fine_tuning_does_to_images() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("pretrain");
    pretrain(&high(""), &out, false, None).expect("trains");
    let varied = "finetune = { epochs = 1, randaugment = true, random_erasing = 0.5, mixup = 0.8, cutmix = 1.0 }\n\
                  linprobe = { epochs = 1, augmentation = 'byol-crop' }";
    for stage in [Stage::Finetune, Stage::Linprobe, Stage::Knn] {
        let said = told(stage, &high(varied), &Start::From(out.clone()), &folder.path().join(stage.section()));
        assert!(!said.contains("resized"), "{said}");
    }
}

#[test]
fn positions_go_over_to_another_form_even_where_it_has_as_many_patches() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("high"), folder.path().join("wide"));
    pretrain(&high(""), &first, false, None).expect("trains");
    let wide = recipe(&format!("{WIDE}pretrain.from = '{}'", first.display()));
    let said = told(Stage::Pretrain, &wide, &Start::Scratch, &second);
    assert!(said.contains("pos_embed and decoder_pos_embed resized from 4 x 4 to 2 x 8 patches"), "{said}");
    assert_ne!(weights(&first).tensors["pos_embed"], weights(&second).tensors["pos_embed"]);
    // And back, so that a grid that is no square is known for what it is.
    let back = recipe(&format!("{HIGH}pretrain.from = '{}'", second.display()));
    let said = told(Stage::Pretrain, &back, &Start::Scratch, &folder.path().join("back"));
    assert!(said.contains("resized from 2 x 8 to 4 x 4 patches"), "{said}");
}

#[test]
fn a_fixed_target_of_another_form_teaches_and_one_of_other_patches_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let teacher = folder.path().join("teacher");
    pretrain(&recipe(WIDE), &teacher, false, None).expect("trains");
    let taught = |keys: &str| {
        let targets = format!("[{{ update = 'fixed', from = '{}' }}]", teacher.display());
        recipe(&format!("{keys}method = {{ name = 'custom', wse = 0, targets = {targets} }}"))
    };
    let said = told(Stage::Pretrain, &taught(HIGH), &Start::Scratch, &folder.path().join("student"));
    assert!(said.contains("pos_embed resized from 2 x 8 to 4 x 4 patches"), "{said}");
    let others = taught("data.image_size = [32, 16]\nmodel.patch_size = [4, 8]\n");
    let refused = pretrain(&others, &folder.path().join("other"), false, None).expect_err("other patches").to_string();
    assert!(refused.contains("its patches are 8 x 4 pixels and those of the student 4 x 8"), "{refused}");
    assert!(refused.contains("set model.patch_size = [8, 4]"), "{refused}");
}

#[test]
fn what_leaves_says_height_and_width() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    pretrain(&high(""), &out, false, None).expect("trains");
    let weights = read_weights(&out).expect("weights");
    let timm = export(&weights, &high(""), Destination::Timm).expect("an export");
    assert!(timm.open_with.contains("img_size=(32, 16), patch_size=(8, 4),"), "{}", timm.open_with);
    // ViTMAE asks for squares, ViT does not.
    let hugging_face = export(&weights, &high(""), Destination::HuggingFace).expect("an export");
    assert_eq!(hugging_face.what, "a ViTModel folder");
    assert!(hugging_face.notes.iter().any(|note| note.contains("32 x 16 in patches of 8 x 4 are not square")));
}
