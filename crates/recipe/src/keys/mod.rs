//! Every key of a recipe, each defined once: path, type, range, default, description.
//!
//! One file per section of the recipe. The checks of single values, the help text, the page of keys and the
//! unknown-key message all come from these definitions, so they cannot disagree.

pub(crate) mod data;
pub(crate) mod evaluation;
pub(crate) mod finetune;
mod key;
pub(crate) mod method;
pub(crate) mod model;
pub(crate) mod pretrain;
pub(crate) mod stage;
pub(crate) mod target;

pub use key::{AnyKey, Key, KeyValue};

/// The list of tables that spells out the targets of the method "custom".
pub const TARGETS: &str = "method.targets";
/// The list of tables that names what `reproduce` trains.
pub const RUNS: &str = "runs";

/// Every key that has a place of its own in a recipe, in the order of its sections. Those of a target are in
/// [`of_a_target`], those of a run in [`of_a_run`].
pub fn all() -> Vec<&'static dyn AnyKey> {
    let seed: [&dyn AnyKey; 1] = [&data::SEED];
    let sections = [
        data::all(),
        model::all(),
        method::all(),
        pretrain::all(),
        finetune::all(),
        evaluation::linprobe(),
        evaluation::knn(),
        evaluation::monitor(),
    ];
    seed.into_iter().chain(sections.into_iter().flatten()).collect()
}

/// The keys of one table of `[[method.targets]]`, their paths beginning with `method.targets`.
pub fn of_a_target() -> Vec<&'static dyn AnyKey> {
    target::all()
}

/// The keys of one table of `[[runs]]`: its name, whose path is `runs.name`, and those of `[method]`.
pub fn of_a_run() -> Vec<&'static dyn AnyKey> {
    let name: [&dyn AnyKey; 1] = [&method::RUN_NAME];
    name.into_iter().chain(method::all()).collect()
}

/// The key of this path among `keys`.
pub(super) fn find(keys: &[&'static dyn AnyKey], path: &str) -> Option<&'static dyn AnyKey> {
    keys.iter().find(|key| key.path() == path).copied()
}

/// Whether `path` names a section: something that keys lie under.
pub(super) fn is_section(path: &str) -> bool {
    all().iter().any(|key| under(key.path(), path))
}

/// What to say about a key that does not exist: the nearest that does, else what its section has.
pub fn unknown_key_hint(path: &str, known: &[&str]) -> String {
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
            let beside: Vec<&str> = known.iter().filter(|key| under(key, section)).map(|key| last_part(key)).collect();
            if beside.is_empty() {
                "the sections are data, model, method, pretrain, finetune, linprobe, knn, monitor and runs".to_owned()
            } else {
                format!("[{section}] has {}", beside.join(", "))
            }
        }
    }
}

/// The page of all keys, as Markdown: what `docs/keys.md` holds.
pub fn page() -> String {
    let mut page = String::from(
        "# Recipe keys\n\nGenerated from the definitions in `crates/train/src/recipe/keys/`. A recipe is TOML; \
         `--set key.path=value` sets the same paths on the command line. The defaults are those of the published setting \
         and stand wherever a preset says nothing.\n",
    );
    let mut section = "";
    for key in all() {
        let own = key.path().rsplit_once('.').map_or("(top)", |(section, _)| section);
        if own != section {
            page.push_str(&heading(&format!("[{own}]")));
            section = own;
        }
        page.push_str(&row(key));
    }
    page.push_str(&heading("[[method.targets]] (name = \"custom\")"));
    of_a_target().into_iter().for_each(|key| page.push_str(&row(key)));
    page.push_str(&heading("[[runs]]"));
    page.push_str(&row(&method::RUN_NAME));
    page.push_str("\nand any key of [method], laid over it.\n");
    page
}

fn heading(title: &str) -> String {
    format!(
        "\n## {}\n\n| key | default | must be | what it is |\n|---|---|---|---|\n",
        title.replace("[(top)]", "seed")
    )
}

fn row(key: &dyn AnyKey) -> String {
    let default = match key.path() {
        // These two depend on the machine and on another key.
        "data.root" => "the user's cache folder".to_owned(),
        "method.targets.tau_end" => "tau".to_owned(),
        "runs.name" => "the method's".to_owned(),
        _ => format!("`{}`", key.default_value()),
    };
    let about = [key.short(), key.long()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    format!("| `{}` | {default} | {} | {} |\n", last_part(key.path()), key.allowed(), about.join(". "))
}

fn under(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
