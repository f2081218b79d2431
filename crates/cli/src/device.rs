//! The device that computes.

use bmae_train::device::{Device, DeviceChoice};
use bmae_train::device_check;

use crate::arguments::Everywhere;
use crate::ending::Ending;
use crate::output::Output;

/// Opens what the command line asks for, and says what it is where that is not plain.
///
/// # Errors
/// When this build or machine has none, or it computes wrong.
pub fn open(everywhere: &Everywhere, output: &Output) -> Result<Device, Ending> {
    let choice = DeviceChoice::from(everywhere.device);
    #[cfg(feature = "gpu-spirv")]
    let choice = match (choice, trial::crash()) {
        (DeviceChoice::Cpu, _) | (_, None) => choice,
        (DeviceChoice::Gpu, Some(error)) => return Err(error.into()),
        (DeviceChoice::Auto, Some(error)) => {
            output.note(&format!("computing on the processor: {error}"));
            DeviceChoice::Cpu
        }
    };
    let opened = device_check::open(choice)?;
    if let Some(told) = &opened.told {
        output.note(told);
    }
    Ok(opened.device)
}

/// Some drivers crash over kernels in SPIR-V, and take the process along: so another one tries them first.
#[cfg(feature = "gpu-spirv")]
pub mod trial {
    use std::process::Command;

    use bmae_train::TrainError;
    use bmae_train::device::DeviceChoice;
    use bmae_train::device_check;

    /// Asks a process of this program to be the one that tries.
    const VARIABLE: &str = "BMAE_TRY_GPU";

    /// Whether this process is; it has tried then.
    pub fn was_this() -> bool {
        let asked = std::env::var_os(VARIABLE).is_some();
        if asked {
            // What is wrong, the process that asked finds itself.
            let _ = device_check::open(DeviceChoice::Gpu);
        }
        asked
    }

    /// What to say of a driver that crashes.
    pub fn crash() -> Option<TrainError> {
        let tried = Command::new(std::env::current_exe().ok()?).env(VARIABLE, "1").output().ok()?;
        let what = format!("its driver crashed over kernels in SPIR-V ({})", tried.status);
        let device = "this GPU".to_owned();
        (!tried.status.success()).then_some(TrainError::WrongDevice { device, what })
    }
}
