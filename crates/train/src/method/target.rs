//! The target encoders of a run: created, copied and averaged, never trained.

use std::collections::{BTreeMap, BTreeSet};

use bmae_kernels::ema;
use bmae_kernels::profile::{self, Operation};
use bmae_nn::ops::CpuValues;
use bmae_nn::parameters::{map_parameters, parameters, replace_parameters, take_module};
use bmae_nn::{Encoder, Masking, ShapeError};
use bmae_recipe::{CopyAt, EmaUnit, Recipe, TargetRecipe};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::events::{TargetEvent, copied_at_end, copied_at_start, tau};
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
    /// The epoch at whose start they are created; `None` for pixels throughout.
    created: Option<usize>,
    /// When within its epoch a copied target is renewed.
    copy_at: CopyAt,
    epochs: usize,
    steps_per_epoch: usize,
    /// One per recipe; empty before their creation.
    encoders: Vec<Encoder>,
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
            recipes,
            created: method.warmup_epochs(),
            copy_at: method.copy_at().unwrap_or(CopyAt::EpochStart),
            epochs: recipe.pretrain.stage.epochs,
            steps_per_epoch,
            encoders: Vec::new(),
            teachers,
            width: widths.into_iter().next().unwrap_or(recipe.model.encoder.dim),
        })
    }

    /// No targets: pixels throughout.
    pub fn none() -> Self {
        Self {
            recipes: Vec::new(),
            created: None,
            copy_at: CopyAt::EpochStart,
            epochs: 0,
            steps_per_epoch: 0,
            encoders: Vec::new(),
            teachers: Vec::new(),
            width: 0,
        }
    }

    /// One target that exists from the beginning and never changes; `encoder` is on the device without autodiff.
    pub fn fixed(recipe: TargetRecipe, encoder: Encoder) -> Self {
        let width = encoder.dim();
        let (encoders, teachers) = (vec![encoder.clone()], vec![Some(encoder)]);
        Self { recipes: vec![recipe], encoders, teachers, width, ..Self::none() }
    }

    /// How many features each has of a patch.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether features are predicted, not pixels.
    pub fn exist(&self) -> bool {
        !self.encoders.is_empty()
    }

    /// Whether features are predicted in `epoch`.
    pub fn exist_in(&self, epoch: usize) -> bool {
        self.created.is_some_and(|created| epoch >= created)
    }

    /// Creation and copies before the training of `epoch`.
    pub fn start_epoch(&mut self, epoch: usize, student: &Encoder) -> Option<TargetEvent> {
        let created = self.created?;
        if epoch == created {
            let create = |teacher: &Option<Encoder>| teacher.clone().unwrap_or_else(|| frozen_copy(student));
            self.encoders = self.teachers.iter().map(create).collect();
            return Some(TargetEvent::Switch);
        }
        self.copy_where(student, |recipe, at| copied_at_start(recipe, at, created, epoch))
    }

    /// Averages in the unit of a step, after the step number `step` (from 0) of `epoch`.
    pub fn after_step(&mut self, epoch: usize, step: usize, student: &Encoder) {
        let Some(created) = self.created.filter(|_| self.exist()) else { return };
        let update = (epoch - created) * self.steps_per_epoch + step;
        let updates = self.epochs.saturating_sub(created) * self.steps_per_epoch;
        self.average(student, EmaUnit::Step, update, updates);
    }

    /// Averages and copies after the training of `epoch`.
    pub fn end_epoch(&mut self, epoch: usize, student: &Encoder) -> Option<TargetEvent> {
        let created = self.created.filter(|_| self.exist())?;
        let averaged = self.average(student, EmaUnit::Epoch, epoch - created, self.epochs.saturating_sub(created));
        let copied = self.copy_where(student, |recipe, at| copied_at_end(recipe, at, created, epoch));
        copied.max(averaged)
    }

    /// The targets, by their number in the recipe, that [`start_epoch`](Self::start_epoch) replaces by the student; none
    /// where it creates them.
    pub fn copied_at_start(&self, epoch: usize) -> Vec<usize> {
        self.copied(|recipe, at, created| copied_at_start(recipe, at, created, epoch))
    }

    /// The same of [`end_epoch`](Self::end_epoch).
    pub fn copied_at_end(&self, epoch: usize) -> Vec<usize> {
        self.copied(|recipe, at, created| copied_at_end(recipe, at, created, epoch))
    }

    fn copied(&self, when: impl Fn(&TargetRecipe, CopyAt, usize) -> bool) -> Vec<usize> {
        let Some(created) = self.created.filter(|_| self.exist()) else { return Vec::new() };
        let numbered = self.recipes.iter().enumerate();
        numbered.filter(|(_, recipe)| when(recipe, self.copy_at, created)).map(|(number, _)| number).collect()
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
        self.encoders.iter().zip(&self.recipes).map(of_one).collect()
    }

    /// The [`features`](Self::features) of the masked patches alone, one [M, D] per target, in the order of
    /// [`Masking::masked`]: no more is computed in the last block.
    pub fn masked_features(&self, patches: &Tensor<3>, masking: &Masking) -> Result<Vec<Tensor<2>>, ShapeError> {
        let of_one = |(encoder, recipe): (&Encoder, &TargetRecipe)| {
            let wanted = masking.masked_tokens();
            let rows = encoder.forward_last_blocks_selected(patches.clone(), recipe.last_blocks, wanted)?;
            Ok(normalise(rows, recipe.normalisation))
        };
        self.encoders.iter().zip(&self.recipes).map(of_one).collect()
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
        kept.flat_map(of_one).collect()
    }

    /// Continues after `epochs_done` whole epochs: every target takes its stored values, in the shape of `student`.
    /// Returns the name of a value that is missing or has another length.
    pub fn restore(
        &mut self,
        epochs_done: usize,
        student: &Encoder,
        state: &BTreeMap<String, Vec<f32>>,
        device: &Device,
    ) -> Result<(), String> {
        if self.created.is_none_or(|created| epochs_done <= created) {
            return Ok(());
        }
        let mut missing = None;
        self.encoders = (self.teachers.iter().enumerate())
            .map(|(index, teacher)| {
                if let Some(teacher) = teacher {
                    return teacher.clone();
                }
                map_parameters(frozen_copy(student), |name, shape, _| {
                    let key = format!("target.{index}/{name}");
                    match state.get(&key).filter(|values| values.len() == shape.iter().product::<usize>()) {
                        Some(values) => Some(Tensor::from_floats(values.as_slice(), device)),
                        None => {
                            missing.get_or_insert(key);
                            None
                        }
                    }
                })
            })
            .collect();
        missing.map_or(Ok(()), Err)
    }

    fn copy_where(&mut self, student: &Encoder, when: impl Fn(&TargetRecipe, CopyAt) -> bool) -> Option<TargetEvent> {
        let mut event = None;
        for (encoder, recipe) in self.encoders.iter_mut().zip(&self.recipes) {
            if when(recipe, self.copy_at) {
                *encoder = frozen_copy(student);
                event = Some(TargetEvent::Copy);
            }
        }
        event
    }

    fn average(&mut self, student: &Encoder, unit: EmaUnit, update: usize, updates: usize) -> Option<TargetEvent> {
        let mut event = None;
        for (encoder, recipe) in self.encoders.iter_mut().zip(&self.recipes) {
            if let Some(tau) = tau(recipe, unit, update, updates) {
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
