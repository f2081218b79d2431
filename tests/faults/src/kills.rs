//! Kills at random moments of one long run that keeps its state within the epochs.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use crate::shim::{Bench, log_of, operations};
use crate::tree::Tree;

const EPOCHS: usize = 2;
const BATCH: usize = 4;

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    epochs: usize,
    steps: usize,
}

/// Kills a run of `steps` steps an epoch `times` times, at moments that `seed` gives, each time going on where it
/// stopped; prints how many steps each kill repeats. `minutes` between two states; 0: the recipe does not say. Whether
/// the end is that of a run left alone.
pub fn run(bench: &Bench, seed: u64, times: usize, steps: usize, minutes: f64) -> bool {
    let recipe = bench.inputs().join("long.toml");
    let minutes = if minutes > 0.0 { format!("checkpoint_minutes = {minutes:?}\n") } else { String::new() };
    let text = format!(
        "[data]\nshapes_train = {}\nshapes_test = 20\nimage_size = 16\n[model]\npatch_size = 4\n\
         encoder = {{ dim = 16, depth = 1, heads = 2 }}\ndecoder = {{ dim = 8, depth = 1, heads = 2 }}\n\
         [method]\nname = \"mae-new\"\nk = 1\n[pretrain]\nepochs = {EPOCHS}\nbatch_size = {BATCH}\n{minutes}",
        steps * BATCH
    );
    fs::write(&recipe, text).expect("there is room");
    let begin: Vec<String> =
        ["pretrain", "--quiet", "--threads", "1", "--preset", &recipe.display().to_string(), "--out", "run"]
            .map(str::to_owned)
            .to_vec();
    let again: Vec<String> = begin.iter().cloned().chain(["--resume".to_owned()]).collect();

    let alone = bench.folder();
    let began = Instant::now();
    let (ended, _) = bench.run_with(alone.path(), &begin, None);
    let took = began.elapsed();
    assert_eq!(ended.code, Some(0), "bmae {}: {}", begin.join(" "), ended.stderr);
    let reference = Tree::read(alone.path(), false);
    println!("left alone: {EPOCHS} epochs of {steps} steps in {:.1} s", took.as_secs_f64());

    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut well = true;
    let mut folder = bench.folder();
    let (mut kills, mut most, mut sum, mut rounds) = (0, 0, 0, 0);
    println!("kill  after    done            kept            repeated");
    while kills < times {
        // A moment within the first half of a run, so that a run takes several kills.
        let moment = took.mul_f64(random.random_range(0.0..0.5));
        if !killed(bench, &folder, &again, moment) {
            rounds += 1;
            well &= is_equal(folder.path(), &reference);
            folder = bench.folder();
            continue;
        }
        kills += 1;
        let (done, kept) = (done(folder.path(), steps), kept(folder.path()));
        let steps_of = |position: Position| position.epochs * steps + position.steps;
        let repeated = steps_of(done).saturating_sub(steps_of(kept));
        (most, sum) = (most.max(repeated), sum + repeated);
        println!(
            "{kills:>4}  {:>5.2} s  epoch {} step {:<4}  epoch {} step {:<4}  {repeated}",
            moment.as_secs_f64(),
            done.epochs,
            done.steps,
            kept.epochs,
            kept.steps
        );
    }
    let ended = bench.run(folder.path(), &again);
    assert_eq!(ended.code, Some(0), "bmae {}: {}", again.join(" "), ended.stderr);
    rounds += 1;
    well &= is_equal(folder.path(), &reference);
    println!("{kills} kills in {rounds} runs: {sum} steps repeated, at most {most} after a kill; bits equal: {well}");
    well
}

/// Whether the command was killed at the moment, and did not end before it.
fn killed(bench: &Bench, folder: &TempDir, line: &[String], moment: Duration) -> bool {
    let mut command = bench.shimmed(folder.path(), line, None);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program can be started");
    std::thread::sleep(moment);
    let killed = child.try_wait().expect("it can be asked").is_none();
    if killed {
        child.kill().expect("it can be killed");
    }
    let ended = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(killed || ended.status.success(), "bmae {}: {said}", line.join(" "));
    killed
}

fn is_equal(folder: &Path, reference: &Tree) -> bool {
    let tree = Tree::read(folder, false);
    let differences = tree.differences(reference);
    differences.iter().chain(&tree.temporaries).for_each(|what| println!("FOUND {what}"));
    differences.is_empty() && tree.temporaries.is_empty()
}

/// The furthest position that the last command came to: that of a state that it had begun to write, or of a line in its
/// metrics.
fn done(folder: &Path, steps_per_epoch: usize) -> Position {
    let begun = operations(&log_of(folder)).into_iter().filter(|operation| operation.path.contains("/state/"));
    let begun = begun.filter_map(|operation| position(operation.file_name())).max().unwrap_or_default();
    let metrics = fs::read_to_string(folder.join("run/metrics.jsonl")).unwrap_or_default();
    let lines = metrics.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let steps = lines.filter_map(|line| Some((line["epoch"].as_u64()?, line["step"].as_u64()?)));
    let logged = steps.map(|(epoch, step)| {
        let whole = usize::try_from(step).unwrap_or(0) + 1;
        let epochs = usize::try_from(epoch).unwrap_or(0);
        Position { epochs, steps: whole.saturating_sub(epochs * steps_per_epoch) }
    });
    logged.max().unwrap_or_default().max(begun)
}

/// The furthest position that is on the disk.
fn kept(folder: &Path) -> Position {
    let entries = fs::read_dir(folder.join("run/state")).into_iter().flatten().flatten();
    entries.filter_map(|entry| position(&entry.file_name().to_string_lossy())).max().unwrap_or_default()
}

/// That of a state by its name: `epoch-0001.safetensors` or `epoch-0001-step-000123.safetensors`.
fn position(name: &str) -> Option<Position> {
    let numbers = name.strip_prefix("epoch-")?.strip_suffix(".safetensors")?;
    let (epochs, steps) = numbers.split_once("-step-").unwrap_or((numbers, "0"));
    Some(Position { epochs: epochs.parse().ok()?, steps: steps.parse().ok()? })
}
