//! Every way to be wrong is one sentence: what, where, found, allowed, remedy.

use super::*;
use crate::{CarriedRecipe, Choice};

fn set(argument: &str) -> String {
    refusal_of(argument, Stage::Pretrain)
}

#[test]
fn an_unknown_key_names_the_nearest_and_where_it_came_from() {
    assert_eq!(
        set("pretrain.epoch=3"),
        "unknown key `pretrain.epoch` given by --set pretrain.epoch=3: did you mean `pretrain.epochs`?"
    );
    assert_eq!(
        refusal(&file("[model.encoder]\nwidth = 3\ndetph = 4")),
        "unknown key `model.encoder.detph` given by mine.toml: did you mean `model.encoder.depth`?"
    );
    assert_eq!(
        refusal(&Layers {
            from: Some(CarriedRecipe {
                name: "runs/a".to_owned(),
                text: "[data]\nsuorce = 'x'".to_owned(),
                with_method: true
            }),
            ..Layers::default()
        }),
        "unknown key `data.suorce` given by the recipe of runs/a: did you mean `data.source`?"
    );
}

#[test]
fn a_key_of_another_section_is_found_by_its_name() {
    assert!(set("epochs=3").ends_with("did you mean `pretrain.epochs`?"));
    assert!(set("model.dim=3").ends_with("did you mean `model.encoder.dim`?"));
    assert!(set("target=1").ends_with("did you mean `method.targets`?"));
}

#[test]
fn a_key_by_the_name_that_another_program_gives_it_is_found() {
    let key = |set_key: &str, stage: Stage| {
        let said = refusal_of(&format!("{set_key}=1"), stage);
        said.rsplit_once("did you mean `")
            .map_or(said.clone(), |(_, key)| key.split('`').next().unwrap_or("").to_owned())
    };
    for (typed, meant) in [
        ("pretrain.lr", "pretrain.base_lr"),
        ("lr", "pretrain.base_lr"),
        ("finetune.learning-rate", "finetune.base_lr"),
        ("optimizer.lr", "pretrain.base_lr"),
        ("wd", "pretrain.weight_decay"),
        ("pretrain.weight-decay", "pretrain.weight_decay"),
        ("bs", "pretrain.batch_size"),
        ("n_epochs", "pretrain.epochs"),
        ("linear.epochs", "linprobe.epochs"),
        ("pretrain.mask", "pretrain.mask_ratio"),
        ("model.dim", "model.encoder.dim"),
        ("model.encoder_dim", "model.encoder.dim"),
        ("decoder.depth", "model.decoder.depth"),
        ("decoder_embed_dim", "model.decoder.dim"),
        ("patch", "model.patch_size"),
        ("img_size", "data.image_size"),
        ("pretrain.image_size", "data.image_size"),
        ("momentum", "method.tau"),
        ("ema", "method.tau"),
        ("lambda", "method.slow_weight"),
        ("neighbors", "knn.k"),
        ("random_seed", "seed"),
        ("amp", "precision"),
        ("pretrain.bf16", "precision"),
        ("model.dtype", "precision"),
        ("pretrain.precision", "precision"),
    ] {
        assert_eq!(key(typed, Stage::Pretrain), meant, "{typed}");
    }
    assert_eq!(key("epochs", Stage::Linprobe), "linprobe.epochs");
    assert_eq!(key("lr", Stage::Finetune), "finetune.base_lr");
    assert!(set("momentum=0.99").contains("1 minus the momentum"));
    assert!(set("optimizer=sgd").contains("AdamW"));
    assert!(set("num_workers=4").ends_with("the number of threads is no part of a recipe"));
}

#[test]
fn a_word_or_number_that_was_probably_meant_is_named() {
    for (set_value, meant) in [
        ("method.name=maek", "\"mae-k\""),
        ("method.name=byol", "\"ema-mae\""),
        ("finetune.pooling=cls", "\"class-token\""),
        ("linprobe.augmentation=off", "\"none\""),
        ("pretrain.norm_pix=yes", "true"),
        ("precision=bfloat16", "\"bf16\""),
        ("precision=fp16", "\"bf16\""),
        ("precision=float32", "\"f32\""),
        ("pretrain.epochs='12'", "12"),
    ] {
        assert!(set(set_value).ends_with(&format!("; did you mean {meant}?")), "{}", set(set_value));
    }
    assert!(!set("pretrain.epochs=ten").contains("did you mean"));
}

#[test]
fn where_nothing_is_near_the_keys_of_the_section_are_listed() {
    assert_eq!(
        set("knn.colour=red"),
        "unknown key `knn.colour` given by --set knn.colour=red: [knn] has k, temperature, feature"
    );
    assert!(
        set("colour=red")
            .ends_with("the sections are data, model, method, pretrain, finetune, linprobe, knn, monitor and runs")
    );
}

