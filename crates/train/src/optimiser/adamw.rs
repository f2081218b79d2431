//! AdamW (Loshchilov and Hutter 2019) as PyTorch computes it: decay first, decoupled; bias corrections count the
//! updates of each parameter by itself.

use std::collections::BTreeMap;

use bmae_kernels::adamw::{self, Coefficients};
use bmae_nn::ops::CpuValues;
use burn::tensor::{Device, Tensor};

use super::{Clipping, Optimiser, OptimiserState, Parameter, flat};

/// PyTorch's default; Burn's own AdamW defaults to 1e-5.
const EPSILON: f64 = 1e-8;

/// AdamW with the moments of every parameter that was updated so far.
///
/// On the CPU one pass over plain memory updates values and moments where they lie; other devices compose it.
#[derive(Debug, Clone)]
pub struct AdamW {
    betas: (f64, f64),
    moments: BTreeMap<String, Moments>,
}

#[derive(Debug, Clone)]
struct Moments {
    updates: i32,
    first: Moment,
    second: Moment,
}

/// A moment of one parameter: on the CPU plain memory, from the first fused update on.
#[derive(Debug, Clone)]
enum Moment {
    Plain(Vec<f32>),
    Tensor(Box<Tensor<1>>),
}

impl Moment {
    fn values(&self) -> Vec<f32> {
        match self {
            Self::Plain(values) => values.clone(),
            Self::Tensor(tensor) => flat(tensor),
        }
    }

    /// As plain memory, to be changed.
    fn plain(&mut self) -> &mut Vec<f32> {
        if let Self::Tensor(_) = self {
            *self = Self::Plain(self.values());
        }
        match self {
            Self::Plain(values) => values,
            Self::Tensor(_) => unreachable!("it was made plain"),
        }
    }

    /// It as a tensor of `device`, which nothing else refers to; it is to be put back.
    #[cfg(feature = "gpu")]
    fn take(&mut self, device: &Device) -> Tensor<1> {
        match std::mem::replace(self, Self::Plain(Vec::new())) {
            Self::Plain(values) => Tensor::from_floats(values.as_slice(), device),
            Self::Tensor(tensor) => *tensor,
        }
    }

    fn tensor(&self, device: &Device) -> Tensor<1> {
        match self {
            Self::Plain(values) => Tensor::from_floats(values.as_slice(), device),
            Self::Tensor(tensor) => (**tensor).clone(),
        }
    }
}

impl Moments {
    /// The next update of `value` by `gradient` where they lie on a device besides the processor: by one kernel where it is a GPU.
    fn elsewhere(
        &mut self,
        betas: (f64, f64),
        rate: f64,
        weight_decay: f64,
        (value, gradient): (Tensor<1>, Tensor<1>),
        clipping: &Clipping,
    ) -> Tensor<1> {
        #[cfg(feature = "gpu")]
        if let Clipping::OnDevice { norm, maximum } = clipping
            && bmae_nn::ops::is_updated_on_gpu(&value)
        {
            let device = value.device();
            let coefficients = Coefficients::new(rate, betas, EPSILON, weight_decay, self.updates);
            let moments = [&mut self.first, &mut self.second].map(|moment| moment.take(&device));
            let clipping = (Tensor::clone(norm), *maximum);
            let updated = bmae_nn::ops::adamw_on_gpu(&coefficients, value, gradient, moments, clipping);
            let [value, first, second] = updated;
            [self.first, self.second] = [first, second].map(|moment| Moment::Tensor(Box::new(moment)));
            return value;
        }
        self.composed(betas, rate, weight_decay, value, clipping.apply(gradient))
    }

    /// The next update of `value` by `gradient`, composed of Burn's operations.
    fn composed(
        &mut self,
        (beta_1, beta_2): (f64, f64),
        rate: f64,
        weight_decay: f64,
        value: Tensor<1>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let device = value.device();
        let first = self.first.tensor(&device) * beta_1 + gradient.clone() * (1.0 - beta_1);
        let second = self.second.tensor(&device) * beta_2 + gradient.clone() * gradient * (1.0 - beta_2);
        self.first = Moment::Tensor(Box::new(first.clone()));
        self.second = Moment::Tensor(Box::new(second.clone()));

        let correction_1 = 1.0 - beta_1.powi(self.updates);
        let correction_2 = 1.0 - beta_2.powi(self.updates);
        let denominator = second.sqrt() / correction_2.sqrt() + EPSILON;
        value * (1.0 - rate * weight_decay) - first / denominator * (rate / correction_1)
    }
}

impl AdamW {
    /// AdamW without moments; `betas` as (first, second).
    pub fn new(betas: (f64, f64)) -> Self {
        Self { betas, moments: BTreeMap::new() }
    }

    /// Forgets what is known of a parameter: its next update counts as its first.
    pub fn forget(&mut self, name: &str) {
        self.moments.remove(name);
    }

