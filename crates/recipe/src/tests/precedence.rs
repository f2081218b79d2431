//! Preset, then the run that an evaluation starts from, then flags, then `--set`.

use bmae_architecture::Precision;

use super::*;
use crate::{CarriedRecipe, Feature, FeatureHead, Method, MethodName, Warning, keys};

#[test]
fn without_a_preset_quick_holds() {
    assert_eq!(resolve(&Layers::default()), resolve(&layers(Preset::Quick, &[])));
}

#[test]
fn a_key_that_a_preset_leaves_out_has_its_default() {
    let recipe = resolve(&file("[pretrain]\nepochs = 7"));
    assert_eq!(recipe.pretrain.stage.epochs, 7);
    assert_eq!(recipe.pretrain.stage.batch_size, 512);
    assert_eq!(recipe.knn.k, 20);
    assert!(recipe.runs.is_empty());
    for key in keys::all().into_iter().chain(keys::of_targets()) {
        assert!(key.accepts(&key.default_value()), "{} refuses its own default", key.path());
    }
}

#[test]
fn later_layers_win() {
    let mut layers = layers(Preset::Quick, &[]);
    assert_eq!(resolve(&layers).data.train_limit, 0);
    layers.from = Some(CarriedRecipe {
        name: "a".to_owned(),
        text: "[data]\ntrain_limit = 1\ntest_limit = 1\nshapes_seed = 1".to_owned(),
        with_method: true,
    });
    layers.settings = vec![
        option("--a", "data.train_limit", 2),
        option("--b", "data.test_limit", 2),
        option("--c", "data.train_limit", 3),
    ];
    let data = resolve(&layers).data;
    assert_eq!((data.train_limit, data.test_limit, data.shapes_seed), (3, 2, 1));
}

#[test]
fn of_two_sets_the_last_holds() {
    let recipe = resolve(&layers(Preset::Quick, &["seed=1", "seed=2"]));
    assert_eq!(recipe.seed, 2);
}

#[test]
fn an_evaluation_takes_over_data_model_method_and_precision_of_its_run_and_nothing_else() {
    let run = resolve(&layers(
        Preset::Quick,
        &[
            "method.name=mae-k",
            "seed=9",
            "precision=bf16",
            "data.train_limit=77",
            "model.encoder.dim=64",
            "finetune.epochs=99",
            "method.k=3",
        ],
    ));
    let evaluation = resolve(&Layers {
        from: Some(CarriedRecipe { name: "a".to_owned(), text: run.to_toml(), with_method: true }),
        single_run: true,
        ..layers(Preset::Mini, &[])
    });
    let mini = resolve(&layers(Preset::Mini, &[]));
    assert_eq!(evaluation.data, run.data);
    assert_eq!(evaluation.model, run.model);
    assert_eq!(evaluation.method, run.method);
    assert_eq!(evaluation.precision, Precision::Bf16);
    assert_eq!(evaluation.seed, mini.seed);
    assert_eq!(evaluation.finetune, mini.finetune);
    assert!(evaluation.runs.is_empty());
}

#[test]
fn an_evaluation_may_have_a_precision_of_its_own_and_a_run_of_an_earlier_version_has_f32() {
    let precision = |of_run: &str, sets: &[&str]| {
        let from = CarriedRecipe { name: "a".to_owned(), text: of_run.to_owned(), with_method: true };
        resolve(&Layers { from: Some(from), single_run: true, ..layers(Preset::Quick, sets) }).precision
    };
    assert_eq!(precision("precision = 'bf16'", &["precision=f32"]), Precision::F32);
    assert_eq!(precision("precision = 'f32'", &["precision=bf16"]), Precision::Bf16);
    assert_eq!(precision("seed = 1", &[]), Precision::F32);
    assert_eq!(Recipe::from_toml("seed = 1").expect("a recipe").precision, Precision::F32);
}

