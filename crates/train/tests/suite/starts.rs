//! A pre-training that begins with given weights (`pretrain.from`), and one with a teacher (a target that is fixed).

use std::path::{Path, PathBuf};

use bmae_nn::{Array, StateDict};
use bmae_output::absolute::absolute;
use bmae_recipe::{GivenWeights, Recipe, Stage, Start, Update, Used};
use bmae_train::observer::{Event, Message};
use bmae_train::pretrain::Student;
use bmae_train::start::{fit, read_weights};
use bmae_train::{Outcome, run};
use burn::tensor::{Tensor, TensorData};

use crate::small::{Watching, metrics, planned, pretrain, recipe, session, weights};
use crate::students::{STEPS, device, step, target_values};

/// A weight file of another program: an encoder of 8 x 2 and a decoder of 4 x 1 for images of 6 x 6.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/weights").join(name)
}

/// The sizes of the fixtures' model, in images of 16 x 16.
const OFFICIAL: &str =
    "model.patch_size = 2\nmodel.encoder.dim = 8\nmodel.encoder.mlp_ratio = 2.0\nmodel.decoder.dim = 4\n";

/// A learning rate that leaves all weights as they are.
const STILL: &str = "pretrain.epochs = 1\npretrain.base_lr = 0.0\n";

/// A recipe that begins with the weights at `from`.
fn beginning(keys: &str, from: &Path) -> Recipe {
    recipe(&format!("{keys}\npretrain.from = '{}'", from.display()))
}

/// A recipe whose only target is the teacher at `from`, after `wse` epochs; `more` are keys of the target.
fn taught(wse: usize, from: &Path, more: &str) -> Recipe {
    let from = from.display();
    recipe(&format!(
        "method = {{ name = 'custom', wse = {wse}, targets = [{{ update = 'fixed', from = '{from}'{more} }}] }}"
    ))
}

/// What a pre-training of `recipe` in `out` tells the user.
fn told(recipe: &Recipe, out: &Path) -> String {
    let mut watching = Watching::default();
    run::stage(&mut session(&mut watching, 1), &planned(Stage::Pretrain, recipe, &Start::Scratch, out), false)
        .expect("trains");
    let said = watching.events.iter().filter_map(|event| match event {
        Event::Message(Message::Warning(text) | Message::Note(text)) => Some(text.clone()),
        _ => None,
    });
    said.collect::<Vec<_>>().join("\n")
}

fn refusal(recipe: &Recipe, out: &Path) -> String {
    let sentence = pretrain(recipe, out, true, None).expect_err("it is refused").to_string();
    assert!(!sentence.contains('\n'), "more than one line: {sentence}");
    sentence
}

fn save(path: &Path, weights: &StateDict) {
    std::fs::write(path, weights.to_bytes().expect("bytes")).expect("written");
}

fn fresh(recipe: &Recipe) -> StateDict {
    StateDict::of(Student::new(recipe, STEPS, &device(), &mut |_| {}).expect("a student").model())
}

fn is_decoder(name: &str) -> bool {
    name.starts_with("decoder_") || name == "mask_token"
}

#[test]
fn a_pre_training_begins_with_all_of_an_official_mae_at_another_image_size() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["official.pth", "huggingface"] {
        let out = folder.path().join(file);
        let recipe = beginning(&format!("{OFFICIAL}{STILL}"), &fixture(file));
        let said = told(&recipe, &out);
        assert!(said.contains("pos_embed and decoder_pos_embed resized from 3 x 3 to 8 x 8 patches"), "{said}");
        let mut expected = read_weights(&fixture(file)).expect("weights");
        fit(&mut expected, &recipe, Used::Autoencoder, &mut |_| {}).expect("they fit");
        assert_eq!(weights(&out).tensors, expected.tensors, "{file}, bit for bit");
        let run_file = std::fs::read_to_string(out.join("run.toml")).expect("run.toml");
        assert!(run_file.contains(&format!("from = \"{}\"", absolute(&fixture(file)).display())), "{run_file}");
    }
}

