//! The short forms are the rows of the table in `docs/methods.md`, "The methods", written out.

use super::*;
use crate::{
    Born, CopyAt, EmaUnit, FeatureHead, GivenWeights, Masks, Method, MethodKind, Ramp, ScratchInit,
    TargetNormalisation, TargetRecipe, Update, WarmUp, WarmupWeight,
};

fn method(text: &str) -> Method {
    resolve(&file(&format!("[method]\n{text}"))).method
}

/// A method with what all have where the recipe says nothing else.
fn plain(kind: MethodKind) -> Method {
    Method {
        kind,
        masks: Masks::Shared,
        warmup_weight: WarmupWeight::One,
        feature_head: FeatureHead::Trainable,
        pixel_weight: 0.0,
        scratch_init: ScratchInit::Mae,
    }
}

fn copied(weight: f64, every: usize) -> TargetRecipe {
    TargetRecipe { weight, update: Update::Copy { every }, normalisation: TargetNormalisation::None, last_blocks: 1 }
}

fn averaged(tau: f64) -> TargetRecipe {
    TargetRecipe {
        weight: 1.0,
        update: Update::Ema { tau, tau_end: tau, ramp: Ramp::None, unit: EmaUnit::Epoch, born: Born::Switch },
        normalisation: TargetNormalisation::None,
        last_blocks: 1,
    }
}

#[test]
fn mae_and_scratch_have_no_targets_and_pixels_throughout() {
    // Keys that the method does not read are accepted and leave no trace in its row of the results.
    let mae = method("name='mae'\nk=7\nwse=2\ntau=0.3");
    let scratch = method("name='scratch'\nk=7");
    assert_eq!((&mae, &scratch), (&plain(MethodKind::Mae), &plain(MethodKind::Scratch)));
    for method in [&mae, &scratch] {
        assert_eq!((method.warmup_epochs(), method.targets(), method.copy_at()), (None, vec![], None));
        assert_eq!((method.k(), method.wse(), method.tau(), method.slow_weight()), (None, None, None, None));
    }
    assert!(!scratch.pretrains() && mae.pretrains() && !mae.predicts_features());
}

#[test]
fn mae_k_copies_one_target_every_k_epochs_from_epoch_k_on() {
    let found = method("name='mae-k'\nk=7");
    let normalisation = TargetNormalisation::None;
    assert_eq!(found, plain(MethodKind::MaeK { k: 7, copy_at: CopyAt::EpochStart, normalisation }));
    assert_eq!((found.warmup_epochs(), found.copy_at()), (Some(7), Some(CopyAt::EpochStart)));
    assert_eq!(found.targets(), [copied(1.0, 7)]);
}

#[test]
fn ema_mae_averages_one_target_from_epoch_wse_on() {
    let found = method("name='ema-mae'\nwse=3\ntau=0.005");
    let (born, normalisation) = (Born::Switch, TargetNormalisation::None);
    assert_eq!(found, plain(MethodKind::EmaMae { wse: 3, tau: 0.005, born, normalisation }));
    assert_eq!((found.warmup_epochs(), found.copy_at()), (Some(3), None));
    assert_eq!(found.targets(), [averaged(0.005)]);
}

#[test]
fn mae_new_has_a_fast_average_and_a_slow_copy_from_epoch_k_on() {
    let found = method("name='mae-new'\nk=5\ntau=0.005\nslow_weight=0.3\ncopy_at='epoch-end'\nfeature_head='frozen'");
    let (copy_at, born, normalisation) = (CopyAt::EpochEnd, Born::Switch, TargetNormalisation::None);
    let kind = MethodKind::MaeNew { k: 5, tau: 0.005, slow_weight: 0.3, copy_at, born, normalisation };
    assert_eq!(found, Method { feature_head: FeatureHead::Frozen, ..plain(kind) });
    assert_eq!((found.warmup_epochs(), found.copy_at()), (Some(5), Some(CopyAt::EpochEnd)));
    assert_eq!(found.targets(), [averaged(0.005), copied(0.3, 5)]);
}

#[test]
fn custom_spells_its_targets_out() {
    let text = "name='custom'\nwse=4\ncopy_at='epoch-end'\n\
        [[method.targets]]\nweight=0.5\nupdate='copy'\nevery=3\nnormalisation='layer-norm'\nlast_blocks=2\n\
        [[method.targets]]\nupdate='ema'\ntau=0.1\ntau_end=0.01\nramp='cosine'\nunit='step'\nborn='start'\n\
        [[method.targets]]\nupdate='ema'\ntau=0.2\nramp='linear'";
    let targets = vec![
        TargetRecipe { normalisation: TargetNormalisation::LayerNorm, last_blocks: 2, ..copied(0.5, 3) },
        TargetRecipe {
            update: Update::Ema { tau: 0.1, tau_end: 0.01, ramp: Ramp::Cosine, unit: EmaUnit::Step, born: Born::Start },
            ..averaged(0.1)
        },
        TargetRecipe {
            update: Update::Ema {
                tau: 0.2,
                tau_end: 0.2,
                ramp: Ramp::Linear,
                unit: EmaUnit::Epoch,
                born: Born::Switch,
            },
            ..averaged(0.2)
        },
    ];
    let found = method(text);
    assert_eq!((found.warmup_epochs(), found.targets()), (Some(4), targets.clone()));
    assert_eq!(found, plain(MethodKind::Custom { wse: 4, copy_at: CopyAt::EpochEnd, targets }));
}

