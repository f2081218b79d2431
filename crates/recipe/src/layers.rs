//! Which value holds: preset, the run that an evaluation starts from, flags, `--set`, each over the one before.

use toml::Value;

use super::choices::MethodName;
use super::error::{Place, RecipeError};
use super::keys::{self, AnyKey};
use super::method::{Method, PlannedRun};
use super::preset::PresetChoice;
use super::typed::Typed;
use super::warning::Warning;
use super::{Recipe, read};

/// A stage of training or evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Pre-training.
    Pretrain,
    /// Fine-tuning.
    Finetune,
    /// Linear probing.
    Linprobe,
    /// Nearest neighbours.
    Knn,
}

impl Stage {
    /// All four, in the order in which they run.
    pub const ALL: [Stage; 4] = [Stage::Pretrain, Stage::Finetune, Stage::Linprobe, Stage::Knn];

    /// Those that measure what an encoder learned, in the order in which they run.
    pub const EVALUATIONS: [Stage; 3] = [Stage::Finetune, Stage::Linprobe, Stage::Knn];

    /// Its section of the recipe, which is also its command and its folder.
    pub fn section(self) -> &'static str {
        match self {
            Stage::Pretrain => "pretrain",
            Stage::Finetune => "finetune",
            Stage::Linprobe => "linprobe",
            Stage::Knn => "knn",
        }
    }

    /// What it is called in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Stage::Pretrain => "pre-training",
            Stage::Finetune => "fine-tuning",
            Stage::Linprobe => "linear probing",
            Stage::Knn => "finding nearest neighbours",
        }
    }
}

/// One of the stages that train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainedStage {
    /// Pre-training, of the recipe's method.
    Pretrain,
    /// Fine-tuning.
    Finetune,
    /// Linear probing.
    Linprobe,
}

impl TrainedStage {
    /// All three, in the order in which they run.
    pub const ALL: [TrainedStage; 3] = [TrainedStage::Pretrain, TrainedStage::Finetune, TrainedStage::Linprobe];
}

impl Stage {
    /// The same as one of the stages that train; `None` for nearest neighbours.
    pub fn trained(self) -> Option<TrainedStage> {
        TrainedStage::ALL.into_iter().find(|stage| Stage::from(*stage) == self)
    }
}

impl From<TrainedStage> for Stage {
    fn from(stage: TrainedStage) -> Self {
        match stage {
            TrainedStage::Pretrain => Stage::Pretrain,
            TrainedStage::Finetune => Stage::Finetune,
            TrainedStage::Linprobe => Stage::Linprobe,
        }
    }
}

/// Everything that says what a recipe is. Later wins: `preset`, then `[data]` and `[model]` of `from` (and its `[method]`,
/// where that is wanted), then `flags`, then `sets`. Flags and sets win over the preset's `[[runs]]` too.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The lowest layer.
    pub preset: PresetChoice,
    /// The run whose weights an evaluation starts from.
    pub from: Option<FromRun>,
    /// Named flags.
    pub flags: Vec<Flag>,
    /// Arguments of `--set`, in order.
    pub sets: Vec<String>,
    /// `--method`: takes the preset's first run of that method, or `[method]` with that name where there is none.
    pub method: Option<String>,
    /// What is about to run, so that what it cannot do is refused here. Empty: the recipe is only read.
    pub stages: Vec<Stage>,
    /// Whether one run is wanted, its recipe without the preset's plan of `[[runs]]`.
    pub single: bool,
    /// Bytes that the stages must fit into; `None`: not looked at. See [`super::available_memory`].
    pub available_memory: Option<u64>,
}

/// The recipe that weights carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromRun {
    /// What errors call it: the run's folder or the file.
    pub name: String,
    /// Its TOML: the run's `config.toml`, or `bmae.config` of the file's metadata.
    pub text: String,
    /// Whether its `[method]` counts too: for evaluations, whose results name it.
    pub method: bool,
}

/// A flag that stands for one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// As it is typed, such as `--tau`.
    pub name: String,
    /// The key, such as `method.tau`.
    pub path: String,
    /// Its value.
    pub value: Value,
}

impl Recipe {
    /// Lays the layers over each other and checks what comes out.
    pub fn resolve(layers: &Layers) -> Result<(Recipe, Vec<Warning>), RecipeError> {
        let preset = Typed::from_text(layers.preset.text(), &layers.preset.place())?;
        let from = layers.from.as_ref().map(read_from).transpose()?;
        let over = read_over(layers)?;
        let chosen = chosen_method(layers, &over)?;

        let mut whole = preset.clone();
        if let Some(from) = &from {
            whole.lay(from);
        }
        if let Some(name) = chosen {
            whole = of_method(&whole, name);
        }
        whole.lay(&over);

        let runs = if layers.single { Vec::new() } else { planned(&preset, &over)? };
        let recipe = read::recipe(&whole, runs)?;
        recipe.check().map_err(|error| if_heads_are_untold(error, layers, from.as_ref()))?;
        for stage in &layers.stages {
            recipe.check_stage(*stage, layers.available_memory)?;
        }

        let mut warnings = Vec::new();
        if layers.stages.contains(&Stage::Pretrain) {
            warnings.extend(recipe.warnings());
            if layers.single {
                warnings.extend(ignored(&recipe.method, layers));
            }
            if over.targets().is_some() && recipe.method.name != MethodName::Custom {
                let method = recipe.method.name.to_string();
                warnings.push(Warning::TargetsIgnored { method });
            }
        }
        if let (Some(run), Some(from)) = (&layers.from, &from) {
            warnings.extend(heads_taken(&recipe, &run.name, from, &over));
        }
        Ok((recipe, warnings))
    }

