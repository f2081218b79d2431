//! Circles in a graph of names.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Who needs whom, with one example for each.
#[derive(Default)]
pub struct Graph(BTreeMap<String, BTreeMap<String, String>>);

impl Graph {
    /// Notes that `from` needs `to`, as `example` shows; the first example stays. Nothing needs itself.
    pub fn add(&mut self, from: &str, to: &str, example: &str) {
        if from != to {
            self.0.entry(from.to_owned()).or_default().entry(to.to_owned()).or_insert_with(|| example.to_owned());
        }
    }

    /// All edges: from, to, example.
    pub fn edges(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let ends = |(from, to)| std::iter::repeat(from).zip(to);
        self.0
            .iter()
            .flat_map(ends)
            .map(|(from, (to, example)): (&String, (&String, &String))| (&**from, &**to, &**example))
    }

    /// The shortest circle through each name that is in one, each circle once and as one line with its examples.
    pub fn circles(&self) -> Vec<String> {
        let circles: BTreeSet<_> = self.0.keys().filter_map(|start| self.shortest_circle(start)).collect();
        let line = |circle: &Vec<&str>| {
            let next = circle.iter().skip(1).chain(&circle[..1]);
            let examples: Vec<_> = circle.iter().zip(next).map(|(from, to)| self.0[*from][*to].as_str()).collect();
            format!("{} -> {}: {}", circle.join(" -> "), circle[0], examples.join("; "))
        };
        circles.iter().map(line).collect()
    }

    /// By breadth; turned so that its first name by alphabet comes first.
    fn shortest_circle<'a>(&'a self, start: &'a str) -> Option<Vec<&'a str>> {
        let (mut came_from, mut queue) = (BTreeMap::new(), VecDeque::from([start]));
        while let Some(name) = queue.pop_front() {
            for next in self.0.get(name).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    let mut circle = vec![name];
                    while let Some(before) = came_from.get(circle[circle.len() - 1]) {
                        circle.push(*before);
                    }
                    circle.reverse();
                    let first = (0..circle.len()).min_by_key(|&i| circle[i])?;
                    circle.rotate_left(first);
                    return Some(circle);
                }
                came_from.entry(next.as_str()).or_insert_with(|| {
                    queue.push_back(next);
                    name
                });
            }
        }
        None
    }
}
