//! Advice on words that clap refuses: options, commands and values that go by other names elsewhere.
//!
//! The names of recipe keys in other programs are the recipe's business (`bmae_recipe::keys::meant`); what is here are
//! options and commands of this program. Advice is given only where the command has the option.

use std::ffi::OsString;

use bmae_output::shell::quoted;
use bmae_recipe::{Stage, TrainedStage, keys, meant_word};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// Options by the names that other programs give them.
const OPTIONS: &[(&str, &[&str])] = &[
    ("preset", &["config", "cfg", "conf", "config-file", "recipe", "c", "yaml", "p"]),
    (
        "out",
        &[
            "output",
            "output-dir",
            "out-dir",
            "outdir",
            "o",
            "save-dir",
            "save",
            "save-path",
            "name",
            "run-name",
            "run",
            "run-dir",
            "log-dir",
            "logdir",
            "exp",
            "experiment",
            "dest",
            "project",
            "results",
        ],
    ),
    ("outputs", &["out", "output", "o"]),
    (
        "data",
        &["dataset", "data-path", "data-dir", "images", "train-dir", "input", "i", "d", "data-root", "path", "source"],
    ),
    (
        "from",
        &[
            "checkpoint",
            "ckpt",
            "weights",
            "model",
            "pretrained",
            "encoder",
            "load",
            "init",
            "resume-from",
            "w",
            "m",
            "model-path",
            "start-from",
            "run",
        ],
    ),
    ("weights", &["from", "checkpoint", "ckpt", "model", "w", "m"]),
    (
        "threads",
        &["workers", "num-workers", "n-workers", "j", "jobs", "cpus", "num-threads", "t", "n-threads", "cores"],
    ),
    ("seed", &["random-seed", "manual-seed", "s", "rng"]),
    ("seeds", &["n-seeds", "num-seeds", "repeats", "repeat"]),
    ("method", &["algorithm", "algo", "objective", "m"]),
    ("slow-weight", &["lambda", "lam"]),
    ("wse", &["switch", "switch-epoch"]),
    ("resume", &["continue", "restart", "go-on"]),
    ("json", &["as-json", "format-json"]),
    ("quiet", &["silent"]),
    ("verbose", &["debug", "verbosity"]),
    ("dry-run", &["plan", "list", "n", "dry"]),
    ("grid", &["params", "param", "axis", "search", "values"]),
    ("set", &["override", "opt", "opts", "option", "key"]),
    ("batch", &["batch-size", "bs", "b"]),
    ("to", &["target", "framework", "type", "library"]),
    ("feature", &["layer", "pooling"]),
    ("every", &["interval", "refresh", "n"]),
    ("stage", &["task"]),
    ("evaluations", &["eval", "evals", "evaluation", "evaluate"]),
];

/// Options of another name that go with a value of their own.
const OPTIONS_WITH_VALUES: &[(&str, &str, &[&str])] = &[
    ("device", "gpu", &["gpu", "gpus", "cuda", "vulkan", "metal", "mps", "g", "accelerator"]),
    ("emit", "slurm", &["sbatch", "cluster", "submit"]),
    ("emit", "snakemake", &["snakemake", "workflow"]),
];

