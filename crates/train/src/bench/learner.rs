//! The learner of each stage, on one batch of random images.

use bmae_data::random::{Purpose, keyed};
use bmae_kernels::profile::{self, Operation};
use bmae_recipe::{Recipe, Start, TrainedStage};
use burn::tensor::{Device, Tensor};
use rand::RngExt;

use crate::TrainError;
use crate::evaluation::EncoderFeature;
use crate::finetune::FinetuneLearner;
use crate::input::step_noise;
use crate::linear_probe::ProbeLearner;
use crate::optimiser::GradientMap;
use crate::pretrain::Student;
use crate::start;

/// Classes that random labels are drawn from.
pub(crate) const CLASSES: usize = 10;
/// Small, so that random images drive no weight anywhere.
const RATE: f64 = 1e-4;

/// A learner and the batch that all its steps are taken on; masks are fresh in every step.
pub(super) struct BenchLearner {
    recipe: Recipe,
    stage: Stage,
    /// [N, 3, S, S]
    images: Vec<f32>,
    labels: Vec<i64>,
}

enum Stage {
    Pretrain {
        student: Box<Student>,
        epoch: usize,
    },
    Finetune(Box<FinetuneLearner>),
    Linprobe {
        learner: Box<ProbeLearner>,
        /// Of the batch, where its head alone takes the steps.
        features: Option<Box<Tensor<2>>>,
    },
}

impl BenchLearner {
    /// A fresh learner on `batch` random images; a bootstrapped student after its switch.
    pub(super) fn new(recipe: &Recipe, stage: TrainedStage, batch: usize, device: &Device) -> Result<Self, TrainError> {
        let stage = match stage {
            TrainedStage::Pretrain => {
                // More steps than anybody takes: nothing here depends on their number.
                let mut student = Box::new(Student::new(recipe, 1 << 20, device, &mut |_| {})?);
                let epoch = recipe.method.warmup_epochs().unwrap_or(0);
                student.start_epoch(epoch)?;
                Stage::Pretrain { student, epoch }
            }
            TrainedStage::Finetune => {
                let learner = FinetuneLearner::new(recipe, &Start::Scratch, CLASSES, device, &mut |_| {})?;
                Stage::Finetune(Box::new(learner))
            }
            TrainedStage::Linprobe => {
                let encoder = start::encoder(&Start::Scratch, recipe, &device.clone().inner(), &mut |_| {})?;
                let learner = Box::new(ProbeLearner::new(recipe, encoder, CLASSES, device)?);
                Stage::Linprobe { learner, features: None }
            }
        };
        let mut learner = Self { recipe: recipe.clone(), stage, images: Vec::new(), labels: Vec::new() };
        learner.draw(batch);
        Ok(learner)
    }

    /// Takes its next steps on `batch` fresh random images.
    pub(super) fn draw(&mut self, batch: usize) {
        let mut generator = keyed(self.recipe.seed, 0, 0, Purpose::Crop);
        let values = batch * self.recipe.architecture().grid.values_per_image();
        // Uniform, of the variance of normalised images.
        self.images = (0..values).map(|_| (generator.random::<f32>() - 0.5) * 12f32.sqrt()).collect();
        self.labels = (0..batch).map(|_| generator.random_range(0..CLASSES as i64)).collect();
        if let Stage::Linprobe { features, .. } = &mut self.stage {
            *features = None;
        }
    }

    /// Lets the head of a probe take the next steps alone, on the features of its batch, as without augmentation.
    pub(super) fn keep_features(&mut self) -> Result<(), TrainError> {
        if let Stage::Linprobe { learner, features } = &mut self.stage {
            let feature = EncoderFeature::from(self.recipe.linprobe.feature);
            *features = Some(Box::new(feature.of(learner.encoder(), &self.recipe, &self.images)?));
        }
        Ok(())
    }

    /// One whole optimiser step; `step` numbers the masks.
    pub(super) fn step(&mut self, step: usize) -> Result<(), TrainError> {
        let _timer = profile::time(Operation::Step);
        match &mut self.stage {
            Stage::Pretrain { student, epoch } => {
                let batch = self.labels.len();
                let indices: Vec<usize> = (step * batch..(step + 1) * batch).collect();
                let noise = step_noise(&self.recipe, *epoch, &indices);
                student.step(*epoch, step, RATE, &self.images, &noise)?;
            }
            Stage::Finetune(learner) => {
                learner.step(0, step, RATE, &self.images, &self.labels)?;
            }
            Stage::Linprobe { learner, features } => {
                let feature = EncoderFeature::from(self.recipe.linprobe.feature);
                let features = match features {
                    Some(kept) => Tensor::clone(kept),
                    None => feature.of(learner.encoder(), &self.recipe, &self.images)?,
                };
                learner.step(RATE, features, &self.labels)?;
            }
        }
        Ok(())
    }

    /// Lets a bootstrapped student's epoch end and the next begin: a target that is averaged is then no copy any more,
    /// and shares no memory with anything.
    pub(super) fn separate_targets(&mut self) -> Result<(), TrainError> {
        if let Stage::Pretrain { student, epoch } = &mut self.stage
            && student.targets().exist()
        {
            student.end_epoch(*epoch);
            *epoch += 1;
            student.start_epoch(*epoch)?;
        }
        Ok(())
    }

    /// Loss and gradients of the first `images` images, without a step.
    pub(super) fn gradients(&mut self, images: usize) -> Result<(f64, GradientMap), TrainError> {
        let (pixels, labels) = (&self.images[..self.images.len() / self.labels.len() * images], &self.labels[..images]);
        match &mut self.stage {
            Stage::Pretrain { student, epoch } => {
                let noise = step_noise(&self.recipe, *epoch, &(0..images).collect::<Vec<_>>());
                let (gradients, report) = student.gradients(&pixels.into(), &noise, 1.0)?;
                Ok((report.loss.item(), gradients))
            }
            Stage::Finetune(learner) => {
                let (loss, gradients) = learner.gradients(0, 0, pixels, labels)?;
                Ok((loss.item(), gradients))
            }
            Stage::Linprobe { learner, .. } => {
                let feature = EncoderFeature::from(self.recipe.linprobe.feature);
                let features = feature.of(learner.encoder(), &self.recipe, pixels)?;
                let (loss, gradients) = learner.gradients(features, labels)?;
                Ok((loss.item(), gradients))
            }
        }
    }
}
