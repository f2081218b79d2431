//! A file without its tests.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};

/// Parses `text` and takes away whatever is marked `#[test]` or `#[cfg(test)]`: items, members of an `impl`,
/// statements. Panics where `text` is no Rust; `name` says which file it was.
pub fn parse(name: &str, text: &str) -> syn::File {
    let mut file = syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    WithoutTests.visit_file_mut(&mut file);
    file
}

struct WithoutTests;

impl VisitMut for WithoutTests {
    fn visit_file_mut(&mut self, file: &mut syn::File) {
        file.items.retain(|item| !is_test(item));
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            items.retain(|item| !is_test(item));
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, block: &mut syn::ItemImpl) {
        block.items.retain(|item| !is_test(item));
        visit_mut::visit_item_impl_mut(self, block);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block.stmts.retain(|statement| !is_test(statement));
        visit_mut::visit_block_mut(self, block);
    }
}

/// Whether an attribute of `code` leaves it to tests alone. Attributes are the tokens that code begins with.
fn is_test(code: &impl ToTokens) -> bool {
    let mut tokens = code.to_token_stream().into_iter();
    while let (Some(TokenTree::Punct(mark)), Some(TokenTree::Group(attribute))) = (tokens.next(), tokens.next()) {
        let text = attribute.stream().to_string();
        let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
        if mark.as_char() == '#' && (words == ["test"] || words[0] == "cfg" && words.contains(&"test")) {
            assert!(!words.contains(&"not") && !words.contains(&"any"), "code that is not for tests alone: {text}");
            return true;
        }
    }
    false
}
