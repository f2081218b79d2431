//! The checks on crates of a few lines.

use std::collections::BTreeMap;

use bmae_structure::folders::by_folder;
use bmae_structure::modules::Crate;
use bmae_structure::sources::Sources;

fn parsed<const N: usize>(files: [(&str, &str); N]) -> Crate {
    let files: BTreeMap<_, _> = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    Crate::new(&Sources { name: "example".to_owned(), files })
}

/// `from -> to` for every dependency between files.
fn edges<const N: usize>(files: [(&str, &str); N]) -> Vec<String> {
    parsed(files).dependencies().edges().map(|(from, to, _)| format!("{from} -> {to}")).collect()
}

#[test]
fn a_circle_is_found_with_a_line_for_each_of_its_ways() {
    let files = [
        ("lib.rs", "mod ahead;\nmod behind;\nmod other;"),
        ("ahead.rs", "use crate::behind::Back;\npub struct Front(Back);"),
        ("behind.rs", "pub struct Back;\nfn turn() -> super::ahead::Front { todo!() }"),
        ("other.rs", "use crate::ahead::Front;"),
    ];
    let circle = "ahead.rs -> behind.rs -> ahead.rs: \
                  ahead.rs:1 uses crate::behind::Back; behind.rs:2 uses super::ahead::Front";
    assert_eq!(parsed(files).dependencies().circles(), [circle]);
}

#[test]
fn a_tree_has_no_circle() {
    let files = [
        ("lib.rs", "pub mod a; mod b; fn all() { a::top(); b::low() }"),
        ("a.rs", "pub fn top() { crate::b::low() }"),
        ("b.rs", "pub fn low() {}"),
    ];
    let graph = parsed(files).dependencies();
    assert_eq!(graph.circles(), Vec::<String>::new());
    assert_eq!(graph.edges().count(), 3);
}

#[test]
fn a_re_export_is_no_dependency_and_leads_to_the_file_that_defines() {
    let files = [
        ("lib.rs", "mod vit; mod mae; pub use vit::Encoder; pub(crate) use mae::*;"),
        ("vit/mod.rs", "mod encoder; pub use encoder::Encoder as Encoder;"),
        ("vit/encoder.rs", "pub struct Encoder;"),
        ("mae.rs", "use crate::Encoder; pub struct Mae(Encoder); pub fn mask() -> crate::Mae { todo!() }"),
    ];
    assert_eq!(edges(files), ["mae.rs -> vit/encoder.rs"]);
}

#[test]
fn a_file_and_the_parent_whose_item_it_uses_are_a_circle() {
    let files = [
        ("lib.rs", "mod page;"),
        ("page/mod.rs", "mod table; pub struct Contents; fn page() { table::rows() }"),
        ("page/table.rs", "use super::*; pub fn rows() { let c: Option<Contents> = None; }"),
    ];
    let graph = parsed(files).dependencies();
    assert_eq!(graph.circles().len(), 1);
    assert_eq!(by_folder(&graph)["page/"].circles().len(), 1);
}

#[test]
fn folders_can_be_in_a_circle_that_no_files_are_in() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "mod low; mod high; pub struct A;"),
        ("a/low.rs", "pub struct Low;"),
        ("a/high.rs", "use crate::b::B; use super::A;"),
        ("b.rs", "use crate::a::low::Low; pub struct B(Low);"),
    ];
    let graph = parsed(files).dependencies();
    assert_eq!(graph.circles(), Vec::<String>::new());
    let folders = by_folder(&graph);
    assert_eq!(
        folders[""].circles(),
        ["a/ -> b.rs -> a/: a/high.rs:1 uses crate::b::B; b.rs:1 uses crate::a::low::Low"]
    );
    assert_eq!(folders["a/"].circles(), Vec::<String>::new());
}

#[test]
fn macros_attributes_inline_modules_and_imports_in_functions_are_read() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d; mod e; mod f; mod user;"),
        ("a.rs", "pub fn a() {}"),
        ("b.rs", "pub const B: u8 = 0;"),
        ("c.rs", "pub fn c() {}"),
        ("d.rs", "choices! { D { } }"),
        ("e.rs", "pub enum E { One }"),
        ("f.rs", "use std::fmt; pub struct F;"),
        (
            "user.rs",
            "use crate::{b, c}; use super::e::{self, E};
             fn user() { use crate::a as first; format!(\"{}\", first::a()); vec![b::B]; other.e; }
             #[error(\"{}\", c::c())] struct User(crate::d::D);
             mod inner { fn one() { match super::e::E::One { super::E::One => crate::f::fmt::Debug } } }
             fn generic<b>(f: u8) { Vec::<u8>::new(); }",
        ),
    ];
    assert_eq!(edges(files), ["a", "b", "c", "d", "e"].map(|name| format!("user.rs -> {name}.rs")));
}

#[test]
fn tests_do_not_count() {
    let files = [
        ("lib.rs", "mod a; mod b; #[cfg(test)] mod tests; #[cfg(test)] use a::A;"),
        (
            "a.rs",
            "pub struct A; #[cfg(test)] mod tests { use crate::b::B; } impl A { #[cfg(test)] fn b() -> crate::b::B {} }",
        ),
        ("b.rs", "pub struct B(crate::a::A); #[test] fn b() { bad(\"--out\") }"),
        ("tests.rs", "use crate::a::A; pub struct B; fn b() { bad(\"--out\") }"),
    ];
    let example = parsed(files);
    assert_eq!(example.dependencies().edges().map(|(from, ..)| from).collect::<Vec<_>>(), ["b.rs"]);
    assert_eq!(example.command_line_texts("data"), Vec::<String>::new());
    assert_eq!(example.shared_type_names(), Vec::<String>::new());
}

#[test]
fn flags_and_commands_in_texts_are_found_but_in_documentation() {
    let files = [
        ("lib.rs", "mod emit;\n/// See `bmae report` --out.\nfn a() { format!(\"give --out {}\", 1); }"),
        ("emit.rs", "mod script; #[error(\"run `bmae knn`\")] struct E;"),
        ("emit/script.rs", "const S: &str = \"bmae pretrain --out x\";"),
    ];
    assert_eq!(parsed(files).command_line_texts("data"), ["lib.rs:3 names --out", "emit.rs:1 names `bmae knn"]);
    let colour = [("lib.rs", "const C: [&str; 2] = [\"var(--muted)\", \"--run-1\"];")];
    assert_eq!(parsed(colour).command_line_texts("report"), Vec::<String>::new());
    assert_eq!(parsed(colour).command_line_texts("data").len(), 2);
}

#[test]
fn types_of_one_name_are_found() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct Sizes; pub struct Own; struct Private;"),
        ("b.rs", "pub(crate) enum Sizes {}\nfn f() { struct Own; }\nstruct Private;"),
    ];
    assert_eq!(parsed(files).shared_type_names(), ["Sizes: a.rs:1, b.rs:1"]);
}
