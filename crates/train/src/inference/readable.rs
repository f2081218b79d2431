//! Images as evaluation sees them, read at once by all workers; those that cannot be read are set aside.

use std::ops::Range;

use bmae_data::transforms::Transform;
use bmae_data::{DataError, Images};

/// What came of some images.
pub(super) struct Readable {
    /// The numbers of those that could be read, in their order.
    pub indices: Vec<usize>,
    /// Their values [N, C, H, W], normalised.
    pub values: Vec<f32>,
    /// The others, and what is wrong with each.
    pub unreadable: Vec<(usize, DataError)>,
}

/// Reads those of `images` whose numbers are in `range`, by `workers` threads; `transform` makes of each what a model sees,
/// without drawing anything.
pub(super) fn read(images: &dyn Images, range: Range<usize>, transform: &Transform, workers: usize) -> Readable {
    let indices: Vec<usize> = range.collect();
    let of_each = indices.len().div_ceil(workers.max(1)).max(1);
    let one = |&index: &usize| -> Result<Vec<f32>, DataError> {
        let image = images.image(index)?;
        let mut values = vec![0.0; transform.values_per_image()];
        let named = DataError::of_image(images.name(index));
        transform.apply(&image, 0, 0, index as u64, &mut values).map_err(named)?;
        Ok(values)
    };
    let results: Vec<Result<Vec<f32>, DataError>> = std::thread::scope(|scope| {
        let several = |indices: &[usize]| indices.iter().map(one).collect::<Vec<_>>();
        let begun: Vec<_> = indices.chunks(of_each).map(|indices| scope.spawn(move || several(indices))).collect();
        // A thread panics only where a decoder's own panic was not caught: it goes on here.
        begun
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut readable = Readable { indices: Vec::new(), values: Vec::new(), unreadable: Vec::new() };
    for (index, result) in indices.into_iter().zip(results) {
        match result {
            Ok(values) => {
                readable.indices.push(index);
                readable.values.extend(values);
            }
            Err(error) => readable.unreadable.push((index, error)),
        }
    }
    readable
}
