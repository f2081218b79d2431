//! The conclusions of the report as data, in its order. Their published numbers stand in `published_results.csv`.

use super::claim::{Claim, ClaimPart, Expected, Measurement, Subject};
use crate::run_directory::MethodSetting;
use crate::run_directory::Stage::{self, Finetune, Linprobe};

/// K of the published runs of MAE-K.
const KS: [u64; 6] = [1, 2, 4, 5, 10, 20];
/// The τ that the report recommends.
const SLOW: f64 = 0.005;
/// WSE and τ of the published runs of EMA-MAE.
const AVERAGES: [(u64, f64); 7] = [(1, SLOW), (5, SLOW), (20, SLOW), (40, SLOW), (80, SLOW), (5, 0.1), (5, 0.3)];

/// Points within which two accuracies count as equal.
const EQUAL: f64 = 1.0;
/// Points within which a gain counts as not significant: the report says it of its own gains of 0.3 and 1.6.
const NOT_SIGNIFICANT: f64 = 2.0;
/// The share of the published gap that makes a margin a large one.
const LARGE: f64 = 0.5;
/// Percent of its level by which a loss that has converged changes at most over the last quarter of its epochs.
const CONVERGED: f64 = 5.0;

/// Every conclusion.
pub fn claims() -> Vec<Claim> {
    [baselines(), copies(), averages(), new(), training()].concat()
}

fn baselines() -> Vec<Claim> {
    vec![Claim {
        name: "pretraining-helps",
        sentence: "Pre-training helps: MAE is above scratch in both evaluations.",
        note: "",
        parts: both(|evaluation| above(mae(), scratch(), evaluation)),
    }]
}

fn copies() -> Vec<Claim> {
    vec![
        Claim {
            name: "mae-k-finetune",
            sentence: "Every K of MAE-K beats MAE in fine-tuning.",
            note: "",
            parts: KS.map(|k| above(mae_k(k), mae(), Finetune)).into(),
        },
        Claim {
            name: "large-k-probe",
            sentence: "MAE-K with K 4 or more beats MAE in the linear probe.",
            note: "The text names K 4, 10 and 20; K 5 stands in the figures of MAE-new.",
            parts: [4, 5, 10, 20].map(|k| above(mae_k(k), mae(), Linprobe)).into(),
        },
        Claim {
            name: "small-k-probe",
            sentence: "MAE-K with K 1 or 2 is below MAE in the linear probe.",
            note: "",
            parts: [1, 2].map(|k| above(mae(), mae_k(k), Linprobe)).into(),
        },
        Claim {
            name: "best-k-finetune",
            sentence: "The best K of fine-tuning is 10.",
            note: "",
            parts: best_k(10, Finetune),
        },
        Claim {
            name: "best-k-probe",
            sentence: "The best K of the linear probe is 20.",
            note: "",
            parts: best_k(20, Linprobe),
        },
    ]
}

