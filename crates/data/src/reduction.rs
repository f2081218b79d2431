//! How much smaller than it is a picture may be decoded, when only a small image is made of it.

/// By what the sides of a picture are divided while it is decoded, rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reduction {
    /// By nothing.
    Whole,
    /// By 2.
    Half,
    /// By 4.
    Quarter,
    /// By 8.
    Eighth,
}

impl Reduction {
    /// What the sides are divided by.
    pub fn factor(self) -> usize {
        match self {
            Self::Whole => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }

    /// The greatest reduction after which a crop of `crop` (width, height) pixels still has the `target` (width, height)
    /// that it is resized to, so that only what resizing takes away is left out.
    pub fn largest(crop: (usize, usize), target: (usize, usize)) -> Self {
        let leaves_enough = |reduction: &Self| {
            let factor = reduction.factor();
            crop.0 >= factor * target.0 && crop.1 >= factor * target.1
        };
        [Self::Eighth, Self::Quarter, Self::Half].into_iter().find(leaves_enough).unwrap_or(Self::Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduced_crop_has_at_least_the_pixels_of_the_image_that_is_made_of_it() {
        let largest = |width, height| Reduction::largest((width, height), (224, 32));
        assert_eq!(largest(447, 1000), Reduction::Whole);
        assert_eq!(largest(448, 64), Reduction::Half);
        assert_eq!(largest(448, 63), Reduction::Whole);
        assert_eq!(largest(1791, 1000), Reduction::Quarter);
        assert_eq!(largest(100_000, 100_000), Reduction::Eighth);
    }
}
