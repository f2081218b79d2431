//! Where tensors live.

pub use burn::tensor::Device;

use crate::TrainError;

/// What the work is done on.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Where steps are computed, without autodiff.
    pub device: Device,
    /// Threads that compute, where the processor does, and as many that load images.
    pub threads: usize,
}

/// A device by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The processor, through Burn's Flex backend.
    #[default]
    Cpu,
    /// A GPU, through wgpu; needs the feature `gpu`.
    Gpu,
    /// A GPU where the build and the machine have one, else the processor.
    Auto,
}

/// A GPU of this machine.
#[derive(Debug, Clone)]
pub struct Gpu {
    /// It, without autodiff.
    pub device: Device,
    /// What it calls itself, and the language that its kernels are compiled to.
    pub name: String,
    /// Whether it is a card, and no program that behaves like one.
    pub is_hardware: bool,
}

impl Gpu {
    /// The best GPU of this machine.
    ///
    /// # Errors
    /// When this build has no feature for it, or the machine has none.
    pub fn find() -> Result<Self, TrainError> {
        find()
    }
}

#[cfg(feature = "gpu")]
fn find() -> Result<Gpu, TrainError> {
    use burn::tensor::{DeviceKind, DeviceType};

    let none = || TrainError::NoGpu { reason: "no driver offers one".to_owned() };
    let failed = |reason| TrainError::NoGpu { reason };
    // Where there is none, to open one fails in a way that says nothing.
    let is_any = quietly(|| Device::enumerate(DeviceType::Wgpu).into_iter().next().is_some()).map_err(failed)?;
    let opened = is_any.then(|| {
        quietly(|| {
            let device = Device::wgpu(DeviceKind::DefaultDevice);
            device.identity().map(|identity| (device, identity))
        })
    });
    let (device, identity) = opened.ok_or_else(none)?.map_err(failed)?.ok_or_else(none)?;
    let language = if cfg!(feature = "gpu-spirv") { "SPIR-V where it is taken" } else { "WGSL" };
    let name = format!("{} ({language})", identity.name);
    Ok(Gpu { device, name, is_hardware: identity.physical.is_some() })
}

#[cfg(not(feature = "gpu"))]
fn find() -> Result<Gpu, TrainError> {
    Err(TrainError::NoSuchDevice { device: "gpu".to_owned() })
}

/// What `work` gives; the message of a panic in it, which nothing else is told of. Drivers and their libraries panic where no GPU
/// is there, or fails.
///
/// # Errors
/// With that message.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    std::panic::set_hook(hook);
    done.map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref().copied());
        let first = text.unwrap_or("no message").lines().find(|line| !line.trim().is_empty());
        first.unwrap_or("no message").trim().to_owned()
    })
}
