//! How stable the features and the loss of a pre-training are, measured on images that are the same in every epoch:
//! `docs/methods.md`, "How stability is measured". What is measured changes nothing.

use std::sync::Arc;

use bmae_data::Images;
use bmae_nn::MaskedAutoencoder;
use bmae_recipe::Recipe;
use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use super::fixed_images::FixedImages;
use super::roughness::LossRoughness;
use super::similarity::{linear_cka, mean_cosine};
use crate::TrainError;
use crate::method::{TargetEvent, Targets};
use crate::run_directory::{Fields, Renewal, RenewedAt, Snapshot, StabilityMeasures};

/// What names of its values and numbers begin with in a checkpoint.
const STORED: &str = "stability.";
/// The numbers of a copy there.
const OF_A_RENEWAL: [&str; 5] = ["target", "at_end", "loss_before", "loss_after", "cosine"];

fn of_renewal(index: usize, name: &str) -> String {
    format!("{STORED}renewal.{index}.{name}")
}

/// The measures of a pre-training at work. Between two epochs it holds the features after the first of them, which are
/// those before the second: a resume computes them anew from the weights that it loads.
pub(crate) struct Stability {
    images: FixedImages,
    roughness: LossRoughness,
    /// Features of the student before this epoch [N, L, D].
    student: Tensor<3>,
    /// Features of each target before anything changed in this epoch; empty before the switch, and in its epoch as the
    /// switch created them.
    targets: Vec<Tensor<3>>,
    /// The same after its last copy.
    latest: Vec<Tensor<3>>,
    /// Whether this is the epoch of the switch.
    switched: bool,
    renewals: Vec<Renewal>,
}

impl Stability {
    /// Measures from here on, before the next epoch of a run that logged `lines`, by the first of its training `images`;
    /// `None` where `recipe` does not ask for it.
    ///
    /// # Errors
    /// When an image cannot be read.
    pub fn of(
        recipe: &Recipe,
        images: &Arc<dyn Images>,
        lines: &[Fields],
        model: &MaskedAutoencoder,
        targets: &Targets,
    ) -> Result<Option<Self>, TrainError> {
        if recipe.monitor.stability == 0 {
            return Ok(None);
        }
        let encoder = model.encoder.valid();
        let images = FixedImages::first(recipe, images, recipe.monitor.stability, &encoder.device())?;
        let targets = images.features_of_targets(targets)?;
        Ok(Some(Self {
            roughness: LossRoughness::after(lines),
            student: images.features(&encoder),
            latest: targets.clone(),
            targets,
            images,
            switched: false,
            renewals: Vec::new(),
        }))
    }

    /// After what was done to `targets` before the training of `epoch`, which was `event`.
    pub fn begin_epoch(
        &mut self,
        model: &MaskedAutoencoder,
        targets: &Targets,
        epoch: usize,
        event: Option<TargetEvent>,
    ) -> Result<(), TrainError> {
        self.switched = event == Some(TargetEvent::Switch);
        if self.switched {
            self.roughness.forget();
            self.latest = self.images.features_of_targets(targets)?;
            self.targets.clone_from(&self.latest);
        }
        match targets.copied_at_start(epoch) {
            copied if copied.is_empty() => Ok(()),
            copied => self.renew(&copied, RenewedAt::Start, &model.valid(), targets),
        }
    }

    /// After a step of this training loss.
    pub fn step(&mut self, loss: f64) {
        self.roughness.step(loss);
    }

    /// Adds to `snapshot` what is measured of the unfinished epoch.
    pub fn store(&self, snapshot: &mut Snapshot) {
        let mut put = |name: String, features: &Tensor<3>| {
            snapshot.values.insert(name, features.to_data().iter::<f32>().collect());
        };
        put(format!("{STORED}student"), &self.student);
        for (number, (before, latest)) in self.targets.iter().zip(&self.latest).enumerate() {
            put(format!("{STORED}target.{number}"), before);
            put(format!("{STORED}latest.{number}"), latest);
        }
        let numbers = &mut snapshot.numbers;
        numbers.insert(format!("{STORED}switched"), f64::from(u8::from(self.switched)));
        numbers.insert(format!("{STORED}renewals"), self.renewals.len() as f64);
        let roughness = self.roughness.numbers();
        numbers.extend(roughness.into_iter().map(|(name, number)| (format!("{STORED}roughness.{name}"), number)));
        for (index, renewal) in self.renewals.iter().enumerate() {
            let Renewal { target, at, loss_before, loss_after, cosine } = *renewal;
            let at_end = f64::from(u8::from(at == RenewedAt::End));
            let values = [target as f64, at_end, loss_before, loss_after, cosine];
            numbers.extend(OF_A_RENEWAL.iter().zip(values).map(|(name, number)| (of_renewal(index, name), number)));
        }
    }

