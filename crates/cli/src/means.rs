//! What all sessions of one command compute with.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bmae_train::Session;
use bmae_train::device::DeviceChoice;

use crate::arguments::Everywhere;
use crate::ending::Ending;
use crate::interrupt;
use crate::progress::Progress;
use crate::provenance::provenance;
use crate::threads;

/// Device, threads, and the flag by which Ctrl-C stops a session.
pub struct Means {
    device: DeviceChoice,
    threads: usize,
    stop: Arc<AtomicBool>,
}

impl Means {
    /// As the command line asks; once in a process.
    ///
    /// # Errors
    /// When the system gives no threads or refuses a signal handler.
    pub fn of(everywhere: &Everywhere) -> Result<Self, Ending> {
        let threads = threads::set(everywhere.threads)?;
        Ok(Self { device: everywhere.device.into(), threads, stop: interrupt::stop_on_ctrl_c()? })
    }

    /// A session that `progress` shows.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn session<'a>(&self, progress: &'a mut Progress) -> Result<Session<'a>, Ending> {
        let session = Session::new(self.device, self.threads, Arc::clone(&self.stop), progress)?;
        Ok(session.with_provenance(provenance()))
    }
}
