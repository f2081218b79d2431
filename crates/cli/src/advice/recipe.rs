//! Advice on recipes and sweeps.

use bmae_recipe::sweep::SweepError;
use bmae_recipe::{RecipeError, Warning, keys};

use super::near_path::near_path;

/// What to do about `error`; `None` where it says so itself.
pub fn of_recipe(error: &RecipeError) -> Option<String> {
    match error {
        RecipeError::NotAnAssignment { .. } => {
            Some("write --set key.path=value, as in --set pretrain.epochs=10".to_owned())
        }
        RecipeError::UnreadableFile { path, .. } => near_path(path).map(|near| format!("did you mean {near}?")),
        RecipeError::UnknownKey { key, .. } => of_no_key(key).map(str::to_owned),
        RecipeError::List { .. } => Some("on the command line, in quotes after --set".to_owned()),
        RecipeError::HeadsUntold { part, dim, .. } => {
            let usual = if dim.is_multiple_of(64) { format!(" (usually {})", dim / 64) } else { String::new() };
            Some(format!("give it with --set model.{part}.heads=N{usual}"))
        }
        _ => None,
    }
}

/// The option that does what `key`, which is none, was meant to do.
fn of_no_key(key: &str) -> Option<&'static str> {
    const OPTIONS: &[(&str, &str)] = &[
        ("threads", "--threads N sets it"),
        ("num_workers", "--threads N sets it"),
        ("device", "--device sets it"),
        ("out", "--out names it"),
        ("resume", "--resume says so"),
    ];
    // Another name of the same thing has the same note.
    let note = |name: &str| keys::meant(name, None).filter(|meant| meant.path.is_none()).map(|meant| meant.note);
    let own = note(key)?;
    OPTIONS.iter().find(|(name, _)| note(name) == Some(own)).map(|(_, option)| *option)
}

/// What to do about `warning`; `None` where it says so itself.
pub fn of_warning(warning: &Warning) -> Option<String> {
    match warning {
        Warning::HeadsTaken { part, .. } => Some(format!("--set model.{part}.heads=N sets another")),
        _ => None,
    }
}

/// What to do about `error`; `None` where it says so itself.
pub fn of_sweep(error: &SweepError) -> Option<String> {
    let advice = match error {
        SweepError::Recipe(error) => return of_recipe(error),
        SweepError::Unknown { name, .. } if name.contains('=') => {
            return Some(format!("did you mean `--grid {name}`?"));
        }
        SweepError::Unknown { hint, .. } if !hint.is_empty() => return None,
        SweepError::Unreadable { path, .. } => return near_path(path).map(|near| format!("did you mean {near}?")),
        SweepError::Unknown { .. } | SweepError::Nothing => "--grid KEY.PATH=VALUE,VALUE gives one of your own",
        SweepError::NotAGrid { .. } => "write it as --grid method.k=1,2,4",
        SweepError::Unread { .. } => "choose them with --method, --grid method.name=... or --evaluations",
        SweepError::SameFolder { .. } => "give each an --out of its own",
        SweepError::Seed => "--seeds N says how many",
        SweepError::NothingToRun { .. } => "choose one with --evaluations",
        _ => return None,
    };
    Some(advice.to_owned())
}
