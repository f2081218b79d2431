//! `bmae watch`.

use std::io::{IsTerminal, stdout};
use std::time::Duration;

use bmae_report::{ListedRun, find_runs};
use bmae_watch::Options;
use serde_json::json;

use crate::arguments::Watch;
use crate::ending::Ending;
use crate::output::Output;
use crate::signals;

/// Columns of the table where no terminal says how many it has.
const WIDTH: usize = 120;

/// Shows runs live in the terminal; where stdout is none, prints a table of them once.
pub fn run(arguments: &Watch, output: &Output) -> Result<(), Ending> {
    if stdout().is_terminal() {
        let every = Duration::from_secs_f64(arguments.every);
        let options = Options { every, ..Options::new("bmae watch") };
        return Ok(bmae_watch::watch(&arguments.runs, options, &signals::ending())?);
    }
    let runs: Vec<ListedRun> = find_runs(&arguments.runs).iter().map(|directory| ListedRun::at(directory)).collect();
    Ok(output.result(&bmae_watch::snapshot(&arguments.runs, WIDTH)?, &json!(runs))?)
}
