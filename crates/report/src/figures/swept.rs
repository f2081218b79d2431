//! Which keys of the recipe lines differ in while everything else is the same, and the accuracies against each.

use std::collections::{BTreeMap, BTreeSet};

use super::palette::LineStyle;
use crate::comparison::{Origin, RunGroup, Score, differences_from, result_keys};
use crate::run_directory::Stage;

/// A figure shows this many keys at the most: where lines differ in more, they are no sweep.
const MOST_KEYS: usize = 12;

/// What is held while others vary, whatever the sweep: the method and the images make another question.
const HELD: [&str; 2] = ["method.name", "data.source"];

/// The accuracy of one evaluation against one key.
#[derive(Debug, Clone, PartialEq)]
pub struct SweptKey {
    /// The key's path.
    pub key: String,
    /// Where its values stand.
    pub scale: Scale,
    /// Its values, from left to right, as text.
    pub values: Vec<String>,
    /// One for each choice of what else the lines differ in.
    pub curves: Vec<SweptCurve>,
}

/// How values are placed on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By their size.
    Linear,
    /// By their logarithm: they are above 0 and far apart.
    Logarithmic,
    /// At equal distances: they are no numbers.
    Categories,
}

/// The lines that share everything but the key.
#[derive(Debug, Clone, PartialEq)]
pub struct SweptCurve {
    /// In what they differ from other curves; the method where there is one curve.
    pub label: String,
    /// The style of its first line.
    pub style: LineStyle,
    /// One for each value that was run, from left to right.
    pub points: Vec<SweptPoint>,
}

/// One value of the key.
#[derive(Debug, Clone, PartialEq)]
pub struct SweptPoint {
    /// Its place among the values.
    pub value: usize,
    /// The place of its first line among the groups.
    pub group: usize,
    /// Over the finished seeds.
    pub score: Score,
}

/// A line of the comparison with the keys on which an evaluation of it depends.
struct Line {
    group: usize,
    keys: BTreeMap<String, String>,
    score: Score,
}

/// The figures of an evaluation: one for each key in which lines differ, everything else being equal, in at least two
/// values. What the ablations of the methods' own parameters show is not shown again: `is_shown` says of a method and a
/// key whether they do.
pub fn swept_keys(
    groups: &[RunGroup],
    stage: Stage,
    styles: &[LineStyle],
    is_shown: &dyn Fn(&str, &str) -> bool,
) -> Vec<SweptKey> {
    let lines: Vec<Line> = (0..groups.len()).filter_map(|group| line(&groups[group], group, stage)).collect();
    let all: BTreeSet<&String> = lines.iter().flat_map(|line| line.keys.keys()).collect();
    let differs = |key: &&&String| {
        let values: BTreeSet<Option<&String>> = lines.iter().map(|line| line.keys.get(**key)).collect();
        values.len() > 1 && !HELD.contains(&key.as_str())
    };
    let keys = all.iter().filter(differs).filter_map(|key| swept(groups, &lines, key, styles, is_shown));
    keys.take(MOST_KEYS).collect()
}

fn line(group: &RunGroup, place: usize, stage: Stage) -> Option<Line> {
    let score = group.score(stage).filter(|_| group.origin != Origin::Foreign)?;
    let run = group.stage(stage).find(|run| run.top1().is_some())?;
    let mut keys = group.recipe.clone();
    // The fingerprint of the images of pre-training says less than what they are called.
    keys.remove("data.source");
    keys.extend(result_keys(run, stage));
    keys.remove("data.root");
    keys.insert("method.name".to_owned(), group.setting.method.clone());
    (keys.len() > 1).then_some(Line { group: place, keys, score })
}

/// The accuracy against one key; `None` where no two lines differ in it alone.
fn swept(
    groups: &[RunGroup],
    lines: &[Line],
    key: &str,
    styles: &[LineStyle],
    is_shown: &dyn Fn(&str, &str) -> bool,
) -> Option<SweptKey> {
    let mut sets: Vec<(BTreeMap<String, String>, Vec<&Line>)> = Vec::new();
    for line in lines.iter().filter(|line| line.keys.contains_key(key)) {
        let mut held = line.keys.clone();
        held.remove(key);
        match sets.iter_mut().find(|(other, _)| *other == held) {
            Some((_, set)) => set.push(line),
            None => sets.push((held, vec![line])),
        }
    }
    let has_several = |set: &[&Line]| set.iter().any(|line| line.keys[key] != set[0].keys[key]);
    sets.retain(|(_, set)| has_several(set));
    if let [(_, only)] = sets.as_slice()
        && is_shown(&groups[only[0].group].setting.method, key)
    {
        return None;
    }
    let (scale, values) = places(sets.iter().flat_map(|(_, set)| set.iter().map(|line| line.keys[key].as_str())));
    let first = &sets.first()?.0;
    let mut curves: Vec<SweptCurve> = Vec::new();
    for (held, set) in &sets {
        let others: BTreeSet<&String> = sets
            .iter()
            .flat_map(|(other, _)| first.keys().chain(other.keys()).filter(|path| other.get(*path) != first.get(*path)))
            .collect();
        let of_others = |keys: &BTreeMap<String, String>| -> BTreeMap<String, String> {
            keys.iter()
                .filter(|(path, _)| others.contains(path))
                .map(|(path, value)| (path.clone(), value.clone()))
                .collect()
        };
        let told = differences_from(&BTreeMap::new(), &of_others(held));
        let label = if sets.len() == 1 { groups[set[0].group].setting.method.clone() } else { shortened(&told) };
        let points = values.iter().enumerate().filter_map(|(place, value)| point(set, key, place, value));
        curves.push(SweptCurve { label, style: *styles.get(set[0].group)?, points: points.collect() });
    }
    let values = values.iter().map(|value| value.trim_matches('"').to_owned()).collect();
    Some(SweptKey { key: key.to_owned(), scale, values, curves })
}

