//! Results on stdout, everything else on stderr.

use std::borrow::Cow;
use std::io::{self, Write};

use bmae_output::plain::{plain, plain_json, plain_lines, plain_path};
use bmae_train::estimate::Effort;
use bmae_train::observer::Message;
use clap::error::ErrorKind;
use serde_json::Value;

use crate::arguments::Everywhere;
use crate::launched::is_silent;

/// How much is said, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    /// Whether another process talks for this one.
    silent: bool,
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
        let silent = is_silent();
        let volume = match (everywhere.quiet || silent, everywhere.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        };
        Output { json: everywhere.json, silent, volume }
    }

    /// A command's result: `json` as one line with `--json`, `text` without. The text may have several lines, so whoever
    /// puts a foreign name into it makes that [`plain`]; all else that a terminal would obey is written out here.
    ///
    /// # Errors
    /// When stdout is closed or full.
    pub fn result(&self, text: &str, json: &Value) -> io::Result<()> {
        if self.silent {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match self.json {
            true => writeln!(stdout, "{}", plain_json(&json.to_string()))?,
            false => writeln!(stdout, "{}", plain_lines(text.trim_end_matches('\n')))?,
        }
        stdout.flush()
    }

    /// Whether the result is JSON.
    pub fn json(&self) -> bool {
        self.json
    }

    /// What is done to say beforehand what a run will take.
    pub fn effort(&self) -> Effort {
        if self.volume >= Volume::Normal { Effort::Worthwhile } else { Effort::RoomOnly }
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

/// What clap says of a command line: an error, or help and the version, which are none; clap knows which stream they go
/// to. If that is closed, nobody is left to tell.
pub fn say_usage(error: &clap::Error) {
    if error.kind() == ErrorKind::InvalidUtf8 {
        let words: Vec<String> =
            std::env::args_os().filter(|word| word.to_str().is_none()).map(|word| plain_path(&word)).collect();
        return say(&format!("error: not UTF-8, which a path alone may be: {}", words.join(", ")));
    }
    // What was typed, or stands for `*`, stands in an error. Colours are left out where it is no plain text.
    let is_plain = std::env::args_os().all(|word| matches!(plain(&word.to_string_lossy()), Cow::Borrowed(_)));
    let _ = match is_plain {
        true => error.print(),
        false if error.use_stderr() => write!(io::stderr(), "{}", plain_lines(&error.render().to_string())),
        false => write!(io::stdout(), "{}", error.render()),
    };
}

/// One line on stderr, whatever names stand in it; if that is closed, nobody wants it.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", plain(line));
}