#[test]
fn unknown_keys_of_targets_and_runs_are_found_too() {
    assert_eq!(
        refusal(&file("[method]\nname='custom'\n[[method.targets]]\nwieght = 1")),
        "unknown key `method.targets.wieght` given by mine.toml: did you mean `method.targets.weight`?"
    );
    assert_eq!(
        refusal(&file("[[runs]]\nname='mae'\nslow_wieght = 1")),
        "unknown key `runs.slow_wieght` given by mine.toml: did you mean `runs.slow_weight`?"
    );
}

#[test]
fn a_fixed_target_has_weights_and_no_other_has() {
    let targets = |target: &str| refusal(&file(&format!("[method]\nname='custom'\n[[method.targets]]\n{target}")));
    assert_eq!(
        targets("update='fixed'"),
        "a target of `method.targets` given by mine.toml has update=\"fixed\" and no weights: say in its `from` where they are"
    );
    assert_eq!(
        targets("from='mae.pth'"),
        "a target of `method.targets` given by mine.toml has weights in `from`, but update=\"ema\" makes it of the student: set \
         update=\"fixed\", or leave out `from`"
    );
    assert!(targets("update='copy'\nfrom='mae.pth'").contains("update=\"copy\" makes it of the student"));
    assert!(targets("update='fixed'\nfrom='a'\nfrom_sha256='12'").contains("must be 64 hexadecimal digits, or empty"));
}

#[test]
fn a_wrong_type_says_what_was_found_and_what_is_allowed() {
    assert_eq!(
        set("pretrain.epochs=ten"),
        "`pretrain.epochs` given by --set pretrain.epochs=ten is the string \"ten\", but must be a whole number of at least 1"
    );
    assert_eq!(
        set("pretrain.norm_pix=1"),
        "`pretrain.norm_pix` given by --set pretrain.norm_pix=1 is 1, but must be true or false"
    );
    assert_eq!(
        set("data.mean=0.5"),
        "`data.mean` given by --set data.mean=0.5 is 0.5, but must be \"auto\", \"default\", or a list with a number for each \
         channel, each a number of at least -1000000000000000000000000000000 and at most 1000000000000000000000000000000"
    );
    assert_eq!(
        set("finetune.pooling=max"),
        "`finetune.pooling` given by --set finetune.pooling=max is the string \"max\", but must be \"mean\" or \
         \"class-token\""
    );
}

#[test]
fn a_value_out_of_range_says_the_range() {
    assert_eq!(
        set("pretrain.mask_ratio=1.5"),
        "`pretrain.mask_ratio` given by --set pretrain.mask_ratio=1.5 is 1.5, but must be a number above 0 and below 1"
    );
    assert_eq!(
        set("pretrain.epochs=0"),
        "`pretrain.epochs` given by --set pretrain.epochs=0 is 0, but must be a whole number of at least 1"
    );
    assert_eq!(
        set("method.tau=-0.1"),
        "`method.tau` given by --set method.tau=-0.1 is -0.1, but must be a number of at least 0 and at most 1"
    );
    assert_eq!(
        set("finetune.mixup=0.0001"),
        "`finetune.mixup` given by --set finetune.mixup=0.0001 is 0.0001, but must be 0 or a number of at least 0.001 and at \
         most 1000"
    );
    for off in ["finetune.mixup=0", "finetune.cutmix=0.0", "finetune.cutmix=0.001"] {
        resolve(&layers(Preset::Quick, &[off]));
    }
    for not_finite in ["pretrain.base_lr=nan", "pretrain.base_lr=inf"] {
        assert!(set(not_finite).ends_with("but must be a number of at least 0"));
    }
    assert!(set("data.std=[0.2, 0.0, 0.2]").contains("each a number above 0"));
    assert!(set("pretrain.crop_scale=[0.5, 0.2]").contains("the smaller one first"));
}

#[test]
fn an_option_is_named_as_it_was_typed() {
    let with = |setting| refusal(&Layers { settings: vec![setting], ..Layers::default() });
    assert_eq!(
        with(option("--k", "method.k", 0)),
        "`method.k` given by --k is 0, but must be a whole number of at least 1"
    );
    assert_eq!(
        with(option("--method", "method.name", "maek")),
        "`method.name` given by --method is the string \"maek\", but must be \"scratch\", \"mae\", \"mae-k\", \"ema-mae\", \
         \"mae-new\" or \"custom\"; did you mean \"mae-k\"?"
    );
}