fn averages() -> Vec<Claim> {
    let best_average = || Subject::BestOf(AVERAGES.map(|(wse, tau)| ema_mae(wse, tau)).into());
    let best_copy = || Subject::BestOf(KS.map(mae_k).into());
    const BEST: &str = "The best is the highest mean of these runs among all settings that were published of the method. \
                        It is chosen on the same test images, which favours it a little.";
    let slow = |wse| ema_mae(wse, SLOW);
    let quick = [0.1, 0.3].map(|tau| ema_mae(5, tau));
    let all_above = |first: &[u64], second: &[u64], evaluation| -> Vec<ClaimPart> {
        let pairs = first.iter().flat_map(|a| second.iter().map(move |b| (*a, *b)));
        pairs.map(|(a, b)| above(slow(a), slow(b), evaluation)).collect()
    };
    vec![
        Claim {
            name: "ema-mae-above-mae",
            sentence: "EMA-MAE at its best beats MAE in both evaluations.",
            note: BEST,
            parts: both(|evaluation| above(best_average(), mae(), evaluation)),
        },
        Claim {
            name: "ema-mae-equals-mae-k-finetune",
            sentence: "EMA-MAE at its best equals MAE-K at its best in fine-tuning.",
            note: BEST,
            parts: vec![accuracy(best_average(), best_copy(), Finetune, Expected::Within(EQUAL))],
        },
        Claim {
            name: "ema-mae-above-mae-k-probe",
            sentence: "EMA-MAE at its best beats MAE-K at its best in the linear probe.",
            note: BEST,
            parts: vec![above(best_average(), best_copy(), Linprobe)],
        },
        Claim {
            name: "wse-finetune",
            sentence: "WSE 5 and 20 are the best of EMA-MAE (τ 0.005) in fine-tuning.",
            note: "The text calls them optimal and names no evaluation. Its own figure of the linear probe has WSE 1 and 40 \
                   on top.",
            parts: all_above(&[5, 20], &[1, 40, 80], Finetune),
        },
        Claim {
            name: "wse-probe",
            sentence: "WSE 1 and 40 are the best of EMA-MAE (τ 0.005) in the linear probe.",
            note: "So the figure says; the text calls WSE 5 and 20 optimal.",
            parts: all_above(&[1, 40], &[5, 20, 80], Linprobe),
        },
        Claim {
            name: "large-tau-finetune",
            sentence: "τ 0.1 and 0.3 beat τ 0.005 (WSE 5) in fine-tuning.",
            note: "",
            parts: quick.clone().map(|quick| above(quick, slow(5), Finetune)).into(),
        },
        Claim {
            name: "small-tau-probe",
            sentence: "τ 0.005 beats τ 0.1 and 0.3 (WSE 5) in the linear probe.",
            note: "",
            parts: quick.map(|quick| above(slow(5), quick, Linprobe)).into(),
        },
    ]
}

fn new() -> Vec<Claim> {
    let beside_parents =
        |part: fn(MethodSetting) -> ClaimPart| -> Vec<ClaimPart> { [mae_k(5), ema_mae(5, SLOW)].map(part).into() };
    vec![
        Claim {
            name: "mae-new-finetune",
            sentence: "MAE-new is above both its parents in fine-tuning.",
            note: "",
            parts: beside_parents(|parent| above(mae_new(), parent, Finetune)),
        },
        Claim {
            name: "mae-new-finetune-little",
            sentence: "What MAE-new gains over its parents in fine-tuning is not significant.",
            note: "Read as: it is within 2 points. The report says it of its own 0.3 and 1.6.",
            parts: beside_parents(|parent| accuracy(mae_new(), parent, Finetune, Expected::Within(NOT_SIGNIFICANT))),
        },
        Claim {
            name: "mae-new-probe",
            sentence: "MAE-new is above both its parents in the linear probe.",
            note: "",
            parts: beside_parents(|parent| above(mae_new(), parent, Linprobe)),
        },
        Claim {
            name: "mae-new-probe-much",
            sentence: "MAE-new is above both its parents in the linear probe by a large margin.",
            note: "Read as: by more than half the published gap.",
            parts: beside_parents(|parent| {
                let published =
                    |setting: MethodSetting| Subject::from(setting).published(Linprobe).map(|found| found.top1);
                let gap = published(mae_new()).zip(published(parent.clone())).map_or(0.0, |(new, parent)| new - parent);
                accuracy(mae_new(), parent, Linprobe, Expected::Above(LARGE * gap))
            }),
        },
    ]
}

