//! Which epoch of an evaluation counts, and by what it is chosen.

use bmae_output::count::count;
use bmae_recipe::LabelledRecipe;

use super::Score;
use crate::TrainError;
use crate::run_directory::{Checkpoint, Snapshot};

/// The best epoch of a run so far, and by what it is that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Selection {
    /// No images are held out: every epoch is measured on the test images, and the last one counts. Kept is also the one
    /// that has the best top-1 (percent) there.
    OnTestImages(Option<f32>),
    /// Every epoch is measured on images that are held out; the best there counts, and is tested.
    HeldOut {
        /// None before the first epoch.
        best: Option<BestEpoch>,
        /// So many epochs without a better one end the training; 0: none do.
        patience: usize,
    },
}

/// An epoch and what it has on the images that were held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BestEpoch {
    /// Whole epochs done then.
    pub epochs_done: usize,
    /// On the images that were held out.
    pub score: Score,
}

/// What a checkpoint calls the best score on the test images, and the best epoch on those that are held out.
const BEST_ON_TEST: &str = "best_top1";
const BEST_EPOCHS: &str = "best.epochs_done";
const BEST_TOP1: &str = "best.top1";
const BEST_LOSS: &str = "best.loss";

impl Selection {
    /// Before the first epoch of an evaluation with these settings.
    pub fn new(labels: &LabelledRecipe) -> Self {
        match labels.validation_fraction > 0.0 {
            true => Self::HeldOut { best: None, patience: labels.patience },
            false => Self::OnTestImages(None),
        }
    }

    /// The best epoch on images that are held out.
    pub fn best_held_out(self) -> Option<BestEpoch> {
        match self {
            Self::HeldOut { best, .. } => best,
            Self::OnTestImages(_) => None,
        }
    }

