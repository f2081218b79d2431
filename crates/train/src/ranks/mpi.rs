//! Ranks that MPI started.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use mpi::Threading;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator as _, CommunicatorCollectives as _};

use super::Ranks;
use super::communicator::Communicator;

/// The most bytes that are gathered at once, of all ranks together: MPI counts in 32 bits.
const AT_ONCE: usize = 1 << 30;

/// A connection to all ranks. It is closed by [`close`](Self::close) alone: closing waits for the others, so whoever fails must
/// not, and ends the process instead, which ends the others.
pub struct Connection {
    universe: Cell<Option<ManuallyDrop<Universe>>>,
    world: SimpleCommunicator,
}

impl Connection {
    /// Connects this process, from the thread that will do all the talking; `None` where it is connected already.
    pub fn open() -> Option<Rc<Self>> {
        let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)?;
        let world = universe.world();
        Some(Rc::new(Self { universe: Cell::new(Some(ManuallyDrop::new(universe))), world }))
    }

    /// All ranks.
    pub fn ranks(self: &Rc<Self>) -> Ranks {
        Ranks::connected_by(Rc::clone(self))
    }

    /// Says goodbye, once all ranks are through.
    pub fn close(&self) {
        if let Some(universe) = self.universe.take() {
            drop(ManuallyDrop::into_inner(universe));
        }
    }

    /// Ends all ranks with this exit code.
    pub fn abort(&self, code: i32) -> ! {
        self.world.abort(code)
    }
}

impl Communicator for Rc<Connection> {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn count(&self) -> usize {
        self.world.size() as usize
    }

    fn gather(&self, own: &[u8]) -> Vec<Vec<u8>> {
        let count = self.count();
        let mut lengths = vec![0_u64; count];
        self.world.all_gather_into(&(own.len() as u64), &mut lengths[..]);
        let longest = lengths.iter().copied().max().unwrap_or(0) as usize;
        let at_once = (AT_ONCE / count).max(1).min(longest.max(1));
        let mut all: Vec<Vec<u8>> = lengths.iter().map(|&length| Vec::with_capacity(length as usize)).collect();
        let mut sent = vec![0_u8; at_once];
        let mut received = vec![0_u8; at_once * count];
        for from in (0..longest).step_by(at_once) {
            let piece = &own[from.min(own.len())..(from + at_once).min(own.len())];
            sent[..piece.len()].copy_from_slice(piece);
            self.world.all_gather_into(&sent[..], &mut received[..]);
            for ((all, &length), received) in all.iter_mut().zip(&lengths).zip(received.chunks_exact(at_once)) {
                let left = (length as usize).saturating_sub(from).min(at_once);
                all.extend_from_slice(&received[..left]);
            }
        }
        all
    }

    fn exchange(&self, own: &[f32], received: &mut [f32]) {
        self.world.all_to_all_into(own, received);
    }

    fn gather_equal(&self, own: &[f32], all: &mut [f32]) {
        self.world.all_gather_into(own, all);
    }
}
