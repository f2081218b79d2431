//! The target encoders of a run: created, copied and averaged, never trained.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bmae_kernels::ema;
use bmae_kernels::profile::{self, Operation};
use bmae_nn::ops::CpuValues;
use bmae_nn::ops::SelectedTokens;
use bmae_nn::parameters::{map_parameters, parameters, replace_parameters, take_module};
use bmae_nn::{Encoder, ShapeError};
use bmae_output::count::count;
use bmae_recipe::{CopyAt, EmaUnit, PlannedEpochs, Recipe, TargetRecipe};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::events::{TargetEvent, copied_at_end, copied_at_start, created, tau};
use super::loss::normalise;
use crate::observer::Message;
use crate::{TrainError, teacher};

/// All target encoders of a run, and when they change.
///
/// They live on the device without autodiff and outside the trained module, so nothing can ever give them a gradient
/// or an optimiser step.
#[derive(Debug)]
pub struct Targets {
    recipes: Vec<TargetRecipe>,
    /// The first epoch on features, at whose start the last of them are created; `None` for pixels throughout.
    switch: Option<usize>,
    /// When within its epoch a copied target is renewed.
    copy_at: CopyAt,
    epochs: PlannedEpochs,
    steps_per_epoch: usize,
    /// One per recipe; `None` before its creation.
    encoders: Vec<Option<Encoder>>,
    /// Whether the switch has been.
    switched: bool,
    /// One per recipe: what a fixed one is; `None` for those that are made of the student.
    teachers: Vec<Option<Encoder>>,
    /// Of every target's features.
    width: usize,
}

impl Targets {
    /// The targets of `recipe` in a training with epochs of `steps_per_epoch` steps. None exists yet; the weights of
    /// fixed ones are read onto `device`, which is without autodiff, and what a user should know of them goes to
    /// `tell`.
    ///
    /// # Errors
    /// When a fixed one has no weights that fit the recipe's patches, or the targets have several widths.
    pub fn new(
        recipe: &Recipe,
        steps_per_epoch: usize,
        device: &Device,
        tell: &mut dyn FnMut(Message),
    ) -> Result<Self, TrainError> {
        let method = &recipe.method;
        let recipes = method.targets();
        let mut teachers = Vec::with_capacity(recipes.len());
        for target in &recipes {
            let weights = target.update.weights();
            let open = |named| teacher::open(named, target.last_blocks, recipe, device, &mut *tell);
            teachers.push(weights.map(open).transpose()?);
        }
        let width = |teacher: &Option<Encoder>| teacher.as_ref().map_or(recipe.model.encoder.dim, Encoder::dim);
        let widths: BTreeSet<usize> = teachers.iter().map(width).collect();
        if widths.len() > 1 {
            return Err(TrainError::TargetWidths { widths: widths.into_iter().collect() });
        }
        Ok(Self {
            encoders: vec![None; recipes.len()],
            recipes,
            switched: false,
            switch: method.warmup_epochs(),
            copy_at: method.copy_at().unwrap_or(CopyAt::EpochStart),
            epochs: recipe.pretrain.stage.planned_epochs(),
            steps_per_epoch,
            teachers,
            width: widths.into_iter().next().unwrap_or(recipe.model.encoder.dim),
        })
    }

    /// No targets: pixels throughout.
    pub fn none() -> Self {
        Self {
            recipes: Vec::new(),
            switch: None,
            copy_at: CopyAt::EpochStart,
            epochs: PlannedEpochs::new(0, Vec::new()),
            steps_per_epoch: 0,
            encoders: Vec::new(),
            switched: false,
            teachers: Vec::new(),
            width: 0,
        }
    }

    /// One target that exists from the beginning and never changes; `encoder` is on the device without autodiff.
    pub fn fixed(recipe: TargetRecipe, encoder: Encoder) -> Self {
        let width = encoder.dim();
        let teachers = vec![Some(encoder)];
        Self { recipes: vec![recipe], encoders: teachers.clone(), teachers, switched: true, width, ..Self::none() }
    }

    /// How many features each has of a patch.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether features are predicted, not pixels.
    pub fn exist(&self) -> bool {
        self.switched
    }

    /// Whether features are predicted in `epoch`.
    pub fn exist_in(&self, epoch: usize) -> bool {
        self.switch.is_some_and(|switch| epoch >= switch)
    }

