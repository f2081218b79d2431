//! What may be another between two sessions of a run, though its recipe names it: the number of its epochs, where that
//! is written down, and where the files lie that it reads. Not its `precision`, though that changes results by rounding
//! alone: a run of half in f32 and half in bf16 would be neither, and whoever compared it with others could not know.

use crate::planned_epochs::EarlierPlan;
use crate::recipe::Recipe;
use crate::sections::source::DataSource;
use crate::stage::{Stage, TrainedStage};

impl Recipe {
    /// The same recipe with `epochs` epochs of `stage`, of which `begun` were begun by the plan until now.
    pub fn replanned(&self, stage: TrainedStage, epochs: usize, begun: usize) -> Recipe {
        let mut recipe = self.clone();
        let settings = recipe.stage_mut(stage);
        // Where the last states are lost, what was written down holds: no plan ends before the one before, or after itself.
        let before = settings.replanned.last().map_or(0, |plan| plan.until);
        let until = begun.max(before).min(settings.epochs);
        settings.replanned.push(EarlierPlan { epochs: settings.epochs, until });
        settings.epochs = epochs;
        recipe
    }

    /// Whether the epochs of `stage` are those of `earlier`, replanned once or more since.
    pub fn is_replanned(&self, earlier: &Recipe, stage: TrainedStage) -> bool {
        let (before, now) = (earlier.stage(stage), self.stage(stage));
        let next = now.replanned.get(before.replanned.len());
        now.replanned.starts_with(&before.replanned) && next.is_some_and(|plan| plan.epochs == before.epochs)
    }

    /// The same recipe with the epochs that `other` has planned for `stage`.
    pub fn with_epochs_of(&self, other: &Recipe, stage: TrainedStage) -> Recipe {
        let mut recipe = self.clone();
        let (epochs, replanned) = (other.stage(stage).epochs, other.stage(stage).replanned.clone());
        let settings = recipe.stage_mut(stage);
        (settings.epochs, settings.replanned) = (epochs, replanned);
        recipe
    }

    /// The same recipe with what may change between two sessions of `stage` as `earlier`, the recipe of the session
    /// before, has it: epochs that were replanned since, the place of weights of the same checksum, and that of the
    /// images where these are compared by what is in them (`images_are_known`).
    pub fn as_before(&self, earlier: &Recipe, stage: Stage, images_are_known: bool) -> Recipe {
        let mut recipe = match stage.trained().filter(|stage| self.is_replanned(earlier, *stage)) {
            Some(stage) => self.with_epochs_of(earlier, stage),
            None => self.clone(),
        };
        let is_in_files = |source: &DataSource| *source != DataSource::Shapes;
        if images_are_known && is_in_files(&recipe.data.source) && is_in_files(&earlier.data.source) {
            recipe.data.source = earlier.data.source.clone();
        }
        for (now, before) in recipe.weights_mut().into_iter().zip(earlier.weights()) {
            if now.sha256.is_some() && now.sha256 == before.sha256 {
                now.path = before.path;
            }
        }
        recipe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGE: TrainedStage = TrainedStage::Pretrain;

    fn recipe(keys: &str) -> Recipe {
        Recipe::from_toml(&format!("pretrain.epochs = 20\n{keys}")).expect("a recipe")
    }

    #[test]
    fn epochs_that_are_replanned_are_written_down_and_known_again() {
        let first = recipe("");
        let second = first.replanned(STAGE, 40, 20);
        let third = second.replanned(STAGE, 30, 25);
        assert_eq!(third.pretrain.stage.epochs, 30);
        let plans = [(20, 20), (40, 25)].map(|(epochs, until)| EarlierPlan { epochs, until });
        assert_eq!(third.pretrain.stage.replanned, plans);
        assert_eq!(Recipe::from_toml(&third.to_toml()).expect("it reads"), third);
        for (now, earlier) in [(&second, &first), (&third, &first), (&third, &second)] {
            assert!(now.is_replanned(earlier, STAGE) && !earlier.is_replanned(now, STAGE));
            assert_eq!(&now.as_before(earlier, Stage::Pretrain, false), earlier);
        }
        let again = third.replanned(STAGE, 35, 22);
        assert_eq!(
            again.pretrain.stage.replanned.last(),
            Some(&EarlierPlan { epochs: 30, until: 25 }),
            "states were lost"
        );
        assert_eq!(Recipe::from_toml(&again.to_toml()).expect("it reads"), again);
        assert!(!first.is_replanned(&first, STAGE));
        let other = recipe("pretrain.mask_ratio = 0.5");
        assert_ne!(second.as_before(&other, Stage::Pretrain, false), other, "something else differs, too");
        assert!(!Recipe::from_toml("pretrain.epochs = 21").expect("a recipe").is_replanned(&first, STAGE));
    }

    #[test]
    fn images_that_are_known_by_their_contents_and_weights_by_their_checksum_may_lie_elsewhere() {
        let of = |data: &str, weights: &str, digit: &str| {
            let sha256 = digit.repeat(64);
            recipe(&format!("data.source = '{data}'\npretrain.from = '{weights}'\npretrain.from_sha256 = '{sha256}'"))
        };
        let (before, now) = (of("/a/photos", "/a/w", "1"), of("/b/photos", "/b/w", "1"));
        assert_eq!(now.as_before(&before, Stage::Pretrain, true), before);
        assert_ne!(now.as_before(&before, Stage::Pretrain, false), before, "images of an earlier version");
        assert_ne!(of("/a/photos", "/b/w", "2").as_before(&before, Stage::Pretrain, true), before, "other weights");
        assert_ne!(of("shapes", "/a/w", "1").as_before(&before, Stage::Pretrain, true), before, "no files");
    }
}