#[test]
fn the_weights_that_a_run_begins_with_are_learned_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let (own, given) = (folder.path().join("own"), folder.path().join("given"));
    pretrain(&recipe(""), &own, false, None).expect("trains");
    pretrain(&beginning("", &own), &given, false, None).expect("trains");
    let first = |run: &Path| metrics(run)[0]["loss"].as_f64().expect("a loss");
    assert!(first(&given) < first(&own), "{} {}", first(&given), first(&own));
    // The optimiser and the schedule begin anew: no moment is taken over.
    assert_eq!(metrics(&given)[0]["lr"], metrics(&own)[0]["lr"]);
    let updates = StateDict::from_file(&given.join("state/epoch-0006.safetensors")).expect("a state");
    assert_eq!(updates.tensors["optimiser/cls_token/updates"].values, [(6 * STEPS) as f32]);
}

#[test]
fn a_decoder_that_is_not_there_or_does_not_fit_is_begun_afresh_and_it_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut encoder = read_weights(&fixture("official.pth")).expect("weights");
    encoder.tensors.retain(|name, _| !is_decoder(name));
    save(&folder.path().join("encoder.safetensors"), &encoder);
    for (number, (file, keys, part)) in [
        (folder.path().join("encoder.safetensors"), "", "encoder.safetensors has no decoder: it is begun afresh"),
        (
            fixture("official.pth"),
            "model.decoder.depth = 2\n",
            "official.pth (dim 4, depth 1) does not fit the recipe's (dim 4, depth 2, MLP 16 wide), which is begun afresh",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let out = folder.path().join(number.to_string());
        let keys = format!("{OFFICIAL}{STILL}{keys}");
        let said = told(&beginning(&keys, &file), &out);
        assert!(said.contains(part), "{said}");
        let fresh = fresh(&recipe(&keys));
        for (name, array) in &weights(&out).tensors {
            match is_decoder(name) {
                true => assert_eq!(array, &fresh.tensors[name], "{name} is drawn from the seed"),
                false if name == "pos_embed" => {}
                false => assert_eq!(array, &encoder.tensors[name], "{name}"),
            }
        }
    }
}

#[test]
fn after_a_run_that_predicted_features_pixels_come_first_or_with_a_warm_up_of_0_a_fresh_head_for_features() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    // As many features as pixels: the width of the head does not tell.
    let wide = "model.encoder.dim = 48\npretrain.epochs = 2\n";
    pretrain(&recipe(&format!("{wide}method = {{ name = 'mae-k', k = 1 }}")), &at("k"), false, None).expect("trains");
    let beside = format!("{wide}method = {{ name = 'mae-k', k = 1, pixel_weight = 0.5 }}");
    pretrain(&recipe(&beside), &at("beside"), false, None).expect("trains");
    let still = format!("{wide}{STILL}").replace("pretrain.epochs = 2\n", "");

    let said = told(&beginning(&still, &at("k")), &at("pixels"));
    assert!(said.contains("begins with pixels: the head for pixels is begun afresh"), "{said}");
    let head = "decoder_pred.weight";
    assert_eq!(weights(&at("pixels")).tensors[head], fresh(&recipe(&still)).tensors[head]);
    let mask_token = "mask_token";
    assert_eq!(weights(&at("pixels")).tensors[mask_token], weights(&at("k")).tensors[mask_token], "the decoder fits");

    let said = told(&beginning(&still, &at("beside")), &at("pixels-beside"));
    assert!(said.contains("it goes on with its head for pixels"), "{said}");
    assert_eq!(
        weights(&at("pixels-beside")).tensors[head].values,
        weights(&at("beside")).tensors["pixel_pred.weight"].values
    );

    let at_once = format!("{still}method = {{ name = 'ema-mae', wse = 0 }}");
    let said = told(&beginning(&at_once, &at("k")), &at("features"));
    assert!(said.contains("the head for features is begun afresh"), "{said}");
    assert_ne!(weights(&at("features")).tensors[head], weights(&at("k")).tensors[head]);

    // A head that still predicted pixels is taken as it is, and there is nothing to say.
    pretrain(&recipe(&format!("{wide}method = {{ name = 'mae-k', k = 2 }}")), &at("before"), false, None)
        .expect("trains");
    assert_eq!(told(&beginning(&still, &at("before")), &at("taken")), "");
    assert_eq!(weights(&at("taken")).tensors, weights(&at("before")).tensors);
}

