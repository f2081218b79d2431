//! Processes that train one run together, the *ranks* (MPI's word): each computes its share of every batch, the gradients are
//! summed, and every rank takes the same step. `docs/cluster.md` says how they are started.
//!
//! A loop does not know how many there are: what it adds up goes through [`Ranks`], which for one process changes nothing.
//! Every rank must ask the same things in the same order, since each waits for the others.
//!
//! Sums are added in the order of the ranks, whatever the network: two runs with the same number of ranks are the same, bit
//! for bit.

mod alone;
mod communicator;
mod divides;
pub mod launch;
#[cfg(feature = "mpi")]
pub mod mpi;
mod rows;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use alone::Alone;
use bmae_data::loader::Share;
use bytemuck::{Pod, cast_slice, pod_collect_to_vec};
pub use communicator::Communicator;
pub use divides::check_batches;
pub(crate) use rows::rows_of_all;

/// What the gradients of a run cost to be summed, as one rank saw it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Traffic {
    /// How often they were.
    pub sums: usize,
    /// The bytes that this rank sent for it, and received as many.
    pub bytes: u64,
    /// The time that it took, waiting for the other ranks included.
    pub time: Duration,
}

/// All ranks, as one of them sees them.
#[derive(Clone)]
pub struct Ranks {
    communicator: Rc<dyn Communicator>,
    traffic: Rc<Cell<Traffic>>,
    buffers: Rc<RefCell<Buffers>>,
}

/// Memory for a sum.
#[derive(Default)]
struct Buffers {
    values: Vec<f32>,
    received: Vec<f32>,
}

impl Default for Ranks {
    /// One process.
    fn default() -> Self {
        Self::connected_by(Alone)
    }
}

impl fmt::Debug for Ranks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rank {} of {}", self.rank(), self.count())
    }
}

impl Ranks {
    /// Those that `communicator` connects.
    pub fn connected_by(communicator: impl Communicator + 'static) -> Self {
        Self { communicator: Rc::new(communicator), traffic: Rc::default(), buffers: Rc::default() }
    }

    /// The number of this rank, from 0.
    pub fn rank(&self) -> usize {
        self.communicator.rank()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.communicator.count()
    }

    /// Whether this is the rank that writes files and talks.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// What [`sum`](Self::sum) has cost so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic.get()
    }

    /// Empty memory for values to be summed, that of the last time if it was [kept](Self::keep): fresh memory costs more than what
    /// is done in it.
    pub fn buffer(&self) -> Vec<f32> {
        let mut values = std::mem::take(&mut self.buffers.borrow_mut().values);
        values.clear();
        values
    }

    /// Keeps the memory of `values` for the next time.
    pub fn keep(&self, values: Vec<f32>) {
        self.buffers.borrow_mut().values = values;
    }

    /// Replaces `values`, as many on every rank, by their sums over all ranks.
    ///
    /// Each rank adds up a part of the values and hands the sums to the others, so that 2 (R - 1) / R times the values pass
    /// through the network, as with a ring.
    pub fn sum(&self, values: &mut Vec<f32>) {
        let (began, count, length) = (Instant::now(), self.count(), values.len());
        if count == 1 || length == 0 {
            return;
        }
        let part = length.div_ceil(count);
        values.resize(part * count, 0.0);
        let received = &mut self.buffers.borrow_mut().received;
        received.resize(part * count, 0.0);
        self.communicator.exchange(values, received);
        let (sums, others) = received.split_at_mut(part);
        for other in others.chunks_exact(part) {
            sums.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
        }
        self.communicator.gather_equal(sums, values);
        values.truncate(length);
        let Traffic { sums, bytes, time } = self.traffic.get();
        let sent = 2 * (count - 1) * part * size_of::<f32>();
        self.traffic.set(Traffic { sums: sums + 1, bytes: bytes + sent as u64, time: time + began.elapsed() });
    }

    /// The mean over all ranks of each of `own`, as many on every rank.
    pub fn means(&self, own: &[f64]) -> Vec<f64> {
        let count = self.count() as f64;
        self.sums(own).into_iter().map(|sum| sum / count).collect()
    }

    /// The sum over all ranks of each of `own`, as many on every rank.
    pub fn sums(&self, own: &[f64]) -> Vec<f64> {
        if self.count() == 1 {
            return own.to_vec();
        }
        let mut sums = vec![0.0; own.len()];
        for values in self.gathered::<f64>(own) {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        sums
    }

    /// Whether any rank says so.
    pub fn any(&self, own: bool) -> bool {
        match self.count() {
            1 => own,
            _ => self.communicator.gather(&[u8::from(own)]).into_iter().flatten().any(|said| said != 0),
        }
    }

    /// What the first rank gives; the others' `own` counts for nothing.
    pub fn of_first(&self, own: Vec<u8>) -> Vec<u8> {
        if self.count() == 1 {
            return own;
        }
        let own = if self.is_first() { own } else { Vec::new() };
        self.communicator.gather(&own).into_iter().next().unwrap_or_default()
    }

    /// The values of all ranks behind each other.
    pub fn behind_each_other<T: Pod>(&self, own: Vec<T>) -> Vec<T> {
        match self.count() {
            1 => own,
            _ => self.gathered(&own).into_iter().flatten().collect(),
        }
    }

    fn gathered<T: Pod>(&self, own: &[T]) -> Vec<Vec<T>> {
        self.communicator.gather(cast_slice(own)).iter().map(|bytes| pod_collect_to_vec(bytes)).collect()
    }

    /// The images that this rank takes of every batch of `micro_batches` equal parts.
    pub fn share_of_each_batch(&self, micro_batches: usize) -> Share {
        match self.count() {
            1 => Share::Whole,
            ranks => Share::OfEachBatch { rank: self.rank(), ranks, micro_batches },
        }
    }

    /// The batches that this rank takes where each is taken by one.
    pub fn share_of_batches(&self) -> Share {
        match self.count() {
            1 => Share::Whole,
            ranks => Share::WholeBatches { rank: self.rank(), ranks },
        }
    }
}
