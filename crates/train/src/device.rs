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
    /// A GPU through Vulkan; needs the feature `vulkan`.
    Vulkan,
    /// An NVIDIA GPU; needs the feature `cuda`.
    Cuda,
    /// An Apple GPU; needs the feature `metal`.
    Metal,
}

impl DeviceChoice {
    /// Its name, which is also that of the feature that it needs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Vulkan => "vulkan",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }

    /// The device, without autodiff; an error that names the feature when this build lacks it.
    pub fn open(self) -> Result<Device, TrainError> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(Device::cuda(0)),
            #[cfg(feature = "metal")]
            Self::Metal => Ok(Device::metal(burn::tensor::DeviceKind::DefaultDevice)),
            #[allow(unreachable_patterns)]
            absent => Err(TrainError::NoSuchDevice { device: absent.name().to_owned() }),
        }
    }
}
