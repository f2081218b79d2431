//! Work on many images before anybody says how many threads there shall be: on all processors.

use std::thread;

/// What `work` gives for each number below `count`, in their order.
pub fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get()).min(count.max(1));
    let share = |first: usize| (first..count).step_by(threads).map(&work).collect::<Vec<T>>();
    let parts: Vec<Vec<T>> = thread::scope(|scope| {
        let share = &share;
        // Where the system starts no thread, its share is done here.
        let begun: Vec<_> = (1..threads)
            .map(|first| (first, thread::Builder::new().spawn_scoped(scope, move || share(first))))
            .collect();
        let own = share(0);
        let others = begun.into_iter().map(|(first, thread)| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => share(first),
        });
        std::iter::once(own).chain(others).collect()
    });
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    (0..count).filter_map(|number| parts[number % threads].next()).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn every_number_is_worked_on_once_and_the_results_come_in_order() {
        for count in [0, 1, 2, 7, 1000] {
            assert_eq!(
                map(count, |number| number * number),
                (0..count).map(|number| number * number).collect::<Vec<_>>()
            );
        }
    }
}