#[test]
fn weights_that_do_not_fit_are_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut lacking = read_weights(&fixture("official.pth")).expect("weights");
    lacking.tensors.remove("blocks.1.mlp.fc2.bias");
    save(&folder.path().join("lacking.safetensors"), &lacking);
    let official = fixture("official.pth");
    type Change = fn(&mut Recipe);
    let none: Change = |_| {};
    let cases: [(Change, PathBuf, [&str; 3]); 7] = [
        (
            |recipe| recipe.model.patch_size = bmae_architecture::PatchSize::square(4),
            official.clone(),
            ["patch_embed.proj.weight", "[8, 3, 2, 2]", "[8, 3, 4, 4]"],
        ),
        (|recipe| recipe.model.encoder.dim = 16, official.clone(), ["cls_token", "[1, 1, 8]", "[1, 1, 16]"]),
        (
            |recipe| recipe.model.encoder.depth = 1,
            official,
            ["official.pth has 2 blocks in its encoder", "this model has 1", "depth 2"],
        ),
        (
            none,
            folder.path().join("lacking.safetensors"),
            ["lacking.safetensors", "lacks 1 tensor", "blocks.1.mlp.fc2.bias"],
        ),
        (none, fixture("classifier_timm.safetensors"), ["classifier_timm", "fc_norm", "final norm"]),
        (none, folder.path().join("nowhere.pth"), ["cannot read", "nowhere.pth", "that exists"]),
        (none, folder.path().to_owned(), ["holds no weights", "checkpoints/last.safetensors", "finished epoch"]),
    ];
    for (change, from, parts) in cases {
        let out = folder.path().join("out");
        let mut recipe = beginning(OFFICIAL, &from);
        change(&mut recipe);
        let refused = refusal(&recipe, &out);
        for part in parts {
            assert!(refused.contains(part), "{part}: {refused}");
        }
        assert!(!out.exists());
    }
}

#[test]
fn a_run_records_the_checksum_of_its_beginning_and_needs_that_no_more_after_its_first_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let from = at("given.safetensors");
    save(&from, &read_weights(&fixture("official.pth")).expect("weights"));
    let recipe = beginning(OFFICIAL, &from);
    pretrain(&recipe, &at("whole"), false, None).expect("trains");
    let text = std::fs::read_to_string(at("whole/config.toml")).expect("a recipe");
    let recorded = Recipe::from_toml(&text).expect("a recipe").pretrain.from.expect("its beginning");
    assert_eq!((&recorded.path, recorded.sha256.as_ref().map(String::len)), (&from, Some(64)));

    // Killed before its first checkpoint, and stopped in its second epoch.
    pretrain(&recipe, &at("early"), false, Some(1)).expect("stops");
    std::fs::remove_dir_all(at("early/state")).expect("as if it was never written");
    pretrain(&recipe, &at("late"), false, Some(STEPS + 1)).expect("stops");
    let mut other = read_weights(&from).expect("weights");
    other.tensors.insert("cls_token".to_owned(), Array { shape: vec![1, 1, 8], values: vec![0.25; 8] });
    save(&from, &other);
    let refused = refusal(&recipe, &at("early"));
    assert!(refused.contains("given.safetensors has changed since the recipe was written"), "{refused}");
    // So is the recipe of the run where it is used again.
    let again = Recipe::from_toml(&text).expect("a recipe");
    assert_eq!(refusal(&again, &at("again")), refused);
    std::fs::remove_file(&from).expect("removed");
    assert!(matches!(pretrain(&recipe, &at("late"), true, None), Ok(Outcome::Finished(_))));
    assert_eq!(weights(&at("late")).tensors, weights(&at("whole")).tensors, "bit for bit");
    assert!(matches!(pretrain(&recipe, &at("late"), true, None), Ok(Outcome::AlreadyFinished)));
}

/// Two images as patches of 4 x 4, without autodiff.
fn patches() -> Tensor<3> {
    let values = (0..2 * 16 * 48).map(|i| ((i * 37 % 101) as f32 - 50.0) / 40.0).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, [2, 16, 48]), &device().inner())
}

fn values(features: &Tensor<3>) -> Vec<f32> {
    features.to_data().iter::<f32>().collect()
}

/// A finished run of an encoder of another width, depth and number of heads than the small recipe's.
fn teacher(out: &Path) {
    let keys = "model.encoder.dim = 12\nmodel.encoder.depth = 3\nmodel.encoder.heads = 3\npretrain.epochs = 1";
    pretrain(&recipe(keys), out, false, None).expect("trains");
}

