//! Weights from and for other programs: tests/reference/weights, made by its make_weight_fixtures.py.

use std::path::{Path, PathBuf};

use bmae_architecture::Precision;
use bmae_nn::weights::CONFIG_KEY;
use bmae_nn::{Array, LinearProbe, StateDict};
use bmae_output::claim::Foreign;
use bmae_recipe::{Recipe, Stage, Start, Used};
use bmae_train::device::Device;
use bmae_train::export::{Destination, ExportError, Exported, export, import};
use bmae_train::observer::{Event, Message};
use bmae_train::run;
use bmae_train::start::{carried_recipe, fit, read_weights};
use burn::tensor::{Tensor, TensorData};

use crate::small::{self, Watching, planned};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/weights").join(name)
}

fn open(name: &str) -> StateDict {
    read_weights(&fixture(name)).unwrap()
}

/// The recipe of the fixtures' model.
fn recipe(keys: &str) -> Recipe {
    sized(6, keys)
}

/// The same with images of another size.
fn sized(image_size: usize, keys: &str) -> Recipe {
    let sizes = "model.patch_size = 2\nmodel.encoder.dim = 8\nmodel.encoder.depth = 2\n\
                 model.encoder.heads = 2\nmodel.encoder.mlp_ratio = 2.0\nmodel.decoder.dim = 4\nmodel.decoder.depth = 1\n\
                 model.decoder.heads = 2\npretrain.mask_ratio = 0.6\n";
    small::recipe(&format!("data.image_size = {image_size}\n{sizes}{keys}"))
}

fn exported(weights: &StateDict, to: Destination) -> Exported {
    export(weights, &recipe(""), to).unwrap()
}

/// The fixtures' autoencoder with a head for features.
fn predicting_features() -> StateDict {
    let mut weights = open("weights.safetensors");
    weights.tensors.insert("decoder_pred.weight".to_owned(), Array { shape: vec![8, 4], values: vec![0.5; 32] });
    weights.tensors.insert("decoder_pred.bias".to_owned(), Array { shape: vec![8], values: vec![0.5; 8] });
    weights
}

/// The fixtures' encoder with a probe on it.
fn probe() -> StateDict {
    let mut weights = open("classifier_huggingface");
    let statistics = [("running_mean", 0.25), ("running_var", 4.0)];
    for (name, start) in statistics {
        let values = (0..8).map(|i| start + i as f32 / 8.0).collect();
        weights.tensors.insert(format!("batchnorm.{name}"), Array { shape: vec![8], values });
    }
    weights
}

#[test]
fn shapes_tell_a_recipe_and_a_folder_the_heads_too() {
    assert_eq!(
        carried_recipe(&open("official.pth"), Used::Autoencoder).unwrap(),
        "[data]\nimage_size = 6\n\n[model]\npatch_size = 2\n\n[model.encoder]\ndim = 8\ndepth = 2\nmlp_ratio = 2.0\n\n\
         [model.decoder]\ndim = 4\ndepth = 1\n"
    );
    let folder = carried_recipe(&open("huggingface"), Used::Autoencoder).unwrap();
    assert_eq!(folder.matches("heads = 2").count(), 2, "{folder}");
    let classifier = carried_recipe(&open("classifier_timm.safetensors"), Used::Autoencoder).unwrap();
    let encoder = carried_recipe(&open("huggingface"), Used::Encoder).unwrap();
    assert!(!classifier.contains("decoder") && !encoder.contains("decoder"), "{classifier}, {encoder}");
    assert_eq!(carried_recipe(&StateDict::default(), Used::Autoencoder), None);

    let mut own = open("weights.safetensors");
    own.metadata.insert(CONFIG_KEY.to_owned(), "seed = 3\n".to_owned());
    assert_eq!(carried_recipe(&own, Used::Encoder).as_deref(), Some("seed = 3\n"));
}

#[test]
fn a_hugging_face_folder_has_the_configuration_that_transformers_writes() {
    for (weights, theirs) in
        [("weights.safetensors", "huggingface"), ("classifier_huggingface", "classifier_huggingface")]
    {
        let ours = exported(&open(weights), Destination::HuggingFace);
        let ours: serde_json::Value = serde_json::from_str(&ours.folder.unwrap().config).unwrap();
        let theirs = std::fs::read_to_string(fixture(theirs).join("config.json")).unwrap();
        let theirs: serde_json::Value = serde_json::from_str(&theirs).unwrap();
        for (key, value) in ours.as_object().unwrap() {
            assert_eq!(Some(value), theirs.get(key), "{key}");
        }
        // What only theirs has says nothing about the model.
        for key in theirs.as_object().unwrap().keys().filter(|key| ours.get(key.as_str()).is_none()) {
            let known = ["dtype", "transformers_version", "encoder_stride", "pooler_act", "pooler_output_size"];
            assert!(known.contains(&key.as_str()), "{key}");
        }
    }
}