    /// The images that epochs are measured on, in a word.
    pub fn measured_on(self) -> &'static str {
        match self {
            Self::HeldOut { .. } => "validation",
            Self::OnTestImages(_) => "test",
        }
    }

    /// Whether the training ends after `epochs_done` epochs, since none was better for too long.
    pub fn is_out_of_patience(self, epochs_done: usize) -> bool {
        match self {
            Self::HeldOut { best: Some(best), patience } if patience > 0 => {
                epochs_done.saturating_sub(best.epochs_done) >= patience
            }
            _ => false,
        }
    }

    /// Takes the `score` after `epochs_done` epochs into account; whether it is better than all before: its top-1 is higher,
    /// or on images that are held out, which may be few, as high with a lower loss.
    pub fn improved_by(&mut self, score: Score, epochs_done: usize) -> bool {
        match self {
            Self::OnTestImages(best) => {
                let improved = best.is_none_or(|best| score.top1 as f32 > best);
                if improved {
                    *best = Some(score.top1 as f32);
                }
                improved
            }
            Self::HeldOut { best, .. } => {
                let is_better = |best: &BestEpoch| {
                    score.top1 > best.score.top1 || score.top1 == best.score.top1 && score.loss < best.score.loss
                };
                let improved = best.as_ref().is_none_or(is_better);
                if improved {
                    *best = Some(BestEpoch { epochs_done, score });
                }
                improved
            }
        }
    }

    /// Which epoch was tested in the end and why the training ended after `epochs_done` of `epochs`, as a sentence.
    pub fn told(self, epochs_done: usize, epochs: usize) -> String {
        let Self::HeldOut { best: Some(best), patience } = self else { return String::new() };
        let ended = match epochs_done < epochs {
            true => format!(
                "no epoch was better for {}, so it ended after {epochs_done} of {epochs}; ",
                count(patience, "epoch")
            ),
            false => String::new(),
        };
        format!(
            "{ended}tested are the weights after epoch {}, the best on the validation images (top-1 {:.2} %)",
            best.epochs_done, best.score.top1
        )
    }

    /// Adds itself to what a checkpoint keeps.
    pub fn store(self, snapshot: &mut Snapshot) {
        match self {
            Self::OnTestImages(best) => {
                snapshot.values.extend(best.map(|best| (BEST_ON_TEST.to_owned(), vec![best])));
            }
            Self::HeldOut { best, .. } => {
                let numbers = |best: BestEpoch| {
                    [(BEST_EPOCHS, best.epochs_done as f64), (BEST_TOP1, best.score.top1), (BEST_LOSS, best.score.loss)]
                };
                let numbers = best.into_iter().flat_map(numbers);
                snapshot.numbers.extend(numbers.map(|(name, number)| (name.to_owned(), number)));
            }
        }
    }

    /// Continues from what `checkpoint` kept; after a whole epoch there was a score.
    ///
    /// # Errors
    /// When it is not there.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        if checkpoint.position.epochs_done == 0 {
            return Ok(());
        }
        let Snapshot { values, numbers, .. } = &checkpoint.snapshot;
        match self {
            Self::OnTestImages(kept) => match values.get(BEST_ON_TEST).map(Vec::as_slice) {
                Some([best]) => *kept = Some(*best),
                _ => return Err(checkpoint.refused(format!("lacks {BEST_ON_TEST}, one number"))),
            },
            Self::HeldOut { best: kept, .. } => {
                let number = |name: &str| {
                    let number = numbers.get(name).copied();
                    number.ok_or_else(|| checkpoint.refused(format!("lacks the number {name}")))
                };
                let score = Score { top1: number(BEST_TOP1)?, loss: number(BEST_LOSS)? };
                *kept = Some(BestEpoch { epochs_done: number(BEST_EPOCHS)? as usize, score });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_directory::Position;

    fn score(top1: f64, loss: f64) -> Score {
        Score { top1, loss }
    }

    fn held_out(patience: usize) -> Selection {
        Selection::HeldOut { best: None, patience }
    }

    fn kept(selection: Selection, epochs_done: usize) -> Checkpoint {
        let mut checkpoint = Checkpoint { position: Position::after_epochs(epochs_done), ..Checkpoint::default() };
        selection.store(&mut checkpoint.snapshot);
        checkpoint
    }

    #[test]
    fn on_few_images_the_lower_loss_decides_between_equals_and_the_first_of_the_same_stays() {
        let mut selection = held_out(0);
        let scores = [score(50.0, 1.0), score(50.0, 0.9), score(50.0, 0.9), score(40.0, 0.1), score(60.0, 2.0)];
        let improved: Vec<bool> =
            scores.iter().enumerate().map(|(epoch, score)| selection.improved_by(*score, epoch + 1)).collect();
        assert_eq!(improved, [true, true, false, false, true]);
        assert_eq!(selection.best_held_out().map(|best| best.epochs_done), Some(5));
    }

    #[test]
    fn patience_ends_after_so_many_epochs_without_a_better_one() {
        let mut selection = held_out(2);
        assert!(!selection.is_out_of_patience(0));
        selection.improved_by(score(50.0, 1.0), 3);
        assert_eq!([3, 4, 5, 6].map(|done| selection.is_out_of_patience(done)), [false, false, true, true]);
        let mut without = held_out(0);
        without.improved_by(score(50.0, 1.0), 1);
        assert!(!without.is_out_of_patience(100));
    }

    #[test]
    fn what_was_best_survives_a_checkpoint_exactly() {
        for mut selection in [held_out(3), Selection::OnTestImages(None)] {
            let mut restored = selection;
            restored.restore(&kept(selection, 0)).expect("no epoch was done");
            assert_eq!(restored, selection);
            selection.improved_by(score(100.0 / 3.0, 0.1 + 0.2), 7);
            restored.restore(&kept(selection, 7)).expect("it was kept");
            assert_eq!(restored, selection);
            assert!(
                restored.restore(&Checkpoint { position: Position::after_epochs(1), ..Checkpoint::default() }).is_err()
            );
        }
    }
}
