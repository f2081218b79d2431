//! Evaluations that were made more than once of the same encoders: which of them a line shows, and what the lines that
//! the others add are called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bmae_output::plain::plain_path;

use super::data_set::{DataSet, DataSets};
use super::differing_keys::{ABSENT, differences_from, result_keys};
use super::encoder::{Encoder, checkpoint, counted_seed};
use super::folders::own_folder_at;
use crate::run_directory::{Run, Stage};

/// The runs of one line, or of one that is added to it.
#[derive(Debug, Clone)]
pub(crate) struct AddedLine<'a> {
    /// In what it differs from the line that it is added to; empty for that line itself.
    pub told: String,
    /// Its runs.
    pub runs: Vec<&'a Run>,
    /// The data of its evaluations.
    pub data: Option<DataSet>,
    /// The keys in which others were added to it, with its own values.
    pub own_keys: Vec<String>,
}

/// How an evaluation was made: the keys of its recipe that decide its result, and the checkpoint that it took.
type Recipe = BTreeMap<String, String>;

/// An evaluation of one of a line's encoders.
#[derive(Clone)]
struct Evaluated<'a> {
    run: &'a Run,
    /// The seed that it counts as.
    seed: u64,
    recipe: Recipe,
    /// Whether it takes another checkpoint than the last.
    early: bool,
    /// Whether it lies beside its pre-training, as experiments are laid out.
    beside: bool,
    data: Option<DataSet>,
}

impl Evaluated<'_> {
    /// Whether it learned from all labels: what a line shows is about those, unless nothing else was made.
    fn has_all_labels(&self) -> bool {
        let key = format!("{}.label_fraction", self.run.about.stage.name());
        self.recipe.get(&key).is_none_or(|fraction| fraction.parse() == Ok(1.0))
    }
}

/// How many of the keys in which a line differs are named.
const SHOWN: usize = 3;

/// Each line, given by its encoders, in parts: first itself, then what its evaluations that were made once more add. The
/// line keeps whole what it has: of evaluations of one stage and seed that differ in their recipes it shows one that learned
/// from all labels, then the kind that most of its seeds have, then that which most of all lines have, then the one that lies beside its pre-training, then
/// the earliest.
pub(crate) fn evaluated<'r, 'a: 'r>(
    lines: impl Iterator<Item = &'r [Encoder<'a>]>,
    data: &DataSets,
) -> Vec<Vec<AddedLine<'a>>> {
    let lines: Vec<(Vec<&Run>, Vec<Evaluated>)> = lines
        .map(|encoders| {
            let pretrainings = encoders.iter().filter_map(|encoder| encoder.pretraining).collect();
            (pretrainings, encoders.iter().flat_map(|encoder| of_encoder(encoders, encoder, data)).collect())
        })
        .collect();
    let mut common: HashMap<(Stage, Recipe), usize> = HashMap::new();
    for (_, evaluations) in &lines {
        let mut kinds: Vec<(Stage, &Recipe)> =
            evaluations.iter().map(|each| (each.run.about.stage, &each.recipe)).collect();
        kinds.sort();
        kinds.dedup();
        for (stage, recipe) in kinds {
            *common.entry((stage, recipe.clone())).or_default() += 1;
        }
    }
    lines.into_iter().map(|(pretrainings, evaluations)| parts(pretrainings, evaluations, &common)).collect()
}

fn of_encoder<'a>(encoders: &[Encoder<'a>], encoder: &Encoder<'a>, data: &DataSets) -> Vec<Evaluated<'a>> {
    let own = encoder.folders()[1];
    let evaluated = |run: &&'a Run| {
        let checkpoint = checkpoint(run);
        let mut recipe = result_keys(run, run.about.stage);
        recipe.retain(|path, _| !matches!(path.as_str(), "data.source" | "data.root"));
        recipe.extend(checkpoint.clone().map(|name| ("checkpoint".to_owned(), name)));
        let seed = counted_seed(encoders, encoder, run);
        if run.about.seed != seed {
            recipe.insert("seed".to_owned(), run.about.seed.to_string());
        }
        let beside = own_folder_at(&run.directory, run.about.stage) == own;
        Evaluated { run, seed, recipe, early: checkpoint.is_some(), beside, data: data.of_run(run).cloned() }
    };
    encoder.evaluations.iter().map(evaluated).collect()
}