#[test]
fn what_goes_to_hugging_face_comes_back_the_same_with_heads_and_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vit-mae");
    exported(&open("official.pth"), Destination::HuggingFace).write(&path).unwrap();
    let names = |path: &Path| StateDict::from_file(path).unwrap().tensors.into_keys().collect::<Vec<_>>();
    assert_eq!(names(&path.join("model.safetensors")), names(&fixture("huggingface_4.safetensors")));
    let back = read_weights(&path).unwrap();
    assert_eq!(back.tensors, open("weights.safetensors").tensors);
    assert_eq!(back.metadata["format"], "pt");
    assert!(back.config_text().unwrap().contains("[model.encoder]\ndim = 8\ndepth = 2\nheads = 2\n"));
}

#[test]
fn what_config_json_says_of_the_pre_training_becomes_the_recipe_and_goes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vit-mae");
    let normalised = recipe("pretrain.norm_pix = true\nmodel.norm_epsilon = 1e-12\n");
    let mut out = export(&open("official.pth"), &normalised, Destination::HuggingFace).unwrap();
    // As transformers writes it: without a recipe of ours.
    out.weights.metadata.clear();
    out.write(&path).unwrap();
    let weights = read_weights(&path).unwrap();
    assert_eq!((weights.origin.config.norm_pix, weights.origin.config.mask_ratio), (Some(true), Some(0.6)));
    let carried = carried_recipe(&weights, Used::Autoencoder).unwrap();
    assert!(carried.ends_with("[pretrain]\nnorm_pix = true\n"), "{carried}");
    assert!(!carried_recipe(&weights, Used::Encoder).unwrap().contains("[pretrain]"), "no decoder is used");

    let (imported, _) = import(weights, &normalised).unwrap();
    let imported = Recipe::from_toml(&carried_recipe(&imported, Used::Autoencoder).unwrap()).unwrap();
    assert_eq!((imported.pretrain.norm_pix, imported.pretrain.mask_ratio), (true, 0.6));
    assert_eq!(imported.model.norm_epsilon, 1e-12);
}

#[test]
fn layer_norms_have_the_epsilon_of_the_weights_and_another_one_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vit-mae");
    let mut out =
        export(&open("official.pth"), &recipe("model.norm_epsilon = 1e-3"), Destination::HuggingFace).unwrap();
    out.weights.metadata.clear();
    out.write(&path).unwrap();
    let weights = read_weights(&path).unwrap();
    let carried = carried_recipe(&weights, Used::Encoder).unwrap();
    assert!(carried.contains("norm_epsilon = 0.001\n"), "{carried}");
    let told = |keys: &str| {
        let mut told = Vec::new();
        fit(&mut weights.clone(), &recipe(keys), Used::Encoder, &mut |message| told.push(format!("{message:?}")))
            .expect("they fit");
        told.join(" ")
    };
    assert!(!told("model.norm_epsilon = 1e-3").contains("LayerNorm"));
    assert!(
        told("").contains("was made with 1e-3 under the root of its LayerNorms, but 1e-6 is taken"),
        "{}",
        told("")
    );
    let timm = export(&weights, &recipe("model.norm_epsilon = 1e-3"), Destination::Timm).unwrap();
    assert!(
        timm.open_with.contains("norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-3)"),
        "{}",
        timm.open_with
    );
}

#[test]
fn an_encoder_with_a_layer_of_its_own_is_neither_imported_nor_exported() {
    let mut weights = open("official.pth");
    weights.tensors.insert("blocks.0.ls1.gamma".to_owned(), Array { shape: vec![8], values: vec![1.0; 8] });
    let refused = import(weights.clone(), &recipe("")).unwrap_err().to_string();
    assert!(refused.contains("it has layer scale (blocks.0.ls1.gamma)"), "{refused}");
    assert!(export(&weights, &recipe(""), Destination::Timm).is_err());
}

#[test]
fn a_model_that_predicts_features_goes_to_hugging_face_as_its_encoder_and_says_so() {
    let exported = exported(&predicting_features(), Destination::HuggingFace);
    assert!(exported.open_with.starts_with("model = transformers.ViTModel.from_pretrained("), "{}", exported.open_with);
    assert!(exported.notes.iter().any(|note| note.contains("only the encoder is exported, as a ViTModel")));
    assert!(exported.weights.tensors.contains_key("embeddings.cls_token"));
    assert!(exported.weights.tensors.keys().all(|name| !name.starts_with("decoder") && !name.starts_with("vit.")));
}

