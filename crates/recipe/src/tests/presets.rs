//! The presets resolve, and `paper` says every number of `docs/recipes.md`, "The published setting".

use bmae_architecture::{ImageSize, PatchSize};

use super::*;
use crate::{
    Augmentation, Choice, CopyAt, Feature, FeatureHead, LossOn, Masks, MethodName, Pooling, ScratchInit, StageRecipe,
    TargetNormalisation, TargetRecipe, WarmUp,
};

fn paper() -> Recipe {
    resolve(&layers(Preset::Paper, &[]))
}

#[test]
fn every_preset_resolves_and_opens_with_its_command() {
    for (preset, name) in Preset::ALL {
        let recipe = resolve(&layers(*preset, &[]));
        let runs: Vec<_> = recipe.runs.iter().map(|run| run.method.name()).collect();
        for method in ["scratch", "mae", "mae-k", "ema-mae", "mae-new"] {
            assert!(runs.iter().any(|run| run.word() == method), "{name} lacks {method}");
        }
        let comment: String = preset.text().lines().take_while(|line| line.starts_with('#')).collect();
        for part in ["Command:", "bmae reproduce", "Time:", "Expected:"] {
            assert!(comment.contains(part), "{name}'s first comment lacks {part}");
        }
        assert!(!recipe.pretrain.norm_pix, "{name}");
    }
}

#[test]
fn quick_and_mini_run_whole_on_this_version_and_switch_in_time() {
    for preset in [Preset::Quick, Preset::Mini] {
        let layers = Layers { stages: Stage::ALL.to_vec(), ..layers(preset, &[]) };
        let (recipe, warnings) = resolve_with_warnings(&layers);
        assert_eq!(warnings, []);
        assert_eq!(recipe.finetune.drop_path, 0.0);
    }
}

#[test]
fn quick_needs_no_files_and_mini_has_the_model_of_the_design() {
    assert_eq!(resolve(&layers(Preset::Quick, &[])).data.source.text(), "shapes");
    let model = resolve(&layers(Preset::Mini, &[])).model;
    let encoder = (model.encoder.dim, model.encoder.depth, model.encoder.heads);
    let decoder = (model.decoder.dim, model.decoder.depth, model.decoder.heads);
    assert_eq!((model.patch_size, encoder, decoder), (PatchSize::square(4), (128, 6, 4), (64, 2, 4)));
}

#[test]
fn paper_has_the_published_data_and_model() {
    let recipe = paper();
    let Recipe { data, model, .. } = &recipe;
    assert_eq!((data.source.text().as_str(), data.image_size), ("cifar10", ImageSize::square(32)));
    assert_eq!(data.mean.each(), Some(&[0.4914, 0.4822, 0.4465][..]));
    assert_eq!(data.std.each(), Some(&[0.2023, 0.1994, 0.2010][..]));
    assert_eq!((data.train_limit, data.test_limit), (0, 0));
    assert_eq!(recipe.architecture().grid.patches(), 64);
    assert_eq!((model.encoder.dim, model.encoder.depth, model.encoder.heads), (192, 12, 3));
    assert_eq!(model.encoder.mlp_ratio, 4.0);
    assert_eq!((model.decoder.dim, model.decoder.depth, model.decoder.heads), (512, 8, 16));
}

#[test]
fn paper_has_the_published_pre_training() {
    let pretrain = paper().pretrain;
    assert_eq!(pretrain.mask_ratio, 0.75);
    assert!(!pretrain.norm_pix);
    assert_eq!(pretrain.loss_on, LossOn::Masked);
    assert_eq!(
        pretrain.stage,
        StageRecipe {
            epoch_fraction: 1.0,
            epochs: 200,
            replanned: Vec::new(),
            batch_size: 512,
            base_lr: 1e-3,
            min_lr: 0.0,
            warmup_epochs: 40.0,
            weight_decay: 0.05,
            accumulate: 1,
            clip_norm: 0.0,
            checkpoint_every: 0,
            checkpoint_minutes: 10.0,
            augmentation: Augmentation::RandomResizedCrop,
            crop_scale: [0.2, 1.0],
        }
    );
    assert_eq!(pretrain.stage.peak_lr(), 1e-3 * 512.0 / 256.0);
}

