//! Which file needs which.

use crate::circles::Graph;
use crate::modules::Crate;
use crate::resolve::Meaning;
use crate::tokens::Mention;

impl Crate {
    /// Edges from a file to the files that define what it imports or names. No edge is a `mod` line, a re-export (a
    /// `use` with a visibility) or the import of a module: what is used of it stands in the code.
    pub fn dependencies(&self) -> Graph {
        let mut graph = Graph::default();
        for (index, module) in self.modules.iter().enumerate() {
            let mut add = |mention: &Mention, file: usize| {
                let (from, to) = (&self.files[module.file].0, &self.files[file].0);
                graph.add(from, to, &format!("{from}:{} uses {}", mention.line, mention.path.join("::")));
            };
            for import in module.imports.iter().filter(|import| !import.passed_on) {
                if let Meaning { module: None, file: Some(file) } = self.resolve(index, &import.from.path) {
                    add(&import.from, file);
                }
            }
            for mention in &module.mentions {
                if let Some(file) = self.resolve(index, &mention.path).file {
                    add(mention, file);
                }
            }
        }
        graph
    }
}
