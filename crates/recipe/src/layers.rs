//! Which value holds: preset, the run that an evaluation starts from, single settings, each over the one before.

use super::choices::{ChannelsFromRgb, Choice, MethodName};
use super::error::{Place, RecipeError};
use super::given::GivenKeys;
use super::keys;
use super::preset::PresetChoice;
use super::read_toml;
use super::recipe::Recipe;
use super::recipe_paths;
use super::sections::data;
use super::sections::method::{self, Method};
use super::sections::model;
use super::sections::precision;
use super::sections::pretrain;
use super::sections::run::{self, PlannedRun};
use super::setting::Setting;
use super::stage::Stage;
use super::untold_heads;
use super::warning::Warning;

/// Everything that says what a recipe is. Later wins: `preset`, then `[data]` and `[model]` of `from` (and its
/// `[method]` and `precision`, where these are wanted; of weights that no run made also `pretrain.norm_pix`), then `settings`, which win over the preset's `[[runs]]` too. A method named by a
/// setting takes the preset's first run of that method, or `[method]` with that name where there is none.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The lowest layer.
    pub preset: PresetChoice,
    /// The run whose weights an evaluation starts from.
    pub from: Option<CarriedRecipe>,
    /// Single keys, in order.
    pub settings: Vec<Setting>,
    /// What is about to run, so that what it cannot do is refused here. Empty: the recipe is only read.
    pub stages: Vec<Stage>,
    /// Whether one run is wanted, its recipe without the preset's plan of `[[runs]]`.
    pub single_run: bool,
    /// Bytes that the stages must fit into; `None`: not looked at. See [`super::available_memory`].
    pub available_memory: Option<u64>,
}

/// The recipe that weights carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedRecipe {
    /// What errors call it: the run's folder or the file.
    pub name: String,
    /// Its TOML: the run's `config.toml`, or `bmae.config` of the file's metadata.
    pub text: String,
    /// Whether its `[method]` and its `precision` count too: for evaluations, whose results name the method, and which
    /// compute as their encoder has learned unless a setting says otherwise.
    pub with_method: bool,
}

impl Recipe {
    /// Lays the layers over each other and checks what comes out.
    pub fn resolve(layers: &Layers) -> Result<(Recipe, Vec<Warning>), RecipeError> {
        let mut preset = read_toml::document(layers.preset.text(), &layers.preset.place())?;
        let elsewhere = layers.preset.file().map(|file| recipe_paths::see_from_its_folder(&mut preset, file));
        let from = layers.from.as_ref().map(read_from).transpose()?;
        let mut over = GivenKeys::default();
        for Setting { path, value, place } in &layers.settings {
            let given = read_toml::value(path, value, &Place::Given(place.clone()));
            over.lay(&given.map_err(|error| of_the_stage(error, &layers.stages))?);
        }

        let from = from.map(|from| for_other_channels(from, &over));
        let preset = for_other_channels(preset, &over);
        let mut whole = preset.clone();
        if let Some(from) = &from {
            whole.lay(from);
        }
        if let Some(name) = over.given(&method::KEYS.name) {
            whole = of_method(&whole, name);
        }
        whole.lay(&over);

        let runs = if layers.single_run { Vec::new() } else { planned(&preset, &over) };
        let recipe = Recipe::read(&whole, runs);
        let weights = layers.from.as_ref().map(|run| run.name.as_str()).zip(from.as_ref());
        recipe.check().map_err(|error| untold_heads::blame(error, weights))?;
        for stage in &layers.stages {
            recipe.check_stage(*stage, layers.available_memory)?;
        }

        let is_used = |warning: &Warning| match warning {
            Warning::PathOfWorkingFolder { key, place, .. } => {
                recipe.place_of(key.trim_end_matches(".from")).or(recipe.place_of(key)) == Some(place)
            }
            _ => true,
        };
        let mut warnings: Vec<Warning> = elsewhere.into_iter().flatten().filter(is_used).collect();
        warnings.extend(recipe.warnings(&layers.stages));
        if layers.stages.contains(&Stage::Pretrain) {
            if layers.single_run {
                warnings.extend(ignored(&recipe.method, layers));
            }
            if over.targets.is_some() && recipe.method.name() != MethodName::Custom {
                let method = recipe.method.name().to_string();
                warnings.push(Warning::TargetsIgnored { method });
            }
        }
        warnings.extend(weights.into_iter().flat_map(|weights| untold_heads::untold(&recipe, weights, &over)));
        Ok((recipe, warnings))
    }