/// `pretrain.mask_ratio 0.5` as `mask_ratio 0.5`, where what is left of the keys says which they are.
fn shortened(told: &[String]) -> String {
    fn last(text: &str) -> &str {
        text.split_once(' ')
            .and_then(|(path, _)| path.rsplit_once('.'))
            .map_or(text, |(section, _)| &text[section.len() + 1..])
    }
    let names: BTreeSet<&str> = told.iter().filter_map(|text| last(text).split(' ').next()).collect();
    if names.len() == told.len() {
        told.iter().map(|text| last(text)).collect::<Vec<_>>().join(", ")
    } else {
        told.join(", ")
    }
}

/// The lines of a set with one value, their seeds together.
fn point(set: &[&Line], key: &str, place: usize, value: &str) -> Option<SweptPoint> {
    let lines: Vec<&&Line> = set.iter().filter(|line| line.keys[key] == value).collect();
    let mut seeds: Vec<(u64, f64)> = Vec::new();
    for (seed, top1) in lines.iter().flat_map(|line| line.score.seeds.iter().copied()) {
        if !seeds.iter().any(|(other, _)| *other == seed) {
            seeds.push((seed, top1));
        }
    }
    let test_images = lines.iter().map(|line| line.score.test_images).min().flatten();
    Some(SweptPoint { value: place, group: lines.first()?.group, score: Score::of(seeds, test_images)? })
}

/// The different values in the order in which they stand on the axis, and how they are placed on it.
fn places<'a>(values: impl Iterator<Item = &'a str>) -> (Scale, Vec<String>) {
    /// The values of a shorter axis can be told apart by their size.
    const FAR: f64 = 20.0;
    let mut distinct: Vec<&str> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    let numbers: Option<Vec<f64>> = distinct.iter().map(|value| number(value)).collect();
    let Some(numbers) = numbers else {
        // false stands before true.
        if distinct.iter().all(|value| matches!(*value, "true" | "false")) {
            distinct.sort_unstable();
        }
        return (Scale::Categories, distinct.into_iter().map(str::to_owned).collect());
    };
    distinct.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(std::cmp::Ordering::Equal));
    let (least, most) =
        numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
    let scale = if least > 0.0 && most / least >= FAR { Scale::Logarithmic } else { Scale::Linear };
    (scale, distinct.into_iter().map(str::to_owned).collect())
}

/// A value of a recipe as a number, where it is one.
pub fn number(value: &str) -> Option<f64> {
    value.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite())
}

impl SweptKey {
    /// Where each value stands.
    pub fn positions(&self) -> Vec<f64> {
        let position = |(place, value): (usize, &String)| match (self.scale, number(value)) {
            (Scale::Linear, Some(value)) => value,
            (Scale::Logarithmic, Some(value)) => value.log10(),
            _ => place as f64,
        };
        self.values.iter().enumerate().map(position).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_by_their_size_where_they_are_numbers() {
        let of = |values: &[&str]| places(values.iter().copied());
        let words = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        assert_eq!(of(&["0.75", "0.5"]), (Scale::Linear, words(&["0.5", "0.75"])));
        assert_eq!(of(&["256", "8", "16"]), (Scale::Logarithmic, words(&["8", "16", "256"])));
        assert_eq!(of(&["0", "100"]), (Scale::Linear, words(&["0", "100"])));
        assert_eq!(of(&["true", "false"]), (Scale::Categories, words(&["false", "true"])));
        assert_eq!(of(&["\"b\"", "\"a\""]), (Scale::Categories, words(&["\"b\"", "\"a\""])));
        assert_eq!(of(&["[0.2, 1.0]", "[0.5, 1.0]"]).0, Scale::Categories);
    }

    #[test]
    fn keys_are_called_by_their_last_part_where_that_says_which_they_are() {
        let told = |texts: &[&str]| shortened(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(told(&["finetune.base_lr 0.1", "pretrain.mask_ratio 0.5"]), "base_lr 0.1, mask_ratio 0.5");
        assert_eq!(
            told(&["finetune.base_lr 0.1", "linprobe.base_lr 0.5"]),
            "finetune.base_lr 0.1, linprobe.base_lr 0.5"
        );
    }
}
