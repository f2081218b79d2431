//! What a run was made of: the fingerprints of its images and the checksum of the weights that it began with, and what
//! has changed of them since.

use std::fmt;

use bmae_data::{Fingerprint, Split};
use bmae_output::count::count as count_of;
use serde::{Deserialize, Serialize};

/// What a stage reads, as `run.toml` records it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The SHA-256 of the file of weights that an evaluation starts from; `None` for a random encoder, and for a
    /// pre-training, whose recipe has that of the weights it begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_sha256: Option<String>,
    /// The training images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<Fingerprint>,
    /// The test images, where the stage reads them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Fingerprint>,
}

impl Inputs {
    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What of the images of a `split` of the set called `data` is different in `now`; what an earlier version did not
    /// record is taken to be the same.
    pub fn change_of_images(&self, now: &Self, split: Split, data: &str) -> Option<InputChange> {
        self.train.as_ref()?;
        let of = |inputs: &Self| match split {
            Split::Train => inputs.train.clone(),
            Split::Test => inputs.test.clone(),
        };
        let (before, now) = (of(self), of(now));
        let data = data.to_owned();
        let count = |of: &Option<Fingerprint>| of.as_ref().map_or(0, |of| of.images);
        match (&before, &now) {
            _ if count(&before) != count(&now) => {
                Some(InputChange::Images { data, split, before: count(&before), now: count(&now) })
            }
            (Some(before), Some(now)) if before.listing != now.listing => Some(InputChange::Listing { data, split }),
            (Some(before), Some(now)) if before.contents != now.contents => Some(InputChange::Contents { data, split }),
            _ => None,
        }
    }
}

/// Weights as a run knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownWeights {
    /// Their run or file.
    pub from: String,
    /// Their SHA-256, unless it was not recorded.
    pub sha256: Option<String>,
}

impl fmt::Display for KnownWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sha256 {
            Some(checksum) => write!(f, "the weights of {} (SHA-256 {})", self.from, short(checksum)),
            None => write!(f, "the weights of {}", self.from),
        }
    }
}

/// How what a run is given differs from what it was made of; its text is a clause that says it of "it".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputChange {
    /// Images were added or removed.
    Images {
        /// The name of the data set.
        data: String,
        /// Which of its parts.
        split: Split,
        /// How many there were.
        before: usize,
        /// How many there are.
        now: usize,
    },
    /// As many images, but files were renamed, or moved into another class.
    Listing {
        /// The name of the data set.
        data: String,
        /// Which of its parts.
        split: Split,
    },
    /// The same files, but not the same in them.
    Contents {
        /// The name of the data set.
        data: String,
        /// Which of its parts.
        split: Split,
    },
    /// The weights are others.
    Weights {
        /// Those that it was made of; `None` for a random encoder.
        before: Option<KnownWeights>,
        /// Those that it is given.
        now: Option<KnownWeights>,
    },
    /// The weights were trained after it began, which recorded no checksum.
    LaterWeights {
        /// The run that they are of.
        from: String,
    },
}

impl InputChange {
    /// Whether images or weights changed, in a word.
    pub fn of(&self) -> &'static str {
        match self {
            Self::Images { .. } | Self::Listing { .. } | Self::Contents { .. } => "images",
            Self::Weights { .. } | Self::LaterWeights { .. } => "weights",
        }
    }
}

impl fmt::Display for InputChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |split: &Split| match split {
            Split::Train => "training",
            Split::Test => "test",
        };
        match self {
            Self::Images { data, split, before, now } => {
                write!(
                    f,
                    "{data} had {} when it began, and has {now} now",
                    count_of(*before, &format!("{} image", word(split)))
                )
            }
            Self::Listing { data, split } => {
                let split = word(split);
                write!(f, "the names or classes of the {split} images of {data} have changed since it began")
            }
            Self::Contents { data, split } => {
                let split = word(split);
                write!(f, "the contents of the {split} images of {data} have changed since it began")
            }
            Self::Weights { before: Some(before), now: Some(now) } if before.from == now.from => {
                let [old, new] = [before, now].map(|weights| weights.sha256.as_deref().map_or("unknown", short));
                write!(f, "those of {} have changed since it began (SHA-256 {old}, now {new})", now.from)
            }
            Self::Weights { before, now } => {
                let name = |weights: &Option<KnownWeights>| {
                    weights.as_ref().map_or("a random encoder".to_owned(), KnownWeights::to_string)
                };
                write!(f, "it began with {}, and is given {} now", name(before), name(now))
            }
            Self::LaterWeights { from } => write!(f, "it began before those that {from} has now were trained"),
        }
    }
}

/// Enough of a checksum to tell two apart.
fn short(checksum: &str) -> &str {
    checksum.get(..12).unwrap_or(checksum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(images: usize, listing: &str, contents: &str) -> Inputs {
        let fingerprint = Fingerprint { images, listing: listing.to_owned(), contents: contents.to_owned() };
        Inputs { train: Some(fingerprint.clone()), test: Some(fingerprint), from_sha256: None }
    }

    #[test]
    fn a_change_of_images_is_said_as_exactly_as_it_is_known() {
        let change =
            |now: Inputs| inputs(112, "a", "b").change_of_images(&now, Split::Train, "d").map(|c| c.to_string());
        assert_eq!(change(inputs(112, "a", "b")), None);
        assert_eq!(
            change(inputs(176, "x", "y")).as_deref(),
            Some("d had 112 training images when it began, and has 176 now")
        );
        assert_eq!(
            change(inputs(112, "x", "y")).as_deref(),
            Some("the names or classes of the training images of d have changed since it began")
        );
        assert_eq!(
            change(inputs(112, "a", "y")).as_deref(),
            Some("the contents of the training images of d have changed since it began")
        );
    }

    #[test]
    fn what_was_not_recorded_is_not_compared_and_what_is_gone_is() {
        let now = inputs(40, "a", "b");
        assert_eq!(Inputs::default().change_of_images(&now, Split::Test, "d"), None);
        let change = now.change_of_images(&Inputs { test: None, ..now.clone() }, Split::Test, "d");
        assert_eq!(change.map(|c| c.to_string()).as_deref(), Some("d had 40 test images when it began, and has 0 now"));
    }

    #[test]
    fn weights_are_named_with_where_they_lie_and_the_beginning_of_their_checksums() {
        let weights =
            |from: &str, digit: &str| Some(KnownWeights { from: from.to_owned(), sha256: Some(digit.repeat(64)) });
        let change = |before, now| InputChange::Weights { before, now }.to_string();
        assert_eq!(
            change(weights("a", "1"), weights("a", "2")),
            "those of a have changed since it began (SHA-256 111111111111, now 222222222222)"
        );
        assert_eq!(
            change(None, weights("b", "2")),
            "it began with a random encoder, and is given the weights of b (SHA-256 222222222222) now"
        );
    }
}
