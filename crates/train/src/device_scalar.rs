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

/// A number of a step: a known one, and multiples of numbers that are still on a device. They are added up in double precision when
/// they are read, and add no work to the device before. What the processor computed is known at once.
#[derive(Debug, Clone, Default)]
pub struct DeviceScalar {
    known: f64,
    /// Tensors `[1]` without autodiff, and what each is multiplied by.
    on_device: Vec<(Tensor<1>, f64)>,
}

impl From<f64> for DeviceScalar {
    fn from(number: f64) -> Self {
        Self { known: number, on_device: Vec::new() }
    }
}

impl From<Tensor<1>> for DeviceScalar {
    /// The number in `tensor` `[1]`, which is without autodiff.
    fn from(tensor: Tensor<1>) -> Self {
        match CpuValues::of(tensor) {
            Ok(values) => f64::from(values.values()[0]).into(),
            Err(tensor) => Self { known: 0.0, on_device: vec![(tensor, 1.0)] },
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
        let tensors = numbers.iter().flat_map(|number| &number.on_device).map(|(tensor, _)| tensor.clone());
        let tensors: Vec<Tensor<1>> = tensors.collect();
        let mut read = Vec::new();
        if !tensors.is_empty() {
            WAITS.fetch_add(1, Ordering::Relaxed);
            read.extend(Tensor::cat(tensors, 0).into_data().iter::<f32>().map(f64::from));
        }
        let mut read = read.into_iter();
        let of_one = |number: &Self| {
            let terms = number.on_device.iter().map(|(_, factor)| read.next().unwrap_or(f64::NAN) * factor);
            number.known + terms.sum::<f64>()
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

    /// The number, where it is known without waiting, and else as a tensor `[1]` on its device.
    #[expect(clippy::result_large_err, reason = "it is the number as a tensor, not an error that travels")]
    pub fn known(&self) -> Result<f64, Tensor<1>> {
        let terms = self.on_device.iter().map(|(tensor, factor)| match *factor {
            1.0 => tensor.clone(),
            factor => tensor.clone() * factor,
        });
        match terms.reduce(|sum, term| sum + term) {
            None => Ok(self.known),
            Some(sum) if self.known == 0.0 => Err(sum),
            Some(sum) => Err(sum + self.known),
        }
    }

    /// Whether it is known without waiting.
    pub fn is_known(&self) -> bool {
        self.on_device.is_empty()
    }
}

impl Add for DeviceScalar {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.known += other.known;
        self.on_device.extend(other.on_device);
        self
    }
}

impl Mul<f64> for DeviceScalar {
    type Output = Self;

    fn mul(mut self, factor: f64) -> Self {
        self.known *= factor;
        self.on_device.iter_mut().for_each(|(_, earlier)| *earlier *= factor);
        self
    }
}
