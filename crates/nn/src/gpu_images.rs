//! Images of 8 bits that are kept on a GPU, and patches made of random views of them there: crop, bicubic resizing, mirror image,
//! normalisation and the cut into patches in one kernel. Resizing is in the fixed-point numbers of Pillow, so that every patch is
//! the processor's to the bit.

use bmae_architecture::PatchGrid;
use burn::tensor::{DType, Device, Shape, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::tensor::CubeTensor;

use crate::ops::gpu_tensor::{empty, numbers, on_gpu, units};

/// The most bytes that one buffer holds: every device allows that many.
const PART: usize = 1 << 27;
/// Numbers of a view as the kernel reads it: where in the batch its patches go, the byte where its image begins, and the image's width;
/// left, top, width and height of the area; 1 for left and right exchanged plus 2 for the height first.
const VIEW: usize = 8;

/// What each new pixel takes from a line of so many old ones: the first that counts, and from there on the weights, in fixed point with
/// so many bits after the point.
pub struct ResizingWeights<'a> {
    /// For `(old, new)` pixels of a line.
    pub of: &'a dyn Fn(usize, usize) -> Vec<(usize, Vec<i32>)>,
    /// Bits after the point.
    pub fraction_bits: u32,
}

/// A part of an image that patches are made of.
#[derive(Debug, Clone, Copy)]
pub struct GpuView {
    /// The number of the image.
    pub image: usize,
    /// The first column and row of the area.
    pub corner: [usize; 2],
    /// Its width and height.
    pub sides: [usize; 2],
    /// Whether left and right are exchanged.
    pub is_mirrored: bool,
    /// Whether the height is resized before the width.
    pub is_height_first: bool,
}

/// One buffer of images.
struct Part {
    /// Four bytes a number, the lowest first.
    bytes: CubeTensor,
    /// The number of its first image.
    first: usize,
}

/// Images on a GPU.
pub struct GpuImages {
    parts: Vec<Part>,
    /// Of each image the byte of its part where it begins, and its width.
    places: Vec<(usize, usize)>,
    /// What a line of 1, 2, .. pixels gives to each new column, and to each new row: the first pixel, how many, and their weights.
    columns: CubeTensor,
    rows: CubeTensor,
    /// Numbers of a new pixel in these.
    span: usize,
    /// What each level of each channel becomes [C, 256].
    levels: CubeTensor,
    grid: PatchGrid,
    fraction_bits: u32,
}

impl GpuImages {
    /// Keeps `images`, each its width and its pixels [height, width, C], on `device`, a GPU. No side of them is above `longest`.
    /// `levels` [C, 256] says what a level of a channel becomes.
    ///
    /// # Panics
    /// When `device` is no GPU.
    pub fn new(
        images: impl IntoIterator<Item = (usize, Vec<u8>)>,
        longest: usize,
        levels: &[f32],
        weights: &ResizingWeights<'_>,
        grid: PatchGrid,
        device: &Device,
    ) -> Self {
        let beside = on_gpu(Tensor::<1>::zeros([1], device));
        let (mut parts, mut places, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        let keep = |bytes: &mut Vec<u8>, first: usize| {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            let part = Part { bytes: numbers(&beside, bytes, DType::U32), first };
            bytes.clear();
            part
        };
        let mut first = 0;
        for (width, pixels) in images {
            if !bytes.is_empty() && bytes.len() + pixels.len() > PART {
                parts.push(keep(&mut bytes, first));
                first = places.len();
            }
            places.push((bytes.len(), width));
            bytes.extend(pixels);
        }
        parts.push(keep(&mut bytes, first));
        let [columns, rows] = [grid.image.width, grid.image.height].map(|new| lines(weights, longest, new));
        let span = columns.0.max(rows.0);
        let [columns, rows] = [columns.1, rows.1].map(|lines| {
            let padded = lines.into_iter().flat_map(|mut of_pixel| {
                of_pixel.resize(span, 0);
                of_pixel
            });
            numbers(&beside, bytemuck::cast_slice(&padded.collect::<Vec<i32>>()), DType::I32)
        });
        let levels = numbers(&beside, bytemuck::cast_slice(levels), DType::F32);
        Self { parts, places, columns, rows, span, levels, grid, fraction_bits: weights.fraction_bits }
    }

    /// The patches [N, L, p*p*C] of `views`, row, column, channel within each.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn patches(&self, views: &[GpuView]) -> Tensor<3> {
        let values = self.grid.values_per_image();
        let shape = Shape::new([views.len(), self.grid.patches(), self.grid.values_per_patch()]);
        let (client, out) = (self.levels.client.clone(), empty(&self.levels, shape));
        for (at, part) in self.parts.iter().enumerate() {
            let end = self.parts.get(at + 1).map_or(self.places.len(), |next| next.first);
            let of_part: Vec<u32> = (0..)
                .zip(views)
                .filter(|(_, view)| (part.first..end).contains(&view.image))
                .flat_map(|(slot, view)| self.as_numbers(slot, view))
                .collect();
            if of_part.is_empty() {
                continue;
            }
            let count = of_part.len() / VIEW * values;
            let (cubes, cube_dim) = units(&client, count);
            views_kernel::launch(
                &client,
                cubes,
                cube_dim,
                part.bytes.clone().into_buffer_arg(),
                numbers(&self.levels, bytemuck::cast_slice(&of_part), DType::U32).into_buffer_arg(),
                self.columns.clone().into_buffer_arg(),
                self.rows.clone().into_buffer_arg(),
                self.levels.clone().into_buffer_arg(),
                out.clone().into_buffer_arg(),
                self.span,
                self.grid,
                self.fraction_bits,
            );
        }
        Tensor::from_primitive::<CubeBackend>(out)
    }

