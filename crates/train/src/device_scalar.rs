//! Single numbers that a step computes, such as its loss. They stay on their device until somebody needs them: to read one from a GPU
//! is to wait for all that was asked of it before, and meanwhile it gets no new work.

use std::ops::{Add, Mul};
use std::sync::atomic::{AtomicU64, Ordering};

use bmae_nn::ops::CpuValues;
use burn::tensor::Tensor;

use crate::ranks::Ranks;

/// How often this process waited for a device.
static WAITS: AtomicU64 = AtomicU64::new(0);

/// How often this process has waited for a GPU to tell numbers of its steps.
pub fn waits() -> u64 {
    WAITS.load(Ordering::Relaxed)
}

/// A number of a step. One that the processor computed is known at once.
#[derive(Debug, Clone)]
pub enum DeviceScalar {
    /// It is known.
    Known(f64),
    /// It is on a device, `[1]`, without autodiff.
    OnDevice(Box<Tensor<1>>),
}

impl Default for DeviceScalar {
    /// Zero.
    fn default() -> Self {
        Self::Known(0.0)
    }
}

impl From<f64> for DeviceScalar {
    fn from(number: f64) -> Self {
        Self::Known(number)
    }
}

impl From<Tensor<1>> for DeviceScalar {
    /// The number in `tensor` `[1]`, which is without autodiff.
    fn from(tensor: Tensor<1>) -> Self {
        match CpuValues::of(tensor) {
            Ok(values) => Self::Known(f64::from(values.values()[0])),
            Err(tensor) => Self::OnDevice(Box::new(tensor)),
        }
    }
}

impl DeviceScalar {
    /// The number; waits for its device.
    pub fn item(&self) -> f64 {
        Self::items(std::slice::from_ref(self))[0]
    }

    /// The numbers, of one device; waits for it once.
    pub fn items(numbers: &[Self]) -> Vec<f64> {
        let on_device = numbers.iter().filter_map(|number| match number {
            Self::Known(_) => None,
            Self::OnDevice(tensor) => Some((**tensor).clone()),
        });
        let on_device: Vec<Tensor<1>> = on_device.collect();
        let mut read = Vec::new();
        if !on_device.is_empty() {
            WAITS.fetch_add(1, Ordering::Relaxed);
            read.extend(Tensor::cat(on_device, 0).into_data().iter::<f32>().map(f64::from));
        }
        let mut read = read.into_iter();
        let of_one = |number: &Self| match number {
            Self::Known(number) => *number,
            Self::OnDevice(_) => read.next().unwrap_or(f64::NAN),
        };
        numbers.iter().map(of_one).collect()
    }

    /// The sum of this number of each of `ranks`; waits for the device where there are several.
    pub fn sum_over(self, ranks: &Ranks) -> Self {
        match ranks.count() {
            1 => self,
            _ => ranks.sums(&[self.item()])[0].into(),
        }
    }

    /// Whether it is known without waiting.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }
}

impl Add for DeviceScalar {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => Self::Known(one + other),
            (Self::OnDevice(one), Self::OnDevice(other)) => Self::OnDevice(Box::new(*one + *other)),
            (Self::OnDevice(tensor), Self::Known(number)) | (Self::Known(number), Self::OnDevice(tensor)) => {
                Self::OnDevice(Box::new(*tensor + number))
            }
        }
    }
}

impl Mul<f64> for DeviceScalar {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        match self {
            Self::Known(number) => Self::Known(number * factor),
            Self::OnDevice(tensor) => Self::OnDevice(Box::new(*tensor * factor)),
        }
    }
}