    /// Reads what [`Recipe::to_toml`] wrote, or any other whole or partial recipe; what it leaves out has its default.
    pub fn from_toml(text: &str) -> Result<Recipe, RecipeError> {
        let typed = Typed::from_text(text, &Place::Run("a run".to_owned()))?;
        let recipe = read::recipe(&typed, planned(&typed, &Typed::default())?)?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The recipe of one of the planned runs by itself.
    pub fn of_run(&self, run: &PlannedRun) -> Recipe {
        Recipe { method: run.method.clone(), runs: Vec::new(), ..self.clone() }
    }

    /// The same recipe with another seed.
    pub fn with_seed(&self, seed: u64) -> Recipe {
        Recipe { seed, ..self.clone() }
    }
}

/// Keys of the command line that the method does not read. Its targets have a warning of their own.
fn ignored(method: &Method, layers: &Layers) -> Vec<Warning> {
    let flags = layers.flags.iter().map(|flag| (flag.path.as_str(), flag.name.clone()));
    let sets = layers.sets.iter().map(|set| (set.split('=').next().unwrap_or(set).trim(), format!("--set {set}")));
    let ignored = flags
        .chain(sets)
        .filter(|(path, _)| path.starts_with("method.") && !path.starts_with("method.targets") && !method.reads(path));
    ignored.map(|(_, given)| Warning::KeyIgnored { given, method: method.name.to_string() }).collect()
}

/// Numbers of heads that neither the weights, whose widths are used, nor the command line told.
fn heads_taken(recipe: &Recipe, weights: &str, from: &Typed, over: &Typed) -> Vec<Warning> {
    use keys::model::{DECODER_DIM, DECODER_HEADS, ENCODER_DIM, ENCODER_HEADS};
    let model = &recipe.model;
    let parts = [
        ("encoder", &ENCODER_DIM, &ENCODER_HEADS, model.encoder.heads),
        ("decoder", &DECODER_DIM, &DECODER_HEADS, model.decoder.heads),
    ];
    let untold = parts.into_iter().filter(|(_, dim, heads, _)| {
        from.given(*dim).is_some() && from.given(*heads).is_none() && over.given(*heads).is_none()
    });
    untold.map(|(part, _, _, heads)| Warning::HeadsTaken { weights: weights.to_owned(), part, heads }).collect()
}

/// Where weights tell a width but no number of heads, and the preset's does not divide it, the width is not to blame.
fn if_heads_are_untold(error: RecipeError, layers: &Layers, from: Option<&Typed>) -> RecipeError {
    let RecipeError::Width { part, dim, divisor: heads, .. } = error else { return error };
    let (width, key) = match part {
        "encoder" => (&keys::model::ENCODER_DIM, &keys::model::ENCODER_HEADS),
        _ => (&keys::model::DECODER_DIM, &keys::model::DECODER_HEADS),
    };
    match (&layers.from, from) {
        (Some(run), Some(from))
            if from.given(width) == Some(dim) && from.given(key).is_none() && !dim.is_multiple_of(heads) =>
        {
            RecipeError::HeadsUntold { part, dim, heads, weights: run.name.clone() }
        }
        _ => error,
    }
}

fn read_from(from: &FromRun) -> Result<Typed, RecipeError> {
    let mut typed = Typed::from_text(&from.text, &Place::Run(from.name.clone()))?;
    typed.keep_what_is_taken_over(from.method);
    Ok(typed)
}

/// Flags, and `--set` over them.
fn read_over(layers: &Layers) -> Result<Typed, RecipeError> {
    let mut over = Typed::default();
    for flag in &layers.flags {
        over.lay(&Typed::from_value(&flag.path, &flag.value, &Place::Flag(flag.name.clone()))?);
    }
    for set in &layers.sets {
        over.lay(&Typed::from_assignment(set)?);
    }
    Ok(over)
}

/// The method by name, where the command line says one: `--set method.name` wins over `--method`.
fn chosen_method(layers: &Layers, over: &Typed) -> Result<Option<MethodName>, RecipeError> {
    let flag = match &layers.method {
        Some(name) => Typed::from_value(
            keys::method::NAME.path(),
            &Value::String(name.clone()),
            &Place::Flag("--method".to_owned()),
        )?,
        None => Typed::default(),
    };
    Ok(over.given(&keys::method::NAME).or_else(|| flag.given(&keys::method::NAME)))
}

/// `typed` with the first of its runs that is of this method laid over `[method]`.
fn of_method(typed: &Typed, name: MethodName) -> Typed {
    let of_runs = typed.runs().iter().map(|run| read::run_over_method(run, typed).0);
    let mut found =
        of_runs.into_iter().find(|whole| whole.get(&keys::method::NAME) == name).unwrap_or_else(|| typed.clone());
    found.set(&keys::method::NAME, &name);
    found
}

/// The `[[runs]]`, each with what the command line says over it. A method named there leaves only the runs that are of it.
fn planned(preset: &Typed, over: &Typed) -> Result<Vec<PlannedRun>, RecipeError> {
    let mut base = preset.clone();
    if !over.runs().is_empty() {
        base.lay(over);
    }
    let mut runs = Vec::new();
    for run in base.runs() {
        let (mut whole, name) = read::run_over_method(run, preset);
        let own = whole.get(&keys::method::NAME);
        if over.given(&keys::method::NAME).is_some_and(|wanted| wanted != own) {
            continue;
        }
        whole.lay(over);
        runs.push(PlannedRun { name, method: read::method(&whole)? });
    }
    Ok(runs)
}
