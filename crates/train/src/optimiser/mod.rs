//! What happens to a parameter once its gradient is known.
//!
//! [`parameter_groups`] says which rule each parameter falls under, [`AdamW`] and [`Lars`] what an update is,
//! [`gradients`] how gradients are summed over micro-batches and clipped. Everything works on flattened tensors
//! without autodiff, keyed by the parameter's official name, so that one implementation serves every device and a
//! checkpoint is a plain list of named values.

mod adamw;
pub mod gradients;
mod lars;
pub mod parameter_groups;

pub use adamw::AdamW;
pub use gradients::{Clipping, GradientMap};
pub use lars::Lars;
pub use parameter_groups::{ParameterGroups, Rule};

use std::cell::RefCell;
use std::collections::BTreeMap;

use bmae_kernels::profile::{self, Operation};
use bmae_nn::parameters::{parameters, replace_parameters_at_once, take_module};
use bmae_output::count::count;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::device_scalar::DeviceScalar;

/// What an optimiser remembers between steps, as `<parameter>/<what>` and flat values.
pub type OptimiserState = BTreeMap<String, Vec<f32>>;

/// The update rule of one optimiser; what it remembers of a parameter begins at that parameter's first update.
pub trait Optimiser {
    /// The parameter after one step at `rate` (layer-wise scaling already applied).
    ///
    /// `value` and `gradient` are the whole parameter, flattened.
    fn update(&mut self, parameter: Parameter<'_>, rate: f64, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1>;

    /// The same for many parameters, each at its rate and with value and gradient, which is clipped first; gives what becomes of
    /// them, in order.
    fn update_all(
        &mut self,
        updates: Vec<(Parameter<'_>, f64, Tensor<1>, Tensor<1>)>,
        clipping: &Clipping,
    ) -> Vec<Tensor<1>> {
        let update = |(parameter, rate, value, gradient)| self.update(parameter, rate, value, clipping.apply(gradient));
        updates.into_iter().map(update).collect()
    }

    /// Everything that a resume needs.
    fn state(&self) -> OptimiserState;

    /// What it remembers of a parameter of `length` values once that was updated: the names, and how many values each has.
    fn remembered(length: usize) -> Vec<(&'static str, usize)>;

    /// Continues from a stored state, which is whole: all that is [`remembered`](Self::remembered) of each parameter.
    fn restore(&mut self, state: OptimiserState, device: &Device);
}

/// What an update rule may know about a parameter besides its values.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<'a> {
    /// Its official name.
    pub name: &'a str,
    /// Its number of dimensions, before flattening.
    pub dimensions: usize,
    /// The weight decay of its group.
    pub weight_decay: f64,
}

/// One step of `optimiser`, as [`step`] takes it, after the gradients' norm together was cut to `clip_norm` (0: not
/// cut). Gives the norm before that. Gradients of frozen parameters count for nothing: what is not updated has no say
/// in how far the rest may go. Where that norm is no finite number nothing is updated, so that what went wrong can
/// still be found in the weights; where it is not known yet, the gradients count as zeros then.
pub fn clipped_step<M: Module>(
    optimiser: &mut impl Optimiser,
    groups: &ParameterGroups,
    module: &mut M,
    mut gradients: GradientMap,
    clip_norm: f64,
    rate: f64,
) -> DeviceScalar {
    gradients.retain(|name, _| groups.rule(name) != Rule::Frozen);
    let norm = gradients::global_norm(&gradients);
    if norm.known().is_ok_and(|norm| !norm.is_finite()) {
        return norm;
    }
    take_step(optimiser, groups, module, gradients, rate, &Clipping::of(&norm, clip_norm));
    norm
}

/// One step of `optimiser` on every parameter of `module` that has a gradient and is not frozen.
///
/// `rate` is the schedule's; each parameter's group scales it. Parameters and gradients are changed where they lie:
/// nothing else should refer to them, or they are copied.
pub fn step<M: Module>(
    optimiser: &mut impl Optimiser,
    groups: &ParameterGroups,
    module: &mut M,
    gradients: GradientMap,
    rate: f64,
) {
    take_step(optimiser, groups, module, gradients, rate, &Clipping::NONE);
}

fn take_step<M: Module>(
    optimiser: &mut impl Optimiser,
    groups: &ParameterGroups,
    module: &mut M,
    mut gradients: GradientMap,
    rate: f64,
    clipping: &Clipping,
) {
    let _timer = profile::time(Operation::Optimiser);
    // Both closures ask for what was chosen.
    let chosen = RefCell::new(Vec::new());
    *module = replace_parameters_at_once(
        take_module(module),
        |name, _| {
            let Rule::Trained { weight_decay, rate_scale } = groups.rule(name) else { return false };
            let Some(gradient) = gradients.remove(name) else { return false };
            chosen.borrow_mut().push((weight_decay, rate * rate_scale, gradient));
            true
        },
        |taken| {
            let names: Vec<(String, usize)> =
                taken.iter().map(|taken| (taken.name.clone(), taken.shape.len())).collect();
            let updates = taken.into_iter().zip(chosen.take()).zip(&names);
            let updates = updates.map(|((taken, (weight_decay, rate, gradient)), (name, dimensions))| {
                (Parameter { name, dimensions: *dimensions, weight_decay }, rate, taken.values, gradient)
            });
            optimiser.update_all(updates.collect(), clipping)
        },
    );
}

const STORED: &str = "optimiser/";

/// What `optimiser` remembers, under names that no other part of a checkpoint uses.
pub(crate) fn storable_moments(optimiser: &impl Optimiser) -> BTreeMap<String, Vec<f32>> {
    optimiser.state().into_iter().map(|(name, values)| (format!("{STORED}{name}"), values)).collect()
}

/// Gives `optimiser` back what [`storable_moments`] took of it, after at least one step on `module` under `groups`;
/// everything else in `state` is left out.
///
/// # Errors
/// When a trained parameter lacks any of it, or has it in another length, or something is remembered of what is no
/// trained parameter; as a predicate about the state.
pub(crate) fn restore_moments<O: Optimiser>(
    optimiser: &mut O,
    groups: &ParameterGroups,
    module: &impl Module,
    state: &BTreeMap<String, Vec<f32>>,
    device: &Device,
) -> Result<(), String> {
    let mut left: OptimiserState = state
        .iter()
        .filter_map(|(name, values)| Some((name.strip_prefix(STORED)?.to_owned(), values.clone())))
        .collect();
    let mut whole = OptimiserState::new();
    for parameter in parameters(module).iter().filter(|parameter| groups.rule(&parameter.name) != Rule::Frozen) {
        for (what, length) in O::remembered(parameter.shape.iter().product()) {
            let name = format!("{}/{what}", parameter.name);
            match left.remove(&name) {
                None => return Err(format!("lacks {STORED}{name}")),
                Some(values) if values.len() != length => {
                    return Err(format!(
                        "has {} of {STORED}{name}, which has {length} here",
                        count(values.len(), "value")
                    ));
                }
                Some(values) => drop(whole.insert(name, values)),
            }
        }
    }
    if let Some(name) = left.keys().next() {
        return Err(format!("has {STORED}{name}, which nothing trains here"));
    }
    optimiser.restore(whole, device);
    Ok(())
}

/// The values of a flattened tensor.
fn flat(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}
