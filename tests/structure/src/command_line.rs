//! Flags and commands of `bmae` in the texts of a library.

use syn::visit::{self, Visit};

use crate::modules::Crate;
use crate::tokens;

/// What looks like a flag and is none: crate, beginning, and why.
const EXCEPTIONS: [(&str, &str, &str); 4] = [
    ("report", "--run", "custom property of CSS: the colour of a run"),
    ("report", "--muted", "custom property of CSS: a colour of the page"),
    ("report", "--grid", "custom property of CSS: a colour of the page"),
    ("report", "--card", "custom property of CSS: a colour of the page"),
];

impl Crate {
    /// Each string in the library `name` that names a flag (`--out`) or a command (`` `bmae report ``), as one line.
    /// Documentation may name them, and the files in `emit/`, which write scripts that call them.
    pub fn command_line_texts(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (path, file) in self.files.iter().filter(|(path, _)| !path.split('/').any(|part| part == "emit")) {
            let mut strings = Strings::default();
            strings.visit_file(file);
            for (text, line) in strings.0 {
                let named = named(&text).into_iter().filter(|word| {
                    !EXCEPTIONS.iter().any(|(library, beginning, _)| *library == name && word.starts_with(beginning))
                });
                found.extend(named.map(|word| format!("{path}:{line} names {word}")));
            }
        }
        found
    }
}

#[derive(Default)]
struct Strings(Vec<(String, usize)>);

impl<'ast> Visit<'ast> for Strings {
    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.0.push((text.value(), text.span().start().line));
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.0.extend(tokens::strings(call.tokens.clone()));
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.0.extend(tokens::strings(list.tokens.clone()));
        }
        if !attribute.path().is_ident("doc") {
            visit::visit_attribute(self, attribute);
        }
    }
}

/// Flags and commands in `text`: `--` before a small letter, not within a word, and `` `bmae `` before one.
fn named(text: &str) -> Vec<String> {
    let flags = text
        .match_indices("--")
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c == '-' || c == '_' || c.is_alphanumeric()));
    let mut found = Vec::new();
    for (at, mark) in flags.chain(text.match_indices("`bmae ")) {
        let rest = &text[at + mark.len()..];
        let word = rest.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        if word.starts_with(|c: char| c.is_ascii_lowercase()) {
            found.push(format!("{mark}{word}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn flags_and_commands_are_found() {
        assert_eq!(named("give --out, or ask `bmae report RUN`"), ["--out", "`bmae report"]);
        assert_eq!(named("--check-only"), ["--check-only"]);
        assert_eq!(named("mean -- of 3; a--b; ---; bmae writes it; --N; `data.root`"), Vec::<String>::new());
    }
}
