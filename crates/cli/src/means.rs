//! What all sessions of one command compute with.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bmae_train::Session;
use bmae_train::device::Device;
use bmae_train::estimate::Effort;

use crate::arguments::Everywhere;
use crate::device;
use crate::ending::Ending;
use crate::interrupt;
use crate::output::Output;
use crate::progress::Progress;
use crate::provenance::provenance;
use crate::ranks;
use crate::threads;

/// Device, threads, the flag by which Ctrl-C stops a session, and what is estimated before one starts.
pub struct Means {
    device: Device,
    threads: usize,
    stop: Arc<AtomicBool>,
    effort: Effort,
}

impl Means {
    /// As the command line asks; once in a process.
    ///
    /// # Errors
    /// When there is no such device, or the system gives no threads or refuses a signal handler.
    pub fn of(everywhere: &Everywhere, output: &Output) -> Result<Self, Ending> {
        let threads = threads::set(everywhere.threads)?;
        let stop = interrupt::stop_when_asked()?;
        Ok(Self { device: device::open(everywhere, output)?, threads, stop, effort: output.effort() })
    }

    /// A session that `progress` shows.
    pub fn session<'a>(&self, progress: &'a mut Progress) -> Session<'a> {
        let session = Session::new(self.device.clone(), self.threads, Arc::clone(&self.stop), progress);
        session.with_provenance(provenance()).with_estimates(self.effort).with_ranks(ranks::all())
    }
}