    /// Creation and copies before the training of `epoch`.
    pub fn start_epoch(&mut self, epoch: usize, student: &Encoder) -> Option<TargetEvent> {
        let switch = self.switch?;
        for ((encoder, teacher), recipe) in self.encoders.iter_mut().zip(&self.teachers).zip(&self.recipes) {
            if epoch == switch || epoch == created(recipe, switch) {
                encoder.get_or_insert_with(|| teacher.clone().unwrap_or_else(|| frozen_copy(student)));
            }
        }
        if epoch == switch {
            self.switched = true;
            return Some(TargetEvent::Switch);
        }
        self.copy_where(student, |recipe, at| copied_at_start(recipe, at, switch, epoch))
    }

    /// Averages in the unit of a step, after the step number `step` (from 0) of `epoch`.
    pub fn after_step(&mut self, epoch: usize, step: usize, student: &Encoder) {
        self.average(student, EmaUnit::Step, epoch * self.steps_per_epoch + step);
    }

    /// Averages and copies after the training of `epoch`.
    pub fn end_epoch(&mut self, epoch: usize, student: &Encoder) -> Option<TargetEvent> {
        let switch = self.switch?;
        let averaged = self.average(student, EmaUnit::Epoch, epoch);
        let copied = self.copy_where(student, |recipe, at| copied_at_end(recipe, at, switch, epoch));
        copied.max(averaged)
    }

    /// What [`start_epoch`](Self::start_epoch) did before the training of `epoch`, for targets that were restored since.
    pub fn started(&self, epoch: usize) -> Option<TargetEvent> {
        if self.switch == Some(epoch) {
            return Some(TargetEvent::Switch);
        }
        (!self.copied_at_start(epoch).is_empty()).then_some(TargetEvent::Copy)
    }

    /// The targets, by their number in the recipe, that [`start_epoch`](Self::start_epoch) replaces by the student; none
    /// where it creates them.
    pub fn copied_at_start(&self, epoch: usize) -> Vec<usize> {
        self.copied(|recipe, at, switch| copied_at_start(recipe, at, switch, epoch))
    }

    /// The same of [`end_epoch`](Self::end_epoch).
    pub fn copied_at_end(&self, epoch: usize) -> Vec<usize> {
        self.copied(|recipe, at, switch| copied_at_end(recipe, at, switch, epoch))
    }

    fn copied(&self, when: impl Fn(&TargetRecipe, CopyAt, usize) -> bool) -> Vec<usize> {
        let Some(switch) = self.switch.filter(|_| self.exist()) else { return Vec::new() };
        let numbered = self.recipes.iter().enumerate();
        numbered.filter(|(_, recipe)| when(recipe, self.copy_at, switch)).map(|(number, _)| number).collect()
    }

    /// The features that the student is asked to predict, one [N, L, D] per target: the whole image seen, the final
    /// norm applied, the class token left out, normalised as the target's recipe says.
    ///
    /// `patches` [N, L, p*p*3] without autodiff.
    pub fn features(&self, patches: &Tensor<3>) -> Result<Vec<Tensor<3>>, ShapeError> {
        let of_one = |(encoder, recipe): (&Encoder, &TargetRecipe)| {
            let tokens = encoder.forward_last_blocks(patches.clone(), recipe.last_blocks)?;
            let [images, tokens_each, dim] = tokens.dims();
            Ok(normalise(tokens.slice([0..images, 1..tokens_each, 0..dim]), recipe.normalisation))
        };
        self.predicted().map(of_one).collect()
    }

    /// The [`features`](Self::features) of the `selected` tokens alone, [N*M, D] for each of the targets `numbers`: no
    /// more is computed in the last block.
    pub fn selected_features(
        &self,
        patches: &Tensor<3>,
        selected: &SelectedTokens,
        numbers: Range<usize>,
    ) -> Result<Vec<Tensor<2>>, ShapeError> {
        let of_one = |(encoder, recipe): (&Encoder, &TargetRecipe)| {
            let rows = encoder.forward_last_blocks_selected(patches.clone(), recipe.last_blocks, selected.clone())?;
            Ok(normalise(rows, recipe.normalisation))
        };
        self.predicted().skip(numbers.start).take(numbers.len()).map(of_one).collect()
    }

    /// The weight of each target.
    pub fn weights(&self) -> Vec<f64> {
        self.recipes.iter().map(|recipe| recipe.weight).collect()
    }

    /// What a resume needs: every parameter of every target, as `target.<i>/<parameter>`; of fixed ones none, since
    /// they are where they were.
    pub fn state(&self) -> BTreeMap<String, Vec<f32>> {
        let of_one = |(index, encoder): (usize, &Encoder)| {
            parameters(encoder).into_iter().map(move |parameter| {
                (format!("target.{index}/{}", parameter.name), parameter.values.to_data().iter::<f32>().collect())
            })
        };
        let kept = self.encoders.iter().enumerate().filter(|(index, _)| self.teachers[*index].is_none());
        kept.filter_map(|(index, encoder)| Some((index, encoder.as_ref()?))).flat_map(of_one).collect()
    }

