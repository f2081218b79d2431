//! Sizes that cannot be, one readable sentence each. Sizes are named as the recipe's keys.

use bmae_output::count::count;

use crate::multiple::nearest_multiple;
use crate::size::{ImageSize, PatchSize};

/// A size that cannot be: the thing, what was found, what would do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ArchitectureError {
    /// A size that must be at least one is zero.
    #[error("`{key}` is 0, but must be at least 1")]
    Zero {
        /// The recipe's key.
        key: String,
    },
    /// An image that patches do not tile.
    #[error(
        "an image of {image} pixels does not divide into patches of {patch}: {}set `data.image_size` to a multiple of \
         `model.patch_size`, such as {}",
        direction(*image, *patch),
        nearest(*image, *patch)
    )]
    Patches {
        /// `data.image_size`.
        image: ImageSize,
        /// `model.patch_size`.
        patch: PatchSize,
    },
    /// A width that does not fit its heads or positions.
    #[error(
        "`model.{part}.dim` is {dim}, but must be divisible by {divisor} ({}): set it to a multiple of {step}, such as {nearest}",
        why(part, *needed_by)
    )]
    Width {
        /// "encoder" or "decoder".
        part: &'static str,
        /// The width.
        dim: usize,
        /// What does not divide it.
        divisor: usize,
        /// What needs the divisor.
        needed_by: WidthDivisor,
        /// What divides every width that would do.
        step: u128,
        /// The nearest such width.
        nearest: u128,
    },
    /// A ratio that leaves no hidden unit to the MLP, or is not a number.
    #[error(
        "`model.{part}.mlp_ratio` {ratio} leaves no width to the hidden layers of dim {dim}: raise it to at least 1 / {dim}"
    )]
    NoHiddenLayer {
        /// "encoder" or "decoder".
        part: &'static str,
        /// The ratio.
        ratio: f64,
        /// The width of a token.
        dim: usize,
    },
    /// Sizes whose parameters or images exceed the machine's address space.
    #[error("a model with {sizes} is larger than this machine can address: use smaller sizes")]
    TooLarge {
        /// The sizes, by the recipe's keys.
        sizes: String,
    },
    /// A mask that shows nothing.
    #[error(
        "`pretrain.mask_ratio` {ratio:?} keeps none of the {of} of an image: lower it to at most {limit}, or have more \
         patches with a smaller `model.patch_size`",
        of = count(*patches, "patch")
    )]
    KeepsNothing {
        /// The ratio.
        ratio: f64,
        /// Patches of an image.
        patches: usize,
        /// The largest ratio, in thousandths, that keeps one.
        limit: f64,
    },
    /// A mask that hides nothing.
    #[error(
        "`pretrain.mask_ratio` {ratio:?} masks none of the {of} of an image, so there would be nothing to predict: \
         raise it to at least {limit}, or have more patches with a smaller `model.patch_size`",
        of = count(*patches, "patch")
    )]
    MasksNothing {
        /// The ratio.
        ratio: f64,
        /// Patches of an image.
        patches: usize,
        /// The smallest ratio, in thousandths, that masks one.
        limit: f64,
    },
    /// An image of one patch.
    #[error("an image is one single patch, of which nothing could be both kept and masked: lower `model.patch_size`")]
    OnePatch,
}

/// What needs a width to be divisible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WidthDivisor {
    /// The attention's heads share the width.
    Heads,
    /// The sin-cos positions: sine and cosine of row and column take a quarter each.
    Positions,
}

fn why(part: &str, needed_by: WidthDivisor) -> String {
    match needed_by {
        WidthDivisor::Heads => format!("`model.{part}.heads`"),
        WidthDivisor::Positions => "the sin-cos positions have four parts".to_owned(),
    }
}

/// Which side of the image is no multiple of the patch's, as a clause of its own. Of squares both are, and nothing is
/// said.
fn direction(image: ImageSize, patch: PatchSize) -> String {
    let fits = |side: usize, of_patch: usize| of_patch > 0 && side.is_multiple_of(of_patch);
    let (ImageSize { height, width }, PatchSize { height: rows, width: columns }) = (image, patch);
    match (fits(height, rows), fits(width, columns)) {
        _ if image.is_square() && patch.is_square() => String::new(),
        (true, true) => String::new(),
        (false, true) => format!("its height of {height} is no multiple of {rows}: "),
        (true, false) => format!("its width of {width} is no multiple of {columns}: "),
        (false, false) => {
            format!("its height of {height} is no multiple of {rows} and its width of {width} none of {columns}: ")
        }
    }
}

/// The nearest image size that would do, as a recipe writes it.
fn nearest(image: ImageSize, patch: PatchSize) -> String {
    let [height, width] = [(image.height, patch.height), (image.width, patch.width)]
        .map(|(side, of_patch)| nearest_multiple(side, of_patch.max(1) as u128));
    if height == width { height.to_string() } else { format!("[{height}, {width}]") }
}
