//! How a command ends when it does not simply succeed.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use bmae_data::DataError;
use bmae_nn::{TensorFileError, WeightsError};
use bmae_output::claim::Taken;
use bmae_recipe::RecipeError;
use bmae_recipe::plan::PlanFileError;
use bmae_recipe::sweep::SweepError;
use bmae_recipe::sweep::emit::EmitError;
use bmae_report::ReportError;
use bmae_train::TrainError;
use bmae_train::export::ExportError;
use bmae_train::inference::AskedError;
use bmae_watch::WatchError;

use crate::advice;

/// The exit code of what failed.
const FAILED: u8 = 1;
/// The exit code of what was asked for wrongly.
const USED_WRONGLY: u8 = 2;
/// The exit code of what was stopped.
pub const INTERRUPTED: u8 = 130;

/// Why a command stops early.
#[derive(Debug)]
pub enum Ending {
    /// It was asked for wrongly.
    Usage(Box<dyn Error>),
    /// It was asked for rightly and did not succeed.
    Failure(Box<dyn Error>),
    /// Ctrl-C; the line says how to go on.
    Interrupted(String),
    /// Whoever read our output has had enough, or their terminal is closed.
    ClosedPipe,
}

impl Ending {
    /// The exit code.
    pub fn code(&self) -> ExitCode {
        match self {
            Ending::ClosedPipe => ExitCode::SUCCESS,
            Ending::Failure(_) => ExitCode::from(FAILED),
            Ending::Usage(_) => ExitCode::from(USED_WRONGLY),
            Ending::Interrupted(_) => ExitCode::from(INTERRUPTED),
        }
    }

    /// The exit code of a failure; `None` where it ends as it was asked to.
    pub fn failure_code(&self) -> Option<i32> {
        match self {
            Ending::Failure(_) => Some(FAILED.into()),
            Ending::Usage(_) => Some(USED_WRONGLY.into()),
            Ending::ClosedPipe | Ending::Interrupted(_) => None,
        }
    }

    /// It was asked for wrongly; `advice` says what to do about it.
    fn usage(error: impl Into<Box<dyn Error>>, advice: Option<String>) -> Self {
        Ending::Usage(advised(error.into(), advice))
    }

    /// It did not succeed; `advice` says what to do about it.
    fn failure(error: impl Into<Box<dyn Error>>, advice: Option<String>) -> Self {
        Ending::Failure(advised(error.into(), advice))
    }

    /// What stderr is told: the chain of causes as one line.
    pub fn line(&self) -> Option<String> {
        match self {
            Ending::Usage(error) | Ending::Failure(error) => Some(format!("error: {}", chain(error.as_ref()))),
            Ending::Interrupted(line) => Some(line.clone()),
            Ending::ClosedPipe => None,
        }
    }
}

/// The error, and behind it on the same line what to do about it.
fn advised(error: Box<dyn Error>, advice: Option<String>) -> Box<dyn Error> {
    match advice {
        Some(advice) => format!("{}; {advice}", chain(error.as_ref())).into(),
        None => error,
    }
}

