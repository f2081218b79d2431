//! The modules of a crate: which file each is in, what it defines, imports and names.

use std::collections::{BTreeMap, BTreeSet};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Item, Meta, UseTree, Visibility};

use crate::program_code;
use crate::sources::Sources;
use crate::tokens::{self, Mention};

/// A crate's program code: its tests are left out.
pub struct Crate {
    /// Files that are part of the crate: path below `src`, and syntax.
    pub files: Vec<(String, syn::File)>,
    /// All modules, the crate's root first.
    pub modules: Vec<Module>,
}

/// A module, be it a file or inline.
#[derive(Default)]
pub struct Module {
    /// The module around it; the root is its own.
    pub parent: usize,
    /// Index of its file.
    pub file: usize,
    /// Modules in it, by name.
    pub modules: BTreeMap<String, usize>,
    /// Names of the items that it defines.
    pub items: BTreeSet<String>,
    /// Its `use` items, one for each name.
    pub imports: Vec<Import>,
    /// Paths in its code, but for imports.
    pub mentions: Vec<Mention>,
}

/// One name that a `use` item brings into scope.
pub struct Import {
    /// The name here; `*` brings all.
    pub name: String,
    /// What is imported.
    pub from: Mention,
    /// Whether others may import it from here, so that the line by itself needs nothing.
    pub passed_on: bool,
}

impl Crate {
    /// Reads the crate from its root on. Panics where a file is missing or no Rust.
    pub fn new(sources: &Sources) -> Self {
        let root = if sources.files.contains_key("lib.rs") { "lib.rs" } else { "main.rs" };
        let mut this = Self { files: Vec::new(), modules: vec![Module::default()] };
        this.read_file(sources, root, 0, "");
        this
    }

    /// Reads `path` as the module `module`, whose files are in `folder` (empty, or ending in `/`).
    fn read_file(&mut self, sources: &Sources, path: &str, module: usize, folder: &str) {
        let file = program_code::parse(path, &sources.files[path]);
        self.modules[module].file = self.files.len();
        self.files.push((path.to_owned(), file.clone()));
        self.read_items(sources, &file.items, module, folder);
    }

    fn read_items(&mut self, sources: &Sources, items: &[Item], module: usize, folder: &str) {
        for item in items {
            let Item::Mod(inner) = item else {
                self.modules[module].items.extend(defined_name(item));
                Reader(&mut self.modules[module]).visit_item(item);
                continue;
            };
            let (index, name) = (self.modules.len(), inner.ident.to_string());
            self.modules.push(Module { parent: module, file: self.modules[module].file, ..Module::default() });
            let below = format!("{folder}{name}/");
            match &inner.content {
                Some((_, items)) => self.read_items(sources, items, index, &below),
                None => {
                    let candidates = [format!("{folder}{name}.rs"), format!("{below}mod.rs")];
                    let path = candidates.iter().find(|path| sources.files.contains_key(*path));
                    let path = path.unwrap_or_else(|| panic!("{}: no file for module {below}", sources.name));
                    self.read_file(sources, path, index, &below);
                }
            }
            self.modules[module].modules.insert(name, index);
        }
    }
}

fn defined_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Collects imports and paths of a module, those within functions included.
struct Reader<'a>(&'a mut Module);

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            let passed_on = !matches!(item.vis, Visibility::Inherited);
            imports(&item.tree, &[], passed_on, &mut self.0.imports);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let line = path.span().start().line;
            let path = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.0.mentions.push(Mention { path, line });
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.0.mentions.extend(tokens::paths(call.tokens.clone()));
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.0.mentions.extend(tokens::paths(list.tokens.clone()));
        }
    }
}

fn imports(tree: &UseTree, before: &[String], passed_on: bool, found: &mut Vec<Import>) {
    let line = tree.span().start().line;
    let mut add = |last: &str, name: String| {
        // `a::{self}` imports `a`.
        let last = (last != "self").then(|| last.to_owned());
        let path: Vec<String> = before.iter().cloned().chain(last).collect();
        let name = if name == "self" { path.last().cloned().unwrap_or_default() } else { name };
        found.push(Import { name, from: Mention { path, line }, passed_on });
    };
    match tree {
        UseTree::Name(name) => add(&name.ident.to_string(), name.ident.to_string()),
        UseTree::Rename(rename) => add(&rename.ident.to_string(), rename.rename.to_string()),
        // `self` stands for the module itself, and is taken off again above.
        UseTree::Glob(_) => add("self", "*".to_owned()),
        UseTree::Path(path) => {
            let before = [before, &[path.ident.to_string()]].concat();
            imports(&path.tree, &before, passed_on, found);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| imports(tree, before, passed_on, found)),
    }
}