/// Commands by other names: what is typed for `bmae NAME`.
const COMMANDS: &[(&[&str], &[&str])] = &[
    (&["pretrain"], &["train", "fit", "pre-train", "pretraining", "mae"]),
    (&["predict"], &["infer", "inference", "classify", "label"]),
    (&["neighbours"], &["neighbors", "nearest", "similar", "retrieve"]),
    (&["finetune", "linprobe", "knn"], &["eval", "evaluate", "evaluation", "test", "validate", "score", "accuracy"]),
    (&["linprobe"], &["linear", "probe", "linear-probe", "linearprobe", "lp", "linear-probing"]),
    (&["finetune"], &["ft", "fine-tune", "finetuning", "classifier"]),
    (&["knn"], &["nn", "nearest-neighbours"]),
    (&["report"], &["plot", "plots", "figures", "summary", "summarize", "results", "table"]),
    (&["runs compare"], &["compare", "diff"]),
    (&["runs metrics"], &["metrics", "logs", "log", "export-metrics"]),
    (&["runs"], &["ls", "list", "status", "ps"]),
    (&["watch"], &["monitor", "tensorboard", "top", "tail", "progress"]),
    (&["data download"], &["download", "fetch", "get"]),
    (&["data info", "checkpoint info"], &["info", "show", "describe", "inspect", "stats"]),
    (&["data preview"], &["preview", "augment"]),
    (&["checkpoint export"], &["export", "convert", "save"]),
    (&["checkpoint import"], &["import", "load"]),
    (&["init"], &["new", "create", "setup", "recipe", "configure", "wizard"]),
    (&["keys"], &["key", "options", "settings", "params", "parameters", "config"]),
    (&["reproduce"], &["run", "start", "all", "main", "experiment", "go"]),
    (&["sweep"], &["grid", "search", "hparams", "tune", "ablation", "ablate"]),
    (&["features"], &["embed", "embeddings", "encode", "extract", "feature"]),
    (&["reconstruct"], &["visualise", "visualize", "viz", "draw", "attention", "reconstruction", "inpaint"]),
    (&["bench"], &["benchmark", "speed", "profile", "time"]),
    (&["completions"], &["completion", "complete"]),
];

/// `error` with what was probably meant, where clap has no better idea. `program` is all that can be typed, and `words`
/// is what was.
pub fn advised(mut error: Error, program: &Command, words: &[OsString]) -> Error {
    let words: Vec<String> = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let Some(wrong) = text(&error, ContextKind::InvalidArg) else { return error };
            let line = Line::of(program, &words);
            let by_clap = error.get(ContextKind::SuggestedArg).is_some();
            let advice = if wrong.starts_with('-') { line.option(&wrong, by_clap) } else { line.stray(&wrong) };
            if let Some(advice) = advice {
                error.remove(ContextKind::SuggestedArg);
                tell(&mut error, advice);
            }
        }
        ErrorKind::InvalidSubcommand => {
            let meant = text(&error, ContextKind::InvalidSubcommand).and_then(|wrong| command(&wrong, program, &words));
            if let Some(meant) = meant {
                error.remove(ContextKind::SuggestedSubcommand);
                tell(&mut error, meant);
            }
        }
        ErrorKind::ValueValidation => {
            let argument = text(&error, ContextKind::InvalidArg).unwrap_or_default();
            let advice =
                text(&error, ContextKind::InvalidValue).and_then(|value| of_value(&argument, &value, program, &words));
            if let Some(advice) = advice {
                tell(&mut error, advice);
            }
        }
        ErrorKind::InvalidValue => {
            let value = text(&error, ContextKind::InvalidValue);
            let known = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(known)) => known.clone(),
                _ => Vec::new(),
            };
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            if let Some(meant) = value.and_then(|value| meant_word(&value, &known).map(str::to_owned)) {
                error.insert(ContextKind::SuggestedValue, ContextValue::String(meant));
            }
        }
        _ => {}
    }
    error
}

/// A fact of an error that is one text.
fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    }
}

fn tell(error: &mut Error, advice: String) {
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
}

/// What is to be typed for a `value` that the option `argument` does not take.
fn of_value(argument: &str, value: &str, program: &Command, words: &[String]) -> Option<String> {
    match argument.split(' ').next()? {
        "--seed" if value.contains(',') && Line::of(program, words).has("seeds") => {
            let seeds = value.split(',').count();
            Some(format!("did you mean `--seeds {seeds}`? It repeats everything with {seeds} seeds"))
        }
        "--feature" => {
            meant_word(value, &["class-token", "mean"]).map(|word| format!("did you mean `--feature {word}`?"))
        }
        _ => None,
    }
}

