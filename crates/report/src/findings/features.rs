//! How still the targets hold, beside what the probe makes of the encoder.

use super::finding::{Measured, NotRun};
use crate::comparison::RunGroup;
use crate::run_directory::{Run, Stage};
use crate::statistics::{FEWEST_PAIRS, mean, rank_correlation};

/// The rank correlation, over lines, of the mean cosine of a target's features with themselves an epoch before and the
/// accuracy of the linear probe; both are means over the line's seeds, the cosine also over epochs and targets.
///
/// # Errors
/// Where too few lines have both.
pub fn targets_and_probe(groups: &[RunGroup]) -> Result<Measured, Vec<NotRun>> {
    let pair = |group: &RunGroup| {
        let cosines: Vec<f64> = group.stage(Stage::Pretrain).filter_map(target_cosine).collect();
        Some((mean(&cosines)?, group.score(Stage::Linprobe)?.mean))
    };
    let pairs: Vec<(f64, f64)> = groups.iter().filter_map(pair).collect();
    let estimate = rank_correlation(&pairs).ok_or_else(|| {
        let of = format!("{FEWEST_PAIRS} settings with a target (there are {})", pairs.len());
        vec![NotRun { what: "linear probe and stability lines".to_owned(), of }]
    })?;
    Ok(Measured { sides: None, estimate, chosen: None })
}

/// The mean cosine of a finished pre-training's targets over its epochs.
fn target_cosine(run: &Run) -> Option<f64> {
    let lines = run.metrics.stability.iter().filter(|_| run.finished());
    let cosines: Vec<f64> = lines.flat_map(|line| line.target_cosine.iter().flatten().copied()).collect();
    mean(&cosines)
}
