//! All keys of a recipe. Each is defined once, in its section's file; the checks of single values, the page of keys and
//! the message about an unknown key come from there, and so do the settings, their reading and writing.

use super::key::AnyKey;
use super::sections::{data, finetune, knn, linprobe, method, model, monitor, pretrain, run, seed, target};

/// The list of tables that spells out the targets of the method "custom".
pub const TARGETS: &str = "method.targets";
/// The list of tables that names what a comparison of methods trains.
pub const RUNS: &str = "runs";

/// Every key that has a place of its own in a recipe, in the order of its sections. Those of a target are in
/// [`of_targets`], those of a run in [`of_runs`].
pub fn all() -> Vec<&'static dyn AnyKey> {
    [
        vec![&seed::KEY as &dyn AnyKey],
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

/// What to say about a key that does not exist: the nearest of those that are `known`, else what its section has.
pub(crate) fn unknown_key_hint(path: &str, known: &[&str]) -> String {
    let likeness = |candidate: &str| {
        let whole = strsim::normalized_damerau_levenshtein(path, candidate);
        // The right key in the wrong section, such as `epochs` or `model.dim`.
        let last = 0.95 * strsim::normalized_damerau_levenshtein(last_part(path), last_part(candidate));
        whole.max(last)
    };
    let mut best: Option<(&str, f64)> = None;
    for candidate in known {
        let score = likeness(candidate);
        if best.is_none_or(|(_, least)| score > least) {
            best = Some((candidate, score));
        }
    }
    match best {
        Some((candidate, score)) if score >= 0.6 => format!("did you mean `{candidate}`?"),
        _ => {
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
