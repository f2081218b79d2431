//! What loading left over, all of it, short enough to be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What loading left over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadReport {
    /// Parameters of the module that the weights lack: they kept their values.
    pub missing: Vec<String>,
    /// Tensors of the weights that the module does not have: they were ignored.
    pub unexpected: Vec<String>,
    /// Where the weights came from, for messages.
    pub source: String,
}

impl LoadReport {
    /// What neither of two modules that share these weights has a place for, and what either misses.
    pub fn combined_with(mut self, other: Self) -> Self {
        self.missing.extend(other.missing);
        self.unexpected.retain(|name| other.unexpected.contains(name));
        self
    }

    /// Whether nothing was left over on either side.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty()
    }
}

/// One sentence without its end: what was missing and what was left over.
impl fmt::Display for LoadReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.source)?;
        match (self.missing.is_empty(), self.unexpected.is_empty()) {
            (true, true) => formatter.write_str(" holds exactly the tensors of this model"),
            (false, true) => write!(formatter, " lacks {} of this model", counted(&self.missing)),
            (true, false) => write!(formatter, " holds {} that this model does not have", counted(&self.unexpected)),
            (false, false) => write!(
                formatter,
                " lacks {} of this model and holds {} that it does not have",
                counted(&self.missing),
                counted(&self.unexpected)
            ),
        }
    }
}

fn counted(names: &[String]) -> String {
    let tensors = if names.len() == 1 { "tensor" } else { "tensors" };
    format!("{} {tensors} ({})", names.len(), grouped_names(names))
}

/// All of `names`, those of blocks alike written once: `blocks.{4-7}.{norm1, norm2}.{bias, weight}, head.bias`.
pub fn grouped_names<S: AsRef<str>>(names: &[S]) -> String {
    // By what stands before a block's number, then the block, then what follows it.
    let mut blocks: BTreeMap<&str, BTreeMap<usize, BTreeSet<&str>>> = BTreeMap::new();
    let mut outside: BTreeSet<&str> = BTreeSet::new();
    for name in names.iter().map(AsRef::as_ref) {
        match split_at_number(name) {
            Some((before, number, after)) => {
                blocks.entry(before).or_default().entry(number).or_default().insert(after);
            }
            None => drop(outside.insert(name)),
        }
    }
    let mut parts = Vec::new();
    for (before, numbers) in blocks {
        let mut alike: BTreeMap<BTreeSet<&str>, Vec<usize>> = BTreeMap::new();
        for (number, after) in numbers {
            alike.entry(after).or_default().push(number);
        }
        for (after, numbers) in alike {
            parts.push(format!("{before}.{}.{}", braced(ranges(&numbers)), braced(by_last_word(&after))));
        }
    }
    parts.extend(by_last_word(&outside));
    parts.join(", ")
}

/// `blocks`, 3 and `attn.qkv.weight` of `blocks.3.attn.qkv.weight`.
fn split_at_number(name: &str) -> Option<(&str, usize, &str)> {
    let mut start = 0;
    for word in name.split('.') {
        let end = start + word.len();
        if let Ok(number) = word.parse()
            && start > 0
            && end < name.len()
        {
            return Some((&name[..start - 1], number, &name[end + 1..]));
        }
        start = end + 1;
    }
    None
}

/// Names that differ in their last word only, as one: `head.{bias, weight}`. What has the same last words follows
/// together.
fn by_last_word(names: &BTreeSet<&str>) -> Vec<String> {
    let mut firsts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut whole = Vec::new();
    for name in names {
        match name.rsplit_once('.') {
            Some((first, last)) => firsts.entry(first).or_default().push(last),
            None => whole.push((*name).to_owned()),
        }
    }
    let mut lasts: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (first, last) in firsts {
        lasts.entry(last).or_default().push(first);
    }
    whole.extend(lasts.into_iter().map(|(last, first)| {
        let words = |words: Vec<&str>| braced(words.into_iter().map(str::to_owned).collect());
        format!("{}.{}", words(first), words(last))
    }));
    whole
}

/// Numbers in ascending order, neighbours as `4-7`.
fn ranges(numbers: &[usize]) -> Vec<String> {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    runs.map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        _ => run.iter().map(usize::to_string).collect(),
    })
    .collect()
}

fn braced(parts: Vec<String>) -> String {
    match parts.as_slice() {
        [one] if !one.contains('-') => one.clone(),
        _ => format!("{{{}}}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_grouped_and_none_is_lost() {
        for (names, want) in [
            (&["head.weight"][..], "head.weight"),
            (&["head.weight", "head.bias", "mask_token"], "mask_token, head.{bias, weight}"),
            (&["fc_norm.weight", "fc_norm.bias", "head.bias", "head.weight"], "{fc_norm, head}.{bias, weight}"),
            (&["blocks.3.norm1.bias"], "blocks.3.norm1.bias"),
            (
                &["blocks.4.norm1.bias", "blocks.5.norm1.bias", "blocks.7.norm1.bias", "blocks.9.norm2.bias"],
                "blocks.{4-5, 7}.norm1.bias, blocks.9.norm2.bias",
            ),
            (
                &[
                    "blocks.10.mlp.fc1.bias",
                    "blocks.10.mlp.fc1.weight",
                    "blocks.11.mlp.fc1.bias",
                    "blocks.11.mlp.fc1.weight",
                ],
                "blocks.{10-11}.mlp.fc1.{bias, weight}",
            ),
            (&["a.0", "a.1.b"], "a.1.b, a.0"),
        ] {
            assert_eq!(grouped_names(names), want);
        }
    }
}
