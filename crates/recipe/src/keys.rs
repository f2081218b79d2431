//! All keys of a recipe. Each is defined once, in its section's file; the checks of single values, the page of keys and
//! the message about an unknown key come from there, and so do the settings, their reading and writing.

use super::key::AnyKey;
use super::meanings;
use super::sections::{data, finetune, knn, linprobe, method, model, monitor, precision, pretrain, run, seed, target};
use super::suggestion::{LEAST_LIKENESS, bare, best, likeness};

/// The list of tables that spells out the targets of the method "custom".
pub const TARGETS: &str = "method.targets";
/// The list of tables that names what a comparison of methods trains.
pub const RUNS: &str = "runs";

/// Every key that has a place of its own in a recipe, in the order of its sections. Those of a target are in
/// [`of_targets`], those of a run in [`of_runs`].
pub fn all() -> Vec<&'static dyn AnyKey> {
    [
        vec![&seed::KEY as &dyn AnyKey, &precision::KEY],
        data::KEYS.all(),
        model::KEYS.all(),
        method::KEYS.all(),
        pretrain::KEYS.all(),
        finetune::KEYS.all(),
        linprobe::KEYS.all(),
        knn::KEYS.all(),
        monitor::KEYS.all(),
    ]
    .concat()
}

/// The keys of one table of `[[method.targets]]`, their paths beginning with `method.targets`.
pub fn of_targets() -> Vec<&'static dyn AnyKey> {
    target::KEYS.all()
}

/// The keys of one table of `[[runs]]`: its name, whose path is `runs.name`, and those of `[method]`.
pub fn of_runs() -> Vec<&'static dyn AnyKey> {
    [run::KEYS.all(), method::KEYS.all()].concat()
}

/// All that can be given: the paths of the keys, and the lists of tables.
pub(crate) fn paths() -> Vec<&'static str> {
    all().into_iter().map(AnyKey::path).chain([TARGETS, RUNS]).collect()
}

/// The key of this path; `None` for sections and what does not exist.
pub fn find(path: &str) -> Option<&'static dyn AnyKey> {
    all().into_iter().find(|key| key.path() == path)
}

/// What is given with `path`: the key of that path, the keys of that section, or those of each target. Empty for what
/// does not exist, and for `runs`.
pub fn at(path: &str) -> Vec<&'static dyn AnyKey> {
    let inside = |key: &&dyn AnyKey| key.path() == path || is_in(key.path(), path);
    all().into_iter().chain(of_targets()).filter(inside).collect()
}

/// A key that an unknown name was probably meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeantKey {
    /// Its path; `None` where the name stands for what is no key of a recipe.
    pub path: Option<String>,
    /// What to know besides, as a clause; empty where there is nothing.
    pub note: &'static str,
}

impl MeantKey {
    fn of(path: &str, note: &'static str) -> Self {
        Self { path: Some(path.to_owned()), note }
    }
}

/// The key that goes by `name`, with or without a section, in other programs or in another section; `section` is
/// preferred where several have it. Mere likeness of letters does not count.
pub fn meant(name: &str, section: Option<&str>) -> Option<MeantKey> {
    meant_of(name, &paths(), section)
}

/// The key whose name is spelt most like `name`; of several, that of `section`.
pub fn near(name: &str, section: Option<&str>) -> Option<String> {
    near_of(name, &paths(), section).map(str::to_owned)
}

fn near_of<'a>(path: &str, known: &[&'a str], section: Option<&str>) -> Option<&'a str> {
    let alike = known.iter().copied().map(|candidate| {
        let last = 0.95 * likeness(last_part(path), last_part(candidate));
        let here = section.is_some_and(|section| is_in(candidate, section));
        (likeness(path, candidate).max(last) + if here { 0.01 } else { 0.0 }, candidate)
    });
    best(alike).filter(|(likeness, _)| *likeness >= LEAST_LIKENESS).map(|(_, candidate)| candidate)
}

fn meant_of(path: &str, known: &[&str], section: Option<&str>) -> Option<MeantKey> {
    let (given, last) = path.rsplit_once('.').map_or((None, path), |(section, last)| (Some(section), last));
    let section = given.map(|given| meanings::of_section(given).unwrap_or(given)).or(section);
    let first_of = |fits: &dyn Fn(&str) -> bool| {
        let fitting = || known.iter().copied().filter(|path| fits(path));
        let preferred = section.and_then(|section| fitting().find(|path| is_in(path, section)));
        preferred.or_else(|| fitting().next())
    };
    // The same name, spelt or placed in another way: `weight-decay`, `model.dim`, `encoder_dim`.
    if let Some(path) = first_of(&|known| bare(last_part(known)) == bare(last)) {
        return Some(MeantKey::of(path, ""));
    }
    let joined = |path: &str| bare(&path.replace('.', ""));
    if let Some(found) =
        first_of(&|known| joined(path).contains(&bare(last_part(known))) && joined(known).ends_with(&joined(path)))
    {
        return Some(MeantKey::of(found, ""));
    }
    let meant = meanings::of_key(last)?;
    if meant.keys.is_empty() {
        return Some(MeantKey { path: None, note: meant.note });
    }
    let stands_for = |known_path: &str, key: &str| {
        known_path == key || (last_part(known_path) == last_part(key) && !known.contains(&key))
    };
    let found = meant.keys.iter().find_map(|key| first_of(&|path| stands_for(path, key)))?;
    Some(MeantKey::of(found, meant.note))
}

/// What to say about a key that does not exist: the one of those that are `known` that was probably meant, else what
/// its section has. `section` is that of the stage that is about to run, for keys that are given without one.
pub(crate) fn unknown_key_hint(path: &str, known: &[&str], section: Option<&str>) -> String {
    match meant_of(path, known, section) {
        Some(MeantKey { path: Some(key), note: "" }) => return format!("did you mean `{key}`?"),
        Some(MeantKey { path: Some(key), note }) => return format!("did you mean `{key}`? ({note})"),
        Some(MeantKey { path: None, note }) => return note.to_owned(),
        None => {}
    }
    match near_of(path, known, section) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => {
            let section = path.rsplit_once('.').map_or("", |(section, _)| section);
            let beside: Vec<&str> = known.iter().filter(|key| is_in(key, section)).map(|key| last_part(key)).collect();
            if beside.is_empty() {
                "the sections are data, model, method, pretrain, finetune, linprobe, knn, monitor and runs".to_owned()
            } else {
                format!("[{section}] has {}", beside.join(", "))
            }
        }
    }
}

/// Whether `path` lies in `section`, or in a section of that.
fn is_in(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
