//! Height and width: of images, of patches, and of the grid that patches make of an image.
//!
//! Each is a type of its own, so that none is taken for another. A pair is always height first, then width, as PyTorch
//! and timm write it.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! size {
    ($(#[doc = $about:literal])+ $name:ident, $(#[doc = $first_about:literal])+ $first:ident, $(#[doc = $second_about:literal])+ $second:ident) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name {
            $(#[doc = $first_about])+
            pub $first: usize,
            $(#[doc = $second_about])+
            pub $second: usize,
        }

        impl $name {
            /// The same in both directions.
            pub const fn square(side: usize) -> Self {
                Self { $first: side, $second: side }
            }

            /// Whether both directions are the same.
            pub const fn is_square(self) -> bool {
                self.$first == self.$second
            }

            /// The product of both, or the greatest number where that is larger.
            pub const fn area(self) -> usize {
                self.$first.saturating_mul(self.$second)
            }

            /// For the middle of a sentence: a number where it is square, else `32 x 64`.
            pub fn in_words(self) -> String {
                if self.is_square() { self.$first.to_string() } else { self.to_string() }
            }

            /// As a recipe writes it: a number where it is square, else `[32, 64]`.
            pub fn in_a_recipe(self) -> String {
                match self.is_square() {
                    true => self.$first.to_string(),
                    false => format!("[{}, {}]", self.$first, self.$second),
                }
            }
        }

        /// A number where it is square, else a list of two.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.is_square() {
                    true => self.$first.serialize(serializer),
                    false => [self.$first, self.$second].serialize(serializer),
                }
            }
        }

        /// `32 x 64`, the direction from top to bottom first.
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{} x {}", self.$first, self.$second)
            }
        }
    };
}

size!(
    /// The size of an image in pixels.
    ImageSize,
    /// Rows of pixels.
    height,
    /// Columns of pixels.
    width
);

size!(
    /// The size of a patch in pixels.
    PatchSize,
    /// Rows of pixels.
    height,
    /// Columns of pixels.
    width
);

size!(
    /// How many patches an image has in each direction.
    GridSize,
    /// Patches from top to bottom.
    rows,
    /// Patches from left to right.
    columns
);

impl ImageSize {
    /// The shorter of both sides.
    pub const fn shorter_side(self) -> usize {
        if self.height < self.width { self.height } else { self.width }
    }

    /// The longer of both sides.
    pub const fn longer_side(self) -> usize {
        if self.height < self.width { self.width } else { self.height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_written_height_first_and_in_a_recipe_as_a_number_where_it_is_square() {
        let (square, wide) = (ImageSize::square(32), ImageSize { height: 32, width: 64 });
        assert_eq!([square, wide].map(|size| size.to_string()), ["32 x 32", "32 x 64"]);
        assert_eq!([square, wide].map(ImageSize::in_a_recipe), ["32", "[32, 64]"]);
        assert_eq!((wide.area(), wide.shorter_side(), wide.longer_side()), (2048, 32, 64));
        assert_eq!(GridSize { rows: usize::MAX, columns: 2 }.area(), usize::MAX);
    }
}