/// An error and what caused it on one line. A cause that its error quotes already is not said twice.
fn chain(error: &dyn Error) -> String {
    let mut line = one_line(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = one_line(&error.to_string());
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line
}

/// The lines of a library's message behind each other; all else that stands in a name stays as it is.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

impl From<RecipeError> for Ending {
    fn from(error: RecipeError) -> Self {
        let advice = advice::of_recipe(&error);
        Ending::usage(error, advice)
    }
}

impl From<TrainError> for Ending {
    fn from(error: TrainError) -> Self {
        let advice = advice::of_train(&error);
        match error {
            TrainError::Recipe(_)
            | TrainError::NoSuchDevice { .. }
            | TrainError::NoGpu { .. }
            | TrainError::RanksDoNotDivide { .. }
            | TrainError::Taken(_)
            | TrainError::FeatureFileName { .. }
            | TrainError::AmongImages { .. } => Ending::usage(error, advice),
            _ => Ending::failure(error, advice),
        }
    }
}

impl From<DataError> for Ending {
    fn from(error: DataError) -> Self {
        let advice = advice::of_data(&error);
        Ending::failure(error, advice)
    }
}

impl From<WeightsError> for Ending {
    fn from(error: WeightsError) -> Self {
        let advice = advice::of_weights(&error);
        Ending::failure(error, advice)
    }
}

impl From<TensorFileError> for Ending {
    fn from(error: TensorFileError) -> Self {
        Ending::Failure(error.into())
    }
}

impl From<ExportError> for Ending {
    fn from(error: ExportError) -> Self {
        let advice = advice::of_export(&error);
        match error {
            ExportError::Train(error) => error.into(),
            ExportError::Name { .. } => Ending::usage(error, advice),
            _ => Ending::failure(error, advice),
        }
    }
}

impl From<AskedError> for Ending {
    fn from(error: AskedError) -> Self {
        let advice = advice::of_asked(&error);
        match error {
            AskedError::Train(error) => error.into(),
            AskedError::NoClassifier { .. } | AskedError::RunsBelow { .. } => Ending::usage(error, advice),
            _ => Ending::failure(error, advice),
        }
    }
}

impl From<PlanFileError> for Ending {
    fn from(error: PlanFileError) -> Self {
        Ending::Failure(error.into())
    }
}

impl From<SweepError> for Ending {
    fn from(error: SweepError) -> Self {
        let advice = advice::of_sweep(&error);
        Ending::usage(error, advice)
    }
}

impl From<EmitError> for Ending {
    fn from(error: EmitError) -> Self {
        match error {
            EmitError::Taken(taken) => taken.into(),
            error @ EmitError::Write { .. } => Ending::Failure(error.into()),
        }
    }
}

impl From<Taken> for Ending {
    fn from(taken: Taken) -> Self {
        let advice = advice::of_taken(&taken);
        Ending::usage(taken, advice)
    }
}

impl From<WatchError> for Ending {
    fn from(error: WatchError) -> Self {
        Ending::Failure(error.into())
    }
}

impl From<ReportError> for Ending {
    fn from(error: ReportError) -> Self {
        let advice = advice::of_report(&error);
        match error {
            ReportError::Taken(_) => Ending::usage(error, advice),
            _ => Ending::failure(error, advice),
        }
    }
}

/// Only output is written without an error type of a library around it.
impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Ending::ClosedPipe,
            _ if is_of_a_closed_terminal(&error) => Ending::ClosedPipe,
            _ => Ending::Failure(
                format!("cannot write the results to stdout: {error}; write them to a place with room").into(),
            ),
        }
    }
}

/// Whether stdout is a terminal that was closed meanwhile, as for a program that outlives it: the system answers with an
/// error of the device.
#[cfg(unix)]
fn is_of_a_closed_terminal(error: &io::Error) -> bool {
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;

    const EIO: i32 = 5;
    let about = || File::from(io::stdout().as_fd().try_clone_to_owned()?).metadata();
    error.raw_os_error() == Some(EIO) && about().is_ok_and(|about| about.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_of_a_closed_terminal(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(&'static str, io::Error);

    impl std::fmt::Display for Outer {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn causes_become_one_line_and_none_is_said_twice() {
        let line = |text| Ending::Failure(Outer(text, io::Error::other("no\n  such file")).into()).line();
        assert_eq!(line("cannot read x").as_deref(), Some("error: cannot read x: no such file"));
        assert_eq!(line("cannot read x (no such file)").as_deref(), Some("error: cannot read x (no such file)"));
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
        let of = |kind| Ending::from(io::Error::from(kind));
        assert!(of(io::ErrorKind::BrokenPipe).line().is_none());
        assert_eq!(format!("{:?}", of(io::ErrorKind::BrokenPipe).code()), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(format!("{:?}", of(io::ErrorKind::StorageFull).code()), format!("{:?}", ExitCode::from(1)));
    }
}
