//! Which image size, patch size and batch size suit given images, and the models that a proposal chooses from.

use bmae_architecture::{ImageSize, PatchSize};

use super::at_hand::ImagesAtHand;

/// Sides of square images that are in use, ascending. Below them everything is small enough to be taken as it is.
const USUAL: [usize; 7] = [32, 48, 64, 96, 128, 160, 224];
/// What a photograph still shows itself at: no smaller size is tried to save time.
const LEAST_OF_A_PHOTOGRAPH: usize = 64;
/// How often the longer side of images holds the shorter one before a square would lose much of them: those of 4 : 3 and of
/// 3 : 2, which cameras make, are commonly cut to squares.
const FAR_FROM_SQUARE: f64 = 1.6;
/// A larger ratio than this is taken for this one.
const MOST_ELONGATED: f64 = 8.0;
/// The size of generated images: that of the preset `quick`.
const GENERATED: usize = 24;

/// The sizes to try, best first: what half of the images fill without being enlarged, then what costs less.
/// Squares, unless most images have another form that is far from one.
pub(super) fn image_sizes(images: &ImagesAtHand) -> Vec<ImageSize> {
    let ratio = images.ratio.filter(|_| images.shorter_side.is_some());
    sides(images.shorter_side).into_iter().map(|side| of_ratio(side, ratio.unwrap_or(1.0))).collect()
}

/// The size of this shorter side and about this width through height: the longer side is a multiple of the patch that
/// [`patch_size`] gives the shorter one. What is not far from a square becomes one.
fn of_ratio(side: usize, ratio: f64) -> ImageSize {
    let elongation = ratio.max(1.0 / ratio).min(MOST_ELONGATED);
    if ratio.is_nan() || elongation < FAR_FROM_SQUARE {
        return ImageSize::square(side);
    }
    let patch = patch_size(ImageSize::square(side)).height;
    let longer = (side as f64 * elongation / patch as f64).round() as usize * patch;
    match ratio > 1.0 {
        true => ImageSize { height: side, width: longer },
        false => ImageSize { height: longer, width: side },
    }
}

fn sides(shorter_side: Option<usize>) -> Vec<usize> {
    let Some(side) = shorter_side else { return vec![GENERATED] };
    let fitting = match USUAL.iter().rev().find(|usual| **usual <= side) {
        Some(usual) => *usual,
        // 28 stays 28; what is smaller than two patches of 4 pixels is enlarged to them.
        None => (side / 4 * 4).max(8),
    };
    let cheaper = USUAL.iter().rev().filter(|usual| (LEAST_OF_A_PHOTOGRAPH..fitting).contains(*usual));
    std::iter::once(fitting).chain(cheaper.copied()).collect()
}

/// The size that patches of this size tile, no larger than `size` but for one patch in each direction.
pub(super) fn tiled(size: ImageSize, patch: PatchSize) -> ImageSize {
    let whole = |side: usize, of_patch: usize| (side / of_patch).max(1) * of_patch;
    ImageSize { height: whole(size.height, patch.height), width: whole(size.width, patch.width) }
}

/// A patch size that makes 49 to 196 patches of a square image of the usual sizes, and divides any other. Patches are
/// square where both sides can be divided so.
pub(super) fn patch_size(image_size: ImageSize) -> PatchSize {
    let wanted = match image_size.shorter_side() {
        0..=20 => 2,
        21..=47 => 4,
        48..=63 => 6,
        64..=127 => 8,
        _ => 16,
    };
    let divides = |patch: &usize| [image_size.height, image_size.width].iter().all(|side| side.is_multiple_of(*patch));
    PatchSize::square((1..=wanted).rev().find(divides).unwrap_or(1))
}

/// Images of a batch: so many that an epoch has nine steps or more, and no more than a CPU makes use of; of a few dozen
/// images so many that hardly any fills no batch.
pub(super) fn batch_size(train: usize) -> usize {
    match train {
        0..=8 => train.max(1),
        9..72 => (4..=8).rev().min_by_key(|batch| train % batch).unwrap_or(8),
        // The largest power of two that is no larger than a ninth.
        _ => (1 << (train / 9).ilog2()).min(128),
    }
}

/// A model in the proportions of the presets, and from how many images on it is worth its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ModelSize {
    /// Encoder: width, blocks, heads.
    pub encoder: [usize; 3],
    /// Decoder: width, blocks, heads.
    pub decoder: [usize; 3],
    /// The peak learning rate of pre-training.
    pub peak_lr: f64,
    /// What it is known as.
    pub like: &'static str,
    /// Training images below which a smaller model learns as much.
    pub images: usize,
}