#[test]
fn update_fixed_predicts_the_features_of_the_given_encoder_which_never_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    teacher(folder.path());
    let recipe = taught(1, folder.path(), "");
    let mut student = Student::new(&recipe, STEPS, &device(), &mut |_| {}).expect("a student");
    assert_eq!(student.start_epoch(0).expect("starts"), None, "pixels first");
    step(&mut student, 0, 0);
    student.start_epoch(1).expect("starts");
    let features = student.targets().features(&patches()).expect("features").remove(0);
    assert_eq!(features.dims(), [2, 16, 12]);
    assert_eq!(StateDict::of(student.model()).tensors["decoder_pred.bias"].shape, [12]);
    for epoch in 1..3 {
        student.start_epoch(epoch).expect("starts");
        let report = step(&mut student, epoch, 0);
        assert_eq!((report.target.dims()[1], report.targets.len()), (12, 1));
        assert_eq!(student.end_epoch(epoch), None);
    }
    let later = student.targets().features(&patches()).expect("features").remove(0);
    assert_eq!(values(&later), values(&features));
    assert_eq!(target_values(&student, 0), [], "a resume reads it from its file");

    // They are those that the run's own encoder gives.
    let of_run = {
        let path = folder.path().join("checkpoints/last.safetensors");
        let own = StateDict::from_file(&path).expect("weights");
        let recipe = Recipe::from_toml(own.config_text().expect("a recipe")).expect("a recipe");
        let student = Student::new(&recipe, STEPS, &device(), &mut |_| {}).expect("a student");
        own.load_into(burn::module::Module::valid(&student.model().encoder)).expect("loads").0
    };
    let tokens = of_run.forward(patches()).slice([0..2, 1..17, 0..12]);
    assert_eq!(values(&tokens), values(&features));
}

#[test]
fn a_run_with_a_teacher_that_was_stopped_and_resumed_reads_like_one_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    teacher(&at("teacher"));
    let recipe = taught(1, &at("teacher"), ", normalisation = 'layer-norm', last_blocks = 3");
    pretrain(&recipe, &at("whole"), false, None).expect("trains");
    pretrain(&recipe, &at("stopped"), false, Some(3 * STEPS + 2)).expect("stops");
    let state = StateDict::from_file(&at("stopped/state/epoch-0003.safetensors")).expect("a state");
    assert!(state.tensors.keys().all(|name| !name.starts_with("target.")), "the teacher's weights are not repeated");
    pretrain(&recipe, &at("stopped"), true, None).expect("goes on");
    assert_eq!(metrics(&at("stopped")), metrics(&at("whole")));
    assert_eq!(weights(&at("stopped")).tensors, weights(&at("whole")).tensors, "bit for bit");
}

#[test]
fn from_sha256_is_recorded_and_a_teacher_that_has_changed_or_is_gone_is_refused_at_every_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    teacher(&at("run"));
    let file = at("run/checkpoints/last.safetensors");
    let recipe = taught(1, &at("run"), "");
    pretrain(&recipe, &at("out"), false, Some(2 * STEPS + 1)).expect("stops");
    let text = std::fs::read_to_string(at("out/config.toml")).expect("a recipe");
    let Update::Fixed(GivenWeights { path, sha256 }) =
        Recipe::from_toml(&text).expect("a recipe").method.first_target().update
    else {
        panic!("{text}");
    };
    assert_eq!((path, sha256.map(|digits| digits.len())), (at("run"), Some(64)));

    let old = std::fs::read(&file).expect("weights");
    teacher_of_another_seed(&at("other"));
    std::fs::copy(at("other/checkpoints/last.safetensors"), &file).expect("copied");
    let refused = refusal(&recipe, &at("out"));
    assert!(refused.contains("run has changed since the recipe was written: its SHA-256 was "), "{refused}");
    std::fs::remove_file(&file).expect("removed");
    let refused = refusal(&recipe, &at("out"));
    assert!(refused.contains("run holds no weights: its checkpoints/last.safetensors is missing"), "{refused}");
    std::fs::write(&file, old).expect("written");
    pretrain(&recipe, &at("out"), true, None).expect("goes on");
    // A plan says so before its first stage.
    std::fs::remove_file(&file).expect("removed");
    let mut watching = Watching::default();
    let stages = [
        planned(Stage::Pretrain, &crate::small::recipe(""), &Start::Scratch, &at("first")),
        planned(Stage::Pretrain, &recipe, &Start::Scratch, &at("second")),
    ];
    assert!(run::plan(&mut session(&mut watching, 1), &stages, |_| Ok(())).is_err() && !at("first").exists());
}

