//! `to_toml` writes what `from_toml` reads back equal, for the presets and for any recipe that can be drawn.

use super::*;
use crate::{AnyKey, keys};

fn assert_survives(recipe: &Recipe) {
    let text = recipe.to_toml();
    let back = Recipe::from_toml(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(&back, recipe, "{text}");
    assert_eq!(back.to_toml(), text);
}

#[test]
fn presets_survive_with_their_runs_and_each_run_by_itself() {
    for preset in [Preset::Quick, Preset::Mini, Preset::Paper] {
        let recipe = resolve(&layers(preset, &[]));
        assert!(!recipe.runs.is_empty());
        assert_survives(&recipe);
        for run in &recipe.runs {
            let alone = recipe.of_run(run).with_seed(3);
            assert!(!alone.to_toml().contains("[[runs]]"));
            assert_eq!((&alone.method, alone.seed), (&run.method, 3));
            assert_survives(&alone);
        }
    }
}

#[test]
fn custom_targets_survive_in_method_and_runs() {
    let text = "[method]\nname='custom'\nwse=4\ncopy_at='epoch-end'\n\
        [[method.targets]]\nweight=0.5\nupdate='copy'\nevery=3\nnormalisation='layer-norm'\nlast_blocks=2\n\
        [[method.targets]]\ntau=0.1\ntau_end=0.01\nramp='cosine'\nunit='step'\nborn='start'\n\
        [[method.targets]]\nupdate='fixed'\nfrom='/weights'\n\
        [[runs]]\nname='own'\nmethod='custom'\ntargets=[{tau=0.3}]\n\
        [[runs]]\nname='those-of-the-method'\n[[runs]]\nname='mae'";
    let recipe = resolve(&file(text));
    assert_eq!(recipe.runs.iter().map(|run| run.method.targets().len()).collect::<Vec<_>>(), [1, 3, 0]);
    assert_survives(&recipe);
}

#[test]
fn every_key_is_written() {
    // Each method leaves out the keys that it does not read; between them they read all.
    let sha256 = format!("pretrain.from_sha256='{}'", "0".repeat(64));
    let written: String = ["mae-k", "ema-mae", "mae-new"]
        .map(|name| format!("method.name={name}"))
        .map(|name| resolve(&layers(Preset::Mini, &[&name, "pretrain.from=/weights", &sha256])).to_toml())
        .concat();
    for key in keys::all() {
        let name = key.path().rsplit('.').next().unwrap_or_default();
        assert!(written.contains(&format!("\n{name} = ")) || written.starts_with(&format!("{name} = ")), "{name}");
    }
}

#[test]
fn recipes_drawn_at_random_survive() {
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
    for _ in 0..200 {
        let mut sets: Vec<String> = Vec::new();
        for key in keys::all() {
            sets.extend(draw.value(key).map(|value| format!("{}={value}", key.path())));
        }
        sets.push(format!("method.targets=[{{weight={}, tau={}}}]", 1.0 + draw.unit(), draw.unit()));
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        assert_survives(&resolve(&layers(Preset::Quick, &sets)));
    }
}

/// A few lines of xorshift: tests need no more.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A value that the key accepts, for keys whose value hangs on no other key's.
    fn value(&mut self, key: &dyn AnyKey) -> Option<String> {
        let hangs_on_others = matches!(key.name(), "accumulate" | "freeze");
        if key.path().starts_with("model.") || key.path() == "data.image_size" || hangs_on_others {
            return None;
        }
        let value = match key.default_value() {
            toml::Value::Integer(_) => (self.next() >> (2 + self.next() % 60)).max(1).to_string(),
            toml::Value::Float(_) => format!("{:?}", self.unit()),
            toml::Value::Boolean(_) => self.next().is_multiple_of(2).to_string(),
            toml::Value::Array(list) => {
                let mut parts: Vec<f64> = list.iter().map(|_| 0.001 + 0.9 * self.unit()).collect();
                parts.sort_by(f64::total_cmp);
                format!("{parts:?}")
            }
            // The words stand in quotes in the key's own description.
            _ => {
                let allowed = key.allowed();
                let words: Vec<&str> = allowed.split('"').skip(1).step_by(2).collect();
                match words.is_empty() {
                    true => "/some/where".to_owned(),
                    false => words[self.next() as usize % words.len()].to_owned(),
                }
            }
        };
        let parsed: toml::Value = value.parse().unwrap_or(toml::Value::String(value.clone()));
        key.accepts(&parsed).then_some(value)
    }
}

#[test]
fn sizes_are_a_number_or_height_and_width_and_are_written_as_a_number_where_they_are_square() {
    let recipe = |image: &str, patch: &str| {
        Recipe::from_toml(&format!("data.image_size = {image}\nmodel.patch_size = {patch}")).expect("a recipe")
    };
    for (image, patch, written) in [
        ("32", "8", ["image_size = 32\n", "patch_size = 8\n"]),
        ("[32, 32]", "[8, 8]", ["image_size = 32\n", "patch_size = 8\n"]),
        ("[64, 32]", "8", ["image_size = [64, 32]\n", "patch_size = 8\n"]),
        ("[64, 32]", "[8, 4]", ["image_size = [64, 32]\n", "patch_size = [8, 4]\n"]),
    ] {
        let read = recipe(image, patch);
        let text = read.to_toml();
        assert!(written.iter().all(|line| text.contains(line)), "{text}");
        assert_eq!(Recipe::from_toml(&text).expect("what was written"), read);
    }
    let grid = recipe("[64, 32]", "[8, 4]").architecture().grid;
    assert_eq!((grid.rows(), grid.columns(), grid.values_per_patch()), (8, 8, 96));
}
