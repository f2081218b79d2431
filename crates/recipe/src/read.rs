//! From what was typed to what is checked: every key with its value or default, short forms expanded.

use std::path::{Path, PathBuf};

use super::choices::{Choice, MethodName, Ramp, UpdateKind};
use super::error::RecipeError;
use super::keys::{self, stage::StageKeys};
use super::method::{Method, PlannedRun, TargetRecipe, Update};
use super::parts::{DataRecipe, DataSource, DecoderRecipe, EncoderRecipe, ModelRecipe};
use super::stages::{FinetuneRecipe, KnnRecipe, LinprobeRecipe, MonitorRecipe, PretrainRecipe, StageRecipe};
use super::typed::Typed;
use super::{Recipe, Sealed};

/// Builds the recipe of `typed`. Single values are right already; what several of them make together is not looked at.
pub(super) fn recipe(typed: &Typed, runs: Vec<PlannedRun>) -> Result<Recipe, RecipeError> {
    Ok(Recipe {
        seed: typed.get(&keys::data::SEED),
        data: data(typed)?,
        model: model(typed),
        method: method(typed)?,
        pretrain: pretrain(typed),
        finetune: finetune(typed),
        linprobe: linprobe(typed),
        knn: knn(typed),
        monitor: MonitorRecipe {
            every: typed.get(&keys::evaluation::MONITOR_EVERY),
            knn_train_limit: typed.get(&keys::evaluation::KNN_TRAIN_LIMIT),
            pictures_every: typed.get(&keys::evaluation::PICTURES_EVERY),
            pictures: typed.get(&keys::evaluation::PICTURES),
        },
        runs,
        _sealed: Sealed,
    })
}

/// Expands a method's short form as `docs/methods.md`, "The methods", tabulates it.
pub(super) fn method(typed: &Typed) -> Result<Method, RecipeError> {
    let name = typed.get(&keys::method::NAME);
    let k = typed.get(&keys::method::K);
    let wse = typed.get(&keys::method::WSE);
    let tau = typed.get(&keys::method::TAU);
    let slow_weight = typed.get(&keys::method::SLOW_WEIGHT);
    let copy_at = typed.get(&keys::method::COPY_AT);

    let copied = |weight| TargetRecipe::published(weight, Update::Copy { every: k, at: copy_at });
    let averaged = |weight| TargetRecipe::published(weight, Update::constant_ema(tau));
    let plain = Method {
        name,
        k: None,
        wse: None,
        tau: None,
        slow_weight: None,
        copy_at: None,
        warmup_epochs: None,
        targets: Vec::new(),
        feature_head: typed.get(&keys::method::FEATURE_HEAD),
        pixel_weight: typed.get(&keys::method::PIXEL_WEIGHT),
        scratch_init: typed.get(&keys::method::SCRATCH_INIT),
    };
    Ok(match name {
        MethodName::Scratch | MethodName::Mae => plain,
        MethodName::MaeK => {
            Method { k: Some(k), copy_at: Some(copy_at), warmup_epochs: Some(k), targets: vec![copied(1.0)], ..plain }
        }
        MethodName::EmaMae => {
            Method { wse: Some(wse), tau: Some(tau), warmup_epochs: Some(wse), targets: vec![averaged(1.0)], ..plain }
        }
        MethodName::MaeNew => Method {
            k: Some(k),
            tau: Some(tau),
            slow_weight: Some(slow_weight),
            copy_at: Some(copy_at),
            warmup_epochs: Some(k),
            targets: vec![averaged(1.0), copied(slow_weight)],
            ..plain
        },
        MethodName::Custom => {
            let targets: Vec<TargetRecipe> =
                typed.targets().unwrap_or_default().iter().map(|one| target(one, copy_at)).collect();
            if targets.iter().map(|target| target.weight).sum::<f64>() <= 0.0 {
                return Err(RecipeError::NoTargets);
            }
            Method { wse: Some(wse), copy_at: Some(copy_at), warmup_epochs: Some(wse), targets, ..plain }
        }
    })
}

fn target(typed: &Typed, copy_at: super::CopyAt) -> TargetRecipe {
    let tau = typed.get(&keys::target::TAU);
    let ramp = typed.get(&keys::target::RAMP);
    let update = match typed.get(&keys::target::UPDATE) {
        UpdateKind::Copy => Update::Copy { every: typed.get(&keys::target::EVERY), at: copy_at },
        UpdateKind::Ema => Update::Ema {
            tau,
            tau_end: match ramp {
                Ramp::None => tau,
                _ => typed.given(&keys::target::TAU_END).unwrap_or(tau),
            },
            ramp,
            unit: typed.get(&keys::target::UNIT),
        },
    };
    TargetRecipe {
        weight: typed.get(&keys::target::WEIGHT),
        update,
        normalisation: typed.get(&keys::target::NORMALISATION),
        last_blocks: typed.get(&keys::target::LAST_BLOCKS),
    }
}

