//! Keys with lists of values, and every combination of them.

use std::path::Path;

use toml::{Table, Value};

use super::error::SweepError;
use crate::{keys, recipe_paths};

/// A key and the values that it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The key's path, such as `method.k`.
    pub path: String,
    /// Its values, at least one.
    pub values: Vec<Value>,
}

/// Some axes: every combination of their values is tried.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grid {
    /// In the order in which recipes list their keys, which is that of names.
    axes: Vec<Axis>,
}

/// What is to be tried: every combination of every grid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sweep {
    /// The grids, one after another.
    pub grids: Vec<Grid>,
}

/// One combination: a value for each axis.
pub(super) type Point = Vec<(String, Value)>;

impl Axis {
    /// Reads `method.k=1,2,4`, where the values are TOML and bare words are texts.
    ///
    /// # Errors
    /// When it has no key or no value.
    pub fn parse(argument: &str) -> Result<Self, SweepError> {
        let refused = || SweepError::NotAGrid { argument: argument.to_owned() };
        let (path, list) = argument.split_once('=').ok_or_else(refused)?;
        let (path, list) = (path.trim(), list.trim());
        let values = match format!("[{list}]").parse::<Value>() {
            Ok(Value::Array(values)) => values,
            _ => list.split(',').map(|word| word_or_value(word.trim())).collect(),
        };
        let empty = values.is_empty() || values.iter().any(|value| value.as_str() == Some(""));
        if path.is_empty() || empty {
            return Err(refused());
        }
        Ok(Self { path: path.to_owned(), values })
    }
}

/// A bare word is a text.
fn word_or_value(word: &str) -> Value {
    word.parse().unwrap_or_else(|_| Value::String(word.to_owned()))
}

impl Grid {
    /// A grid of these axes.
    ///
    /// # Errors
    /// When a key is there twice, or is one that no combination may choose.
    pub fn new(mut axes: Vec<Axis>) -> Result<Self, SweepError> {
        for (index, axis) in axes.iter().enumerate() {
            if axis.path == "seed" {
                return Err(SweepError::Seed);
            }
            if axis.path.split('.').next() == Some(keys::RUNS) {
                return Err(SweepError::Runs { key: axis.path.clone() });
            }
            if axes[..index].iter().any(|other| other.path == axis.path) {
                return Err(SweepError::Twice {
                    key: axis.path.clone(),
                    also: "a second time in the same grid".into(),
                });
            }
        }
        let place = |path: &str| keys::all().iter().position(|key| key.path() == path);
        axes.sort_by_key(|axis| place(&axis.path).unwrap_or(usize::MAX));
        Ok(Self { axes })
    }

    /// A table of `[[grids]]`: a recipe with lists in place of values; a single value is a list of one.
    ///
    /// # Errors
    /// What [`new`](Self::new) says, and [`SweepError::Malformed`] at `place` for an empty list.
    pub(super) fn from_table(table: &Table, place: &str) -> Result<Self, SweepError> {
        let mut axes = Vec::new();
        flatten("", table, &mut axes);
        if let Some(axis) = axes.iter().find(|axis| axis.values.is_empty()) {
            let what = format!("{} has no value", axis.path);
            return Err(SweepError::Malformed { place: place.to_owned(), what });
        }
        Self::new(axes)
    }

    /// Lets the relative paths among the values, which the sweep file at `file` holds, begin in its folder.
    pub(super) fn see_paths_from(&mut self, file: &Path) {
        for Axis { path, values } in &mut self.axes {
            for value in values {
                if let Value::String(text) = value
                    && recipe_paths::is_path(path, text)
                {
                    *text = recipe_paths::seen_from(file, text).0;
                }
            }
        }
    }

    /// The keys that are swept.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|axis| axis.path.as_str())
    }

    /// How many combinations there are.
    pub(super) fn count(&self) -> usize {
        self.axes.iter().fold(1, |count, axis| count.saturating_mul(axis.values.len()))
    }

    /// Every combination, the last axis changing fastest.
    pub(super) fn points(&self) -> Vec<Point> {
        self.axes.iter().fold(vec![Vec::new()], |points: Vec<Point>, axis| {
            let with = |point: Point| {
                axis.values.iter().map(move |value| {
                    let mut point = point.clone();
                    point.push((axis.path.clone(), value.clone()));
                    point
                })
            };
            points.into_iter().flat_map(with).collect()
        })
    }
}

fn flatten(prefix: &str, table: &Table, axes: &mut Vec<Axis>) {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(table) => flatten(&path, table, axes),
            Value::Array(values) => axes.push(Axis { path, values: values.clone() }),
            value => axes.push(Axis { path, values: vec![value.clone()] }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(argument: &str) -> Axis {
        Axis::parse(argument).expect("an axis")
    }

    fn words(point: &Point) -> String {
        point.iter().map(|(path, value)| format!("{path}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_are_toml_and_bare_words_are_texts() {
        assert_eq!(axis("method.k=1,2, 4").values, [Value::Integer(1), Value::Integer(2), Value::Integer(4)]);
        assert_eq!(axis("method.tau=0.005,0.1").values, [Value::Float(0.005), Value::Float(0.1)]);
        assert_eq!(
            axis("method.name=mae-k,ema-mae").values,
            [Value::String("mae-k".into()), Value::String("ema-mae".into())]
        );
        assert_eq!(axis("pretrain.crop_scale=[0.2, 1.0],[0.5, 1.0]").values.len(), 2);
    }

    #[test]
    fn an_argument_without_a_key_or_a_value_is_refused_with_an_example() {
        for argument in ["method.k", "=1,2", "method.k=", "method.k=a,,b"] {
            let refused = Axis::parse(argument).expect_err(argument).to_string();
            assert!(refused.contains("method.k=1,2,4"), "{refused}");
        }
    }

    #[test]
    fn every_combination_is_tried_with_the_keys_in_the_order_of_recipes() {
        let grid = Grid::new(vec![axis("method.tau=0.1,0.3"), axis("method.wse=1,5")]).expect("a grid");
        let points: Vec<String> = grid.points().iter().map(words).collect();
        assert_eq!(
            points,
            [
                "method.wse=1 method.tau=0.1",
                "method.wse=1 method.tau=0.3",
                "method.wse=5 method.tau=0.1",
                "method.wse=5 method.tau=0.3"
            ]
        );
    }

    #[test]
    fn a_table_of_grids_reads_like_a_recipe_with_lists() {
        let table = "method.name = 'ema-mae'\nmethod.wse = [1, 5]\npretrain.mask_ratio = 0.5".parse().expect("TOML");
        let grid = Grid::from_table(&table, "here").expect("a grid");
        assert_eq!(
            grid.points().iter().map(words).collect::<Vec<_>>(),
            [
                "method.name=\"ema-mae\" method.wse=1 pretrain.mask_ratio=0.5",
                "method.name=\"ema-mae\" method.wse=5 pretrain.mask_ratio=0.5"
            ]
        );
        let empty = "method.k = []".parse().expect("TOML");
        assert!(Grid::from_table(&empty, "here").expect_err("no value").to_string().contains("method.k has no value"));
    }

    #[test]
    fn seeds_runs_and_repeated_keys_are_refused() {
        for arguments in [vec!["seed=1,2"], vec!["runs=1"], vec!["method.k=1", "method.k=2"]] {
            let axes = arguments.iter().map(|argument| axis(argument)).collect();
            assert!(Grid::new(axes).is_err(), "{arguments:?}");
        }
    }
}