#[test]
fn a_check_of_recorded_tensors_takes_over_data_and_model_of_the_weights_and_leaves_the_preset_its_method() {
    let run = resolve(&layers(
        Preset::Quick,
        &[
            "precision=bf16",
            "model.encoder.dim=64",
            "method={name='custom', wse=1, feature_head='trainable', targets=[{tau=0.25}]}",
        ],
    ));
    let check = resolve(&Layers {
        from: Some(CarriedRecipe { name: "a".to_owned(), text: run.to_toml(), with_method: false }),
        single_run: true,
        ..layers(Preset::Paper, &[])
    });
    assert_eq!((&check.data, &check.model, check.precision), (&run.data, &run.model, Precision::F32));
    assert_eq!(check.method, resolve(&Layers { single_run: true, ..layers(Preset::Paper, &[]) }).method);
    assert_eq!(check.method.feature_head, FeatureHead::Frozen);
}

#[test]
fn of_weights_that_no_run_made_it_is_taken_what_their_decoder_predicts_and_of_a_run_not() {
    let from = |text: String| {
        let from = Some(CarriedRecipe { name: "vit-mae".to_owned(), text, with_method: false });
        resolve(&Layers { from, single_run: true, ..layers(Preset::Quick, &[]) }).pretrain
    };
    let quick = resolve(&layers(Preset::Quick, &[])).pretrain;
    let told = from("[pretrain]\nnorm_pix = true\nmask_ratio = 0.5\n".to_owned());
    assert_eq!((told.norm_pix, told.mask_ratio), (true, quick.mask_ratio));
    let run = resolve(&layers(Preset::Quick, &["pretrain.norm_pix=true"]));
    assert_eq!(from(run.to_toml()).norm_pix, quick.norm_pix);
}

#[test]
fn heads_that_nobody_told_are_named_with_the_key_that_sets_them() {
    let said = |text: &str, sets: &[&str]| {
        let from = Some(CarriedRecipe { name: "mae.pth".to_owned(), text: text.to_owned(), with_method: false });
        let (_, warnings) =
            Recipe::resolve(&Layers { from, single_run: true, ..layers(Preset::Paper, sets) }).expect("a recipe");
        assert!(warnings.iter().all(Warning::is_a_note), "{warnings:?}");
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let both = "[model.encoder]\ndim = 12\n[model.decoder]\ndim = 16\n";
    let notes = said(both, &[]);
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("of its encoder: taken is 3") && notes[0].contains("`model.encoder.heads`"));
    assert!(notes[1].contains("of its decoder: taken is 16") && notes[1].contains("`model.decoder.heads`"));
    assert_eq!(said(both, &["model.encoder.heads=3"]), notes[1..]);
    assert_eq!(said("[model.encoder]\ndim = 12\nheads = 3\n", &[]), [""; 0]);
}

#[test]
fn a_method_takes_the_preset_s_first_run_of_it_and_settings_lie_over_that() {
    let of = |method: &str, sets: &[&str]| {
        let mut layers = layers(Preset::Paper, sets);
        layers.settings.insert(0, option("--method", "method.name", method));
        resolve(&layers).method
    };
    let ema_mae = |method: Method| (method.name(), method.wse(), method.tau());
    assert_eq!(ema_mae(of("ema-mae", &[])), (MethodName::EmaMae, Some(5), Some(0.1)));
    assert_eq!(ema_mae(of("ema-mae", &["method.tau=0.3"])), (MethodName::EmaMae, Some(5), Some(0.3)));
    // There is no run of it: [method] with that name.
    let custom = of("custom", &["method.targets=[{}]", "method.wse=2"]);
    assert_eq!((custom.name(), custom.warmup_epochs()), (MethodName::Custom, Some(2)));
    // A later setting chooses the run in the same way, and wins.
    assert_eq!(of("ema-mae", &["method.name=mae-new"]).slow_weight(), Some(0.2));
}

#[test]
fn settings_win_over_runs_too() {
    let mut layers = layers(Preset::Paper, &["method.tau=0.5"]);
    layers.settings.push(option("--k", "method.k", 3));
    for run in resolve(&layers).runs {
        assert!(run.method.tau().is_none_or(|tau| tau == 0.5), "{}", run.name);
        assert!(run.method.k().is_none_or(|k| k == 3), "{}", run.name);
    }
}

