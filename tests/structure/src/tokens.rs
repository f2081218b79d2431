//! What can be read in the arguments of a macro, which are tokens and no syntax.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::Lit;

/// A path that code names, and the line that it stands on.
#[derive(Clone, Debug)]
pub struct Mention {
    /// Its segments, such as `crate`, `vit`, `Encoder`.
    pub path: Vec<String>,
    /// Line in the file, from 1.
    pub line: usize,
}

/// Paths in `tokens`: those of several segments, and single names that are called or begin with a capital letter. Other
/// single names are variables and fields.
pub fn paths(tokens: TokenStream) -> Vec<Mention> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is = |i: usize, mark: char| matches!(tokens.get(i), Some(TokenTree::Punct(p)) if p.as_char() == mark);
    let before = |i: usize, n: usize, mark: char| i >= n && is(i - n, mark);
    // A field or a method, or the end of a path whose middle is generic.
    let continues = |i| before(i, 1, '.') && !before(i, 2, '.') || before(i, 1, ':') && before(i, 2, ':');
    let (mut found, mut i) = (Vec::new(), 0);
    while i < tokens.len() {
        match &tokens[i] {
            TokenTree::Group(group) => found.extend(paths(group.stream())),
            TokenTree::Ident(first) if !continues(i) => {
                let mut path = vec![first.to_string()];
                while is(i + 1, ':')
                    && is(i + 2, ':')
                    && let Some(TokenTree::Ident(next)) = tokens.get(i + 3)
                {
                    path.push(next.to_string());
                    i += 3;
                }
                let arguments =
                    |t: &TokenTree| matches!(t, TokenTree::Group(g) if g.delimiter() == Delimiter::Parenthesis);
                let called = tokens.get(i + 1).is_some_and(arguments);
                if path.len() > 1 || called || path[0].starts_with(char::is_uppercase) {
                    found.push(Mention { path, line: first.span().start().line });
                }
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// String literals in `tokens` with their lines, but for documentation.
pub fn strings(tokens: TokenStream) -> Vec<(String, usize)> {
    let documents = |t: TokenStream| matches!(t.into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc");
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if !documents(group.stream()) => found.extend(strings(group.stream())),
            TokenTree::Literal(literal) => {
                if let Lit::Str(text) = Lit::new(literal) {
                    found.push((text.value(), text.span().start().line));
                }
            }
            _ => {}
        }
    }
    found
}
