//! Results on stdout, everything else on stderr.

use std::io::{self, Write};

use bmae_train::observer::Message;
use serde_json::Value;

use crate::arguments::Everywhere;

/// How much is said, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    /// How talkative stderr is.
    pub volume: Volume,
}

/// How talkative stderr is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volume {
    /// Errors only.
    Quiet,
    /// Progress and warnings.
    Normal,
    /// Details too.
    Verbose,
}

impl Output {
    /// As the command line asks.
    pub fn new(everywhere: &Everywhere) -> Self {
        let volume = match (everywhere.quiet, everywhere.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        };
        Output { json: everywhere.json, volume }
    }

    /// A command's result: `json` as one line with `--json`, `text` without.
    ///
    /// # Errors
    /// When stdout is closed or full.
    pub fn result(&self, text: &str, json: &Value) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match self.json {
            true => writeln!(stdout, "{json}")?,
            false => writeln!(stdout, "{}", shown(text.trim_end_matches('\n')))?,
        }
        stdout.flush()
    }

    /// A detail, for `-v`.
    pub fn detail(&self, text: &str) {
        if self.volume >= Volume::Verbose {
            say(text);
        }
    }

    /// Something to be said about weights.
    pub fn message(&self, message: &Message) {
        match message {
            Message::Note(text) => self.note(text),
            Message::Warning(text) => self.warn(text),
        }
    }

    /// Something worth knowing.
    pub fn note(&self, text: &str) {
        if self.volume >= Volume::Normal {
            say(&format!("note: {text}"));
        }
    }

    /// Something that probably was not meant.
    pub fn warn(&self, text: &str) {
        if self.volume >= Volume::Normal {
            say(&format!("warning: {text}"));
        }
    }
}

/// A line on stderr; if that is closed, nobody wants it.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", shown(line));
}

/// Text as a terminal may have it: names of folders and files stand in it, and what else than line breaks and tabs
/// controls a terminal is replaced.
fn shown(text: &str) -> String {
    let shown = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{FFFD}' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_control_the_terminal() {
        assert_eq!(shown("a\x1b[2Jb\r\u{9b}c\n\td é"), "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}c\n\td é");
    }
}
