//! Batches, made ahead by worker threads.
//!
//! Every W-th batch of the epoch is made whole by one of W workers and handed over through a channel of that worker's own that
//! holds one batch; the consumer asks the workers in turn. So batches come in order without any sorting, and at most
//! 2 W batches exist besides the consumer's. What an image looks like depends on its key alone (see
//! [`random`](crate::random)), never on who made it.
//!
//! Make the loader of the next epoch before the last batch of this one is used up, and the model does not even wait at
//! the turn of an epoch.

mod share;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::error::LoaderError;
use crate::random::permutation;
use crate::transforms::Transform;
use crate::{DataError, Images};

pub use share::Share;

/// Some images, transformed, with what is known of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The normalised pixels `[N, C, H, W]`.
    pub images: Vec<f32>,
    /// The classes `[N]`; empty when the images have no labels.
    pub labels: Vec<i64>,
    /// The place of each image in its data set `[N]`.
    pub indices: Vec<usize>,
}

/// In which order the images of an epoch come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As [`permutation`] has it for the seed and the epoch.
    Shuffled,
    /// As in the data set.
    Sequential,
}

/// What happens to the images that do not fill a batch at the end of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastBatch {
    /// They are left out in this epoch: every batch is full.
    Drop,
    /// They make a smaller batch.
    Keep,
}

/// How an epoch is cut into batches, and who makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderConfig {
    /// Images in a batch, at least 1.
    pub batch_size: usize,
    /// The order of the images.
    pub order: Order,
    /// What to do with the rest.
    pub last_batch: LastBatch,
    /// The seed of order and augmentation.
    pub seed: u64,
    /// The epoch, from 0: another order and other augmentations each time.
    pub epoch: u64,
    /// The first batch that is made; those before it are left out.
    pub first: usize,
    /// How many batches an epoch has at the most; `None`: as many as the images make.
    pub limit: Option<usize>,
    /// Which part of them this process loads.
    pub share: Share,
    /// How many threads make batches, at least 1.
    pub workers: usize,
}

/// Starts the workers of one epoch.
///
/// # Errors
/// When the batch size or the number of workers is 0, the transform is impossible, or the images do not fill one batch
/// and smaller ones are dropped. Everything else, such as a corrupt file, comes as the error of the batch it concerns.
pub fn load(images: Arc<dyn Images>, transform: Transform, config: LoaderConfig) -> Result<Loader, DataError> {
    transform.check()?;
    if config.workers == 0 {
        return Err(LoaderError::Zero { key: "number of workers", unit: "worker" }.into());
    }
    let batches = places(images.len(), &config)?;
    let left = batches.len();
    let plan = Arc::new(Plan { images, transform, config, batches, stop: AtomicBool::new(false) });
    let mut workers = Vec::new();
    for number in 0..left.min(config.workers) {
        let (sender, finished) = sync_channel(1);
        let plan = Arc::clone(&plan);
        let thread = std::thread::Builder::new()
            .name(format!("bmae-data-{number}"))
            .spawn(move || plan.work(number, &sender))
            .map_err(|cause| DataError::Loader(LoaderError::WorkerStart { cause }))?;
        workers.push(Worker { finished, thread: Some(thread) });
    }
    Ok(Loader { plan, workers, left, turn: 0 })
}

/// The places in their data set, of `count` images, of the images of each batch that [`load`] makes.
///
/// # Errors
/// When the batch size is 0, or the images do not fill one batch and smaller ones are dropped.
pub fn places(count: usize, config: &LoaderConfig) -> Result<Vec<Vec<usize>>, DataError> {
    if config.batch_size == 0 {
        return Err(LoaderError::Zero { key: "batch size", unit: "image" }.into());
    }
    if count == 0 {
        return Err(LoaderError::NoImages.into());
    }
    let batches = match config.last_batch {
        LastBatch::Drop => count / config.batch_size,
        LastBatch::Keep => count.div_ceil(config.batch_size),
    };
    let batches = config.limit.map_or(batches, |most| batches.min(most));
    if batches == 0 {
        return Err(LoaderError::LessThanOneBatch { images: count, batch_size: config.batch_size }.into());
    }
    let order = match config.order {
        Order::Shuffled => permutation(config.seed, config.epoch, count),
        Order::Sequential => (0..count).collect(),
    };
    let of_batch = |number: usize| {
        let start = number * config.batch_size;
        let whole = &order[start..(start + config.batch_size).min(order.len())];
        config.share.places(whole.len()).into_iter().map(|place| whole[place]).collect()
    };
    Ok((config.first.min(batches)..batches).filter(|batch| config.share.has_batch(*batch)).map(of_batch).collect())
}