    /// What is known of the parameter `from` belongs to `to` from now on; nothing is known of `from` any more.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(moments) = self.moments.remove(from) {
            self.moments.insert(to.to_owned(), moments);
        }
    }

    /// What is known of `parameter`, of `length` values, in its next update.
    fn next(&mut self, parameter: &str, length: usize) -> &mut Moments {
        if !self.moments.contains_key(parameter) {
            let zeros = || Moment::Plain(vec![0.0; length]);
            self.moments.insert(parameter.to_owned(), Moments { updates: 0, first: zeros(), second: zeros() });
        }
        let moments = self.moments.get_mut(parameter).unwrap_or_else(|| unreachable!("it was just put there"));
        moments.updates += 1;
        moments
    }
}

/// An update about to be made with many others, or made.
#[allow(
    clippy::large_enum_variant,
    reason = "there is a list of them for the time of one update; how large a tensor is depends on the feature"
)]
enum Prepared<'a> {
    Fused { coefficients: Coefficients, value: CpuValues, gradient: CpuValues, moments: &'a mut Moments },
    Elsewhere(Tensor<1>),
}

impl Prepared<'_> {
    fn fused(&mut self) -> Option<adamw::Update<'_>> {
        let Self::Fused { coefficients, value, gradient, moments } = self else { return None };
        let Moments { first, second, .. } = &mut **moments;
        Some(adamw::Update {
            coefficients: *coefficients,
            values: value.values_mut(),
            gradient: gradient.values(),
            first_moment: first.plain(),
            second_moment: second.plain(),
        })
    }

    fn into_tensor(self) -> Tensor<1> {
        match self {
            Self::Fused { value, .. } => value.into_tensor(),
            Self::Elsewhere(value) => value,
        }
    }
}

impl Optimiser for AdamW {
    fn update(&mut self, parameter: Parameter<'_>, rate: f64, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let mut updated = self.update_all(vec![(parameter, rate, value, gradient)], &Clipping::NONE);
        updated.pop().unwrap_or_else(|| unreachable!("one update gives one value"))
    }