#[test]
fn the_head_for_pixels_that_was_kept_beside_that_for_features_makes_a_whole_vit_mae() {
    let mut weights = predicting_features();
    let of_pixels = open("weights.safetensors");
    for kind in ["weight", "bias"] {
        let head = of_pixels.tensors[&format!("decoder_pred.{kind}")].clone();
        weights.tensors.insert(format!("pixel_pred.{kind}"), head);
    }
    let exported = exported(&weights, Destination::HuggingFace);
    assert!(exported.open_with.contains("ViTMAEForPreTraining"), "{}", exported.open_with);
    assert_eq!(exported.weights.tensors["decoder.decoder_pred.bias"], of_pixels.tensors["decoder_pred.bias"]);
}

#[test]
fn timm_gets_the_names_it_loads_strictly_and_the_official_code_all_there_is() {
    let names = |exported: &Exported| exported.weights.tensors.keys().cloned().collect::<Vec<_>>();
    let classifier = exported(&open("classifier_timm.safetensors"), Destination::Timm);
    assert_eq!(names(&classifier), open("classifier_timm.safetensors").tensors.into_keys().collect::<Vec<_>>());
    assert!(classifier.open_with.contains("num_classes=3, global_pool=\"avg\")"), "{}", classifier.open_with);

    let encoder = exported(&open("weights.safetensors"), Destination::Timm);
    assert!(names(&encoder).iter().all(|name| !name.starts_with("decoder") && name != "mask_token"));
    assert!(encoder.open_with.contains("num_heads=2, mlp_ratio=2.0, num_classes=0, global_pool=\"token\")"));
    assert!(encoder.notes.iter().any(|note| note.contains("no decoder")));

    let whole = exported(&open("huggingface"), Destination::Mae);
    assert_eq!(whole.weights.tensors, open("weights.safetensors").tensors);
}

#[test]
fn a_classifier_by_the_mean_cannot_go_to_hugging_face() {
    let refused = export(&open("classifier_timm.safetensors"), &recipe(""), Destination::HuggingFace).unwrap_err();
    assert!(matches!(&refused, ExportError::MeanPooling { .. }));
    assert!(refused.to_string().contains("timm's models do both"), "{refused}");
    let probe_of_mean = export(&probe(), &recipe("linprobe.feature = \"mean\""), Destination::HuggingFace);
    assert!(matches!(probe_of_mean, Err(ExportError::MeanPooling { .. })));
}

#[test]
fn the_batch_norm_of_a_probe_becomes_part_of_its_head() {
    let device = Device::flex();
    let weights = probe();
    let mut generator = bmae_data::random::keyed(0, 0, 0, bmae_data::random::Purpose::HeadInitialisation);
    let (module, _) = weights.load_into(LinearProbe::init(8, 3, Precision::F32, &mut generator, &device)).unwrap();
    let features: Vec<f32> = (0..16).map(|i| (i as f32 * 0.7).sin() * 2.0).collect();
    let want: Vec<f32> = module
        .forward_eval(Tensor::from_data(TensorData::new(features.clone(), [2, 8]), &device))
        .into_data()
        .iter()
        .collect();

    let exported = exported(&weights, Destination::Timm);
    assert!(exported.weights.tensors.keys().all(|name| !name.starts_with("batchnorm.")));
    let (head, bias) = (&exported.weights.tensors["head.weight"], &exported.weights.tensors["head.bias"]);
    for (row, want) in features.chunks(8).zip(want.chunks(3)) {
        for ((head, bias), want) in head.values.chunks(8).zip(&bias.values).zip(want) {
            let got = head.iter().zip(row).map(|(a, b)| a * b).sum::<f32>() + bias;
            assert!((got - want).abs() < 1e-5, "{got} and {want}");
        }
    }
}

#[test]
fn weights_without_a_whole_encoder_are_not_exported() {
    let refused = |weights: &StateDict| export(weights, &recipe(""), Destination::Timm).unwrap_err().to_string();
    let mut weights = open("weights.safetensors");
    for kind in ["weight", "bias"] {
        weights.tensors.remove(&format!("blocks.1.mlp.fc2.{kind}"));
    }
    let lacking = refused(&weights);
    assert!(lacking.contains("lacks 2 tensors (blocks.1.mlp.fc2.{bias, weight}) of this model"), "{lacking}");
    weights.tensors.remove("patch_embed.proj.weight");
    let none = refused(&weights);
    assert!(none.contains("has no patch embedding as here (patch_embed.proj.weight)"), "{none}");
    weights.tensors.retain(|name, _| !name.starts_with("blocks.") && !name.starts_with("patch_embed."));
    let none = refused(&weights);
    assert!(none.contains("holds a decoder of dim 4, depth 1 but no encoder"), "{none}");
}