    /// Goes on within an epoch, from what [`store`](Self::store) added; `self` was made from the weights there.
    ///
    /// # Errors
    /// When anything is missing or has another size, as a predicate about the state.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        let Snapshot { values, numbers, .. } = snapshot;
        let number = |name: &str| {
            let name = format!("{STORED}{name}");
            numbers.get(&name).copied().ok_or_else(|| format!("lacks the number {name}"))
        };
        let features = |name: &str, like: &Tensor<3>| {
            let name = format!("{STORED}{name}");
            let shape = like.dims();
            let found = values.get(&name).filter(|values| values.len() == shape.iter().product::<usize>());
            let found = found.ok_or_else(|| format!("lacks {name} of {shape:?} values"))?;
            Ok::<_, String>(Tensor::from_data(TensorData::new(found.clone(), shape), &like.device()))
        };
        self.student = features("student", &self.student)?;
        for target in 0..self.targets.len() {
            self.targets[target] = features(&format!("target.{target}"), &self.targets[target])?;
            self.latest[target] = features(&format!("latest.{target}"), &self.latest[target])?;
        }
        self.switched = number("switched")? != 0.0;
        self.roughness = LossRoughness::of_numbers(|name| number(&format!("roughness.{name}")).ok())
            .ok_or_else(|| format!("lacks a number {STORED}roughness"))?;
        let renewal = |index: usize| {
            let of = |name: &str| number(of_renewal(index, name).trim_start_matches(STORED));
            let at = if of("at_end")? != 0.0 { RenewedAt::End } else { RenewedAt::Start };
            let (loss_before, loss_after, cosine) = (of("loss_before")?, of("loss_after")?, of("cosine")?);
            Ok(Renewal { target: of("target")? as usize, at, loss_before, loss_after, cosine })
        };
        self.renewals = (0..number("renewals")? as usize).map(renewal).collect::<Result<_, String>>()?;
        Ok(())
    }

    /// After what was done to `targets` after the training of `epoch`: what there is to log of it.
    pub fn end_epoch(
        &mut self,
        model: &MaskedAutoencoder,
        targets: &Targets,
        epoch: usize,
    ) -> Result<StabilityMeasures, TrainError> {
        let model = model.valid();
        self.renew(&targets.copied_at_end(epoch), RenewedAt::End, &model, targets)?;
        let student = self.images.features(&model.encoder);
        // That nothing moves in the epoch of the switch, whose targets are new, says nothing.
        let measured = !self.switched || self.targets.iter().zip(&self.latest).any(|(a, b)| differ(a, b));
        let of_targets = |measure: fn(&Tensor<2>, &Tensor<2>) -> f64| {
            let pairs = self.targets.iter().zip(&self.latest).filter(|_| measured);
            pairs.map(|(before, after)| measure(&rows(before), &rows(after))).collect()
        };
        let measures = StabilityMeasures {
            student_cosine: mean_cosine(&rows(&self.student), &rows(&student)),
            student_cka: linear_cka(&rows(&self.student), &rows(&student)),
            target_cosine: of_targets(mean_cosine),
            target_cka: of_targets(linear_cka),
            loss_roughness: self.roughness.end_epoch(),
            renewals: std::mem::take(&mut self.renewals),
        };
        self.student = student;
        self.targets.clone_from(&self.latest);
        Ok(measures)
    }

    /// Sees what `targets` ask for now, and notes what the `copied` ones asked for before.
    fn renew(
        &mut self,
        copied: &[usize],
        at: RenewedAt,
        model: &MaskedAutoencoder,
        targets: &Targets,
    ) -> Result<(), TrainError> {
        let old = std::mem::replace(&mut self.latest, self.images.features_of_targets(targets)?);
        if copied.is_empty() {
            return Ok(());
        }
        let prediction = self.images.prediction(model)?;
        self.renewals.extend(copied.iter().map(|&target| {
            let (old, new) = (&old[target], &self.latest[target]);
            Renewal {
                target,
                at,
                loss_before: self.images.loss(&prediction, old),
                loss_after: self.images.loss(&prediction, new),
                cosine: mean_cosine(&rows(old), &rows(new)),
            }
        }));
        Ok(())
    }
}

/// [N, L, D] as [N * L, D].
fn rows(features: &Tensor<3>) -> Tensor<2> {
    features.clone().flatten(0, 1)
}

fn differ(a: &Tensor<3>, b: &Tensor<3>) -> bool {
    (a.clone() - b.clone()).abs().max().into_scalar::<f32>() != 0.0
}
