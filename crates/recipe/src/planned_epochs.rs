//! How many epochs a training is planned with, and was planned with before it was given another number.

/// A number of epochs that a training was planned with before it was given another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierPlan {
    /// The epochs of that plan.
    pub epochs: usize,
    /// The first epoch (from 0) that was trained by the next plan.
    pub until: usize,
}

/// The epochs that a training is planned with, in each of its epochs: schedules go by those of the plan at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedEpochs {
    last: usize,
    earlier: Vec<EarlierPlan>,
}

impl PlannedEpochs {
    /// A plan of `last` epochs, before which there were those in `earlier`, the first first.
    pub fn new(last: usize, earlier: Vec<EarlierPlan>) -> Self {
        Self { last, earlier }
    }

    /// The epochs of the plan by which `epoch` (from 0) is trained.
    pub fn at(&self, epoch: usize) -> usize {
        self.earlier.iter().find(|plan| epoch < plan.until).map_or(self.last, |plan| plan.epochs)
    }

    /// Whether `epochs_done` epochs were all of the plan by which the last of them was trained. So a training that is
    /// given more epochs was at its end once before.
    pub fn end_with(&self, epochs_done: usize) -> bool {
        epochs_done > 0 && epochs_done == self.at(epochs_done - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_epoch_belongs_to_the_plan_that_it_was_trained_by() {
        let earlier = [(4, 4), (9, 4), (8, 6)].map(|(epochs, until)| EarlierPlan { epochs, until });
        let planned = PlannedEpochs::new(10, earlier.to_vec());
        assert_eq!((0..10).map(|epoch| planned.at(epoch)).collect::<Vec<_>>(), [4, 4, 4, 4, 8, 8, 10, 10, 10, 10]);
        assert_eq!((0..11).filter(|&done| planned.end_with(done)).collect::<Vec<_>>(), [4, 10]);
    }
}