    /// Continues where `epochs_begun` epochs have been begun, each with at least one step: every target takes its stored
    /// values, in the shape of `student`.
    ///
    /// # Errors
    /// When a value is missing, has another length or belongs to no target, as a predicate about the state.
    pub fn restore(
        &mut self,
        epochs_begun: usize,
        student: &Encoder,
        state: &BTreeMap<String, Vec<f32>>,
        device: &Device,
    ) -> Result<(), String> {
        let mut left: BTreeSet<&String> = state.keys().filter(|key| key.starts_with("target.")).collect();
        let switch = self.switch.unwrap_or(usize::MAX);
        self.switched = epochs_begun > switch;
        let mut wrong = None;
        let existed = |recipe: &TargetRecipe| epochs_begun > created(recipe, switch);
        let mut stored = |index: usize| {
            map_parameters(frozen_copy(student), |name, shape, _| {
                let (key, length) = (format!("target.{index}/{name}"), shape.iter().product::<usize>());
                left.remove(&key);
                let found = match state.get(&key) {
                    None => Err(format!("lacks {key}")),
                    Some(values) if values.len() != length => {
                        Err(format!("has {} of {key}, which has {length} here", count(values.len(), "value")))
                    }
                    Some(values) => Ok(Tensor::from_floats(values.as_slice(), device)),
                };
                found.map_err(|what| wrong.get_or_insert(what).clone()).ok()
            })
        };
        let numbered = self.recipes.iter().zip(&self.teachers).enumerate();
        self.encoders = numbered
            .map(|(index, (recipe, teacher))| existed(recipe).then(|| teacher.clone().unwrap_or_else(|| stored(index))))
            .collect();
        match wrong.or_else(|| left.first().map(|key| format!("has {key}, which is no target here"))) {
            Some(what) => Err(what),
            None => Ok(()),
        }
    }

    /// Those whose features are predicted: none during the warm-up, whatever averages are kept meanwhile.
    fn predicted(&self) -> impl Iterator<Item = (&Encoder, &TargetRecipe)> {
        let all = self.encoders.iter().zip(&self.recipes).filter(|_| self.switched);
        all.filter_map(|(encoder, recipe)| Some((encoder.as_ref()?, recipe)))
    }

    fn copy_where(&mut self, student: &Encoder, when: impl Fn(&TargetRecipe, CopyAt) -> bool) -> Option<TargetEvent> {
        let mut event = None;
        for (encoder, recipe) in self.encoders.iter_mut().zip(&self.recipes) {
            if when(recipe, self.copy_at) {
                *encoder = Some(frozen_copy(student));
                event = Some(TargetEvent::Copy);
            }
        }
        event
    }

    /// Averages every target of this `unit` that exists; `now` counts the epochs or steps of the whole training.
    fn average(&mut self, student: &Encoder, unit: EmaUnit, now: usize) -> Option<TargetEvent> {
        let switch = self.switch?;
        let per_epoch = match unit {
            EmaUnit::Epoch => 1,
            EmaUnit::Step => self.steps_per_epoch,
        };
        let all = self.epochs.at(now / per_epoch) * per_epoch;
        let mut event = None;
        for (encoder, recipe) in self.encoders.iter_mut().zip(&self.recipes) {
            let Some(encoder) = encoder else { continue };
            let first = created(recipe, switch) * per_epoch;
            if let Some(tau) = tau(recipe, unit, now - first, all.saturating_sub(first)) {
                average_into(encoder, student, tau);
                event = Some(TargetEvent::Average);
            }
        }
        event
    }
}

/// The student as it is now, on the device without autodiff.
fn frozen_copy(student: &Encoder) -> Encoder {
    student.valid()
}

/// target = (1 - tau) * target + tau * student, parameter by parameter; on the CPU where it lies.
fn average_into(target: &mut Encoder, student: &Encoder, tau: f64) {
    let _timer = profile::time(Operation::Average);
    let values: BTreeMap<String, Tensor<1>> =
        parameters(student).into_iter().map(|parameter| (parameter.name, parameter.values)).collect();
    *target = replace_parameters(
        take_module(target),
        |name, _| values.contains_key(name),
        |name, _, target| match CpuValues::pair(target, values[name].clone()) {
            Ok((mut target, student)) => {
                ema::update(target.values_mut(), student.values(), tau);
                target.into_tensor()
            }
            Err((target, student)) => target * (1.0 - tau) + student * tau,
        },
    );
}