/// The batches of one epoch, in order. Dropping it stops the workers.
///
/// After an error there are no more batches.
pub struct Loader {
    plan: Arc<Plan>,
    workers: Vec<Worker>,
    left: usize,
    turn: usize,
}

impl Iterator for Loader {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let worker = &mut self.workers[self.turn];
        // A worker hands over every batch of its own before it ends, unless it panicked.
        let batch = match worker.finished.recv() {
            Ok(batch) => batch,
            Err(_) => Err(worker.panicked()),
        };
        self.turn = (self.turn + 1) % self.workers.len();
        if batch.is_err() {
            self.left = 0;
            self.plan.stop.store(true, Ordering::Relaxed);
        }
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Loader {}

impl std::iter::FusedIterator for Loader {}

impl Drop for Loader {
    fn drop(&mut self) {
        self.plan.stop.store(true, Ordering::Relaxed);
        for Worker { finished, thread } in self.workers.drain(..) {
            // A worker that waits to hand over a batch sees that nobody wants it any more.
            drop(finished);
            if let Some(thread) = thread {
                // A panic has been reported by `next`, or concerns a batch that nobody asked for.
                let _ = thread.join();
            }
        }
    }
}

/// A thread, and where its batches come out.
struct Worker {
    finished: Receiver<Result<Batch, DataError>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// The error that says what the thread, which has ended too early, panicked with.
    fn panicked(&mut self) -> DataError {
        let outcome = self.thread.take().map(JoinHandle::join);
        let message = match outcome {
            Some(Err(payload)) => payload
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| payload.downcast_ref::<String>().cloned()),
            _ => None,
        };
        DataError::Loader(LoaderError::WorkerPanicked { message: message.unwrap_or_else(|| "no message".to_owned()) })
    }
}

/// What the workers share.
struct Plan {
    images: Arc<dyn Images>,
    transform: Transform,
    config: LoaderConfig,
    /// The places of the images of each batch.
    batches: Vec<Vec<usize>>,
    stop: AtomicBool,
}

impl Plan {
    /// Makes every W-th batch from the one at `first` on, until there are no more or nobody listens.
    fn work(&self, first: usize, sender: &SyncSender<Result<Batch, DataError>>) {
        for indices in self.batches.iter().skip(first).step_by(self.config.workers) {
            let Some(batch) = self.batch(indices).transpose() else {
                return;
            };
            let failed = batch.is_err();
            if sender.send(batch).is_err() || failed {
                return;
            }
        }
    }

    /// One batch, or `None` when the loader was dropped meanwhile.
    fn batch(&self, indices: &[usize]) -> Result<Option<Batch>, DataError> {
        let image_size = self.transform.image_size;
        let values_per_image = self.transform.values_per_image();
        // Asked for in a way that can fail; zeros that nobody has written to then cost nothing.
        let mut asked = Vec::<f32>::new();
        indices
            .len()
            .checked_mul(values_per_image)
            .and_then(|length| asked.try_reserve_exact(length).ok())
            .ok_or(DataError::Loader(LoaderError::BatchMemory { images: indices.len(), image_size }))?;
        drop(asked);
        let mut images = vec![0.0; indices.len() * values_per_image];
        for (&index, out) in indices.iter().zip(images.chunks_exact_mut(values_per_image)) {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let (seed, epoch) = (self.config.seed, self.config.epoch);
            let reduction =
                |width: usize, height: usize| self.transform.reduction((width, height), seed, epoch, index as u64);
            let image = self.images.image_reduced(index, &reduction)?;
            self.transform
                .apply(&image, seed, epoch, index as u64, out)
                .map_err(DataError::of_image(self.images.name(index)))?;
        }
        let labels = indices.iter().filter_map(|&index| self.images.label(index)).map(|label| label as i64).collect();
        Ok(Some(Batch { images, labels, indices: indices.to_vec() }))
    }
}

#[cfg(test)]
mod tests;