/// What a run adds to `[method]`: its keys, and its method where only its name says it.
pub(super) fn run_over_method(run: &Typed, method: &Typed) -> (Typed, String) {
    let mut whole = method.clone();
    whole.lay(run);
    let own_name = run.given(&keys::method::RUN_NAME);
    if run.given(&keys::method::NAME).is_none()
        && let Some(name) = own_name.as_deref().and_then(MethodName::from_word)
    {
        whole.set(&keys::method::NAME, &name);
    }
    let name = own_name.unwrap_or_else(|| whole.get(&keys::method::NAME).word().to_owned());
    (whole, name)
}

fn data(typed: &Typed) -> Result<DataRecipe, RecipeError> {
    let text = typed.get(&keys::data::SOURCE);
    let root = || match typed.get(&keys::data::ROOT) {
        root if root.is_empty() => Err(RecipeError::NoCacheFolder { name: text.clone() }),
        root => Ok(absolute(Path::new(&root))),
    };
    let source = match text.as_str() {
        "shapes" => DataSource::Shapes,
        "cifar10" => DataSource::Cifar10 { root: root()? },
        "cifar100" => DataSource::Cifar100 { root: root()? },
        path => DataSource::Path(absolute(Path::new(path))),
    };
    Ok(DataRecipe {
        source,
        image_size: typed.get(&keys::data::IMAGE_SIZE),
        mean: typed.get(&keys::data::MEAN),
        std: typed.get(&keys::data::STD),
        train_limit: typed.get(&keys::data::TRAIN_LIMIT),
        test_limit: typed.get(&keys::data::TEST_LIMIT),
        shapes_seed: typed.get(&keys::data::SHAPES_SEED),
        shapes_train: typed.get(&keys::data::SHAPES_TRAIN),
        shapes_test: typed.get(&keys::data::SHAPES_TEST),
    })
}

/// So that a run's recipe means the same from any folder.
fn absolute(path: &Path) -> PathBuf {
    // Fails only for an empty path, which no key accepts, and without a current folder.
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn model(typed: &Typed) -> ModelRecipe {
    ModelRecipe {
        patch_size: typed.get(&keys::model::PATCH_SIZE),
        encoder: EncoderRecipe {
            dim: typed.get(&keys::model::ENCODER_DIM),
            depth: typed.get(&keys::model::ENCODER_DEPTH),
            heads: typed.get(&keys::model::ENCODER_HEADS),
            mlp_ratio: typed.get(&keys::model::MLP_RATIO),
        },
        decoder: DecoderRecipe {
            dim: typed.get(&keys::model::DECODER_DIM),
            depth: typed.get(&keys::model::DECODER_DEPTH),
            heads: typed.get(&keys::model::DECODER_HEADS),
        },
    }
}

fn stage(typed: &Typed, keys: &StageKeys) -> StageRecipe {
    StageRecipe {
        epochs: typed.get(&keys.epochs),
        batch_size: typed.get(&keys.batch_size),
        base_lr: typed.get(&keys.base_lr),
        min_lr: typed.get(&keys.min_lr),
        warmup_epochs: typed.get(&keys.warmup_epochs),
        weight_decay: typed.get(&keys.weight_decay),
        accumulate: typed.get(&keys.accumulate),
        clip_norm: typed.get(&keys.clip_norm),
        checkpoint_every: typed.get(&keys.checkpoint_every),
        augmentation: typed.get(&keys.augmentation),
        crop_scale: typed.get(&keys.crop_scale),
    }
}

fn pretrain(typed: &Typed) -> PretrainRecipe {
    PretrainRecipe {
        stage: stage(typed, &keys::pretrain::STAGE),
        mask_ratio: typed.get(&keys::pretrain::MASK_RATIO),
        norm_pix: typed.get(&keys::pretrain::NORM_PIX),
    }
}

fn finetune(typed: &Typed) -> FinetuneRecipe {
    use keys::finetune as own;
    FinetuneRecipe {
        stage: stage(typed, &own::STAGE),
        layer_decay: typed.get(&own::LAYER_DECAY),
        drop_path: typed.get(&own::DROP_PATH),
        label_smoothing: typed.get(&own::LABEL_SMOOTHING),
        pooling: typed.get(&own::POOLING),
        mixup: typed.get(&own::MIXUP),
        cutmix: typed.get(&own::CUTMIX),
        mixup_probability: typed.get(&own::MIXUP_PROBABILITY),
        mixup_switch_probability: typed.get(&own::MIXUP_SWITCH_PROBABILITY),
        randaugment: typed.get(&own::RANDAUGMENT),
        random_erasing: typed.get(&own::RANDOM_ERASING),
    }
}

fn linprobe(typed: &Typed) -> LinprobeRecipe {
    LinprobeRecipe {
        stage: stage(typed, &keys::evaluation::STAGE),
        feature: typed.get(&keys::evaluation::LINPROBE_FEATURE),
    }
}

fn knn(typed: &Typed) -> KnnRecipe {
    KnnRecipe {
        k: typed.get(&keys::evaluation::K),
        temperature: typed.get(&keys::evaluation::TEMPERATURE),
        feature: typed.get(&keys::evaluation::KNN_FEATURE),
    }
}