fn teacher_of_another_seed(out: &Path) {
    let keys =
        "model.encoder.dim = 12\nmodel.encoder.depth = 3\nmodel.encoder.heads = 3\npretrain.epochs = 1\nseed = 8";
    pretrain(&recipe(keys), out, false, None).expect("trains");
}

#[test]
fn a_teacher_that_does_not_fit_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    teacher(&at("run"));
    let mut decoder = weights(&at("run"));
    decoder.tensors.retain(|name, _| is_decoder(name));
    save(&at("decoder.safetensors"), &decoder);
    let mut untold = weights(&at("run"));
    untold.metadata.clear();
    save(&at("untold.safetensors"), &untold);
    let two = |more: &str| taught(1, &at("run"), &format!(" }}, {more}"));
    for (recipe, parts) in [
        (taught(1, &fixture("huggingface"), ""), ["huggingface", "patches are 2 x 2 pixels", "student 4 x 4"]),
        (
            taught(1, &at("decoder.safetensors"), ""),
            ["decoder.safetensors cannot be a fixed target", "a decoder of dim 12", "a whole encoder"],
        ),
        (taught(1, &at("untold.safetensors"), ""), ["untold.safetensors", "number of attention heads", "12 wide"]),
        (
            taught(1, &at("run"), ", last_blocks = 4"),
            ["averages the last 4 blocks", "last.safetensors has 3", "lower its last_blocks"],
        ),
        (two("{ tau = 0.1"), ["the targets have 12 and 16 features", "one width", "model.encoder.dim"]),
        (
            taught(1, &fixture("classifier_timm.safetensors"), ""),
            ["classifier_timm", "patches are 2 x 2", "model.patch_size = 2"],
        ),
    ] {
        let refused = refusal(&recipe, &at("out"));
        for part in parts {
            assert!(refused.contains(part), "{part}: {refused}");
        }
        assert!(!at("out").exists());
    }
    // Two teachers of one width teach together.
    let own = at("run");
    assert!(
        pretrain(
            &two(&format!("{{ update = 'fixed', weight = 0.5, from = '{}'", own.display())),
            &at("two"),
            false,
            None
        )
        .is_ok()
    );
}

#[test]
fn a_teacher_has_the_heads_that_its_weights_tell_and_where_they_tell_none_those_of_a_student_as_wide() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = format!("{STILL}model.encoder.heads = 4");
    pretrain(&recipe(&keys), folder.path(), false, None).expect("trains");
    let features = |from: &Path| {
        let mut said = String::new();
        let tell = &mut |message: Message| said += &format!("{message:?}");
        let mut student = Student::new(&taught(0, from, ""), STEPS, &device(), tell).expect("a student");
        student.start_epoch(0).expect("starts");
        (values(&student.targets().features(&patches()).expect("features")[0]), said)
    };
    let mut untold = weights(folder.path());
    untold.metadata.clear();
    save(&folder.path().join("untold.safetensors"), &untold);
    let (told, nothing) = features(folder.path());
    let (taken, said) = features(&folder.path().join("untold.safetensors"));
    assert_eq!(nothing, "");
    assert!(said.contains("does not tell the number of attention heads of its encoder: taken is 2"), "{said}");
    assert_ne!(told, taken, "four heads see something else than two");
}

#[test]
fn pictures_and_reconstructions_of_a_student_with_a_teacher_of_another_width_are_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    teacher(&at("teacher"));
    let mut recipe = taught(1, &at("teacher"), "");
    (recipe.pretrain.stage.epochs, recipe.monitor.pictures_every) = (2, 1);
    pretrain(&recipe, &at("out"), false, None).expect("trains");
    let pictures = std::fs::read_dir(at("out/pictures")).expect("pictures").count();
    assert!(pictures > 0);
    let own = weights(&at("out"));
    let recipe = Recipe::from_toml(own.config_text().expect("a recipe")).expect("a recipe");
    let request = bmae_train::reconstruct::PictureRequest {
        split: None,
        images: 2,
        out: &at("a.png"),
        attention: None,
        foreign: bmae_output::claim::Foreign::Kept,
    };
    let drawn = bmae_train::reconstruct::write(&recipe, &own, request, &device().inner(), &mut |_| {}).expect("drawn");
    assert_eq!(drawn.predicted, bmae_train::model::Predicted::Features);
}