#[test]
fn a_fixed_target_names_its_weights_by_an_absolute_path_and_their_checksum() {
    let sha256 = "AB".repeat(32);
    let text = format!("name='custom'\n[[method.targets]]\nupdate='fixed'\nfrom='/a/mae.pth'\nfrom_sha256='{sha256}'");
    let weights = GivenWeights { path: "/a/mae.pth".into(), sha256: Some(sha256.to_lowercase()) };
    let target = TargetRecipe { update: Update::Fixed(weights), ..averaged(0.005) };
    assert_eq!(method(&text).targets(), [target]);
    let relative = method("name='custom'\n[[method.targets]]\nupdate='fixed'\nfrom='mae.pth'").targets();
    let here = std::env::current_dir().expect("a folder").join("mae.pth");
    assert_eq!(relative[0].update, Update::Fixed(GivenWeights { path: here, sha256: None }));
    // Its depth is its own: the weights tell it.
    assert_eq!(
        method("name='custom'\n[[method.targets]]\nupdate='fixed'\nfrom='a'\nlast_blocks=99").targets().len(),
        1
    );
}

#[test]
fn short_forms_hand_born_to_their_average_and_normalisation_to_all_their_targets() {
    let text = "k=5\nwse=5\nborn='start'\nnormalisation='patch-norm'";
    let of = |name: &str| method(&format!("name='{name}'\n{text}")).targets();
    let normalisation = TargetNormalisation::PatchNorm;
    let copied = |weight| TargetRecipe { normalisation, ..copied(weight, 5) };
    let update = Update::Ema { tau: 0.005, tau_end: 0.005, ramp: Ramp::None, unit: EmaUnit::Epoch, born: Born::Start };
    let averaged = TargetRecipe { normalisation, update, ..averaged(0.005) };
    assert_eq!(of("mae-k"), [copied(1.0)]);
    assert_eq!(of("ema-mae"), std::slice::from_ref(&averaged));
    assert_eq!(of("mae-new"), [averaged, copied(0.2)]);
}

#[test]
fn the_rate_of_an_average_is_that_of_the_report_unless_it_is_given() {
    assert_eq!(method("name='ema-mae'").targets(), [averaged(0.005)]);
    assert_eq!(method("name='mae-new'").targets()[0], averaged(0.005));
    assert_eq!(method("name='custom'\ntargets=[{}]").targets(), [averaged(0.005)]);
}

#[test]
fn separate_masks_are_as_many_as_the_targets() {
    let of = |text: &str| method(&format!("masks='separate'\n{text}")).masks_per_image();
    assert_eq!(of("name='mae'"), 1);
    assert_eq!(of("name='ema-mae'"), 1);
    assert_eq!(of("name='mae-new'"), 2);
    assert_eq!(of("name='custom'\ntargets=[{}, {}, {update='copy'}]"), 3);
    assert_eq!(method("name='mae-new'").masks_per_image(), 1);
}

#[test]
fn a_warm_up_is_its_pixel_loss_and_the_averages_that_follow_meanwhile() {
    let of = |text: &str| method(text).warm_up();
    let plain = WarmUp { pixel_loss: 1.0, averages: Vec::new() };
    for text in ["name='mae'", "name='mae'\nwarmup_weight='sum'", "name='mae-k'\nk=3", "name='mae-new'\nk=5"] {
        assert_eq!(of(text), plain, "{text}");
    }
    assert_eq!(of("name='mae-new'\nslow_weight=0.5\nwarmup_weight='sum'"), WarmUp { pixel_loss: 1.5, ..plain });
    let early = of("name='ema-mae'\ntau=0.1\nborn='start'");
    assert_eq!((early.pixel_loss, early.averages.len(), early.averages[0].0), (1.0, 1, 0));
    assert_eq!(early, of("name='mae-new'\nk=7\ntau=0.1\nborn='start'\nmasks='separate'"));
    assert_ne!(early, of("name='ema-mae'\ntau=0.2\nborn='start'"));
    // The second of two: another value of the state, so another warm-up.
    let second = of("name='custom'\ntargets=[{update='copy'}, {tau=0.1, born='start'}]");
    assert_eq!(second.averages, [(1, early.averages[0].1.clone())]);
}

#[test]
fn a_setting_spells_targets_out_in_the_same_way() {
    let sets = ["method.name=custom", "method.wse=4", "method.targets=[{update=\"copy\", every=3}, {tau=0.2}]"];
    let method = resolve(&layers(Preset::Quick, &sets)).method;
    assert_eq!(method.targets(), [copied(1.0, 3), averaged(0.2)]);
    assert_eq!(method.copy_at(), Some(CopyAt::EpochStart));
}
