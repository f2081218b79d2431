//! Files of a stopped run that are not as they were written, and the command that goes on with them: it ends like a run
//! left alone, or says which file is damaged, or what it lost.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::fault::Fault;
use crate::scenario::{self, Scenario};
use crate::shim::{At, Bench};
use crate::tree::{Tree, files};

/// What is done to a file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    /// One bit is another.
    Flip,
    /// A sector of zeros.
    Zeros,
    /// Its end is missing.
    Cut,
    /// It is there, and empty.
    Empty,
    /// Something stands behind its end.
    Longer,
    /// It is not there.
    Gone,
}

const ALL: [Damage; 6] = [Damage::Flip, Damage::Zeros, Damage::Cut, Damage::Empty, Damage::Longer, Damage::Gone];

impl Damage {
    fn apply(self, path: &Path, random: &mut ChaCha8Rng) {
        let mut bytes = fs::read(path).expect("it is there");
        let place = random.random_range(0..bytes.len().max(1));
        match self {
            Damage::Flip if !bytes.is_empty() => bytes[place] ^= 1 << random.random_range(0..8),
            Damage::Flip => {}
            Damage::Zeros => bytes.iter_mut().skip(place).take(512).for_each(|byte| *byte = 0),
            Damage::Cut => bytes.truncate(place),
            Damage::Empty => bytes.clear(),
            Damage::Longer => bytes.extend((0..random.random_range(1..64)).map(|_| random.random::<u8>())),
            Damage::Gone => return fs::remove_file(path).expect("it is there"),
        }
        fs::write(path, bytes).expect("there is room");
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Damage::Flip => "one bit flipped",
            Damage::Zeros => "512 bytes of zeros",
            Damage::Cut => "cut short",
            Damage::Empty => "empty",
            Damage::Longer => "too long",
            Damage::Gone => "gone",
        })
    }
}

/// Damages each file of stopped runs, `times` times in each way that depends on a place; prints what came of it.
/// Whether all is as it should be.
pub fn run(bench: &Bench, seed: u64, times: usize) -> bool {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let (mut tried, mut equal, mut refused, mut told) = (0, 0, 0, 0);
    let stages = [("pretrain", "mae-new"), ("finetune", "mae")];
    let wanted = |scenario: &Scenario| stages.contains(&(scenario.stage, scenario.method));
    for scenario in scenario::all(bench).into_iter().filter(wanted) {
        let whole = bench.folder();
        let (_, operations) = bench.run_with(whole.path(), &scenario.begin, None);
        let reference = Tree::read(whole.path(), false);
        // Stopped before the last epoch counts.
        let begun =
            operations.iter().rposition(|operation| operation.name == "open" && operation.path.contains("/state/."));
        let operation = begun.expect("it keeps a state") + 1;
        let stopped = bench.folder();
        bench.run_with(stopped.path(), &scenario.begin, Some(At { operation, fault: Fault::KillBefore }));
        let names = files(stopped.path()).into_iter().map(|(name, _)| name);
        for name in names.filter(|name| !name.contains("/.") && !name.contains("tfevents") && !name.ends_with("lock")) {
            for damage in ALL {
                let once = matches!(damage, Damage::Empty | Damage::Gone);
                for _ in 0..if once { 1 } else { times } {
                    let folder = bench.folder();
                    copy(stopped.path(), folder.path());
                    damage.apply(&folder.path().join(&name), &mut random);
                    let ended = bench.run(folder.path(), &scenario.again);
                    let tree = Tree::read(folder.path(), false);
                    tried += 1;
                    let said = ended.stderr.trim().replace(&folder.path().display().to_string(), "");
                    let differences = tree.differences(&reference);
                    let elsewhere = differences.iter().any(|what| !what.starts_with(&name));
                    let weights = differences
                        .iter()
                        .any(|what| what.contains(".safetensors") && !(what.starts_with(&name) && is_for_users(&name)));
                    let bad = match ended.code {
                        Some(0) if differences.is_empty() => {
                            equal += 1;
                            None
                        }
                        // What it says is the loss; the weights are never part of it.
                        Some(0) if !weights && (!elsewhere || !said.is_empty()) => {
                            told += 1;
                            None
                        }
                        Some(0) => Some(format!("it succeeds although {}", differences.join(", "))),
                        Some(1) if said.lines().count() == 1 && is_named(&said, &name) => {
                            refused += 1;
                            None
                        }
                        code => Some(format!("it ends with {code:?}: {said}")),
                    };
                    if let Some(what) = bad {
                        *found.entry(format!("{} {name} {damage}: {what}", scenario.stage)).or_default() += 1;
                    }
                }
            }
        }
    }
    println!(
        "{tried} damaged files: {equal} times equal bits, {told} times the loss was told, {refused} times refused by name"
    );
    for (what, count) in &found {
        println!("FOUND {count} x {what}");
    }
    found.is_empty()
}

/// Whether a sentence names the file, or the folder that it is missing from; of a file that says what the run is, the run
/// that it is of.
fn is_named(said: &str, name: &str) -> bool {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let says_what_it_is = matches!(file, "config.toml" | "run.toml");
    said.contains(file) || (folder.contains('/') && said.contains(folder)) || (says_what_it_is && said.contains("run "))
}

/// Whether a run never reads it again.
fn is_for_users(name: &str) -> bool {
    name.ends_with("checkpoints/best.safetensors") || name.contains("checkpoints/epoch-")
}

fn copy(from: &Path, to: &Path) {
    for (name, path) in files(from) {
        let target = to.join(name);
        fs::create_dir_all(target.parent().expect("it lies below")).expect("a folder can be made");
        fs::copy(path, target).expect("there is room");
    }
}
