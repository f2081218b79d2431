//! Where the time goes, by operation: a stopwatch for each, off unless [`start`] was called.
//!
//! `let _timer = profile::time(Operation::Attention);` counts the thread's time until the end of the scope. Timers
//! nest: the time under an inner one is the inner one's alone, so that the times of all operations add up to at most
//! the threads' time. That also holds where a thread that waits for others takes over another piece of work meanwhile.
//! While off, a timer is one relaxed load; while on, it reads the clock twice, so put it around microseconds, not
//! around a few instructions.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What time is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Images to patches, and their linear embedding, both directions.
    Patches,
    /// Noise, and its order: which patches of an image are masked.
    Masks,
    /// Gathering and scattering of tokens for the mask, and the assembly of token sequences.
    Tokens,
    /// Weights (or activations) brought into the order in which a product reads them.
    Packing,
    /// Linear layers forward.
    Linear,
    /// The gradients of linear layers for their input.
    LinearInput,
    /// The gradients of linear layers for their weights and biases.
    LinearWeights,
    /// Attention forward, its products included.
    Attention,
    /// Attention backward, its products included.
    AttentionBackward,
    /// Layer norm, both directions.
    LayerNorm,
    /// GELU, both directions.
    Gelu,
    /// Residual sums and drop path, where nothing else takes them along.
    Residual,
    /// What of a block is none of the above: buffers.
    Block,
    /// Waiting for other threads until a piece of a block or a part of a gradient can begin.
    Waiting,
    /// Heads and losses, both directions.
    Loss,
    /// The sum, norm and clipping of gradients.
    Gradients,
    /// Updates of parameters.
    Optimiser,
    /// Copies and averages that make target encoders.
    Average,
    /// What of a training step is none of the above: the framework's graph of operations, its tensors and copies.
    Step,
}

impl Operation {
    /// All of them, in the order of a table.
    pub const ALL: [Self; 19] = [
        Self::Patches,
        Self::Masks,
        Self::Tokens,
        Self::Packing,
        Self::Linear,
        Self::LinearInput,
        Self::LinearWeights,
        Self::Attention,
        Self::AttentionBackward,
        Self::LayerNorm,
        Self::Gelu,
        Self::Residual,
        Self::Block,
        Self::Waiting,
        Self::Loss,
        Self::Gradients,
        Self::Optimiser,
        Self::Average,
        Self::Step,
    ];

    /// What a table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patches => "patches",
            Self::Masks => "masks",
            Self::Tokens => "token gather and scatter",
            Self::Packing => "packing",
            Self::Linear => "linear",
            Self::LinearInput => "linear, gradient of input",
            Self::LinearWeights => "linear, gradient of weights",
            Self::Attention => "attention",
            Self::AttentionBackward => "attention, gradient",
            Self::LayerNorm => "layer norm",
            Self::Gelu => "GELU",
            Self::Residual => "residual",
            Self::Block => "block, rest",
            Self::Waiting => "block, waiting",
            Self::Loss => "heads and loss",
            Self::Gradients => "gradient sums and norm",
            Self::Optimiser => "optimiser",
            Self::Average => "target average",
            Self::Step => "step, rest: graph of operations",
        }
    }
}

/// What was counted for one operation since [`start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub operation: Operation,
    /// How often a timer of it ran.
    pub calls: u64,
    /// The time of all threads together under it, inner timers' left out.
    pub time: Duration,
}

struct Counter {
    calls: AtomicU64,
    nanoseconds: AtomicU64,
}

static ON: AtomicBool = AtomicBool::new(false);
static COUNTERS: [Counter; Operation::ALL.len()] =
    [const { Counter { calls: AtomicU64::new(0), nanoseconds: AtomicU64::new(0) } }; Operation::ALL.len()];

thread_local! {
    /// Nanoseconds of this thread that finished timers have taken from the one around them.
    static INNER: Cell<u64> = const { Cell::new(0) };
}

/// Counts from now on, from zero.
pub fn start() {
    for counter in &COUNTERS {
        counter.calls.store(0, Relaxed);
        counter.nanoseconds.store(0, Relaxed);
    }
    ON.store(true, Relaxed);
}

/// Counts no more, and gives what was counted, operations that never ran left out.
pub fn stop() -> Vec<Entry> {
    ON.store(false, Relaxed);
    let entry = |operation: Operation| {
        let counter = &COUNTERS[operation as usize];
        let (calls, nanoseconds) = (counter.calls.load(Relaxed), counter.nanoseconds.load(Relaxed));
        Entry { operation, calls, time: Duration::from_nanos(nanoseconds) }
    };
    Operation::ALL.into_iter().map(entry).filter(|entry| entry.calls > 0).collect()
}

/// Counts the time of this thread under `operation` until what it returns is dropped.
#[inline]
#[must_use = "the time counts until this is dropped"]
pub fn time(operation: Operation) -> Timer {
    Timer(if ON.load(Relaxed) { Some(Running::start(operation)) } else { None })
}

/// A stopwatch that runs until it is dropped, if it runs at all.
#[derive(Debug)]
pub struct Timer(Option<Running>);

#[derive(Debug)]
struct Running {
    operation: Operation,
    start: Instant,
    /// What [`INNER`] was at the start: it belongs to the timer around this one.
    outer: u64,
}

impl Running {
    #[cold]
    fn start(operation: Operation) -> Self {
        Self { operation, outer: INNER.replace(0), start: Instant::now() }
    }
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        if let Some(running) = self.0.take() {
            running.end();
        }
    }
}

impl Running {
    #[cold]
    fn end(self) {
        let elapsed = self.start.elapsed().as_nanos() as u64;
        let inner = INNER.replace(self.outer + elapsed);
        let counter = &COUNTERS[self.operation as usize];
        counter.calls.fetch_add(1, Relaxed);
        counter.nanoseconds.fetch_add(elapsed.saturating_sub(inner), Relaxed);
    }
}