#[test]
fn paper_has_the_published_fine_tuning() {
    let finetune = paper().finetune;
    assert_eq!(
        finetune.stage,
        StageRecipe {
            epoch_fraction: 1.0,
            epochs: 100,
            replanned: Vec::new(),
            batch_size: 512,
            base_lr: 1e-3,
            min_lr: 1e-6,
            warmup_epochs: 5.0,
            weight_decay: 0.05,
            accumulate: 1,
            clip_norm: 0.0,
            checkpoint_every: 0,
            checkpoint_minutes: 10.0,
            augmentation: Augmentation::RandomResizedCrop,
            crop_scale: [0.08, 1.0],
        }
    );
    assert_eq!(finetune.layer_decay, 0.75);
    assert_eq!(finetune.drop_path, 0.1);
    assert_eq!(finetune.label_smoothing, 0.1);
    assert_eq!(finetune.pooling, Pooling::Mean);
    assert_eq!((finetune.mixup, finetune.cutmix), (0.0, 0.0));
    assert!(finetune.randaugment);
    assert_eq!(finetune.random_erasing, 0.25);
}

#[test]
fn paper_has_the_published_probe_and_neighbours() {
    let Recipe { linprobe, knn, .. } = paper();
    assert_eq!(
        linprobe.stage,
        StageRecipe {
            epoch_fraction: 1.0,
            epochs: 100,
            replanned: Vec::new(),
            batch_size: 512,
            base_lr: 0.1,
            min_lr: 0.0,
            warmup_epochs: 10.0,
            weight_decay: 0.0,
            accumulate: 1,
            clip_norm: 0.0,
            checkpoint_every: 0,
            checkpoint_minutes: 10.0,
            augmentation: Augmentation::ByolCrop,
            crop_scale: [0.08, 1.0],
        }
    );
    assert_eq!(linprobe.feature, Feature::ClassToken);
    assert_eq!((knn.k, knn.temperature, knn.feature), (20, 0.07, Feature::ClassToken));
}

#[test]
fn paper_lists_the_published_runs() {
    let recipe = paper();
    let rows: Vec<_> = recipe
        .runs
        .iter()
        .map(|run| {
            let method = &run.method;
            (method.name(), method.k(), method.wse(), method.tau(), method.slow_weight())
        })
        .collect();
    use MethodName::{EmaMae, Mae, MaeK, MaeNew, Scratch};
    assert_eq!(
        rows,
        [
            (Scratch, None, None, None, None),
            (Mae, None, None, None, None),
            (MaeK, Some(10), None, None, None),
            (MaeK, Some(20), None, None, None),
            (MaeK, Some(5), None, None, None),
            (EmaMae, None, Some(5), Some(0.1), None),
            (EmaMae, None, Some(1), Some(0.005), None),
            (EmaMae, None, Some(5), Some(0.005), None),
            (MaeNew, Some(5), None, Some(0.005), Some(0.2)),
        ]
    );
    for run in &recipe.runs {
        assert_eq!(run.method.feature_head, FeatureHead::Frozen, "{}", run.name);
        assert_eq!(run.method.scratch_init, ScratchInit::Timm, "{}", run.name);
        let copy_at = match run.method.name() {
            MaeK => Some(CopyAt::EpochStart),
            MaeNew => Some(CopyAt::EpochEnd),
            _ => None,
        };
        assert_eq!(run.method.copy_at(), copy_at, "{}", run.name);
        let is_new = run.method.name() == MaeNew;
        assert_eq!(run.method.masks == Masks::Separate, is_new, "{}: a second mask and pass", run.name);
        let pixel_loss = if is_new { 1.2 } else { 1.0 };
        assert_eq!(run.method.warm_up(), WarmUp { pixel_loss, averages: Vec::new() }, "{}", run.name);
        let plain = |target: &TargetRecipe| target.normalisation == TargetNormalisation::None;
        assert!(run.method.targets().iter().all(plain), "{}", run.name);
    }
}
