//! `[[runs]]`: what a comparison of methods trains and evaluates.

use bmae_output::plain::is_plain;

use super::method::{self, Method};
use crate::choices::{Choice, MethodName};
use crate::given::GivenKeys;
use crate::key::TextRange;
use crate::section::section;
use crate::toml_text::TomlText;

section! {
    keys RunKeys, in "runs", read by all {
        /// Name of the run: its folder, and its row in the results
        /// The other keys of a run are those of [method]; they override it.
        name: String = String::new(), in TextRange {
            allowed: "a name that a folder can have, without / and \\, not beginning with a dot, and not \"report\"",
            fits: names_a_folder,
        };
    }
}

/// One entry of `[[runs]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    /// Its name: the folder's, and the row's in the results.
    pub name: String,
    /// `[method]` with the run's own keys laid over it.
    pub method: Method,
}

/// `report` is where the report is written, beside the runs.
fn names_a_folder(text: &str) -> bool {
    let plain = |c: char| is_plain(c) && !['/', '\\'].contains(&c);
    !text.is_empty() && text.chars().all(plain) && !text.starts_with('.') && text != "report"
}

/// The keys of `run` laid over those of `[method]`, its method too where only its name says it; and what it is called.
pub(crate) fn over_method(run: &GivenKeys, method: &GivenKeys) -> (GivenKeys, String) {
    let mut whole = method.clone();
    whole.lay(run);
    let own_name = run.given(&KEYS.name);
    if run.given(&method::KEYS.name).is_none()
        && let Some(name) = own_name.as_deref().and_then(MethodName::from_word)
    {
        whole.set(&method::KEYS.name, &name);
    }
    let name = own_name.unwrap_or_else(|| whole.get(&method::KEYS.name).word().to_owned());
    (whole, name)
}

impl PlannedRun {
    pub(crate) fn write(&self, out: &mut TomlText) {
        out.section("[[runs]]");
        out.put(&KEYS.name, &self.name);
        // A run's `name` is its own, so its method goes by `method`.
        out.put_as("method", &self.method.name());
        self.method.write("runs", out);
    }
}