/// The models, ascending. The first is for all who have little of anything.
pub(super) const MODELS: [ModelSize; 5] = [
    ModelSize {
        encoder: [96, 4, 4],
        decoder: [64, 1, 4],
        peak_lr: 1.5e-3,
        like: "the size of the preset quick",
        images: 0,
    },
    ModelSize {
        encoder: [128, 6, 4],
        decoder: [64, 2, 4],
        peak_lr: 1e-3,
        like: "the size of the preset mini",
        images: 0,
    },
    ModelSize {
        encoder: [192, 12, 3],
        decoder: [128, 2, 4],
        peak_lr: 1e-3,
        like: "the size of DeiT-Tiny",
        images: 5_000,
    },
    ModelSize {
        encoder: [384, 12, 6],
        decoder: [192, 4, 6],
        peak_lr: 5e-4,
        like: "the size of DeiT-Small",
        images: 50_000,
    },
    ModelSize {
        encoder: [768, 12, 12],
        decoder: [384, 4, 12],
        peak_lr: 3e-4,
        like: "the size of ViT-Base",
        images: 500_000,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_size_is_the_usual_one_that_half_of_the_images_fill() {
        let best = |side| sides(Some(side))[0];
        assert_eq!([32, 47, 64, 120, 240, 480, 4000].map(best), [32, 32, 64, 96, 224, 224, 224]);
        assert_eq!([28, 30, 16, 9, 1].map(best), [28, 28, 16, 8, 8], "small images keep their size");
        assert_eq!(sides(None), [24]);
    }

    #[test]
    fn images_that_are_far_from_square_get_a_size_of_their_form() {
        let of = |side, ratio| of_ratio(side, ratio).in_a_recipe();
        assert_eq!([of(32, 2.0), of(32, 0.5), of(32, 1.0)], ["[32, 64]", "[64, 32]", "32"]);
        assert_eq!([of(224, 1.5), of(224, 0.75), of(224, 16.0 / 9.0)], ["224", "224", "[224, 400]"]);
        assert_eq!([of(32, 30.0), of(32, f64::NAN), of(28, 2.05)], ["[32, 256]", "32", "[28, 56]"]);
        for (side, ratio) in [(8, 1.7), (32, 0.3), (48, 2.3), (96, 5.0), (224, 0.6)] {
            let (size, patch) = (of_ratio(side, ratio), patch_size(of_ratio(side, ratio)));
            assert_eq!(patch, patch_size(ImageSize::square(side)), "{size}");
            assert_eq!(tiled(size, patch), size, "patches of {patch} in {size}");
        }
    }

    #[test]
    fn less_time_makes_photographs_smaller_but_not_smaller_than_they_can_be_told_apart() {
        assert_eq!(sides(Some(480)), [224, 160, 128, 96, 64]);
        assert_eq!(sides(Some(100)), [96, 64]);
        assert_eq!(sides(Some(40)), [32]);
    }

    #[test]
    fn the_patch_size_divides_every_image_size_and_makes_a_fitting_number_of_patches() {
        let patch_size = |side| patch_size(ImageSize::square(side)).height;
        for size in 1..=512 {
            let patch = patch_size(size);
            assert!(patch >= 1 && size.is_multiple_of(patch), "{patch} in {size}");
        }
        let patches = |size: usize| (size / patch_size(size)).pow(2);
        let usual = [28, 32, 48, 64, 96, 128, 160, 224];
        assert_eq!(usual.map(patch_size), [4, 4, 6, 8, 8, 16, 16, 16]);
        assert!(usual.iter().all(|size| (49..=196).contains(&patches(*size))));
    }

    #[test]
    fn an_epoch_has_about_ten_steps_or_more_whatever_the_number_of_images() {
        assert_eq!([1, 5, 8, 20, 100, 600, 3000, 50_000].map(batch_size), [1, 5, 8, 5, 8, 64, 128, 128]);
        for images in 1..3000 {
            let batch = batch_size(images);
            assert!(batch >= 1 && batch <= images, "{batch} of {images}");
            assert!(images < 72 || images / batch >= 9, "{batch} of {images}");
            assert!(4 * (images % batch) <= images, "{batch} of {images} leaves out many");
        }
    }

    #[test]
    fn widths_are_those_that_heads_and_positions_divide() {
        for ModelSize { encoder, decoder, .. } in MODELS {
            for [dim, _, heads] in [encoder, decoder] {
                assert!(dim.is_multiple_of(heads) && dim.is_multiple_of(4), "{dim} of {heads} heads");
            }
        }
    }
}