/// One line in parts.
fn parts<'a>(
    pretrainings: Vec<&'a Run>,
    evaluations: Vec<Evaluated<'a>>,
    common: &HashMap<(Stage, Recipe), usize>,
) -> Vec<AddedLine<'a>> {
    let main = main_data(&pretrainings, &evaluations);
    let place = |data: &Option<DataSet>| data.as_ref().map(|data| data.place);
    let mut places: Vec<Option<DataSet>> = vec![main.clone()];
    for each in &evaluations {
        if !places.iter().any(|data| place(data) == place(&each.data)) {
            places.push(each.data.clone());
        }
    }
    let mut parts =
        vec![AddedLine { told: String::new(), runs: pretrainings, data: main.clone(), own_keys: Vec::new() }];
    let mut own_keys: BTreeSet<String> = BTreeSet::new();
    let mut own_bases: HashMap<Stage, &Evaluated> = HashMap::new();
    for data in places {
        let is_main = place(&data) == place(&main);
        let here: Vec<&Evaluated> = evaluations.iter().filter(|each| place(&each.data) == place(&data)).collect();
        for stage in Stage::EVALUATIONS {
            let of_stage: Vec<&Evaluated> = here.iter().copied().filter(|each| each.run.about.stage == stage).collect();
            let Some(base) = base(&of_stage, common) else { continue };
            if is_main {
                own_bases.insert(stage, base);
            }
            let of_data = if is_main {
                String::new()
            } else {
                other_data(base, own_bases.get(&stage).copied(), &evaluations, &main)
            };
            let mut shown: Vec<u64> = Vec::new();
            // The kind that the line shows comes first, so that no other stands in its place.
            let (kin, others): (Vec<&Evaluated>, Vec<&Evaluated>) =
                of_stage.iter().copied().partition(|each| each.recipe == base.recipe);
            let is_other = |each: &&Evaluated| each.run.directory != base.run.directory;
            for each in std::iter::once(base).chain(kin.into_iter().filter(is_other)).chain(others) {
                let is_shown = !each.early && !shown.contains(&each.seed);
                let told = if is_shown { String::new() } else { told(base, each) };
                if is_main && !is_shown {
                    own_keys.extend(differences_from(&each.recipe, &base.recipe));
                }
                if is_shown {
                    shown.push(each.seed);
                }
                let told: Vec<&str> =
                    [of_data.as_str(), told.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
                add(&mut parts, told.join(", "), each.run, &data);
            }
        }
    }
    // What only others have, as an early checkpoint, is said of them.
    parts[0].own_keys = own_keys.into_iter().filter(|key| !key.ends_with(ABSENT)).collect();
    parts.retain(|part| !part.runs.is_empty());
    parts
}

/// The data that the line itself is about: that of most of its evaluations, first that which is its pre-training's.
fn main_data(pretrainings: &[&Run], evaluations: &[Evaluated]) -> Option<DataSet> {
    let trained = pretrainings.iter().find_map(|run| run.about.inputs.train.as_ref());
    let is_own = |run: &Run| {
        let limit = |run: &Run| run.recipe.get("data").and_then(|data| data.get("train_limit")).cloned();
        let is_alike = |first: &&Run| first.about.data == run.about.data && limit(first) == limit(run);
        match (trained, run.about.inputs.train.as_ref()) {
            (Some(trained), Some(now)) => trained == now,
            _ => pretrainings.first().is_some_and(is_alike),
        }
    };
    let rank = |each: &&Evaluated| {
        let is_of_it = |other: &&Evaluated| {
            other.data.as_ref().map(|data| data.place) == each.data.as_ref().map(|data| data.place)
        };
        (is_own(each.run), evaluations.iter().filter(is_of_it).count())
    };
    // The first of equals.
    evaluations.iter().rev().max_by_key(rank).and_then(|each| each.data.clone())
}

/// What a line on other data than the one that it is added to is called by: the keys that choose other images of the
/// same and in which its recipe differs besides, else the name of the data.
fn other_data(here: &Evaluated, own: Option<&Evaluated>, all: &[Evaluated], main: &Option<DataSet>) -> String {
    let name = here.data.as_ref().map(|data| data.name.clone()).unwrap_or_default();
    let place = |data: &Option<DataSet>| data.as_ref().map(|data| data.place);
    let Some(any) = own.or_else(|| all.iter().find(|each| place(&each.data) == place(main))) else { return name };
    let of_data = |each: &Evaluated| -> Recipe {
        each.recipe.iter().filter(|(path, _)| path.starts_with("data.")).map(|(a, b)| (a.clone(), b.clone())).collect()
    };
    let chosen = differences_from(&of_data(any), &of_data(here));
    match own {
        _ if here.run.about.data != any.run.about.data || chosen.is_empty() => name,
        Some(own) => first_of(&differences_from(&own.recipe, &here.recipe)),
        None => first_of(&chosen),
    }
}

/// Of the evaluations of one stage that which its line shows.
fn base<'r, 'a>(of_stage: &[&'r Evaluated<'a>], common: &HashMap<(Stage, Recipe), usize>) -> Option<&'r Evaluated<'a>> {
    let rank = |each: &&&Evaluated| {
        let seeds = of_stage.iter().filter(|other| other.recipe == each.recipe).count();
        let lines = common.get(&(each.run.about.stage, each.recipe.clone())).copied().unwrap_or_default();
        let started = std::cmp::Reverse(each.run.about.started.clone());
        (!each.early, each.has_all_labels(), seeds, lines, each.beside, started)
    };
    // The first of equals.
    of_stage.iter().rev().max_by_key(rank).copied()
}

/// In what an evaluation differs from the one that its line shows: the keys, else the folder.
fn told(base: &Evaluated, each: &Evaluated) -> String {
    let differences = differences_from(&base.recipe, &each.recipe);
    if differences.is_empty() {
        format!("again in {}", plain_path(&each.run.directory))
    } else {
        first_of(&differences)
    }
}

fn first_of(differences: &[String]) -> String {
    let more = differences.len().saturating_sub(SHOWN);
    let said = differences.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{said} and {more} more") } else { said }
}

fn add<'a>(parts: &mut Vec<AddedLine<'a>>, told: String, run: &'a Run, data: &Option<DataSet>) {
    match parts.iter_mut().find(|part| part.told == told) {
        Some(part) => {
            part.runs.push(run);
            if part.data.is_none() {
                part.data.clone_from(data);
            }
        }
        None => parts.push(AddedLine { told, runs: vec![run], data: data.clone(), own_keys: Vec::new() }),
    }
}