fn training() -> Vec<Claim> {
    let part = |measurement, expected| vec![ClaimPart { measurement, expected }];
    vec![
        Claim {
            name: "mae-new-smoother",
            sentence: "The loss of MAE-new is smoother than that of MAE-K (K 5).",
            note: "Roughness: the root mean square of the loss's steps over its mean, in each epoch after that of the switch.",
            parts: part(Measurement::Roughness { first: mae_k(5), second: mae_new() }, Expected::Above(0.0)),
        },
        Claim {
            name: "mae-new-converges",
            sentence: "The loss of MAE-new converges within its epochs.",
            note: "Read as: over the last quarter of the epochs it changes by less than 5 % of its level.",
            parts: part(Measurement::LateChange(mae_new()), Expected::Within(CONVERGED)),
        },
        Claim {
            name: "stable-features-probe",
            sentence: "Stabler features make a better linear probe.",
            note: "Read as: the closer a target's features stay to themselves over an epoch (mean cosine), the higher the \
                   accuracy, over all settings with a target.",
            parts: part(Measurement::TargetsAndProbe, Expected::Above(0.0)),
        },
    ]
}

/// One part for each of the published evaluations.
fn both(part: impl Fn(Stage) -> ClaimPart) -> Vec<ClaimPart> {
    [Finetune, Linprobe].map(part).into()
}

/// This K above every other.
fn best_k(best: u64, evaluation: Stage) -> Vec<ClaimPart> {
    let others = KS.into_iter().filter(|k| *k != best);
    others.map(|k| above(mae_k(best), mae_k(k), evaluation)).collect()
}

fn above(first: impl Into<Subject>, second: impl Into<Subject>, evaluation: Stage) -> ClaimPart {
    accuracy(first, second, evaluation, Expected::Above(0.0))
}

fn accuracy(first: impl Into<Subject>, second: impl Into<Subject>, evaluation: Stage, expected: Expected) -> ClaimPart {
    let measurement = Measurement::Accuracy { first: first.into(), second: second.into(), evaluation };
    ClaimPart { measurement, expected }
}

fn scratch() -> MethodSetting {
    MethodSetting { method: "scratch".to_owned(), ..MethodSetting::default() }
}

fn mae() -> MethodSetting {
    MethodSetting { method: "mae".to_owned(), ..MethodSetting::default() }
}

fn mae_k(k: u64) -> MethodSetting {
    MethodSetting { method: "mae-k".to_owned(), k: Some(k), ..MethodSetting::default() }
}

fn ema_mae(wse: u64, tau: f64) -> MethodSetting {
    MethodSetting { method: "ema-mae".to_owned(), wse: Some(wse), tau: Some(tau), ..MethodSetting::default() }
}

fn mae_new() -> MethodSetting {
    MethodSetting { method: "mae-new".to_owned(), k: Some(5), wse: None, tau: Some(SLOW), slow_weight: Some(0.2) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn subjects() -> Vec<(Subject, Stage)> {
        let parts = claims().into_iter().flat_map(|claim| claim.parts);
        let of = |part: ClaimPart| match part.measurement {
            Measurement::Accuracy { first, second, evaluation } => vec![(first, evaluation), (second, evaluation)],
            _ => Vec::new(),
        };
        parts.flat_map(of).collect()
    }

    #[test]
    fn every_accuracy_that_a_claim_compares_was_published() {
        for (subject, evaluation) in subjects() {
            assert!(subject.published(evaluation).is_some(), "{}", subject.label());
        }
    }

    #[test]
    fn the_claims_are_about_the_sixteen_settings_and_no_two_share_a_name() {
        let settings = subjects().into_iter().flat_map(|(subject, _)| subject.settings().to_vec());
        let settings: BTreeSet<String> = settings.map(|setting| super::super::claim::label(&setting)).collect();
        assert_eq!(settings.len(), 16, "{settings:?}");
        let names: BTreeSet<&str> = claims().iter().map(|claim| claim.name).collect();
        assert_eq!(names.len(), claims().len());
    }

    #[test]
    fn the_published_numbers_agree_with_what_was_concluded_from_them() {
        for claim in claims() {
            for ClaimPart { measurement, expected } in claim.parts {
                let Measurement::Accuracy { first, second, evaluation } = measurement else { continue };
                let published = |subject: &Subject| subject.published(evaluation).expect("published").top1;
                let difference = published(&first) - published(&second);
                let (low, high) = expected.range();
                assert!(low < difference && difference < high, "{}: {difference}", claim.name);
            }
        }
    }
}
