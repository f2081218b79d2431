//! The checked recipe: everything that a run does, complete down to the last default.

use std::collections::BTreeMap;

use bmae_architecture::{Autoencoder, CHANNELS, PatchGrid, Precision, Transformer};

use super::choices::Augmentation;
use super::error::Place;
use super::given::GivenKeys;
use super::section::Keys;
use super::sections::data::{self, DataRecipe};
use super::sections::finetune::{self, FinetuneRecipe};
use super::sections::knn::{self, KnnRecipe};
use super::sections::labelled::LabelledRecipe;
use super::sections::linprobe::{self, LinprobeRecipe};
use super::sections::method::{self, Method, MethodKind};
use super::sections::model::{self, ModelRecipe};
use super::sections::monitor::{self, MonitorRecipe};
use super::sections::precision;
use super::sections::pretrain::{self, PretrainRecipe};
use super::sections::run::PlannedRun;
use super::sections::seed;
use super::sections::target::Update;
use super::sections::training::StageRecipe;
use super::sections::weights::GivenWeights;
use super::stage::{Stage, TrainedStage};
use super::toml_text::TomlText;

/// The checked recipe of a run, complete down to the last default.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Random seed: initialisation, order, crops, masks. The images of `shapes` have their own, `data.shapes_seed`.
    pub seed: u64,
    /// The numbers that linear layers multiply, in every stage.
    pub precision: Precision,
    /// `[data]`.
    pub data: DataRecipe,
    /// `[model]`.
    pub model: ModelRecipe,
    /// `[method]`.
    pub method: Method,
    /// `[pretrain]`.
    pub pretrain: PretrainRecipe,
    /// `[finetune]`.
    pub finetune: FinetuneRecipe,
    /// `[linprobe]`.
    pub linprobe: LinprobeRecipe,
    /// `[knn]`.
    pub knn: KnnRecipe,
    /// `[monitor]`.
    pub monitor: MonitorRecipe,
    /// `[[runs]]`: what `reproduce` trains; empty in the recipe of a single run.
    pub runs: Vec<PlannedRun>,
    /// Where its keys were given. Keeps construction inside this crate.
    given_by: GivenBy,
}

