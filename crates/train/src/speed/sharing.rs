//! How long computing takes that shares a machine with the threads that load images.

use crate::device::Machine;

/// Who shares the processor with whom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sharing {
    /// Threads that load.
    workers: f64,
    /// Threads of the processor that compute: none where a device of its own does.
    computing: f64,
    /// Cores of the processor.
    cores: f64,
}

impl Sharing {
    pub fn of(machine: &Machine) -> Self {
        let is_processor = machine.device == crate::device::Device::flex();
        let threads = machine.threads.max(1) as f64;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64;
        Self { workers: threads, computing: if is_processor { threads } else { 0.0 }, cores }
    }

    /// Seconds of work that takes `computing` seconds alone and needs images that one thread loads in `loading` seconds:
    /// the longest of computing, of loading by all workers, and of both on all cores, of which neither waits for the
    /// other since batches are made ahead.
    pub fn together(self, computing: f64, loading: f64) -> f64 {
        let on_all_cores = (computing * self.computing.min(self.cores) + loading) / self.cores;
        computing.max(loading / self.workers).max(on_all_cores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Sharing = Sharing { workers: 2.0, computing: 2.0, cores: 2.0 };

    #[test]
    fn on_shared_cores_loading_adds_to_computing() {
        assert_eq!(TWO.together(1.0, 0.0), 1.0);
        assert_eq!(TWO.together(1.0, 0.5), 1.25);
        assert_eq!(TWO.together(0.0, 3.0), 1.5);
    }

    #[test]
    fn cores_that_do_not_compute_load_for_nothing() {
        let half = Sharing { workers: 2.0, computing: 2.0, cores: 4.0 };
        assert_eq!([half.together(1.0, 1.9), half.together(1.0, 4.0)], [1.0, 2.0]);
        let device = Sharing { computing: 0.0, ..TWO };
        assert_eq!([device.together(1.0, 1.5), device.together(1.0, 5.0)], [1.0, 2.5]);
    }
}
