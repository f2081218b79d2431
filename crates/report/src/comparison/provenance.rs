//! How it was run: every run directory with its state, rate and time, and the recipes as they were resolved.

use super::group::RunGroup;
use crate::run_directory::{About, Run, RunState};
use crate::text::duration;

/// One run directory, as texts for a table row; what is not known is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// The label of its line of the comparison.
    pub run: String,
    /// The stage.
    pub stage: &'static str,
    /// The seed.
    pub seed: String,
    /// `running`, `finished`, `failed: REASON` or `stopped`.
    pub state: String,
    /// Epochs: done, or done of planned.
    pub epochs: String,
    /// Training throughput.
    pub images_per_s: String,
    /// Time worked, over all sessions.
    pub time: String,
    /// Threads.
    pub threads: String,
    /// Program and version.
    pub program: String,
    /// When it was started.
    pub started: String,
}

impl RunRow {
    /// The headings of [`RunRow::cells`].
    pub const HEADINGS: [&'static str; 10] =
        ["run", "stage", "seed", "state", "epochs", "images/s", "time", "threads", "program", "started"];
    /// Which of the cells are numbers.
    pub const NUMERIC: [bool; 10] = [false, false, true, false, true, true, true, true, false, false];

    /// The cells in the order of the headings.
    pub fn cells(&self) -> [&str; 10] {
        let RunRow { run, stage, seed, state, epochs, images_per_s, time, threads, program, started } = self;
        [run, stage, seed, state, epochs, images_per_s, time, threads, program, started]
    }
}

/// Every run directory, in the order of the tables.
pub fn run_rows(groups: &[RunGroup]) -> Vec<RunRow> {
    groups.iter().flat_map(|group| group.runs.iter().map(|run| run_row(group, run))).collect()
}

fn run_row(group: &RunGroup, run: &Run) -> RunRow {
    let about = &run.about;
    let (finished, done) = (run.finished(), run.epochs_done());
    let epochs = match about.epochs {
        Some(epochs) if !finished => format!("{done} of {epochs}"),
        Some(epochs) => epochs.to_string(),
        None => String::new(),
    };
    RunRow {
        run: group.label.clone(),
        stage: about.stage.title(),
        seed: about.seed.to_string(),
        state: match run.state() {
            RunState::Failed(reason) => format!("failed: {reason}"),
            state => state.word().to_owned(),
        },
        epochs,
        images_per_s: run.images_per_s().map(|rate| format!("{rate:.0}")).unwrap_or_default(),
        time: run.metrics.wall_s.map(duration).unwrap_or_default(),
        threads: about.threads.map(|threads| threads.to_string()).unwrap_or_default(),
        program: about.program.clone().unwrap_or_default(),
        started: about.started.clone().unwrap_or_default(),
    }
}

/// The time worked by all runs together, in seconds. Folded from 0, as the sum of no numbers would be −0.
pub fn total_seconds(groups: &[RunGroup]) -> f64 {
    groups
        .iter()
        .flat_map(|group| &group.runs)
        .filter_map(|run| run.metrics.wall_s)
        .fold(0.0, |sum, seconds| sum + seconds)
}

/// What the runs say of where they come from, each with its different answers in order of appearance; what no run says is not
/// there.
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
