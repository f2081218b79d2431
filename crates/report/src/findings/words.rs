//! A finding in the words of page, Markdown and terminal.

use bmae_output::count::count as count_of;

use super::finding::{Finding, FindingPart, Measured, NotRun, Unit, Verdict};
use crate::comparison::sentences;
use crate::statistics::Basis;
use crate::text::value;

/// `3 confirmed, 1 contradicted, 4 undecided, 12 not run`; `None` where nothing that a claim is about was run.
pub fn counts(findings: &[Finding]) -> Option<String> {
    let count = |verdict: Verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let words = Verdict::ALL.map(|verdict| format!("{} {}", count(verdict), verdict.words()));
    (count(Verdict::NotRun) < findings.len()).then(|| words.join(", "))
}

/// Whether the published numbers of some comparison stand beside the measured ones.
pub fn any_published(findings: &[Finding]) -> bool {
    findings.iter().flat_map(|finding| &finding.parts).any(|part| part.published.is_some())
}

/// How a verdict comes about, in one paragraph.
pub const RULE: &str = "Each conclusion of the published report against these runs. A difference has a 95 % interval. Where both sides \
                        share several seeds, it is Student's t on the differences of pairs; it tells what other seeds would \
                        change, on the same test images. With one seed it comes from the binomial errors of the two \
                        accuracies; they are taken as independent, which makes it too wide, since both models saw the same \
                        test images, and it knows nothing of other seeds. A conclusion is confirmed where the whole interval \
                        lies where the conclusion says, contradicted where all of it lies elsewhere, and undecided else; one \
                        of several parts is confirmed if all are, and contradicted if one is. Two accuracies are equal \
                        within 1 point. What a conclusion is about must have been run in that very setting. Nothing is \
                        corrected for the number of comparisons: one interval in 20 misses.";

/// What is compared: `mae-k K 4 − mae, fine-tuning`.
pub fn comparison(part: &FindingPart) -> String {
    let (first, second) = &part.subjects;
    match (second, part.evaluation, part.unit) {
        (Some(second), Some(evaluation), _) => format!("{first} − {second}, {}", evaluation.in_sentence()),
        (Some(second), None, _) => format!("{first} − {second}, roughness of the loss"),
        (None, _, Unit::PercentOfLoss) => format!("{first}, late change of the loss"),
        (None, ..) => format!("{first}, rank correlation"),
    }
}

/// `≈ 90.9 − 85.83 = +5.07`; empty where there is nothing published.
pub fn published(part: &FindingPart) -> String {
    let Some([first, second]) = part.published else { return String::new() };
    let difference = signed(first.top1 - second.top1, part.unit);
    format!("{} − {} = {difference}", sentences::published(Some(first)), sentences::published(Some(second)))
}

/// The numbers that were compared: `57.00 − 52.30`; empty where it is one.
pub fn sides(measured: &Measured, unit: Unit) -> String {
    measured.sides.map(|sides| sides.map(|side| plain(side, unit)).join(" − ")).unwrap_or_default()
}

/// `+4.70 [+3.32, +6.08]`.
pub fn difference(measured: &Measured, unit: Unit) -> String {
    let estimate = &measured.estimate;
    let number = signed(estimate.value, unit);
    match estimate.interval {
        Some(interval) => {
            format!("{number} [{}, {}]", signed(interval.low, unit), signed(interval.high, unit))
        }
        None => number,
    }
}

/// What the interval was made of: `one seed, 10000 test images`.
pub fn basis(measured: &Measured) -> String {
    match measured.estimate.interval.map(|interval| interval.basis) {
        Some(Basis::Seeds(seeds)) => count_of(seeds, "seed"),
        Some(Basis::TestImages(images)) => {
            format!("one seed, {}", count_of(usize::try_from(images).unwrap_or(usize::MAX), "test image"))
        }
        Some(Basis::Stretches(stretches)) => format!("one seed, {} of epochs", count_of(stretches, "stretch")),
        Some(Basis::Epochs(epochs)) => format!("one seed, {}", count_of(epochs, "epoch")),
        Some(Basis::Settings(settings)) => count_of(settings, "setting"),
        None => "one seed, its error is not known".to_owned(),
    }
}

/// `Not run: fine-tuning of mae-k K 4, mae-k K 20; linear probe of mae.`
pub fn not_run(lacks: &[NotRun]) -> String {
    let alike = lacks.chunk_by(|a, b| a.what == b.what).map(|alike| {
        let of: Vec<&str> = alike.iter().map(|lack| lack.of.as_str()).collect();
        format!("{} of {}", alike[0].what, of.join(", "))
    });
    format!("Not run: {}.", alike.collect::<Vec<_>>().join("; "))
}

fn plain(number: f64, unit: Unit) -> String {
    match unit {
        Unit::Points | Unit::Correlation => format!("{number:.2}"),
        Unit::PercentOfLoss => format!("{number:.1} %"),
        Unit::Roughness => value(number),
    }
}

fn signed(number: f64, unit: Unit) -> String {
    let sign = if number < 0.0 { "−" } else { "+" };
    format!("{sign}{}", plain(number.abs(), unit))
}
