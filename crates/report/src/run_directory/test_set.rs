//! On what an accuracy was counted.

use super::directory::Run;

/// The test images of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestSet {
    /// How many there are.
    pub images: u64,
    /// Into how many classes they are sorted.
    pub classes: u64,
}

impl Run {
    /// The test images, as `run.toml` says; of a run from before it did, as the size of its data set and its recipe's
    /// limits say. `None` where neither tells.
    pub fn test_set(&self) -> Option<TestSet> {
        let recorded = self.about.test_images.zip(self.about.classes);
        let recorded = recorded.map(|(images, classes)| TestSet { images, classes });
        recorded.or_else(|| self.known_test_set()).filter(|set| set.images > 0 && set.classes > 0)
    }

    /// The sets whose size is a matter of record.
    fn known_test_set(&self) -> Option<TestSet> {
        let count = |key: &str| u64::try_from(self.recipe.get("data")?.get(key)?.as_integer()?).ok();
        let (all, classes) = match self.about.data.as_deref()? {
            "CIFAR-10" => (10_000, 10),
            "CIFAR-100" => (10_000, 100),
            "shapes" => (count("shapes_test")?, 10),
            _ => return None,
        };
        let limit = count("test_limit").filter(|&limit| limit > 0);
        Some(TestSet { images: limit.map_or(all, |limit| limit.min(all)), classes })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::about::parse_about;
    use super::super::metrics::Metrics;
    use super::*;

    fn test_set(about: &str, recipe: &str) -> Option<(u64, u64)> {
        let about = format!("stage = 'knn'\nname = 'a'\nmethod = 'mae'\nseed = 0\n{about}");
        let about = parse_about(&about, Path::new("run.toml")).expect("a run");
        let recipe = recipe.parse().expect("a recipe");
        let run = Run {
            directory: "a".into(),
            about,
            config: None,
            recipe,
            metrics: Metrics::default(),
            outdated: false,
            running: false,
        };
        run.test_set().map(|set| (set.images, set.classes))
    }

    #[test]
    fn what_the_run_recorded_counts_and_else_what_is_known_of_its_data() {
        assert_eq!(test_set("data = 'CIFAR-10'\ntest_images = 70\nclasses = 7", ""), Some((70, 7)));
        assert_eq!(test_set("data = 'CIFAR-10'", "[data]\ntest_limit = 0"), Some((10_000, 10)));
        assert_eq!(test_set("data = 'CIFAR-100'", "[data]\ntest_limit = 500"), Some((500, 100)));
        assert_eq!(test_set("data = 'shapes'", "[data]\nshapes_test = 1000\ntest_limit = 4000"), Some((1000, 10)));
        assert_eq!(test_set("data = 'shapes'", ""), None);
        assert_eq!(test_set("data = '/photos'", "[data]\nshapes_test = 1000"), None);
        assert_eq!(test_set("test_images = 0\nclasses = 7", ""), None);
    }
}