#[test]
fn a_folder_is_written_whole_and_replaces_nothing_but_one_like_it() {
    let folder = tempfile::tempdir().unwrap();
    let exported = exported(&open("weights.safetensors"), Destination::HuggingFace);
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("empty")).unwrap();
    let check = |name: &str, foreign| Exported::check_place(true, &at(name), &fixture("weights.safetensors"), foreign);
    for _ in 0..2 {
        check("empty", Foreign::Kept).unwrap();
        exported.write(&at("empty")).unwrap();
    }
    for (name, file) in [("letters", "letter.txt"), ("other-config", "config.json"), ("other", "model.safetensors")] {
        std::fs::create_dir(at(name)).unwrap();
        std::fs::write(at(name).join(file), "mine").unwrap();
        let taken = check(name, Foreign::Kept).unwrap_err().to_string();
        assert!(taken.contains(file), "{taken}");
        check(name, Foreign::Replaced).unwrap();
        exported.write(&at(name)).unwrap();
    }
    assert_eq!(std::fs::read_to_string(at("letters/letter.txt")).unwrap(), "mine");
    std::fs::write(at("file"), "").unwrap();
    assert!(check("file", Foreign::Replaced).is_err() && exported.write(&at("file")).is_err());
    assert!(exported.write(&at("file/below")).is_err());
    let mut left: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["empty", "file", "letters", "other", "other-config"]);
}

#[test]
fn imported_weights_carry_their_sizes_heads_and_source() {
    let (imported, notes) = import(open("official.pth"), &recipe("")).unwrap();
    assert_eq!(imported.tensors, open("weights.safetensors").tensors);
    assert_eq!(notes, [""; 0]);
    let text = carried_recipe(&imported, Used::Autoencoder).unwrap();
    assert_eq!(Recipe::from_toml(&text).unwrap().model, recipe("").model);
    assert!(imported.metadata["bmae.source"].ends_with("official.pth"));
}

#[test]
fn an_evaluation_of_foreign_weights_resizes_positions_and_says_what_it_left_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut watching = Watching::default();
    let start = Start::From(fixture("official.pth"));
    let recipe = sized(16, "data.shapes_train = 20\ndata.shapes_test = 10\nknn.k = 3");
    let stop = watching.stop.clone();
    let mut session = bmae_train::Session::new(Device::flex(), 1, stop, &mut watching);
    run::stage(&mut session, &planned(Stage::Knn, &recipe, &start, &folder.path().join("a")), false).unwrap();
    let said: Vec<&String> = watching
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Message(Message::Warning(text) | Message::Note(text)) => Some(text),
            _ => None,
        })
        .collect();
    for part in [
        "pos_embed and decoder_pos_embed resized from 3 x 3 to 8 x 8 patches (bicubic)",
        "holds more than is used: left over were decoder_blocks.0.{attn.proj, ",
    ] {
        assert!(said.iter().any(|text| text.contains(part)), "{part}: {said:#?}");
    }
}

#[test]
fn positions_that_are_not_there_are_the_fixed_ones_and_it_is_said() {
    let mut weights = open("official.pth");
    weights.tensors.remove("pos_embed");
    let mut said = Vec::new();
    fit(&mut weights, &recipe(""), Used::Encoder, &mut |message| said.push(message)).expect("they fit");
    // The class token's comes first, then the first patch's: the sines of 0, then their cosines, twice.
    assert_eq!(weights.tensors["pos_embed"].values[8..16], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
    assert!(
        matches!(&said[..], [Message::Note(text)] if text.contains("has no pos_embed: the fixed sin-cos")),
        "{said:?}"
    );
}

#[test]
fn other_heads_than_the_weights_were_made_with_are_a_warning() {
    let mut said = Vec::new();
    let mut other = recipe("");
    (other.model.encoder.heads, other.model.decoder.heads) = (4, 1);
    fit(&mut open("huggingface"), &other, Used::Autoencoder, &mut |message| said.push(message)).expect("they fit");
    let warned =
        |part: &str| said.iter().any(|message| matches!(message, Message::Warning(text) if text.contains(part)));
    assert!(
        warned("2 attention heads in the encoder, but 4 are taken")
            && warned("2 attention heads in the decoder, but 1")
    );
    let mut said = Vec::new();
    fit(&mut open("huggingface"), &other, Used::Encoder, &mut |message| said.push(message)).expect("they fit");
    assert_eq!(said.len(), 1, "the decoder is not used: {said:?}");
}

#[test]
fn a_model_that_lacks_a_tensor_is_not_imported() {
    let mut weights = open("official.pth");
    assert_eq!(weights.missing_tensors(), [""; 0]);
    weights.tensors.remove("blocks.1.mlp.fc2.bias");
    weights.tensors.remove("decoder_norm.weight");
    assert_eq!(weights.missing_tensors(), ["blocks.1.mlp.fc2.bias", "decoder_norm.weight"]);
    let refused = import(weights, &recipe("")).unwrap_err().to_string();
    assert!(refused.contains("lacks 2 tensors (blocks.1.mlp.fc2.bias, decoder_norm.weight)"), "{refused}");
}
