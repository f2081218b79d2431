//! Images of 8 bits on a GPU.

use bmae_architecture::PatchGrid;
use bmae_data::transforms::resize::{FRACTION_BITS, height_first, weights_of_8_bits};
use bmae_data::transforms::{Transform, View};
use bmae_data::{DataError, Depth, Image, Images, Samples};
use bmae_nn::gpu_images::{GpuImages, GpuView, ResizingWeights};
use bmae_nn::{ops, patchify};
use bmae_output::count::count;
use bmae_recipe::{Recipe, TrainedStage};
use burn::tensor::{Device, Tensor};
use rayon::prelude::*;

use super::kept::KeptImages;
use crate::TrainError;
use crate::pipeline::training_transform;

/// The most bytes of images that are kept.
const MOST: usize = 1 << 30;
/// Images that are decoded to tell how large all are.
const LOOKED_AT: usize = 64;
/// The longest side of what the model sees: the weights for all lengths of lines then fit into one buffer.
const LARGEST: usize = 1024;
/// Images whose views are held against the processor's.
const CHECKED: usize = 16;

/// Images on a GPU, and what is done to them.
struct ImagesOnGpu {
    images: GpuImages,
    /// Width and height of each.
    sizes: Vec<(usize, usize)>,
    bytes: usize,
    transform: Transform,
    seed: u64,
}

/// `images` on `device`; `None` where it is no GPU or its kernels are off, where more is done to them than to cut out random
/// views, or where they are not all of 8 bits, below twice the size that the model sees, and [`MOST`] bytes together.
///
/// # Errors
/// When an image cannot be read, or the device makes other views of the first ones than the processor.
pub(crate) fn keep(
    images: &dyn Images,
    recipe: &Recipe,
    stage: TrainedStage,
    device: &Device,
) -> Result<Option<Box<dyn KeptImages>>, TrainError> {
    let transform = training_transform(recipe, stage.into());
    let is_too_large = transform.image_size.height.max(transform.image_size.width) > LARGEST;
    let is_possible = !ops::is_processor(device) && ops::is_fused() && transform.is_view_alone() && !is_too_large;
    if !is_possible || images.is_empty() {
        return Ok(None);
    }
    let step = images.len().div_ceil(LOOKED_AT);
    let mut bytes_of_some = 0;
    let mut looked_at = 0;
    for index in (0..images.len()).step_by(step) {
        let Some(image) = Pixels::of(images, index, &transform)? else { return Ok(None) };
        bytes_of_some += image.bytes.len();
        looked_at += 1;
    }
    if bytes_of_some / looked_at > MOST / images.len() {
        return Ok(None);
    }
    let all: Result<Option<Vec<Pixels>>, TrainError> =
        (0..images.len()).into_par_iter().map(|index| Pixels::of(images, index, &transform)).collect();
    let Some(all) = all? else { return Ok(None) };
    let bytes = all.iter().map(|image| image.bytes.len()).sum();
    if bytes > MOST {
        return Ok(None);
    }
    let sizes: Vec<(usize, usize)> = all.iter().map(|image| image.size).collect();
    let longest = sizes.iter().map(|(width, height)| *width.max(height)).max().unwrap_or(1);
    let normalisation = transform.normalisation();
    let levels: Vec<f32> = (0..transform.mean.len()).flat_map(|channel| normalisation.levels(channel)).collect();
    let weights = ResizingWeights { of: &weights_of_8_bits, fraction_bits: FRACTION_BITS };
    let first: Vec<Pixels> = all.iter().take(CHECKED).cloned().collect();
    let lines = all.into_iter().map(|image| (image.size.0, image.bytes));
    let grid = recipe.architecture().grid;
    let images = GpuImages::new(lines, longest, &levels, &weights, grid, &device.clone().inner());
    let kept = ImagesOnGpu { images, sizes, bytes, transform, seed: recipe.seed };
    kept.check(first, grid)?;
    Ok(Some(Box::new(kept)))
}

impl ImagesOnGpu {
    /// Holds views of the first images against those of the processor.
    fn check(&self, first: Vec<Pixels>, grid: PatchGrid) -> Result<(), TrainError> {
        let (count, values) = (first.len(), grid.values_per_image());
        let mut planes = vec![0.0; count * values];
        for (index, (pixels, planes)) in first.into_iter().zip(planes.chunks_exact_mut(values)).enumerate() {
            let (width, height) = pixels.size;
            let image = Image::of_samples(width, height, self.transform.mean.len(), Samples::U8(pixels.bytes))?;
            self.transform.apply(&image, self.seed, 0, index as u64, planes)?;
        }
        let expected = patchify(&planes, grid)?;
        let found = self.patches(&(0..count).collect::<Vec<_>>(), 0).into_data();
        let is_same = expected.iter().map(|value| value.to_bits()).eq(found.iter::<f32>().map(f32::to_bits));
        is_same.then_some(()).ok_or_else(|| TrainError::WrongDevice {
            device: "the GPU".to_owned(),
            what: "crops of the training images are not those of the processor".to_owned(),
        })
    }
}

impl KeptImages for ImagesOnGpu {
    fn describe(&self) -> String {
        let megabytes = self.bytes as f64 / 1e6;
        format!(
            "{} kept on the GPU, {megabytes:.0} MB; crops are made there",
            count(self.sizes.len(), "training image")
        )
    }

    fn patches(&self, indices: &[usize], epoch: u64) -> Tensor<3> {
        let size = self.transform.image_size;
        let views = indices.iter().filter_map(|&image| {
            let View { area, is_mirrored } = self.transform.view(self.sizes[image], self.seed, epoch, image as u64)?;
            Some(GpuView {
                image,
                corner: [area.left, area.top],
                sides: [area.width, area.height],
                is_mirrored,
                is_height_first: height_first(area, (size.width, size.height)),
            })
        });
        self.images.patches(&views.collect::<Vec<_>>())
    }
}

/// The pixels of an image, without what a decoded image holds of the memory for all of them.
#[derive(Clone)]
struct Pixels {
    /// Width and height.
    size: (usize, usize),
    /// [height, width, C]
    bytes: Vec<u8>,
}

impl Pixels {
    /// Of image `index`, in the channels that the model sees; `None` where it may not be kept.
    fn of(images: &dyn Images, index: usize, transform: &Transform) -> Result<Option<Self>, TrainError> {
        let image = images.image(index)?;
        let (width, height) = image.native_size();
        let size = transform.image_size;
        if image.depth() != Depth::Bits8 || width >= 2 * size.width || height >= 2 * size.height {
            return Ok(None);
        }
        let channels = transform.mean.len();
        let image = match image.channels() == channels {
            true => image,
            false => image.in_channels(channels).map_err(DataError::of_image(images.name(index)))?,
        };
        Ok(Some(Self { size: (width, height), bytes: image.pixels().to_vec() }))
    }
}