#[test]
fn a_setting_without_a_value_or_with_half_a_list_is_refused() {
    let set = |text: &str| Setting::parse(text, format!("--set {text}")).expect_err(text).to_string();
    assert_eq!(
        set("pretrain.epochs"),
        "--set pretrain.epochs sets nothing: it is no key with its value, such as pretrain.epochs=10"
    );
    assert!(set("=3").starts_with("--set =3 sets nothing"));
    assert!(set("method.targets=[{weight=1}").starts_with("--set method.targets=[{weight=1} is not valid TOML: "));
    assert!(refusal(&file("seed = 0\n[data\n")).starts_with("mine.toml is not valid TOML at line 2: "));
}

#[test]
fn a_section_is_not_a_key_and_a_list_is_given_as_a_whole() {
    assert_eq!(
        set("pretrain=3"),
        "`pretrain` given by --set pretrain=3 is a section, not a key: set a key in it, such as `pretrain.epochs`"
    );
    assert_eq!(
        set("method.targets.weight=2"),
        "`method.targets.weight` given by --set method.targets.weight=2 belongs to a list of tables, which is given \
         as a whole: method.targets=[{weight=1, update=\"ema\", tau=0.1}]"
    );
    assert!(set("runs=[3]").contains("a list of tables"));
}

/// Images of 32 pixels in patches of 8, whatever a preset has.
const SIXTEEN_PATCHES: [&str; 2] = ["data.image_size=32", "model.patch_size=8"];

/// The recipe of [`SIXTEEN_PATCHES`] and one more key, for a stage that is about to run.
fn of_sixteen_patches(argument: &str, stage: Stage) -> Layers {
    let [size, patch] = SIXTEEN_PATCHES;
    Layers { stages: vec![stage], ..layers(Preset::Quick, &[size, patch, argument]) }
}

#[test]
fn a_mask_that_keeps_or_masks_nothing_is_refused_for_the_actual_number_of_patches() {
    let set = |argument: &str| refusal(&of_sixteen_patches(argument, Stage::Pretrain));
    // Of 16 patches one is kept up to 15/16.
    assert_eq!(
        set("pretrain.mask_ratio=0.95"),
        "`pretrain.mask_ratio` 0.95 keeps none of the 16 patches of an image: lower it to at most 0.937, or have more \
         patches with a smaller `model.patch_size`"
    );
    for fits in ["pretrain.mask_ratio=0.937", "pretrain.mask_ratio=0.001"] {
        resolve(&of_sixteen_patches(fits, Stage::Pretrain));
    }
    // 16 * (1 - 1e-17) is 16 in f64.
    assert_eq!(
        set("pretrain.mask_ratio=1e-17"),
        "`pretrain.mask_ratio` 1e-17 masks none of the 16 patches of an image, so there would be nothing to \
         predict: raise it to at least 0.001, or have more patches with a smaller `model.patch_size`"
    );
    assert!(set("model.patch_size=32").contains("one single patch"));
    // An evaluation masks nothing.
    resolve(&of_sixteen_patches("pretrain.mask_ratio=0.95", Stage::Finetune));
}

#[test]
fn shapes_that_do_not_fit_together_name_the_nearest_that_do() {
    let set = |argument: &str| refusal(&of_sixteen_patches(argument, Stage::Pretrain));
    assert_eq!(
        set("data.image_size=30"),
        "an image of 30 x 30 pixels does not divide into patches of 8 x 8: set `data.image_size` to a multiple of \
         `model.patch_size`, such as 32"
    );
    assert_eq!(
        set("model.encoder.heads=5"),
        "`model.encoder.dim` is 96, but must be divisible by 5 (`model.encoder.heads`): set it to a multiple of 20, such as 100"
    );
    assert_eq!(
        set("model.decoder={dim=6, heads=3}"),
        "`model.decoder.dim` is 6, but must be divisible by 4 (the sin-cos positions have four parts): set it to a multiple \
         of 12, such as 12"
    );
    assert!(set("model.encoder.mlp_ratio=0.001").contains("leaves no width"));
    assert_eq!(
        set("finetune.accumulate=3"),
        "`finetune.accumulate` is 3, but must divide the 128 images of `finetune.batch_size`"
    );
}

