//! From a path to the file that defines what it names.

use std::collections::BTreeSet;

use crate::modules::Crate;

/// What a name stands for: a module, an item, both (they do not clash), or neither, if it comes from another crate.
#[derive(Clone, Copy, Default, Debug)]
pub struct Meaning {
    /// Index of the module of that name.
    pub module: Option<usize>,
    /// Index of the file that defines the item of that name.
    pub file: Option<usize>,
}

/// Names that are being looked up, so that imports which name each other come to an end.
type Open = BTreeSet<(usize, String)>;

impl Crate {
    /// What `path` means in the module `from`. Imports and re-exports are followed, `*` too. An item ends the path:
    /// what comes after it are its variants and functions.
    pub fn resolve(&self, from: usize, path: &[String]) -> Meaning {
        self.follow(from, path, &mut Open::new())
    }

    fn follow(&self, from: usize, path: &[String], open: &mut Open) -> Meaning {
        let inside = |module| Meaning { module: Some(module), file: None };
        let mut meaning = inside(from);
        for (place, segment) in path.iter().enumerate() {
            let Some(module) = meaning.module else { break };
            meaning = match segment.as_str() {
                "crate" => inside(0),
                "self" => meaning,
                "super" => inside(self.modules[module].parent),
                name => match self.look_up(module, name, open) {
                    Some(meaning) => meaning,
                    // Another crate, a variable, the prelude.
                    None if place == 0 => Meaning::default(),
                    // A macro in that module defines it.
                    None => Meaning { module: None, file: Some(self.modules[module].file) },
                },
            };
        }
        meaning
    }

    fn look_up(&self, at: usize, name: &str, open: &mut Open) -> Option<Meaning> {
        let module = &self.modules[at];
        let mut meaning = Meaning {
            module: module.modules.get(name).copied(),
            file: module.items.contains(name).then_some(module.file),
        };
        let mut known = meaning.module.is_some() || meaning.file.is_some();
        if !open.insert((at, name.to_owned())) {
            return known.then_some(meaning);
        }
        for import in module.imports.iter().filter(|import| import.name == name) {
            let imported = self.follow(at, &import.from.path, open);
            meaning.module = meaning.module.or(imported.module);
            meaning.file = meaning.file.or(imported.file);
            known = true;
        }
        for import in module.imports.iter().filter(|import| !known && import.name == "*") {
            if let Some(all) = self.follow(at, &import.from.path, open).module
                && let Some(imported) = self.look_up(all, name, open)
            {
                open.remove(&(at, name.to_owned()));
                return Some(imported);
            }
        }
        open.remove(&(at, name.to_owned()));
        known.then_some(meaning)
    }
}