    fn as_numbers(&self, slot: u32, view: &GpuView) -> [u32; VIEW] {
        let (first_byte, width) = self.places[view.image];
        let order = u32::from(view.is_mirrored) + 2 * u32::from(view.is_height_first);
        let ([left, top], [columns, rows]) = (view.corner, view.sides);
        let [first_byte, width, left, top, columns, rows] =
            [first_byte, width, left, top, columns, rows].map(|number| number as u32);
        [slot, first_byte, width, left, top, columns, rows, order]
    }
}

/// Of lines of 1 to `longest` pixels, one after the other, what each of `new` pixels takes: the first, how many, and the weights. And
/// the longest of these.
fn lines(weights: &ResizingWeights<'_>, longest: usize, new: usize) -> (usize, Vec<Vec<i32>>) {
    let of_pixel = |(first, weights): (usize, Vec<i32>)| {
        let mut numbers = vec![first as i32, weights.len() as i32];
        numbers.extend(weights);
        numbers
    };
    let all: Vec<Vec<i32>> = (1..=longest).flat_map(|old| (weights.of)(old, new)).map(of_pixel).collect();
    (all.iter().map(Vec::len).max().unwrap_or(2), all)
}

/// Byte `at` of numbers that hold four each.
#[cube]
fn byte(bytes: &[u32], at: usize) -> i32 {
    i32::cast_from((bytes[at / 4] >> (u32::cast_from(at % 4) * 8)) & 255)
}

/// A sum in fixed point as a sample.
#[cube]
fn sample(sum: i32, #[comptime] fraction_bits: u32) -> i32 {
    clamp(sum >> i32::cast_from(fraction_bits), 0, 255)
}

/// One number of the patches `out` [N, L, p*p*C], of the images in `bytes` that `views` [M, VIEW] shows. `columns` and `rows` say for
/// every length of a line what each new pixel takes, `span` numbers a pixel; `levels` is [C, 256].
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "a kernel takes its numbers one by one")]
fn views_kernel(
    bytes: &[u32],
    views: &[u32],
    columns: &[i32],
    rows: &[i32],
    levels: &[f32],
    out: &mut [f32],
    span: usize,
    #[comptime] grid: PatchGrid,
    #[comptime] fraction_bits: u32,
) {
    let values = comptime!(grid.values_per_image());
    let channels = comptime!(grid.channels);
    let view = ABSOLUTE_POS / values * comptime!(VIEW);
    if view >= views.len() {
        terminate!();
    }
    let within_image = ABSOLUTE_POS % values;
    let patch = within_image / comptime!(grid.values_per_patch());
    let within_patch = within_image % comptime!(grid.values_per_patch());
    let channel = within_patch % channels;
    let pixel = within_patch / channels;
    let row = patch / comptime!(grid.columns()) * comptime!(grid.patch.height) + pixel / comptime!(grid.patch.width);
    let mut column =
        patch % comptime!(grid.columns()) * comptime!(grid.patch.width) + pixel % comptime!(grid.patch.width);

    let slot = views[view] as usize;
    let line = views[view + 2] as usize * channels;
    let order = views[view + 7];
    if order % 2 == 1 {
        column = comptime!(grid.image.width - 1) - column;
    }
    let across = ((views[view + 5] as usize - 1) * comptime!(grid.image.width) + column) * span;
    let down = ((views[view + 6] as usize - 1) * comptime!(grid.image.height) + row) * span;
    let first_column = views[view + 3] as usize + columns[across] as usize;
    let first_row = views[view + 4] as usize + rows[down] as usize;
    let corner = views[view + 1] as usize + first_row * line + first_column * channels + channel;
    let count_across = columns[across + 1] as usize;
    let count_down = rows[down + 1] as usize;

    let half = comptime!(1i32 << (fraction_bits - 1));
    let mut total = i32::cast_from(half);
    if order < 2 {
        for y in 0..count_down {
            let mut sum = i32::cast_from(half);
            for x in 0..count_across {
                sum += byte(bytes, corner + y * line + x * channels) * columns[across + 2 + x];
            }
            total += sample(sum, fraction_bits) * rows[down + 2 + y];
        }
    } else {
        for x in 0..count_across {
            let mut sum = i32::cast_from(half);
            for y in 0..count_down {
                sum += byte(bytes, corner + y * line + x * channels) * rows[down + 2 + y];
            }
            total += sample(sum, fraction_bits) * columns[across + 2 + x];
        }
    }
    out[slot * values + within_image] = levels[channel * 256 + sample(total, fraction_bits) as usize];
}