    /// Reads what [`Recipe::to_toml`] wrote, or any other whole or partial recipe; what it leaves out has its default.
    pub fn from_toml(text: &str) -> Result<Recipe, RecipeError> {
        let given = read_toml::document(text, &Place::Run("a run".to_owned()))?;
        let recipe = Recipe::read(&given, planned(&given, &GivenKeys::default()));
        recipe.check()?;
        Ok(recipe)
    }
}

/// The same error; where a key without a section is unknown and one stage is about to run, with the key of that stage.
fn of_the_stage(error: RecipeError, stages: &[Stage]) -> RecipeError {
    match (error, stages) {
        (RecipeError::UnknownKey { key, place, .. }, [stage]) if !key.contains('.') => {
            let hint = keys::unknown_key_hint(&key, &keys::paths(), Some(stage.section()));
            RecipeError::UnknownKey { key, place, hint }
        }
        (error, _) => error,
    }
}

/// Settings that the method does not read. Its targets have a warning of their own.
fn ignored(method: &Method, layers: &Layers) -> Vec<Warning> {
    let ignored = layers
        .settings
        .iter()
        .filter(|setting| keys::find(&setting.path).is_some_and(|key| !key.methods().contains(&method.name())));
    let warning = |setting: &Setting| Warning::KeyIgnored {
        given: setting.place.clone(),
        method: method.name().word().to_owned(),
    };
    ignored.map(warning).collect()
}

fn read_from(from: &CarriedRecipe) -> Result<GivenKeys, RecipeError> {
    let mut given = read_toml::document(&from.text, &Place::Run(from.name.clone()))?;
    let mut kept = vec!["data", "model"];
    if from.with_method {
        kept.extend(["method", precision::KEY.path]);
    }
    // A run's `[pretrain]` is its own. Of weights that no run made, it is what their decoder has learned to predict.
    if given.given(&method::KEYS.name).is_none() {
        kept.push(pretrain::KEYS.norm_pix.path);
    }
    given.keep(&kept);
    Ok(given)
}

/// What weights carry, without what it says of channels where these are to become others: a number that is given over
/// theirs, or RGB weights that are to meet other images.
fn for_other_channels(mut from: GivenKeys, over: &GivenKeys) -> GivenKeys {
    let becomes_others = over.given(&model::KEYS.channels_from_rgb).is_some_and(|how| how != ChannelsFromRgb::None);
    let channels = over.given(&data::KEYS.channels);
    if becomes_others || channels.is_some_and(|channels| from.given(&data::KEYS.channels) != Some(channels)) {
        from.forget(&[data::KEYS.channels.path, data::KEYS.mean.path, data::KEYS.std.path]);
    }
    from
}

/// `given` with the first of its runs that is of this method laid over `[method]`.
fn of_method(given: &GivenKeys, name: MethodName) -> GivenKeys {
    let mut of_runs = given.runs().iter().map(|run| run::over_method(run, given).0);
    let mut found = of_runs.find(|whole| whole.get(&method::KEYS.name) == name).unwrap_or_else(|| given.clone());
    found.set(&method::KEYS.name, &name);
    found
}

/// The `[[runs]]`, each with what is given over it. A method named there leaves only the runs that are of it.
fn planned(preset: &GivenKeys, over: &GivenKeys) -> Vec<PlannedRun> {
    let mut base = preset.clone();
    if !over.runs().is_empty() {
        base.lay(over);
    }
    let mut runs = Vec::new();
    for run in base.runs() {
        let (mut whole, name) = run::over_method(run, preset);
        let own = whole.get(&method::KEYS.name);
        if over.given(&method::KEYS.name).is_some_and(|wanted| wanted != own) {
            continue;
        }
        whole.lay(over);
        runs.push(PlannedRun { name, method: Method::read(&whole) });
    }
    runs
}