#[test]
fn naming_a_method_leaves_the_runs_of_that_method() {
    let runs = resolve(&layers(Preset::Paper, &["method.name=ema-mae"])).runs;
    assert_eq!(
        runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>(),
        ["ema-mae", "ema-mae-1-slow", "ema-mae-5-slow"]
    );
}

#[test]
fn a_run_whose_name_is_a_method_is_of_that_method_and_any_other_says_it() {
    let runs = resolve(&file(
        "[method]\nname = 'mae-k'\n[[runs]]\nname = 'ema-mae'\n[[runs]]\nname = 'a'\n[[runs]]\nname = 'b'\nmethod = 'mae-new'\n\
         [[runs]]\nmethod = 'mae'",
    ))
    .runs;
    let found: Vec<_> = runs.iter().map(|run| (run.name.as_str(), run.method.name())).collect();
    use MethodName::{EmaMae, Mae, MaeK, MaeNew};
    assert_eq!(found, [("ema-mae", EmaMae), ("a", MaeK), ("b", MaeNew), ("mae", Mae)]);
}

#[test]
fn a_set_value_is_toml_and_a_bare_word_a_string() {
    let sets = [
        "data.source=some/folder with spaces",
        "linprobe.feature=mean",
        "knn.feature='mean'",
        "model.encoder={dim = 48, depth = 2}",
        "pretrain.norm_pix=true",
        "data.mean=[0.5, 0.25, 0]",
    ];
    let recipe = resolve(&layers(Preset::Quick, &sets));
    assert!(recipe.data.source.text().ends_with("some/folder with spaces"));
    assert_eq!((recipe.linprobe.feature, recipe.knn.feature), (Feature::Mean, Feature::Mean));
    assert_eq!((recipe.model.encoder.dim, recipe.model.encoder.depth), (48, 2));
    assert!(recipe.pretrain.norm_pix);
    assert_eq!(recipe.data.mean.each(), Some(&[0.5, 0.25, 0.0][..]));
}

#[test]
fn sources_are_resolved_to_what_can_be_opened() {
    use crate::DataSource;
    let source = |sets: &[&str]| resolve(&layers(Preset::Quick, sets)).data.source;
    assert_eq!(source(&["data={shapes_seed=4, shapes_train=5, shapes_test=6, image_size=16}"]), DataSource::Shapes);
    assert_eq!(source(&["data.source=cifar10", "data.root=/d"]), DataSource::Cifar10 { root: "/d".into() });
    assert_eq!(source(&["data.source=cifar100", "data.root=/d"]), DataSource::Cifar100 { root: "/d".into() });
    assert_eq!(source(&["data.source=/x.tar.gz"]), DataSource::Path("/x.tar.gz".into()));
    // A name of its own is a path from the current folder, and absolute from then on.
    let here = std::env::current_dir().expect("there is a current folder");
    assert_eq!(source(&["data.source=./shapes"]), DataSource::Path(here.join("shapes")));
}

#[test]
fn the_seed_chooses_no_images() {
    let one = resolve(&layers(Preset::Quick, &["seed=1"]));
    let two = resolve(&layers(Preset::Quick, &["seed=2"]));
    assert_ne!(one.seed, two.seed);
    assert_eq!(one.data, two.data);
}

#[test]
fn weights_to_begin_with_are_an_absolute_path_and_an_evaluation_takes_none_over() {
    let here = std::env::current_dir().expect("a folder");
    let given = |recipe: &Recipe| recipe.pretrain.from.as_ref().map(|weights| weights.path.clone());
    let relative = resolve(&layers(Preset::Quick, &["pretrain.from=mae.pth"]));
    assert_eq!(given(&relative), Some(here.join("mae.pth")));
    assert_eq!(given(&resolve(&layers(Preset::Quick, &["pretrain.from=mae.pth", "pretrain.from=''"]))), None);
    let run = CarriedRecipe { name: "runs/a".to_owned(), text: relative.to_toml(), with_method: true };
    assert_eq!(given(&resolve(&Layers { from: Some(run), ..Layers::default() })), None);
}
