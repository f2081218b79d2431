//! What bash does differently: it takes `--set method.k=3` for three words, split at `=`, and replaces the last alone.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::complete;
use clap_complete::env::{self, EnvCompleter};

/// Bash, with words that hold `=` seen whole.
pub struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        script: &mut dyn Write,
    ) -> io::Result<()> {
        env::Bash.write_registration(variable, name, program, completer, script)
    }

    fn write_complete(
        &self,
        program: &mut Command,
        words: Vec<OsString>,
        here: Option<&Path>,
        answer: &mut dyn Write,
    ) -> io::Result<()> {
        // The two variables are those of the library's script.
        let place = std::env::var("_CLAP_COMPLETE_INDEX").ok().and_then(|place| place.parse().ok()).unwrap_or(0);
        let separator = std::env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".to_owned());
        let Joined { words, place, typed } = joined(words, place);
        let found = complete(program, words, place, here)?;
        let found = found.iter().map(|candidate| candidate.get_value().to_string_lossy());
        let rest: Vec<String> = found.filter_map(|word| word.strip_prefix(&typed).map(str::to_owned)).collect();
        write!(answer, "{}", rest.join(&separator))
    }
}

/// Words as they were typed.
#[derive(Debug, PartialEq)]
struct Joined {
    words: Vec<OsString>,
    /// Which of them is to be completed.
    place: usize,
    /// What stands of it in front of the word that bash will replace.
    typed: String,
}

/// Puts together what bash split at `=`; `place` is the word that is to be completed.
fn joined(words: Vec<OsString>, place: usize) -> Joined {
    let mut whole: Vec<OsString> = Vec::new();
    let mut last = Joined { words: Vec::new(), place: 0, typed: String::new() };
    let mut goes_on = false;
    for (number, word) in words.into_iter().enumerate() {
        let is_sign = word == "=";
        let in_front = whole.last().filter(|_| is_sign || goes_on).map(|front| front.to_string_lossy().into_owned());
        if number == place {
            // Of a bare `=`, bash replaces nothing: what follows is completed.
            let typed = in_front.clone().unwrap_or_default() + if is_sign { "=" } else { "" };
            last = Joined { typed, place: whole.len() - usize::from(in_front.is_some()), ..last };
        }
        match (in_front.is_some(), whole.last_mut()) {
            (true, Some(front)) => front.push(word),
            _ => whole.push(word),
        }
        goes_on = is_sign;
    }
    Joined { words: whole, ..last }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str], place: usize) -> (Vec<String>, usize, String) {
        let Joined { words, place, typed } = joined(words.iter().map(Into::into).collect(), place);
        (words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect(), place, typed)
    }

    #[test]
    fn what_bash_split_at_equals_signs_is_one_word_again() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(of(&["bmae", "--set", "a", "=", "b"], 4), (words(&["bmae", "--set", "a=b"]), 2, "a=".to_owned()));
        assert_eq!(of(&["bmae", "--set", "a", "="], 3), (words(&["bmae", "--set", "a="]), 2, "a=".to_owned()));
        assert_eq!(of(&["bmae", "--set", "a"], 2), (words(&["bmae", "--set", "a"]), 2, String::new()));
        assert_eq!(of(&["bmae", "a", "=", "b", "c"], 4), (words(&["bmae", "a=b", "c"]), 2, String::new()));
    }
}