/// What `bmae WRONG` was probably meant to be.
fn command(wrong: &str, program: &Command, words: &[String]) -> Option<String> {
    let bare = wrong.to_ascii_lowercase().replace('_', "-");
    let (own, _) = COMMANDS
        .iter()
        .find(|(own, names)| names.contains(&bare.as_str()) && own.iter().all(|own| has(program, own)))?;
    // Below `bmae data` and its like, clap knows the commands there.
    if words.first().is_some_and(|first| first != wrong && program.find_subcommand(first).is_some()) {
        return None;
    }
    let own: Vec<String> = own.iter().map(|own| format!("`bmae {own}`")).collect();
    Some(format!("did you mean {}?", in_a_row(&own)))
}

/// Whether `program` has the command, one word or two.
fn has(program: &Command, command: &str) -> bool {
    command.split(' ').try_fold(program, |command, word| command.find_subcommand(word)).is_some()
}

/// `key=value` as a shell takes it, in quotes where it needs some.
fn assigned(key: &str, value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.,:/+-".contains(c);
    match value.chars().all(is_plain) {
        true => format!("{key}={value}"),
        false => quoted(format!("{key}={value}")),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn in_a_row(parts: &[String]) -> String {
    match parts {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => parts.concat(),
    }
}

/// The command line that was refused.
struct Line<'a> {
    words: &'a [String],
    /// The command, the innermost one.
    command: &'a Command,
}

impl<'a> Line<'a> {
    fn of(program: &'a Command, words: &'a [String]) -> Self {
        let inner = |command: &'a Command, word: &String| command.find_subcommand(word).unwrap_or(command);
        Line { words, command: words.iter().filter(|word| !word.starts_with('-')).take(2).fold(program, inner) }
    }

    /// What is to be typed for an option that the command does not have. Where clap found one that is spelt like it, mere
    /// likeness to a key does not count.
    fn option(&self, wrong: &str, by_clap: bool) -> Option<String> {
        // Of `-lr`, clap names `-l`.
        let place = self.words.iter().position(|word| word.split('=').next() == Some(wrong)).or_else(|| {
            self.words.iter().position(|word| wrong.len() == 2 && word.starts_with(wrong) && !word.starts_with("--"))
        })?;
        let (name, given) = match self.words[place].split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => {
                (self.words[place].as_str(), self.words.get(place + 1).filter(|next| !next.starts_with('-')).cloned())
            }
        };
        let name = name.trim_start_matches('-').to_ascii_lowercase().replace('_', "-");
        if self.has(&name) {
            return Some(format!("did you mean `--{name}{}`?", self.value_of(&name, given.as_deref())));
        }
        if let Some((own, value, _)) =
            OPTIONS_WITH_VALUES.iter().find(|(own, _, names)| names.contains(&name.as_str()) && self.has(own))
        {
            return Some(format!("did you mean `--{own} {value}`?"));
        }
        if let Some((own, _)) = OPTIONS.iter().find(|(own, names)| names.contains(&name.as_str()) && self.has(own)) {
            return Some(format!("did you mean `--{own}{}`?", self.value_of(own, given.as_deref())));
        }
        if !self.reads_a_recipe() {
            return None;
        }
        let meant = keys::meant(&name, Some(self.section())).or_else(|| {
            let near = (!by_clap).then(|| keys::near(&name, Some(self.section()))).flatten()?;
            Some(keys::MeantKey { path: Some(near), note: "" })
        })?;
        let note = if meant.note.is_empty() { String::new() } else { format!(" ({})", meant.note) };
        Some(match meant.path {
            Some(key) => {
                let value = given.unwrap_or_else(|| "VALUE".to_owned());
                format!("recipe keys are set with `--set {}`{note}", assigned(&key, &value))
            }
            None => meant.note.to_owned(),
        })
    }

    /// The value of the option `own`, as it is typed behind it.
    fn value_of(&self, own: &str, given: Option<&str>) -> String {
        let takes_value = self.argument(own).is_some_and(|argument| argument.get_action().takes_values());
        match given {
            Some(given) if takes_value => format!(" {}", quoted(given)),
            _ => String::new(),
        }
    }

    /// What is to be typed for a word that stands where none is expected.
    fn stray(&self, wrong: &str) -> Option<String> {
        let place = self.words.iter().position(|word| word == wrong)?;
        let before = place.checked_sub(1).map(|place| self.words[place].as_str());
        let before_that = place.checked_sub(2).map(|place| self.words[place].as_str());
        if let (Some("--set" | "--grid"), Some(key)) = (before_that, before)
            && !key.contains('=')
        {
            let option = before_that.unwrap_or_default();
            return Some(format!("did you mean `{option} {}`?", assigned(key, wrong)));
        }
        if before == Some("--resume") && self.has("out") {
            return Some(format!("--resume takes no value: `--resume --out {}` goes on with that run", quoted(wrong)));
        }
        if let Some((key, value)) = wrong.split_once('=') {
            // What a shell made of `model.encoder={dim=64, depth=2}` without quotes.
            let same = |word: &&str| word.split('=').next() == Some(key);
            if before.filter(same).is_some() || before.is_some_and(|before| before.contains(['{', '['])) {
                let key = before.and_then(|before| before.split('=').next()).unwrap_or(key);
                return Some(format!("a list or a table stands in quotes: `--set '{key}=...'`"));
            }
            let known = keys::find(key).map(|key| key.path().to_owned());
            let key = known.or_else(|| keys::meant(key, Some(self.section())).and_then(|meant| meant.path))?;
            let option = if self.has("grid") && value.contains(',') { "grid" } else { "set" };
            return Some(format!("did you mean `--{option} {}`?", assigned(&key, value)));
        }
        let wanted = ["from", "weights", "data", "out"].into_iter().find(|own| {
            let is_out = *own == "out" && self.command.get_name() == "pretrain";
            let is_data =
                *own == "data" && ["info", "preview", "check", "reproduce"].contains(&self.command.get_name());
            let is_weights = ["from", "weights"].contains(own) && self.command.get_name() != "pretrain";
            self.has(own)
                && (is_out || is_data || is_weights)
                && !self.words.iter().any(|word| word == &format!("--{own}"))
        })?;
        Some(format!("did you mean `--{wanted} {}`?", quoted(wrong)))
    }

    fn argument(&self, long: &str) -> Option<&clap::Arg> {
        self.command.get_arguments().find(|argument| argument.get_long() == Some(long))
    }

    fn has(&self, long: &str) -> bool {
        self.argument(long).is_some()
    }

    /// Whether recipe keys change what the command does.
    fn reads_a_recipe(&self) -> bool {
        !["report", "watch", "runs", "compare", "metrics", "man", "completions", "download"]
            .contains(&self.command.get_name())
    }

    /// The section of the recipe that the command is about.
    fn section(&self) -> &'static str {
        let stage = |word: &str| Stage::ALL.into_iter().map(Stage::section).find(|section| *section == word);
        let named = self.words.iter().zip(self.words.iter().skip(1)).find(|(option, _)| *option == "--stage");
        stage(self.command.get_name())
            .or_else(|| named.and_then(|(_, name)| stage(name)))
            .unwrap_or_else(|| Stage::from(TrainedStage::Pretrain).section())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::arguments::Arguments;

    fn built() -> Command {
        let mut program = Arguments::command();
        program.build();
        program
    }

    fn all_options(command: &Command) -> Vec<String> {
        let own = command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned));
        own.chain(command.get_subcommands().flat_map(all_options)).collect()
    }

    #[test]
    fn every_option_and_command_that_is_advised_is_there() {
        let program = built();
        let options = all_options(&program);
        let advised = OPTIONS.iter().map(|(own, _)| *own).chain(OPTIONS_WITH_VALUES.iter().map(|(own, ..)| *own));
        for own in advised {
            assert!(options.iter().any(|option| option == own), "--{own}");
        }
        for own in COMMANDS.iter().flat_map(|(own, _)| *own) {
            assert!(has(&program, own), "{own}");
        }
    }

    #[test]
    fn a_command_by_another_name_is_no_command_itself() {
        let program = built();
        for name in COMMANDS.iter().flat_map(|(_, names)| *names) {
            assert!(program.find_subcommand(name).is_none(), "{name}");
        }
    }
}
