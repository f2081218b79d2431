//! A proposal as a recipe file with comments.

use std::fmt::Write as _;

use bmae_output::count::count;
use bmae_output::duration::seconds;

use super::at_hand::ImagesAtHand;
use super::draft::{ProposedKey, given};
use super::lengths::MOST_EPOCHS;
use crate::keys;
use crate::recipe::Recipe;
use crate::setting::Setting;
use crate::stage::{Stage, TrainedStage};

/// Columns of a comment.
const COLUMNS: usize = 100;

/// A recipe with the reason of each value.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The recipe, checked.
    pub recipe: Recipe,
    /// The stages that it is for, with the seconds that each will take, to two digits.
    pub stages: Vec<(Stage, f64)>,
    pub(super) keys: Vec<ProposedKey>,
    /// The names of the runs of a comparison.
    pub(super) runs: Vec<&'static str>,
    pub(super) settings: Vec<Setting>,
    pub(super) images: ImagesAtHand,
}

impl Proposal {
    /// The recipe as a file: each section with its keys, above a key the reason of its value. Reading it gives
    /// [`Proposal::recipe`]. What whoever calls wants to say first goes above it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        comment(&mut text, &self.about_the_images());
        let mut section = String::new();
        for ProposedKey { path, value, why } in self.all_keys() {
            let (its_section, name) = path.rsplit_once('.').unwrap_or(("", &path));
            if its_section != section {
                its_section.clone_into(&mut section);
                let _ = writeln!(text, "\n[{section}]");
                comment(&mut text, &self.about_section(&section));
            }
            comment(&mut text, &why);
            let _ = writeln!(text, "{name} = {value}");
        }
        text.push_str(&self.runs());
        text
    }

    /// Number of training images that it is for.
    pub fn train_images(&self) -> usize {
        self.images.train
    }

    fn about_the_images(&self) -> String {
        let images = &self.images;
        let mut about = count(images.train, "training image");
        if images.test > 0 {
            let _ = write!(about, ", {}", count(images.test, "test image"));
        }
        match (images.classes, images.test) {
            (0, _) => about.push_str(
                ", no classes: there is no [finetune], [linprobe] or [knn] here, since evaluations need the folders \
                 train/<class>/ and test/<class>/.",
            ),
            (classes, 0) => {
                let _ = write!(
                    about,
                    " of {} and no test images: there is no [finetune], [linprobe] or [knn] here, since evaluations need the \
                     folders test/<class>/ as well.",
                    count(classes, "class")
                );
            }
            (classes, _) => {
                let _ = write!(about, " of {}.", count(classes, "class"));
            }
        }
        about
    }

    /// What stands above the keys of a section.
    fn about_section(&self, section: &str) -> String {
        let stage = self.stages.iter().find(|(stage, _)| stage.section() == section);
        let Some((stage, taken)) = stage.copied() else { return String::new() };
        let Some(trained) = stage.trained() else { return String::new() };
        let settings = self.recipe.stage(trained);
        let steps = settings.epochs.saturating_mul(self.images.train / settings.batch_size.max(1));
        let mut about =
            format!("About {} on this machine, as a few steps here say: {}", seconds(taken), count(steps, "step"));
        about.push('.');
        if trained == TrainedStage::Pretrain {
            about.push_str(" More epochs learn more, with all that is in proportion to them.");
            if settings.epochs >= MOST_EPOCHS {
                about.push_str(" The time would do for more; these are as many as the longest published training has.");
            }
        }
        about
    }

    /// The keys of the draft with what was decided beforehand, and what that names besides.
    fn all_keys(&self) -> Vec<ProposedKey> {
        // They were read when the proposal was made.
        let decided = given(&self.settings).unwrap_or_default();
        let place = |path: &str| {
            let fits =
                |given: &str| path == given || path.strip_prefix(given).is_some_and(|rest| rest.starts_with('.'));
            let setting = self.settings.iter().rev().find(|setting| fits(&setting.path));
            setting.map_or_else(String::new, |setting| format!("As {} says.", setting.place))
        };
        let mut keys = Vec::new();
        for known in keys::all() {
            let path = known.path();
            let of_draft = self.keys.iter().find(|key| key.path == path);
            match decided.value(path) {
                Some(value) => keys.push(ProposedKey { path: path.to_owned(), value: value.clone(), why: place(path) }),
                None => keys.extend(of_draft.cloned()),
            }
        }
        if let Some(targets) = self.decided_list(keys::TARGETS) {
            let last = keys.iter().rposition(|key| key.path.starts_with("method.")).map_or(keys.len(), |last| last + 1);
            keys.insert(last, targets);
        }
        // Of no section, so it stands above all.
        keys.splice(0..0, self.decided_list(keys::RUNS));
        keys
    }

    /// What a comparison of methods runs, unless it was decided beforehand.
    fn runs(&self) -> String {
        let mut text = String::new();
        if self.runs.is_empty() || self.decided_list(keys::RUNS).is_some() {
            return text;
        }
        text.push('\n');
        comment(&mut text, "What a comparison of all methods trains and evaluates, each with the keys of [method].");
        let runs = self.runs.iter().map(|name| format!("[[runs]]\nname = \"{name}\"\n"));
        text.push_str(&runs.collect::<Vec<_>>().join("\n"));
        text
    }

    /// The list of tables at `path` that was decided beforehand.
    fn decided_list(&self, path: &str) -> Option<ProposedKey> {
        let setting = self.settings.iter().rev().find(|setting| setting.path == path)?;
        let why = format!("As {} says.", setting.place);
        Some(ProposedKey { path: path.to_owned(), value: setting.value.clone(), why })
    }
}

/// Adds `about` as lines of comment; nothing where it is empty.
fn comment(text: &mut String, about: &str) {
    let mut line = String::new();
    for word in about.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > COLUMNS - 2 {
            let _ = writeln!(text, "# {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "# {line}");
    }
}
