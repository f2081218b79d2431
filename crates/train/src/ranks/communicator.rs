//! What connects ranks.

/// How ranks reach each other: what an engine such as MPI has to offer.
///
/// Each function is called by all ranks, in the same order, and returns once all have called it. An engine that loses a rank
/// ends the process.
pub trait Communicator {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn count(&self) -> usize;

    /// The bytes that each rank gives, any number of them, in the order of the ranks.
    fn gather(&self, own: &[u8]) -> Vec<Vec<u8>>;

    /// Cuts `own` into as many equal parts as there are ranks and gives part r to rank r: fills `received`, which is as long as
    /// `own`, with this rank's parts of all others, in the order of the ranks.
    fn exchange(&self, own: &[f32], received: &mut [f32]);

    /// Fills `all` with the values of all ranks behind each other, `own` being as long on each.
    fn gather_equal(&self, own: &[f32], all: &mut [f32]);
}
