//! Jobs of which some wait for others, over all threads: nobody waits for the slowest piece of a step that the next
//! step does not need.
//!
//! A job is a number; those with lower numbers go first. What jobs compute must not depend on the order in which those
//! that do not wait for each other run: then the result does not depend on the number of threads.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::profile::{Operation, time};

/// Jobs, and which waits for which.
#[derive(Debug, Default)]
pub(crate) struct JobGraph {
    /// How many jobs each waits for.
    waits_for: Vec<usize>,
    /// The jobs that wait for each.
    followers: Vec<Vec<usize>>,
}

impl JobGraph {
    /// Adds a job that waits for `earlier` ones; gives its number: 0, 1, 2, ...
    pub fn add(&mut self, earlier: impl IntoIterator<Item = usize>) -> usize {
        let job = self.waits_for.len();
        self.waits_for.push(0);
        self.followers.push(Vec::new());
        for earlier in earlier {
            assert!(earlier < job, "a job waits for earlier ones");
            self.waits_for[job] += 1;
            self.followers[earlier].push(job);
        }
        job
    }

    /// Runs every job once, over all threads of the calling rayon pool; each thread that gets one begins with a `state`
    /// of its own.
    pub fn run<T>(self, state: impl Fn() -> T + Sync, work: impl Fn(&mut T, usize) + Sync) {
        let Self { waits_for, followers } = self;
        let ready: BinaryHeap<_> =
            waits_for.iter().enumerate().filter(|(_, count)| **count == 0).map(|(job, _)| Reverse(job)).collect();
        let threads = rayon::current_num_threads().min(waits_for.len());
        let queue =
            Queue { left: Mutex::new(Left { ready, jobs: waits_for.len(), waits_for }), changed: Condvar::new() };
        let take_jobs = || {
            let mut of_thread = None;
            while let Some(job) = queue.next() {
                let mut running = Running { queue: &queue, followers: &followers[job], is_done: false };
                work(of_thread.get_or_insert_with(&state), job);
                running.is_done = true;
            }
        };
        rayon::scope(|scope| {
            (1..threads).for_each(|_| scope.spawn(|_| take_jobs()));
            take_jobs();
        });
    }
}

/// The jobs that are left to begin.
struct Queue {
    left: Mutex<Left>,
    changed: Condvar,
}

struct Left {
    /// Wait for nothing any more.
    ready: BinaryHeap<Reverse<usize>>,
    /// Not done yet, running ones included.
    jobs: usize,
    waits_for: Vec<usize>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, once there is one; `None` when all are done.
    fn next(&self) -> Option<usize> {
        let mut left = self.lock();
        loop {
            if left.jobs == 0 {
                return None;
            }
            if let Some(Reverse(job)) = left.ready.pop() {
                return Some(job);
            }
            let _timer = time(Operation::Waiting);
            left = self.changed.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A job at work. When it ends, those that waited for it may begin; when it panics, no other begins, so that the panic
/// reaches the caller.
struct Running<'a> {
    queue: &'a Queue,
    followers: &'a [usize],
    is_done: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut left = self.queue.lock();
        if !self.is_done {
            left.jobs = 0;
            self.queue.changed.notify_all();
            return;
        }
        let mut begin = 0;
        for &follower in self.followers {
            left.waits_for[follower] -= 1;
            if left.waits_for[follower] == 0 {
                left.ready.push(Reverse(follower));
                begin += 1;
            }
        }
        left.jobs = left.jobs.saturating_sub(1);
        // This thread takes one itself.
        match (left.jobs, begin) {
            (0, _) => self.queue.changed.notify_all(),
            _ => (1..begin).for_each(|_| self.queue.changed.notify_one()),
        }
    }
}

/// What a job leaves for those that wait for it.
#[derive(Debug)]
pub(crate) struct Slot<T>(Mutex<Option<Arc<T>>>);

impl<T> Slot<T> {
    /// With nothing in it.
    pub fn empty() -> Self {
        Self(Mutex::new(None))
    }

    /// With `value` in it.
    pub fn of(value: T) -> Self {
        Self(Mutex::new(Some(Arc::new(value))))
    }

    pub fn put(&self, value: T) {
        *self.lock() = Some(Arc::new(value));
    }

    /// What was put here.
    ///
    /// # Panics
    /// When nothing was, or it was taken: the job at work did not wait for the right ones.
    pub fn get(&self) -> Arc<T> {
        self.lock().clone().expect("a job waits for those whose results it reads")
    }

    /// What was put here, which nobody else needs any more; `None` when nothing was.
    pub fn take(&self) -> Option<Arc<T>> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    fn on(threads: usize, run: impl FnOnce() + Send) {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(run);
    }

    #[test]
    fn every_job_runs_once_and_after_those_that_it_waits_for() {
        for threads in [1, 2, 5] {
            on(threads, || {
                let mut graph = JobGraph::default();
                let waits: Vec<Vec<usize>> =
                    (0..200).map(|job| (0..job).filter(|e| job % (e + 2) == 0).collect()).collect();
                for earlier in &waits {
                    graph.add(earlier.iter().copied());
                }
                let done: Vec<AtomicUsize> = (0..200).map(|_| AtomicUsize::new(0)).collect();
                graph.run(
                    || (),
                    |(), job| {
                        assert!(waits[job].iter().all(|earlier| done[*earlier].load(SeqCst) == 1));
                        done[job].fetch_add(1, SeqCst);
                    },
                );
                assert!(done.iter().all(|count| count.load(SeqCst) == 1));
            });
        }
    }

    #[test]
    fn on_one_thread_the_lowest_number_that_waits_for_nothing_goes_first() {
        let order = Mutex::new(Vec::new());
        on(1, || {
            let mut graph = JobGraph::default();
            let first = graph.add([]);
            let second = graph.add([]);
            graph.add([second]);
            graph.add([first]);
            graph.run(|| (), |(), job| order.lock().expect("no panic").push(job));
        });
        assert_eq!(order.into_inner().expect("no panic"), [0, 1, 2, 3]);
    }

    #[test]
    fn no_jobs_are_no_work() {
        JobGraph::default().run(|| (), |(), _| unreachable!());
    }

    #[test]
    #[should_panic(expected = "job 3")]
    fn a_panic_reaches_the_caller_though_others_wait() {
        on(3, || {
            let mut graph = JobGraph::default();
            for job in 0..10usize {
                graph.add(job.checked_sub(1));
            }
            graph.run(|| (), |(), job| assert_ne!(job, 3, "job 3"));
        });
    }
}
