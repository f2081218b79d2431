//! The keys that a word finds, for whoever looks one up: those of that path or section, of a name that has the word in
//! it, with the word in their text, or that go by the word elsewhere.

use toml::Value;

use super::choices::Choice as _;
use super::key::AnyKey;
use super::keys;
use super::meanings;
use super::preset::Preset;
use super::recipe::Recipe;

/// Every key: those of a recipe, of a target, and the name of a run.
pub fn every_key() -> Vec<&'static dyn AnyKey> {
    let of_runs = keys::of_runs().into_iter().filter(|key| key.path().starts_with("runs."));
    keys::all().into_iter().chain(keys::of_targets()).chain(of_runs).collect()
}

/// Whether a key is found.
type Finds<'a> = &'a dyn Fn(&dyn AnyKey) -> bool;

/// The keys that `word` finds, in the order of the recipe: the one of that path, else those of that section, else those
/// with the word in their path or text, else those that other programs call so. Case, `-` and `_` make no difference. Empty where there is none.
pub fn search(word: &str) -> Vec<&'static dyn AnyKey> {
    let word = plain(word);
    let all = every_key();
    let of = |found: &dyn Fn(&dyn AnyKey) -> bool| -> Vec<&'static dyn AnyKey> {
        all.iter().copied().filter(|key| found(*key)).collect()
    };
    let path = |key: &dyn AnyKey| plain(key.path());
    let inside = |key: &dyn AnyKey| path(key).strip_prefix(&word).is_some_and(|rest| rest.starts_with('.'));
    let has_word = |text: &str| {
        let begins = |at: usize| !text[..at].ends_with(|before: char| before.is_alphanumeric());
        text.match_indices(&word).any(|(at, _)| begins(at))
    };
    let text = |key: &dyn AnyKey| [key.short(), key.long(), &key.allowed()].map(plain).join(" ");
    // One or two letters stand in half of all words; where they are a name, that is meant.
    let is_short = word.chars().count() <= 2;
    let meant = meanings::of_key(&word).map_or(&[][..], |meant| meant.keys);
    let findings: [Finds; 5] = [
        &|key| path(key) == word,
        &inside,
        &|key| is_short && plain(key.name()) == word,
        &|key| !word.is_empty() && (path(key).contains(&word) || has_word(&text(key))),
        &|key| meant.iter().any(|other| key.path() == *other || key.name() == *other),
    ];
    findings.into_iter().map(of).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The keys whose names are most like `word`, for one that finds nothing: did you mean this?
pub fn hint(word: &str) -> String {
    let known: Vec<&str> = every_key().iter().map(|key| key.path()).collect();
    keys::unknown_key_hint(&plain(word).replace(' ', "_"), &known, None)
}

/// What every preset has for the key at `path`, by the preset's name; nothing for keys of lists.
pub fn in_presets(path: &str) -> Vec<(&'static str, Value)> {
    let value = |preset: Preset| {
        // A preset is read without fail, as tests see to; a key that its recipe does not write has no value there.
        let recipe = Recipe::from_toml(preset.text()).ok()?.to_toml().parse::<toml::Table>().ok()?;
        let mut value = &Value::Table(recipe);
        for part in path.split('.') {
            value = value.get(part)?;
        }
        Some(value.clone())
    };
    let is_in_a_list = path.starts_with(keys::TARGETS) || path.starts_with("runs.");
    let presets = Preset::ALL.iter().filter(|_| !is_in_a_list && path != "data.root");
    presets.filter_map(|(preset, name)| Some((*name, value(*preset)?))).collect()
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace(['-', '_'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(word: &str) -> Vec<&'static str> {
        search(word).iter().map(|key| key.path()).collect()
    }

    #[test]
    fn a_path_finds_its_key_alone_and_a_section_all_of_its_own() {
        assert_eq!(found("pretrain.epochs"), ["pretrain.epochs"]);
        assert_eq!(found("seed"), ["seed"]);
        assert_eq!(found("knn"), ["knn.k", "knn.temperature", "knn.feature"]);
        assert!(found("model").contains(&"model.encoder.dim") && !found("model").contains(&"pretrain.from"));
        assert!(found("method.targets").contains(&"method.targets.weight"));
    }

    #[test]
    fn a_part_of_a_name_finds_every_key_that_has_it() {
        let of_rates = found("lr");
        for key in ["pretrain.base_lr", "finetune.base_lr", "linprobe.min_lr"] {
            assert!(of_rates.contains(&key), "{of_rates:?}");
        }
        assert_eq!(found("base-LR"), ["pretrain.base_lr", "finetune.base_lr", "linprobe.base_lr"]);
        assert_eq!(found("k"), ["method.k", "knn.k"]);
        assert!(found("epochs").len() > 6 && found("epochs").contains(&"pretrain.warmup_epochs"));
    }

    #[test]
    fn a_word_of_the_text_finds_keys_and_a_part_of_a_word_in_its_middle_does_not() {
        assert!(found("learning rate").contains(&"pretrain.warmup_epochs"));
        assert!(found("CIFAR").contains(&"data.mean"));
        assert!(found("stochastic").contains(&"finetune.drop_path"));
        assert_eq!(found("ochastic"), Vec::<&str>::new());
    }

    #[test]
    fn what_other_programs_call_a_key_finds_it() {
        assert_eq!(found("blr"), ["pretrain.base_lr", "finetune.base_lr", "linprobe.base_lr"]);
        assert_eq!(found("img_size"), ["data.image_size"]);
    }

    #[test]
    fn what_finds_nothing_is_answered_with_the_nearest_key() {
        assert_eq!(found("pretrain.epcohs"), Vec::<&str>::new());
        assert!(hint("pretrain.epcohs").contains("`pretrain.epochs`"), "{}", hint("pretrain.epcohs"));
        assert!(found("").is_empty());
    }

    #[test]
    fn a_key_has_its_value_in_every_preset() {
        let values: Vec<String> =
            in_presets("pretrain.epochs").iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(values, ["quick 24", "mini 12", "paper 200"]);
        assert_eq!(in_presets("method.targets.weight"), []);
    }
}
