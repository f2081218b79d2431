//! How a run that was stopped goes on: `bmae resume` and its folder.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_output::shell::quoted;
use bmae_train::Outcome;

use crate::arguments::{DeviceName, Everywhere};
use crate::ending::Ending;

/// What goes on with runs that were stopped: `bmae resume`, and what it does not know by itself.
#[derive(Debug, Clone)]
pub struct GoingOn {
    runs: Vec<PathBuf>,
    options: Vec<OsString>,
}

impl GoingOn {
    /// With `runs`, each a run or a folder of runs, on the device and the threads that `everywhere` asks for.
    pub fn with(runs: &[PathBuf], everywhere: &Everywhere) -> Self {
        let threads = everywhere.threads.map(|threads| ["--threads".to_owned(), threads.to_string()]);
        let device = everywhere.device.word();
        let is_default = matches!(everywhere.device, DeviceName::Cpu);
        let device = (!is_default).then(|| ["--device".to_owned(), device]);
        let options = [threads, device].into_iter().flatten().flatten().map(OsString::from).collect();
        Self { runs: runs.to_vec(), options }
    }

    /// The same with an option more.
    pub fn and(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.options.extend([name.into(), value.into()]);
        self
    }

    /// The command as a shell takes it, of the program that is called `program`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> String {
        let runs = self.runs.iter().map(|run| match run.as_os_str().as_encoded_bytes().starts_with(b"-") {
            true => Path::new(".").join(run).into_os_string(),
            false => run.clone().into_os_string(),
        });
        let words = ["resume".into()].into_iter().chain(runs).chain(self.options.iter().cloned());
        let words = [program.as_ref().to_owned()].into_iter().chain(words);
        words.map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// What is said of a run that was stopped: what is kept, and how to go on.
pub fn stopped(outcome: &Outcome, out: &Path, going_on: &GoingOn) -> Option<Ending> {
    let Outcome::Interrupted { epochs_kept, epochs, steps_kept } = outcome else {
        return None;
    };
    let steps = match steps_kept {
        0 => String::new(),
        steps => format!(" and {} of the next", count(*steps, "step")),
    };
    Some(Ending::Interrupted(format!(
        "stopped: {} keeps {epochs_kept} of {}{steps}; go on with `{}`",
        plain_path(out),
        count(*epochs, "epoch"),
        going_on.command(std::env::args_os().next().unwrap_or_else(|| "bmae".into()))
    )))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::Arguments;

    fn go_on(runs: &[&str], line: &str) -> String {
        let everywhere = Arguments::try_parse_from(line.split(' ')).expect("a right command line").everywhere;
        let runs: Vec<PathBuf> = runs.iter().map(PathBuf::from).collect();
        GoingOn::with(&runs, &everywhere).command("bmae")
    }

    #[test]
    fn a_stopped_run_goes_on_by_its_folder_alone_and_on_the_same_device_and_threads() {
        assert_eq!(
            go_on(&["runs/a"], "bmae pretrain --out runs/a --seed 3 --set pretrain.epochs=4"),
            "bmae resume runs/a"
        );
        assert_eq!(go_on(&["k"], "bmae sweep k --out k --threads 2 -q"), "bmae resume k --threads 2");
        assert_eq!(go_on(&["a", "b"], "bmae resume a b --device gpu"), "bmae resume a b --device gpu");
    }

    #[test]
    fn folders_that_a_shell_would_take_apart_are_quoted_and_none_is_taken_for_an_option() {
        assert_eq!(go_on(&["my runs", "it's"], "bmae knn --from a --out b"), "bmae resume 'my runs' \"it's\"");
        assert_eq!(go_on(&["-q"], "bmae knn --from a --out=-q"), "bmae resume ./-q");
    }
}