    fn update_all(
        &mut self,
        updates: Vec<(Parameter<'_>, f64, Tensor<1>, Tensor<1>)>,
        clipping: &Clipping,
    ) -> Vec<Tensor<1>> {
        for (parameter, _, value, _) in &updates {
            self.next(parameter.name, value.dims()[0]);
        }
        let betas = self.betas;
        let mut moments: BTreeMap<&str, &mut Moments> =
            self.moments.iter_mut().map(|(name, moments)| (name.as_str(), moments)).collect();
        let prepare = |(parameter, rate, value, gradient): (Parameter<'_>, f64, _, _)| {
            let moments = moments.remove(parameter.name).unwrap_or_else(|| unreachable!("it was just put there"));
            // Elsewhere the kernel clips.
            let gradient = match clipping {
                Clipping::By(_) => clipping.apply(gradient),
                Clipping::OnDevice { .. } => gradient,
            };
            match CpuValues::pair(value, gradient) {
                Ok((value, gradient)) => {
                    let coefficients = Coefficients::new(rate, betas, EPSILON, parameter.weight_decay, moments.updates);
                    Prepared::Fused { coefficients, value, gradient, moments }
                }
                Err((value, gradient)) => {
                    let both = (value, gradient);
                    Prepared::Elsewhere(moments.elsewhere(betas, rate, parameter.weight_decay, both, clipping))
                }
            }
        };
        let mut prepared: Vec<Prepared<'_>> = updates.into_iter().map(prepare).collect();
        adamw::update_all(prepared.iter_mut().filter_map(Prepared::fused).collect());
        prepared.into_iter().map(Prepared::into_tensor).collect()
    }

    fn state(&self) -> OptimiserState {
        let mut state = OptimiserState::new();
        for (name, moments) in &self.moments {
            state.insert(format!("{name}/updates"), vec![moments.updates as f32]);
            state.insert(format!("{name}/first"), moments.first.values());
            state.insert(format!("{name}/second"), moments.second.values());
        }
        state
    }

    fn remembered(length: usize) -> Vec<(&'static str, usize)> {
        vec![("updates", 1), ("first", length), ("second", length)]
    }

    fn restore(&mut self, mut state: OptimiserState, _: &Device) {
        let names: Vec<String> =
            state.keys().filter_map(|key| key.strip_suffix("/updates")).map(str::to_owned).collect();
        self.moments = names
            .into_iter()
            .filter_map(|name| {
                let mut take = |part: &str| state.remove(&format!("{name}/{part}"));
                let moments = Moments {
                    updates: *take("updates")?.first()? as i32,
                    first: Moment::Plain(take("first")?),
                    second: Moment::Plain(take("second")?),
                };
                Some((name, moments))
            })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETER: Parameter<'static> = Parameter { name: "w", dimensions: 2, weight_decay: 0.05 };

    fn update(optimiser: &mut AdamW, value: f32, gradient: f32) -> f32 {
        let device = Device::flex();
        let tensor = |x: f32| Tensor::<1>::from_floats([x], &device);
        flat(&optimiser.update(PARAMETER, 0.1, tensor(value), tensor(gradient)))[0]
    }

    /// The same update in f64, written from Loshchilov and Hutter 2019, algorithm 2.
    fn by_hand(gradients: &[f64]) -> f64 {
        let (mut w, mut m, mut v) = (1.0, 0.0, 0.0);
        for (t, g) in gradients.iter().enumerate() {
            w -= 0.1 * 0.05 * w;
            m = 0.9 * m + 0.1 * g;
            v = 0.95 * v + 0.05 * g * g;
            let t = t as i32 + 1;
            let (m_hat, v_hat) = (m / (1.0 - 0.9f64.powi(t)), v / (1.0 - 0.95f64.powi(t)));
            w -= 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
        }
        w
    }

    #[test]
    fn three_updates_agree_with_the_algorithm_written_out() {
        let mut optimiser = AdamW::new((0.9, 0.95));
        let mut value = 1.0;
        for gradient in [0.3, -0.2, 0.05] {
            value = update(&mut optimiser, value, gradient);
        }
        // f32 against f64: a few ulps of a value near 1.
        assert!((f64::from(value) - by_hand(&[0.3, -0.2, 0.05])).abs() < 1e-6, "{value}");
    }

    #[test]
    fn the_composed_update_of_other_devices_agrees_with_the_fused_one_and_both_can_take_turns() {
        let betas = (0.9, 0.95);
        let tensor = |values: [f32; 3]| Tensor::<1>::from_floats(values, &Device::flex());
        let (mut fused, mut composed) = (AdamW::new(betas), AdamW::new(betas));
        let (mut one, mut other) = (tensor([1.0, -2.0, 0.5]), tensor([1.0, -2.0, 0.5]));
        for (update, gradient) in
            [[0.3, -0.1, 1e-6], [-0.2, 0.4, 0.0], [0.1, 0.1, 2.0]].map(tensor).into_iter().enumerate()
        {
            one = fused.update(PARAMETER, 0.1, one, gradient.clone());
            other = match update {
                1 => composed.update(PARAMETER, 0.1, other, gradient),
                _ => composed.next("w", 3).composed(betas, 0.1, 0.05, other, gradient),
            };
        }
        for (one, other) in flat(&one).into_iter().zip(flat(&other)) {
            assert!((one - other).abs() < 1e-6, "{one}, {other}");
        }
    }

    #[test]
    fn epsilon_is_1e_8_so_that_a_tiny_gradient_still_moves_its_parameter_by_the_rate() {
        let undecayed = Parameter { weight_decay: 0.0, ..PARAMETER };
        let one = |x: f32| Tensor::<1>::from_floats([x], &Device::flex());
        let moved = flat(&AdamW::new((0.9, 0.95)).update(undecayed, 0.1, one(0.0), one(1e-7)))[0];
        // 0.1 * 1e-7 / (1e-7 + 1e-8).
        assert!((moved + 0.1 / 1.1).abs() < 1e-4, "{moved}");
    }

    #[test]
    fn a_restored_optimiser_takes_the_same_next_step() {
        let mut original = AdamW::new((0.9, 0.95));
        let value = update(&mut original, 1.0, 0.3);
        let mut restored = AdamW::new((0.9, 0.95));
        restored.restore(original.state(), &Device::flex());
        assert_eq!(update(&mut restored, value, -0.2), update(&mut original, value, -0.2));
    }

    #[test]
    fn a_renamed_parameter_goes_on_with_its_moments_and_its_old_name_starts_anew() {
        let mut optimiser = AdamW::new((0.9, 0.95));
        update(&mut optimiser, 1.0, 0.3);
        let before = optimiser.state();
        optimiser.rename("w", "v");
        let state = optimiser.state();
        assert_eq!(state.keys().collect::<Vec<_>>(), ["v/first", "v/second", "v/updates"]);
        assert_eq!(state.values().collect::<Vec<_>>(), before.values().collect::<Vec<_>>());
        assert_eq!(update(&mut optimiser, 1.0, -0.2), update(&mut AdamW::new((0.9, 0.95)), 1.0, -0.2));
    }

    #[test]
    fn a_forgotten_parameter_counts_its_updates_from_one_again() {
        let mut optimiser = AdamW::new((0.9, 0.95));
        update(&mut optimiser, 1.0, 0.3);
        optimiser.forget("w");
        assert_eq!(update(&mut optimiser, 1.0, -0.2), update(&mut AdamW::new((0.9, 0.95)), 1.0, -0.2));
    }
}
