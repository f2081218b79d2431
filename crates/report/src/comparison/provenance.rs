//! How it was run: every run directory with its state, rate and time, and the recipes as they were resolved.

use super::group::RunGroup;
use crate::run_directory::{About, Run};
use crate::text::duration;

/// The columns of [`run_rows`], and which of them are numbers.
pub const RUN_COLUMNS: [(&str, bool); 10] = [
    ("run", false),
    ("stage", false),
    ("seed", true),
    ("state", false),
    ("epochs", true),
    ("images/s", true),
    ("time", true),
    ("threads", true),
    ("program", false),
    ("started", false),
];

/// Every run directory as a row of texts, in the order of the tables; what is not known is empty.
pub fn run_rows(groups: &[RunGroup]) -> Vec<[String; 10]> {
    groups.iter().flat_map(|group| group.runs.iter().map(|run| run_row(group, run))).collect()
}

fn run_row(group: &RunGroup, run: &Run) -> [String; 10] {
    let about = &run.about;
    let (finished, done) = (run.finished(), run.epochs_done());
    let epochs = match about.epochs {
        Some(epochs) if !finished => format!("{done} of {epochs}"),
        Some(epochs) => epochs.to_string(),
        None => String::new(),
    };
    let state = run.state();
    let state = match state.trouble() {
        Some(trouble) => format!("{}: {trouble}", state.word()),
        None => state.word().to_owned(),
    };
    [
        group.label.clone(),
        about.stage.title().to_owned(),
        about.seed.to_string(),
        state,
        epochs,
        run.images_per_s().map(|rate| format!("{rate:.0}")).unwrap_or_default(),
        run.metrics.wall_s.map(duration).unwrap_or_default(),
        about.threads.map(|threads| threads.to_string()).unwrap_or_default(),
        about.program.clone().unwrap_or_default(),
        about.started.clone().unwrap_or_default(),
    ]
}

/// The time worked by all runs together, in seconds. Folded from 0, as the sum of no numbers would be −0.
pub fn total_seconds(groups: &[RunGroup]) -> f64 {
    groups
        .iter()
        .flat_map(|group| &group.runs)
        .filter_map(|run| run.metrics.wall_s)
        .fold(0.0, |sum, seconds| sum + seconds)
}

/// What the runs say of where they come from, each with its different answers in order of appearance; what no run says
/// is not there.
pub fn facts(groups: &[RunGroup]) -> Vec<(&'static str, Vec<String>)> {
    type Question = (&'static str, fn(&About) -> Vec<String>);
    const QUESTIONS: [Question; 6] = [
        ("Program", |about| about.sessions().filter_map(|session| session.program).collect()),
        ("Commit", |about| about.sessions().filter_map(|session| session.commit).collect()),
        ("Machine", |about| about.sessions().filter_map(|session| session.machine).collect()),
        ("Threads", |about| about.sessions().filter_map(|session| Some(session.threads?.to_string())).collect()),
        ("Data", |about| about.data.iter().cloned().collect()),
        ("Date", |about| {
            let day = |started: &String| started.split('T').next().unwrap_or(started).to_owned();
            about.started.iter().map(day).collect()
        }),
    ];
    let answers = |(name, ask): Question| {
        let mut answers: Vec<String> = Vec::new();
        for answer in groups.iter().flat_map(|group| &group.runs).flat_map(|run| ask(&run.about)) {
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        if name == "Date" {
            answers.sort();
        }
        (!answers.is_empty()).then_some((name, answers))
    };
    QUESTIONS.into_iter().filter_map(answers).collect()
}

/// A recipe and the stages that ran with it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecipeText<'a> {
    /// Whose it is: `mae-k: pre-training, fine-tuning (seed 0)`.
    pub title: String,
    /// The text of `config.toml`.
    pub text: &'a str,
}

/// The recipes of each line's lowest seed; stages with the same text share one.
pub fn recipes<'a>(groups: &[RunGroup<'a>]) -> Vec<RecipeText<'a>> {
    let mut recipes = Vec::new();
    for group in groups {
        let Some(seed) = group.runs.iter().map(|run| run.about.seed).min() else { continue };
        let mut texts: Vec<(&str, Vec<&str>)> = Vec::new();
        for run in group.runs.iter().copied().filter(|run| run.about.seed == seed) {
            let Some(text) = run.config.as_deref() else { continue };
            match texts.iter_mut().find(|(other, _)| *other == text) {
                Some((_, stages)) => stages.push(run.about.stage.title()),
                None => texts.push((text, vec![run.about.stage.title()])),
            }
        }
        for (text, stages) in texts {
            let title = format!("{}: {} (seed {seed})", group.label, stages.join(", "));
            recipes.push(RecipeText { title, text });
        }
    }
    recipes
}
