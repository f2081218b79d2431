//! Many faults: which, and what became of them.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Args;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::fault::{Fault, Operation};
use crate::scenario::{self, Scenario};
use crate::shim::{At, Bench};
use crate::table::Table;
use crate::tree::Tree;
use crate::verdict::{Verdict, verdict};

/// Which faults.
pub enum Choice {
    /// So many of all, drawn by a seed; every command has some.
    Seeded {
        /// What they are drawn by.
        seed: u64,
        /// How many.
        count: usize,
    },
    /// All that pass.
    All(Filter),
}

/// What is left out of all faults.
#[derive(Args)]
pub struct Filter {
    /// This stage only
    #[arg(long)]
    stage: Option<String>,
    /// This method only
    #[arg(long)]
    method: Option<String>,
    /// The operation of this number only
    #[arg(long, value_name = "N")]
    at: Option<usize>,
    /// Operations of this name only, such as rename
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// This fault only, such as kill-before
    #[arg(long)]
    fault: Option<String>,
}

/// A command, and what it does when it is left alone.
struct Case {
    scenario: Scenario,
    reference: Tree,
    operations: Vec<Operation>,
}

/// Tries the chosen faults, `jobs` at once, and prints what became of them; whether all is as it should be.
pub fn run(bench: &Bench, choice: &Choice, jobs: usize) -> bool {
    let began = Instant::now();
    let cases: Vec<Case> = scenario::all(bench).into_iter().map(|scenario| case(bench, scenario)).collect();
    let chosen = chosen(&cases, choice);
    println!("{} faults of {} commands", chosen.len(), cases.len());
    let next = AtomicUsize::new(0);
    let verdicts: Mutex<Vec<(usize, At, Verdict)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(&(index, at)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Case { scenario, reference, .. } = &cases[index];
                    let verdict = verdict(bench, scenario, reference, at);
                    verdicts.lock().expect("no thread panicked").push((index, at, verdict));
                }
            });
        }
    });
    let mut verdicts = verdicts.into_inner().expect("no thread panicked");
    verdicts.sort_by_key(|(index, at, _)| (*index, at.operation));
    let mut table = Table::default();
    for Case { scenario, operations, .. } in &cases {
        table.row(scenario, operations.len());
    }
    for (index, at, verdict) in &verdicts {
        table.count(*index, &cases[*index].operations[at.operation - 1], *at, verdict);
    }
    print!("{table}");
    println!("{:.0} s", began.elapsed().as_secs_f64());
    table.is_well()
}

/// Runs a command twice without a fault: what it writes must be the same.
fn case(bench: &Bench, scenario: Scenario) -> Case {
    let one = || {
        let folder = bench.folder();
        let (ended, operations) = bench.run_with(folder.path(), &scenario.begin, None);
        let line = scenario.begin.join(" ");
        assert_eq!(ended.code, Some(0), "bmae {line}: {}", ended.stderr);
        (Tree::read(folder.path(), scenario.stage == "reproduce"), operations)
    };
    let ((reference, operations), (other, _)) = (one(), one());
    let differences = other.differences(&reference);
    assert!(differences.is_empty(), "{} of {} twice: {differences:?}", scenario.stage, scenario.method);
    Case { scenario, reference, operations }
}

fn chosen(cases: &[Case], choice: &Choice) -> Vec<(usize, At)> {
    let of_case = |case: &Case| -> Vec<At> {
        let of_operation = |index: usize| {
            let faults = Fault::of(&case.operations, index).into_iter();
            faults.map(move |fault| At { operation: index + 1, fault })
        };
        (0..case.operations.len()).flat_map(of_operation).collect()
    };
    match choice {
        Choice::All(filter) => {
            let passes = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
            let mut chosen = Vec::new();
            for (index, case) in cases.iter().enumerate() {
                if passes(&filter.stage, case.scenario.stage) && passes(&filter.method, case.scenario.method) {
                    let faults = of_case(case).into_iter().filter(|at| {
                        filter.at.is_none_or(|number| number == at.operation)
                            && passes(&filter.operation, &case.operations[at.operation - 1].name)
                            && passes(&filter.fault, at.fault.word())
                    });
                    chosen.extend(faults.map(|at| (index, at)));
                }
            }
            chosen
        }
        Choice::Seeded { seed, count } => {
            let mut random = ChaCha8Rng::seed_from_u64(*seed);
            let mut piles: Vec<Vec<(usize, At)>> = Vec::new();
            for (index, case) in cases.iter().enumerate() {
                let mut pile = of_case(case);
                pile.shuffle(&mut random);
                // One of each kind first: most operations of a long series are alike.
                let mut seen = BTreeSet::new();
                let kind = |at: &At| {
                    let operation = &case.operations[at.operation - 1];
                    (operation.name.as_str(), operation.file_name(), at.fault.word())
                };
                let (first, more): (Vec<At>, Vec<At>) = pile.into_iter().partition(|at| seen.insert(kind(at)));
                piles.push(first.into_iter().chain(more).map(|at| (index, at)).collect());
            }
            // One of each command in turn.
            let longest = piles.iter().map(Vec::len).max().unwrap_or(0);
            let turns = (0..longest).flat_map(|turn| piles.iter().filter_map(move |pile| pile.get(turn).copied()));
            turns.take(*count).collect()
        }
    }
}
