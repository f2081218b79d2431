//! What a fault should have come to, and what it came to.

use std::path::Path;

use crate::fault::{Fault, Operation};
use crate::scenario::Scenario;
use crate::shim::{At, Bench, Ended};
use crate::tree::{LEFT_OVER, Tree, half_written};

/// SIGKILL.
const KILLED: i32 = 9;

/// What a command did under a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was killed.
    Killed,
    /// It said why it failed.
    Failed,
    /// It succeeded all the same, and rightly: its files are those of a run left alone.
    Unharmed,
}

/// What became of one fault.
#[derive(Debug)]
pub struct Verdict {
    /// How the command ended.
    pub ending: Ending,
    /// Whether the files are in the end those of a run left alone.
    pub equal: bool,
    /// What should not be, a clause each.
    pub findings: Vec<String>,
}

/// Runs `scenario` with a fault in a fresh folder, then again without one.
pub fn verdict(bench: &Bench, scenario: &Scenario, reference: &Tree, at: At) -> Verdict {
    let folder = bench.folder();
    let folder = folder.path();
    let with_times = scenario.stage == "reproduce";
    let (first, operations) = bench.run_with(folder, &scenario.begin, Some(at));
    // Its own: names hold random parts and times.
    let hit = operations.get(at.operation - 1);
    let mut findings = half_written(folder);
    let ending = match (first.signal, first.code) {
        (Some(KILLED), _) if at.fault.kills() => Ending::Killed,
        (None, Some(0)) if !at.fault.kills() => {
            // What is left over, the next session may clear.
            let unlike = Tree::read(folder, with_times).differences(reference).into_iter();
            let unlike = unlike.filter(|what| !what.ends_with(LEFT_OVER));
            findings.extend(unlike.map(|what| format!("it succeeds although {what}")));
            Ending::Unharmed
        }
        _ => {
            let place = hit.map(|hit| place(hit, folder)).unwrap_or_default();
            findings.extend(unlike_a_failure(&first, at.fault, &place, folder));
            Ending::Failed
        }
    };
    let second = bench.run(folder, &scenario.again);
    let tree = Tree::read(folder, with_times);
    let differences = tree.differences(reference);
    let equal = differences.is_empty();
    // What is whole already may be refused.
    if second.code != Some(0) && !(equal && second.code == Some(2)) {
        let said = second.stderr.trim().replace(&folder.display().to_string(), "");
        findings.push(format!("the same command again ends with {:?}: {said}", second.code));
    }
    findings.extend(differences.into_iter().map(|what| format!("in the end {what}")));
    findings
        .extend(tree.temporaries.into_iter().map(|name| format!("in the end {} {LEFT_OVER}", without_random(&name))));
    Verdict { ending, equal, findings }
}

/// How a command that failed differs from one that fails as it should: exit code 1, one sentence, which names the file.
fn unlike_a_failure(ended: &Ended, fault: Fault, place: &str, folder: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    let said = ended.stderr.trim().replace(&folder.display().to_string(), "");
    if ended.code != Some(1) {
        findings.push(format!("{fault} ends it with code {:?}, signal {:?}: {said}", ended.code, ended.signal));
        return findings;
    }
    if fault.errno().is_none() {
        findings.push(format!("it fails although {fault} is no error: {said}"));
    }
    if said.lines().count() != 1 || !said.starts_with("error: ") {
        findings.push(format!("it says not one sentence: {said}"));
    }
    if !said.contains(place) {
        findings.push(format!("it does not name {place}: {said}"));
    }
    if !ended.stdout.is_empty() {
        findings.push(format!("it prints a result: {}", ended.stdout.trim()));
    }
    findings
}

/// What a sentence about an operation has to name: the file, or the folder below `folder` that it was done to.
fn place(hit: &Operation, folder: &Path) -> String {
    let path = Path::new(&hit.path);
    match path.is_dir() {
        true => path.strip_prefix(folder).unwrap_or(path).display().to_string(),
        false => hit.file_name().to_owned(),
    }
}

/// The name of a temporary file or folder without its random part or the number of its process.
fn without_random(name: &str) -> String {
    let parts = name.split('/').map(|part| match part.strip_prefix('.') {
        Some(hidden) => format!(".{}.*", hidden.rsplit_once('.').map_or(hidden, |(whole, _random)| whole)),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}
