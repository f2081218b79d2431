//! Options of `sbatch` for every job, such as its time limit.

use std::str::FromStr;

use bmae_output::plain::is_plain;

/// What the job scripts set and rely on, long and short.
const SET_BY_SCRIPTS: [(&str, Option<char>); 14] = [
    ("array", Some('a')),
    ("chdir", Some('D')),
    ("cpus-per-task", Some('c')),
    ("dependency", Some('d')),
    ("job-name", Some('J')),
    ("kill-on-invalid-dep", None),
    ("no-requeue", None),
    ("open-mode", None),
    ("output", Some('o')),
    ("parsable", None),
    ("requeue", None),
    ("signal", None),
    ("test-only", None),
    ("wrap", None),
];

/// Options as one would write them behind `sbatch`, several in one text: `--time=4:00:00 --mem=8G -p long`. Which there
/// are, `sbatch` says when the jobs are submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbatchOptions {
    words: Vec<String>,
}

/// A text that is no options of `sbatch`, or none that jobs can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SbatchOptionError {
    /// Nothing is in it.
    #[error("nothing is in it, where options of sbatch were expected, such as --time=4:00:00")]
    Empty,
    /// A quote that does not end.
    #[error("a quote in it does not end")]
    Quotes,
    /// A character that no line of a script can hold, or none that a reader sees.
    #[error("`{word}` holds the character {character:?}, and a line of a script cannot")]
    Character {
        /// The word with it, written out.
        word: String,
        /// Which.
        character: char,
    },
    /// A word that is no option and belongs to none.
    #[error("`{word}` is no option of sbatch: expected one such as --time=4:00:00 or -t 4:00:00")]
    NotAnOption {
        /// The word.
        word: String,
    },
    /// An option that the job scripts set.
    #[error("the jobs set sbatch's --{option} themselves")]
    SetByScripts {
        /// Its whole name.
        option: &'static str,
    },
}

impl FromStr for SbatchOptions {
    type Err = SbatchOptionError;

    /// Takes `text` apart as a shell does.
    fn from_str(text: &str) -> Result<Self, SbatchOptionError> {
        let words = shlex::split(text).ok_or(SbatchOptionError::Quotes)?;
        if words.is_empty() {
            return Err(SbatchOptionError::Empty);
        }
        // Whether the next word may be the value of the one before it.
        let mut takes_value = false;
        for word in &words {
            if let Some(character) = word.chars().find(|&c| !is_plain(c)) {
                let word = bmae_output::plain::plain(word).into_owned();
                return Err(SbatchOptionError::Character { word, character });
            }
            takes_value = match Name::of(word) {
                Some(name) => {
                    if let Some(option) = name.set_by_scripts() {
                        return Err(SbatchOptionError::SetByScripts { option });
                    }
                    !word.contains('=')
                }
                None if takes_value => false,
                None => return Err(SbatchOptionError::NotAnOption { word: word.clone() }),
            };
        }
        Ok(Self { words })
    }
}

impl SbatchOptions {
    /// The line of a job script that sets them.
    pub(super) fn directive(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| as_sbatch_reads(word)).collect();
        format!("#SBATCH {}\n", words.join(" "))
    }
}

/// The name of an option.
enum Name<'a> {
    /// After two dashes, or the beginning of it, which `sbatch` takes for the whole.
    Long(&'a str),
    /// After one.
    Short(char),
}

impl Name<'_> {
    fn of(word: &str) -> Option<Name<'_>> {
        let name = match word.strip_prefix("--") {
            Some(long) => Name::Long(long.split('=').next().filter(|name| !name.is_empty())?),
            None => Name::Short(word.strip_prefix('-')?.chars().next()?),
        };
        Some(name)
    }

    fn set_by_scripts(&self) -> Option<&'static str> {
        let is_it = |&&(long, short): &&(&'static str, Option<char>)| match self {
            Name::Long(name) => long.starts_with(name),
            Name::Short(name) => short == Some(*name),
        };
        SET_BY_SCRIPTS.iter().find(is_it).map(|(long, _)| *long)
    }
}

/// A word of a line `#SBATCH`: blanks, quotes and # stand in quotes, and a backslash before a quote or another one, in
/// quotes too ("sbatch", section "DESCRIPTION", and `get_argument` of its sources).
fn as_sbatch_reads(word: &str) -> String {
    let is_bare = |c: char| c.is_alphanumeric() || "-_=:,.+/@%[]*&|()".contains(c);
    if !word.is_empty() && word.chars().all(is_bare) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        text.parse::<SbatchOptions>().expect("options").directive()
    }

    #[test]
    fn options_become_one_line_of_a_job_script() {
        assert_eq!(line("--time=4:00:00"), "#SBATCH --time=4:00:00\n");
        assert_eq!(line("-t 4:00:00  --mem 8G -plong --exclusive"), "#SBATCH -t 4:00:00 --mem 8G -plong --exclusive\n");
        assert_eq!(line("--gres=gpu:1 --constraint='a&(b|c)'"), "#SBATCH --gres=gpu:1 --constraint=a&(b|c)\n");
    }

    #[test]
    fn values_with_blanks_quotes_and_marks_of_comments_stay_one_word() {
        assert_eq!(line("--comment='my #1 sweep'"), "#SBATCH \"--comment=my #1 sweep\"\n");
        assert_eq!(line(r#"--comment "it's \"my\" \\ sweep""#), "#SBATCH --comment \"it's \\\"my\\\" \\\\ sweep\"\n");
        assert_eq!(line("--comment ''"), "#SBATCH --comment \"\"\n");
    }

    #[test]
    fn what_the_scripts_set_is_refused_by_its_long_short_and_abbreviated_name() {
        let cases = [
            ("--array=1-4", "array"),
            ("-a 1-4", "array"),
            ("--time=1 -Jname", "job-name"),
            ("--sig=USR2", "signal"),
            ("--output x.log", "output"),
            ("--out=x.log", "output"),
            ("-c 4", "cpus-per-task"),
            ("--requeue", "requeue"),
        ];
        for (text, option) in cases {
            assert_eq!(text.parse::<SbatchOptions>(), Err(SbatchOptionError::SetByScripts { option }), "{text}");
        }
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for (text, word) in
            [("4:00:00", "4:00:00"), ("-t 4 long", "long"), ("--mem=8G 4", "4"), ("--", "--"), ("-", "-")]
        {
            let word = word.to_owned();
            assert_eq!(text.parse::<SbatchOptions>(), Err(SbatchOptionError::NotAnOption { word }), "{text}");
        }
        assert_eq!(" ".parse::<SbatchOptions>(), Err(SbatchOptionError::Empty));
        assert_eq!("--comment='a".parse::<SbatchOptions>(), Err(SbatchOptionError::Quotes));
    }

    #[test]
    fn no_option_begins_a_line_of_its_own() {
        let error = "--comment='a\nrm -rf x'".parse::<SbatchOptions>().expect_err("a line break");
        assert_eq!(
            error.to_string(),
            "`--comment=a\\nrm -rf x` holds the character '\\n', and a line of a script cannot"
        );
    }
}
