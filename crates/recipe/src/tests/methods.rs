//! The short forms are the rows of the table in `docs/methods.md`, "The methods", written out.

use super::*;
use crate::{
    CopyAt, EmaUnit, FeatureHead, Method, MethodName, Ramp, ScratchInit, TargetNormalisation, TargetRecipe, Update,
};

fn method(text: &str) -> Method {
    resolve(&file(&format!("[method]\n{text}"))).method
}

/// What all methods have where the recipe says nothing else.
fn plain(name: MethodName) -> Method {
    Method {
        name,
        k: None,
        wse: None,
        tau: None,
        slow_weight: None,
        copy_at: None,
        warmup_epochs: None,
        targets: Vec::new(),
        feature_head: FeatureHead::Trainable,
        pixel_weight: 0.0,
        scratch_init: ScratchInit::Mae,
    }
}

fn copied(weight: f64, every: usize, at: CopyAt) -> TargetRecipe {
    TargetRecipe {
        weight,
        update: Update::Copy { every, at },
        normalisation: TargetNormalisation::None,
        last_blocks: 1,
    }
}

fn averaged(tau: f64) -> TargetRecipe {
    TargetRecipe {
        weight: 1.0,
        update: Update::Ema { tau, tau_end: tau, ramp: Ramp::None, unit: EmaUnit::Epoch },
        normalisation: TargetNormalisation::None,
        last_blocks: 1,
    }
}

#[test]
fn mae_and_scratch_have_no_targets_and_pixels_throughout() {
    // Keys that the method does not read are accepted and leave no trace in its row of the results.
    assert_eq!(method("name='mae'\nk=7\nwse=2\ntau=0.3"), plain(MethodName::Mae));
    assert_eq!(method("name='scratch'\nk=7"), plain(MethodName::Scratch));
    assert!(!plain(MethodName::Scratch).pretrains() && plain(MethodName::Mae).pretrains());
}

#[test]
fn mae_k_copies_one_target_every_k_epochs_from_epoch_k_on() {
    assert_eq!(
        method("name='mae-k'\nk=7"),
        Method {
            k: Some(7),
            copy_at: Some(CopyAt::EpochStart),
            warmup_epochs: Some(7),
            targets: vec![copied(1.0, 7, CopyAt::EpochStart)],
            ..plain(MethodName::MaeK)
        }
    );
}

#[test]
fn ema_mae_averages_one_target_from_epoch_wse_on() {
    assert_eq!(
        method("name='ema-mae'\nwse=3\ntau=0.005"),
        Method {
            wse: Some(3),
            tau: Some(0.005),
            warmup_epochs: Some(3),
            targets: vec![averaged(0.005)],
            ..plain(MethodName::EmaMae)
        }
    );
}

#[test]
fn mae_new_has_a_fast_average_and_a_slow_copy_from_epoch_k_on() {
    assert_eq!(
        method("name='mae-new'\nk=5\ntau=0.005\nslow_weight=0.3\ncopy_at='epoch-end'\nfeature_head='frozen'"),
        Method {
            k: Some(5),
            tau: Some(0.005),
            slow_weight: Some(0.3),
            copy_at: Some(CopyAt::EpochEnd),
            warmup_epochs: Some(5),
            targets: vec![averaged(0.005), copied(0.3, 5, CopyAt::EpochEnd)],
            feature_head: FeatureHead::Frozen,
            ..plain(MethodName::MaeNew)
        }
    );
}

#[test]
fn custom_spells_its_targets_out() {
    let text = "name='custom'\nwse=4\ncopy_at='epoch-end'\n\
        [[method.targets]]\nweight=0.5\nupdate='copy'\nevery=3\nnormalisation='layer-norm'\nlast_blocks=2\n\
        [[method.targets]]\nupdate='ema'\ntau=0.1\ntau_end=0.01\nramp='cosine'\nunit='step'\n\
        [[method.targets]]\nupdate='ema'\ntau=0.2\nramp='linear'";
    assert_eq!(
        method(text),
        Method {
            wse: Some(4),
            copy_at: Some(CopyAt::EpochEnd),
            warmup_epochs: Some(4),
            targets: vec![
                TargetRecipe {
                    normalisation: TargetNormalisation::LayerNorm,
                    last_blocks: 2,
                    ..copied(0.5, 3, CopyAt::EpochEnd)
                },
                TargetRecipe {
                    update: Update::Ema { tau: 0.1, tau_end: 0.01, ramp: Ramp::Cosine, unit: EmaUnit::Step },
                    ..averaged(0.1)
                },
                TargetRecipe {
                    update: Update::Ema { tau: 0.2, tau_end: 0.2, ramp: Ramp::Linear, unit: EmaUnit::Epoch },
                    ..averaged(0.2)
                },
            ],
            ..plain(MethodName::Custom)
        }
    );
}

#[test]
fn the_command_line_spells_targets_out_in_the_same_way() {
    let sets = ["method.name=custom", "method.wse=4", "method.targets=[{update=\"copy\", every=3}, {tau=0.2}]"];
    let method = resolve(&layers(Preset::Quick, &sets)).method;
    assert_eq!(method.targets, [copied(1.0, 3, CopyAt::EpochStart), averaged(0.2)]);
}
