//! Types of one name in a crate.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Ident, Visibility};

use crate::modules::Crate;

impl Crate {
    /// Each name that two types or traits of the crate share, with their places. Types of `pub(crate)` and `pub(super)`
    /// count: a reader meets them in other files too.
    pub fn shared_type_names(&self) -> Vec<String> {
        let mut places = BTreeMap::<String, Vec<String>>::new();
        for (path, file) in &self.files {
            let mut types = Types::default();
            types.visit_file(file);
            for name in types.0 {
                places.entry(name.to_string()).or_default().push(format!("{path}:{}", name.span().start().line));
            }
        }
        places.retain(|_, places| places.len() > 1);
        places.iter().map(|(name, places)| format!("{name}: {}", places.join(", "))).collect()
    }
}

#[derive(Default)]
struct Types(Vec<Ident>);

impl Types {
    fn add(&mut self, visibility: &Visibility, name: &Ident) {
        if !matches!(visibility, Visibility::Inherited) {
            self.0.push(name.clone());
        }
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Struct(item) => self.add(&item.vis, &item.ident),
            syn::Item::Enum(item) => self.add(&item.vis, &item.ident),
            syn::Item::Union(item) => self.add(&item.vis, &item.ident),
            syn::Item::Trait(item) => self.add(&item.vis, &item.ident),
            syn::Item::Type(item) => self.add(&item.vis, &item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }
}
