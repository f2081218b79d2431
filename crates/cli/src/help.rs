//! Help that fits the terminal: each line is wrapped once, and an example that is too long goes on behind a `\`, so that it
//! can be pasted whatever the width.

use std::fmt::Write;

use clap::Command;

/// Columns where no terminal says how many it has.
const USUAL: usize = 80;
/// Fewer are taken as this many, and more too: text that is read wants no longer lines.
const RANGE: (usize, usize) = (40, 110);

/// How many columns help has.
pub fn columns() -> usize {
    let told = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let columns = told.or_else(|| std::env::var("COLUMNS").ok()?.parse().ok()).unwrap_or(USUAL);
    columns.clamp(RANGE.0, RANGE.1)
}

/// `command` and all below it, with help of so many columns.
pub fn fitted(mut command: Command, columns: usize) -> Command {
    // Names whole commands in the usage of each.
    command.build();
    fitted_below(command, columns)
}

fn fitted_below(command: Command, columns: usize) -> Command {
    let below = command.get_after_help().map(|text| wrapped(&text.to_string(), columns));
    let command = command.term_width(columns).mut_subcommands(|command| fitted_below(command, columns));
    let command = with_usage(command, columns);
    match below {
        Some(text) => command.after_help(text),
        None => command,
    }
}

/// `command` with its usage in several lines, where it is too long for one.
fn with_usage(command: Command, columns: usize) -> Command {
    const HEADING: &str = "Usage: ";
    let usage = command.clone().render_usage().to_string();
    match usage.strip_prefix(HEADING) {
        Some(line) if usage.chars().count() > columns && !line.contains('\n') => {
            let mut lines = String::new();
            fold(&mut lines, line, 0, columns - HEADING.len(), "");
            command.override_usage(lines.replace('\n', "\n       "))
        }
        _ => command,
    }
}

/// `text` in lines of at most `columns`. Examples begin with blanks and `bmae`; what is quoted in them stays as it is.
pub fn wrapped(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut state = Lines::Prose;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if state == Lines::Prose && indent > 0 && line.trim_start().starts_with("bmae ") {
            state = Lines::Example { quote: None };
        }
        match &mut state {
            Lines::Prose => fold(&mut out, line, indent, columns, ""),
            Lines::Example { quote } => {
                let began_quoted = quote.is_some();
                *quote = quote_after(line, *quote);
                if began_quoted || quote.is_some() || line.chars().count() <= columns {
                    out.push_str(line);
                } else {
                    fold(&mut out, line, indent, columns, " \\");
                }
                if quote.is_none() && !line.trim_end().ends_with('\\') {
                    state = Lines::Prose;
                }
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// What a line belongs to.
#[derive(PartialEq)]
enum Lines {
    Prose,
    /// An example, inside this quote where one is open.
    Example {
        quote: Option<char>,
    },
}

/// The quote that is open behind `line`, where `quote` was open before it.
fn quote_after(line: &str, quote: Option<char>) -> Option<char> {
    line.chars().fold(quote, |quote, c| match quote {
        Some(open) if c == open => None,
        None if matches!(c, '\'' | '"') => Some(c),
        quote => quote,
    })
}

/// Writes the words of `line`, with as many blanks in front of every line and, in an example, two more in front of those
/// that go on; `goes_on` ends a line that is broken.
fn fold(out: &mut String, line: &str, indent: usize, columns: usize, goes_on: &str) {
    let deeper = if goes_on.is_empty() { 0 } else { 2 };
    let room = columns.saturating_sub(goes_on.len());
    let mut width = 0;
    let words = words(line.trim_start());
    // What goes on has a value with each option, so that they stay together.
    let least = if goes_on.is_empty() { 0 } else { room.saturating_sub(indent + deeper) };
    for word in with_values(words, least) {
        let length = word.chars().count();
        // The last word of an example may be the sign that it goes on.
        let fits = if word == "\\" { width + 1 + length <= columns } else { width + 1 + length <= room };
        if width == 0 {
            let _ = write!(out, "{:indent$}{word}", "");
            width = indent + length;
        } else if fits {
            let _ = write!(out, " {word}");
            width += 1 + length;
        } else {
            let _ = write!(out, "{goes_on}\n{:1$}{word}", "", indent + deeper);
            width = indent + deeper + length;
        }
    }
}

/// The words of an example, an option and its value as one where both have `room` on a line of their own.
fn with_values(words: Vec<&str>, room: usize) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in words {
        let fits = |last: &&mut String| last.chars().count() + 1 + word.chars().count() <= room;
        let takes_value = |last: &&mut String| last.starts_with("--") && !last.contains(['=', ' ']);
        match parts.last_mut().filter(takes_value).filter(fits) {
            Some(last) if !word.starts_with(['-', '\\']) => *last = format!("{last} {word}"),
            _ => parts.push(word.to_owned()),
        }
    }
    parts
}

/// The words of a line; what is quoted is one, and several blanks between two words stay with the first.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') && (at == start || line[..at].ends_with('=')) => quote = Some(c),
            None if c == ' ' && !line[at + 1..].starts_with(' ') => {
                words.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&line[start..]);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_that_is_too_long_goes_on_behind_a_backslash() {
        let text = "Examples:\n  bmae pretrain --preset mini --data cifar10 --out runs/a";
        assert_eq!(wrapped(text, 40), "Examples:\n  bmae pretrain --preset mini \\\n    --data cifar10 --out runs/a");
        assert_eq!(wrapped(text, 80), text);
    }

    #[test]
    fn a_broken_example_is_the_same_command() {
        for text in ["  bmae pretrain --out runs/own --set 'method.k=4' \\\n    --preset mini --data cifar10 --seed 3"]
        {
            for columns in 20..60 {
                let wrapped = wrapped(text, columns).replace("\\\n", "");
                assert_eq!(shlex::split(&wrapped), shlex::split(&text.replace("\\\n", "")), "{columns}");
            }
        }
    }

    #[test]
    fn prose_is_wrapped_at_words() {
        assert_eq!(wrapped("What it does, and why it does so.", 20), "What it does, and\nwhy it does so.");
        assert_eq!(wrapped("one\n\ntwo", 20), "one\n\ntwo");
    }
}
