//! The device that computes.

use bmae_train::device::Device;
use bmae_train::device_check;

use crate::arguments::Everywhere;
use crate::ending::Ending;
use crate::output::Output;

/// Opens what the command line asks for, and says what it is where that is not plain.
///
/// # Errors
/// When this build or machine has none, or it computes wrong.
pub fn open(everywhere: &Everywhere, output: &Output) -> Result<Device, Ending> {
    let opened = device_check::open(everywhere.device.into())?;
    if let Some(told) = &opened.told {
        output.note(told);
    }
    Ok(opened.device)
}
