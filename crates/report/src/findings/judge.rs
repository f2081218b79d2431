//! Each claim held against the runs.

use super::accuracy::accuracy;
use super::claim::{Claim, ClaimPart, Measurement, label};
use super::claims::claims;
use super::features::targets_and_probe;
use super::finding::{Finding, FindingPart, Unit, Verdict};
use super::loss::{late_change, roughness};
use crate::comparison::{RunGroup, has_published_data, main_data, on_main_data};

/// What the lines of a comparison say of every claim, in the order of the claims: those on one data set, that stand for
/// their setting. The published numbers stand beside those of the same data alone.
pub fn findings(groups: &[RunGroup]) -> Vec<Finding> {
    let main = main_data(groups);
    let stands = |group: &&RunGroup| group.stands_for_its_setting() && on_main_data(group, main);
    let groups: Vec<RunGroup> = groups.iter().filter(stands).cloned().collect();
    let mut findings: Vec<Finding> = claims().into_iter().map(|claim| finding(&groups, claim)).collect();
    if !groups.iter().all(has_published_data) {
        findings.iter_mut().flat_map(|finding| &mut finding.parts).for_each(|part| part.published = None);
    }
    findings
}

fn finding(groups: &[RunGroup], claim: Claim) -> Finding {
    let Claim { name, sentence, note, parts } = claim;
    let parts: Vec<FindingPart> = parts.iter().map(|part| finding_part(groups, part)).collect();
    Finding { claim: name, sentence, note, verdict: Verdict::of_all(&parts), parts }
}

fn finding_part(groups: &[RunGroup], ClaimPart { measurement, expected }: &ClaimPart) -> FindingPart {
    let (subjects, evaluation, unit, measured) = match measurement {
        Measurement::Accuracy { first, second, evaluation } => (
            (first.label(), Some(second.label())),
            Some(*evaluation),
            Unit::Points,
            accuracy(groups, first, second, *evaluation),
        ),
        Measurement::Roughness { first, second } => {
            ((label(first), Some(label(second))), None, Unit::Roughness, roughness(groups, first, second))
        }
        Measurement::LateChange(setting) => {
            ((label(setting), None), None, Unit::PercentOfLoss, late_change(groups, setting))
        }
        Measurement::TargetsAndProbe => (
            ("cosine of targets and linear probe".to_owned(), None),
            None,
            Unit::Correlation,
            targets_and_probe(groups),
        ),
    };
    let published = match measurement {
        Measurement::Accuracy { first, second, evaluation } => {
            first.published(*evaluation).zip(second.published(*evaluation)).map(|(first, second)| [first, second])
        }
        _ => None,
    };
    let verdict = measured.as_ref().map_or(Verdict::NotRun, |measured| Verdict::of(&measured.estimate, *expected));
    FindingPart { subjects, evaluation, expected: *expected, unit, published, measured, verdict }
}