#[test]
fn a_model_that_cannot_fit_in_memory_is_refused_before_anything_is_made() {
    for absurd in [
        "model.encoder={dim=100000, depth=1000, heads=4}",
        "data.image_size=80000",
        "pretrain.batch_size=100000000",
        "data.shapes_train=9223372036854775807",
    ] {
        let sentence = refusal(&Layers {
            stages: vec![Stage::Pretrain],
            available_memory: Some(16 << 30),
            ..layers(Preset::Quick, &[absurd])
        });
        assert!(sentence.starts_with("pre-training needs at least "), "{sentence}");
        assert!(sentence.contains(" but 16.0 GiB are available: lower `"), "{sentence}");
    }
    for stage in Stage::ALL {
        resolve(&Layers { stages: vec![stage], available_memory: Some(1 << 30), ..layers(Preset::Quick, &[]) });
    }
}

#[test]
fn every_stage_of_every_preset_can_run() {
    for (preset, name) in Preset::ALL {
        for stage in Stage::ALL {
            let of_stage = Layers { stages: vec![stage], ..layers(*preset, &[]) };
            if let Err(error) = Recipe::resolve(&of_stage) {
                panic!("{name}, {}: {error}", stage.words());
            }
        }
    }
    let everything = ["finetune.mixup=0.8", "finetune.cutmix=1", "finetune.drop_path=0.1", "method.pixel_weight=0.5"];
    resolve(&Layers { stages: Stage::ALL.to_vec(), ..layers(Preset::Quick, &everything) });
}

#[test]
fn custom_targets_must_exist_count_and_fit_the_encoder() {
    assert!(set("method.name=custom").starts_with("the method \"custom\" needs targets"));
    let weightless = ["method.name=custom", "method.targets=[{weight=0}]"];
    assert!(refusal(&layers(Preset::Quick, &weightless)).contains("not all 0"));
    let deep = ["method.name=custom", "method.targets=[{last_blocks=5}]"];
    assert_eq!(
        refusal(&layers(Preset::Quick, &deep)),
        "a target of the method custom averages the last 5 blocks, but the encoder has 4: lower its last_blocks or raise \
         `model.encoder.depth`"
    );
}

#[test]
fn runs_have_names_that_folders_can_have_and_no_two_share() {
    assert_eq!(
        refusal(&file("[[runs]]\nname='mae'\n[[runs]]\nname='mae'")),
        "two of the [[runs]] are called `mae`: give each a name of its own, because it names the run's folder"
    );
    for bad in ["", "a/b", "..", "report", "tab\\t"] {
        let sentence = refusal(&file(&format!("[[runs]]\nname=\"{bad}\"")));
        assert!(sentence.contains("a name that a folder can have"), "{sentence}");
    }
}

#[test]
fn a_preset_that_does_not_exist_is_refused() {
    let sentence = |name| PresetChoice::read(name).expect_err("there is none").to_string();
    assert_eq!(
        sentence("quik"),
        "no preset is called `quik`: the presets are quick, mini and paper, or give the path of a recipe that ends in .toml; did you mean quick?"
    );
    assert!(sentence("nowhere.toml").starts_with("cannot read the recipe nowhere.toml ("));
}

#[test]
fn a_switch_or_a_peak_of_the_rate_after_the_last_epoch_is_a_warning() {
    let warned = |sets: &[&str]| {
        let layers = Layers { stages: vec![Stage::Pretrain], single_run: true, ..layers(Preset::Quick, sets) };
        resolve_with_warnings(&layers).1
    };
    let late = warned(&["method.name=mae-k", "method.k=50", "pretrain.epochs=50"]);
    assert_eq!(
        late.iter().map(Warning::to_string).collect::<Vec<_>>(),
        [
            "mae-k: `method.k` is 50, but the training ends after 50 epochs, so no target will ever be used and this is plain \
          MAE: lower `method.k` or raise `pretrain.epochs`"
        ]
    );
    assert_eq!(warned(&["method.name=mae-k", "method.k=49", "pretrain.epochs=50"]), []);
    let rising = warned(&["pretrain.warmup_epochs=24", "finetune.warmup_epochs=1000"]);
    assert_eq!(
        rising.iter().map(Warning::to_string).collect::<Vec<_>>(),
        [
            "`pretrain.warmup_epochs` is 24, but the training ends after 24 epochs, while its learning rate still rises: lower \
          `pretrain.warmup_epochs` or raise `pretrain.epochs`"
        ]
    );
    assert_eq!(warned(&["pretrain.warmup_epochs=23"]), []);
    let ignored = warned(&["method.targets=[{weight=1}]"]);
    assert_eq!(ignored, [Warning::TargetsIgnored { method: "mae".to_owned() }]);
    let ignored = warned(&["method.k=3"]);
    assert_eq!(
        ignored.iter().map(Warning::to_string).collect::<Vec<_>>(),
        ["--set method.k=3 changes nothing: the method mae does not read it"]
    );
    assert_eq!(warned(&["method.name=mae-k", "method.k=3"]), []);
}