/// The places of keys, for messages: they are no part of what a recipe says.
#[derive(Clone, Debug)]
struct GivenBy(BTreeMap<&'static str, Place>);

impl PartialEq for GivenBy {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Recipe {
    /// Whether a linear probe computes the features of every image once, before its first epoch: without augmentation
    /// they never change. No image passes while it trains then, so a rate of images would say nothing.
    pub fn probes_fixed_features(&self) -> bool {
        self.linprobe.stage.augmentation == Augmentation::None
    }

    /// Where the key of this path was given; `None` where it has its default.
    pub fn place_of(&self, path: &str) -> Option<&Place> {
        self.given_by.0.get(path)
    }

    /// The recipe of the keys that were given. Single values are right already; what several of them make together is
    /// not looked at.
    pub(crate) fn read(given: &GivenKeys, runs: Vec<PlannedRun>) -> Recipe {
        Recipe {
            seed: given.get(&seed::KEY),
            precision: given.get(&precision::KEY),
            data: data::KEYS.read(given).counted(),
            model: model::KEYS.read(given),
            method: Method::read(given),
            pretrain: pretrain::KEYS.read(given),
            finetune: finetune::KEYS.read(given),
            linprobe: linprobe::KEYS.read(given),
            knn: knn::KEYS.read(given),
            monitor: monitor::KEYS.read(given),
            runs,
            given_by: GivenBy(given.places().clone()),
        }
    }

    /// The whole recipe, every default spelt out, as TOML: `config.toml`, which [`Recipe::from_toml`] reads back to an
    /// equal recipe.
    pub fn to_toml(&self) -> String {
        let mut out = TomlText::default();
        out.put(&seed::KEY, &self.seed);
        out.put(&precision::KEY, &self.precision);
        data::KEYS.write(&self.data, &mut out);
        model::KEYS.write(&self.model, &mut out);
        out.section("[method]");
        out.put(&method::KEYS.name, &self.method.name());
        self.method.write("method", &mut out);
        pretrain::KEYS.write(&self.pretrain, &mut out);
        finetune::KEYS.write(&self.finetune, &mut out);
        linprobe::KEYS.write(&self.linprobe, &mut out);
        knn::KEYS.write(&self.knn, &mut out);
        monitor::KEYS.write(&self.monitor, &mut out);
        self.runs.iter().for_each(|run| run.write(&mut out));
        out.text
    }

    /// The recipe of one of the planned runs by itself.
    pub fn of_run(&self, run: &PlannedRun) -> Recipe {
        Recipe { method: run.method.clone(), runs: Vec::new(), ..self.clone() }
    }

    /// The same recipe for these images.
    pub fn with_data(&self, data: DataRecipe) -> Recipe {
        Recipe { data, ..self.clone() }
    }

    /// The same recipe with another seed.
    pub fn with_seed(&self, seed: u64) -> Recipe {
        Recipe { seed, ..self.clone() }
    }

    /// The weights that its pre-training reads, to be changed: what the student begins with, and fixed targets.
    pub fn weights_mut(&mut self) -> Vec<&mut GivenWeights> {
        let targets = match &mut self.method.kind {
            MethodKind::Custom { targets, .. } => targets.as_mut_slice(),
            _ => &mut [],
        };
        let fixed = targets.iter_mut().filter_map(|target| match &mut target.update {
            Update::Fixed(weights) => Some(weights),
            _ => None,
        });
        self.pretrain.from.iter_mut().chain(fixed).collect()
    }

    /// The weights that its pre-training reads.
    pub fn weights(&self) -> Vec<GivenWeights> {
        self.clone().weights_mut().into_iter().map(|weights| weights.clone()).collect()
    }

    /// The same recipe with batches of `batch_size` images of a stage, in `accumulate` micro-batches, which divide it.
    pub fn with_batches(mut self, stage: TrainedStage, batch_size: usize, accumulate: usize) -> Recipe {
        let settings = self.stage_mut(stage);
        (settings.batch_size, settings.accumulate) = (batch_size, accumulate);
        self
    }

    /// The settings that the training stages share, of one of them, to be changed.
    pub(crate) fn stage_mut(&mut self, stage: TrainedStage) -> &mut StageRecipe {
        match stage {
            TrainedStage::Pretrain => &mut self.pretrain.stage,
            TrainedStage::Finetune => &mut self.finetune.stage,
            TrainedStage::Linprobe => &mut self.linprobe.stage,
        }
    }

    /// The settings that the training stages share, of one of them.
    pub fn stage(&self, stage: TrainedStage) -> &StageRecipe {
        match stage {
            TrainedStage::Pretrain => &self.pretrain.stage,
            TrainedStage::Finetune => &self.finetune.stage,
            TrainedStage::Linprobe => &self.linprobe.stage,
        }
    }

    /// What a stage does with labels; `None` for those that do not learn from them.
    pub fn labels(&self, stage: Stage) -> Option<&LabelledRecipe> {
        match stage {
            Stage::Finetune => Some(&self.finetune.labels),
            Stage::Linprobe => Some(&self.linprobe.labels),
            Stage::Pretrain | Stage::Knn => None,
        }
    }

    /// The sizes of its masked autoencoder, and its precision. As long as the recipe does not say how many channels the images have, they count
    /// as RGB.
    pub fn architecture(&self) -> Autoencoder {
        let &ModelRecipe { patch_size, norm_epsilon, ref encoder, ref decoder, channels_from_rgb: _ } = &self.model;
        let precision = self.precision;
        Autoencoder {
            grid: PatchGrid {
                channels: self.data.known_channels().unwrap_or(CHANNELS),
                image: self.data.image_size,
                patch: patch_size,
            },
            encoder: Transformer {
                dim: encoder.dim,
                depth: encoder.depth,
                heads: encoder.heads,
                mlp_ratio: encoder.mlp_ratio,
                norm_epsilon,
                precision,
            },
            decoder: Transformer {
                norm_epsilon,
                precision,
                ..Transformer::decoder(decoder.dim, decoder.depth, decoder.heads)
            },
        }
    }
}
