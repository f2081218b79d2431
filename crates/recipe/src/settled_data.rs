//! What `[data]` leaves to the images, channels and normalisation, and the same once it is known.

use crate::channels::{ChannelValues, Channels};
use crate::error::RecipeError;
use crate::sections::data::DataRecipe;

/// CIFAR-10's, as published with the method: those of `cifar10`, `cifar100` and `shapes` in colour.
const CIFAR_MEAN: [f32; 3] = [0.4914, 0.4822, 0.4465];
const CIFAR_STD: [f32; 3] = [0.2023, 0.1994, 0.2010];

impl DataRecipe {
    /// The number of channels, where the recipe says it.
    pub fn known_channels(&self) -> Option<usize> {
        match self.channels {
            Channels::Count(count) => Some(count),
            Channels::Auto => None,
        }
    }

    /// The same, with as many channels as means or deviations are given where it does not say their number: recipes of
    /// earlier versions do not.
    pub(crate) fn counted(self) -> Self {
        let listed = self.mean.each().or(self.std.each()).map(<[f32]>::len);
        match (self.channels, listed) {
            (Channels::Auto, Some(count)) => Self { channels: Channels::Count(count), ..self },
            _ => self,
        }
    }

    /// Refuses lists of another length than the number of channels.
    pub(crate) fn check_channels(&self) -> Result<(), RecipeError> {
        let Some(channels) = self.known_channels() else { return Ok(()) };
        for (key, values) in [("data.mean", &self.mean), ("data.std", &self.std)] {
            if let Some(found) = values.each().map(<[f32]>::len).filter(|found| *found != channels) {
                return Err(RecipeError::ChannelNumbers { key, found, channels });
            }
        }
        Ok(())
    }

    /// Whether nothing of channels and normalisation is left to be found out from the images.
    pub fn is_settled(&self) -> bool {
        self.known_channels().is_some() && self.mean.each().is_some() && self.std.each().is_some()
    }

    /// The same with everything settled for images of so many `channels`: CIFAR-10's mean and deviation where they are
    /// `usual` for the data set, else what `measure` gives.
    ///
    /// # Errors
    /// What `measure` says.
    pub fn settled<E>(
        &self,
        channels: usize,
        is_usual: bool,
        measure: impl FnOnce() -> Result<(Vec<f32>, Vec<f32>), E>,
    ) -> Result<Self, E> {
        let is_usual = is_usual && channels == CIFAR_MEAN.len();
        let is_open = |values: &ChannelValues| match values {
            ChannelValues::Each(_) => false,
            ChannelValues::Measured => true,
            ChannelValues::Standard => !is_usual,
        };
        let measured = if is_open(&self.mean) || is_open(&self.std) { Some(measure()?) } else { None };
        let (measured_mean, measured_std) = measured.unwrap_or_default();
        let one = |given: &ChannelValues, usual: [f32; 3], measured: Vec<f32>| match given {
            ChannelValues::Each(_) => given.clone(),
            ChannelValues::Standard if is_usual => ChannelValues::Each(usual.to_vec()),
            ChannelValues::Standard | ChannelValues::Measured => ChannelValues::Each(measured),
        };
        Ok(Self {
            channels: Channels::Count(channels),
            mean: one(&self.mean, CIFAR_MEAN, measured_mean),
            std: one(&self.std, CIFAR_STD, measured_std),
            ..self.clone()
        })
    }

    /// The same with the channels, means and deviations of `other`.
    pub fn seen_as(&self, other: &Self) -> Self {
        Self { channels: other.channels, mean: other.mean.clone(), std: other.std.clone(), ..self.clone() }
    }

    /// The same with what it leaves open as `earlier` has it, of the session before; `None` where that is open there, too,
    /// or does not fit what is given.
    pub fn settled_as(&self, earlier: &Self) -> Option<Self> {
        let values = |now: &ChannelValues, before: &ChannelValues| match now {
            ChannelValues::Each(_) => now.clone(),
            ChannelValues::Standard | ChannelValues::Measured => before.clone(),
        };
        let channels = self.known_channels().or(earlier.known_channels()).map_or(Channels::Auto, Channels::Count);
        let (mean, std) = (values(&self.mean, &earlier.mean), values(&self.std, &earlier.std));
        let settled = Self { channels, mean, std, ..self.clone() };
        (settled.is_settled() && settled.check_channels().is_ok()).then_some(settled)
    }

    /// The mean and the standard deviation of each channel. Before they are settled, such as stand for any others: what is
    /// timed or counted with them does not depend on them.
    pub fn normalisation(&self) -> (Vec<f32>, Vec<f32>) {
        let channels = self.known_channels().unwrap_or(CIFAR_MEAN.len());
        let numbers = |given: &ChannelValues, usual: [f32; 3]| match given.each() {
            Some(numbers) => numbers.to_vec(),
            None if channels == usual.len() => usual.to_vec(),
            None => vec![usual[0]; channels],
        };
        (numbers(&self.mean, CIFAR_MEAN), numbers(&self.std, CIFAR_STD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recipe;

    fn data(keys: &str) -> DataRecipe {
        Recipe::from_toml(keys).expect("a recipe").data
    }

    fn settled(keys: &str, channels: usize, is_usual: bool) -> (Vec<f32>, Vec<f32>) {
        let measure = || Ok::<_, ()>((vec![0.25; channels], vec![0.125; channels]));
        let settled = data(keys).settled(channels, is_usual, measure).expect("it measures");
        assert!(settled.is_settled());
        settled.normalisation()
    }

    #[test]
    fn the_constants_of_cifar_are_those_of_cifar_and_shapes_and_all_else_is_measured() {
        let cifar = (CIFAR_MEAN.to_vec(), CIFAR_STD.to_vec());
        let measured = |channels| (vec![0.25; channels], vec![0.125; channels]);
        assert_eq!(settled("", 3, true), cifar);
        assert_eq!(settled("", 3, false), measured(3));
        assert_eq!(settled("data.mean = 'auto'\ndata.std = 'auto'", 3, true), measured(3), "asked for");
        assert_eq!(settled("", 1, true), measured(1), "they have three");
        assert_eq!(settled("data.mean = [0.5]", 1, false), (vec![0.5], vec![0.125]));
        let given = data("data.mean = [0.5, 0.5]\ndata.std = [1.0, 2.0]");
        let settled = given.settled(2, true, || Err("nothing is measured")).expect("both are given");
        assert_eq!(settled, given);
    }

    #[test]
    fn lists_say_how_many_channels_there_are_and_others_are_refused() {
        assert_eq!(data("").known_channels(), None);
        assert_eq!(data("data.mean = [0.5, 0.5, 0.5, 0.5, 0.5]").known_channels(), Some(5));
        assert_eq!(data("data.channels = 4").known_channels(), Some(4));
        let refused = Recipe::from_toml("data.channels = 2\ndata.std = [1.0, 1.0, 1.0]").expect_err("three for two");
        assert_eq!(
            refused.to_string(),
            "`data.std` has 3 numbers, but `data.channels` is 2: give one for each channel"
        );
        for keys in ["data.channels = 33", "data.channels = 0", "data.mean = []", "data.mean = 'none'"] {
            assert!(Recipe::from_toml(keys).is_err(), "{keys}");
        }
    }
}
