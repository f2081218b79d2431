//! The training against golden files of an independent implementation in plain PyTorch, computed in f64
//! (`tests/reference/`): one pass with all gradients, eighteen recorded steps of every method, fine-tuning, probing. In `golden/bf16/`
//! it has linear layers in bfloat16.
//!
//! Each test prints the largest error of each kind of tensor and of each case (`cargo test --release golden -- --nocapture`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bmae_nn::{StateDict, TensorFile};
use bmae_recipe::{Recipe, TrainedStage};
use bmae_train::device::Device;
use bmae_train::forward::{self, Forward};
use bmae_train::replay;

mod bf16;

/// Of a loss, relative: after one pass all that `f32` costs is a few roundings (2^-24 each) of a sum of thousands.
const LOSS: f64 = 1e-5;
/// Of a loss after optimiser steps: AdamW divides by the root of second moments, which turns a rounding of a small
/// gradient into a visible part of a step.
const LOSS_AFTER_STEPS: f64 = 1e-4;
/// Of a gradient, a parameter or a feature, relative to its tensor's largest value: single entries may be near zero.
const TENSOR: f64 = 1e-3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden")
}

/// The names of the golden cases that begin with `stage`.
fn cases(stage: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("tests/reference/golden");
    let mut cases: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_suffix(".toml").map(str::to_owned))
        .filter(|case| case.starts_with(stage))
        .collect();
    cases.sort();
    cases
}

fn recipe(case: &str) -> Recipe {
    let text = std::fs::read_to_string(folder().join(format!("{case}.toml"))).expect("a recipe");
    let mut recipe = Recipe::from_toml(&text).unwrap_or_else(|error| panic!("{case}: {error}"));
    // A recipe names a teacher as it lies beside it.
    for weights in recipe.weights_mut() {
        weights.path = folder().join(weights.path.file_name().expect("a file"));
    }
    recipe
}

fn path(case: &str, kind: &str) -> PathBuf {
    folder().join(format!("{case}.{kind}.safetensors"))
}

fn weights(case: &str, kind: &str) -> StateDict {
    StateDict::from_file(&path(case, kind)).expect("weights")
}

fn tensors(case: &str, kind: &str) -> TensorFile {
    TensorFile::from_file(&path(case, kind)).expect("tensors")
}

/// The largest error of each kind of tensor, and where it was; the largest of each case.
#[derive(Default)]
struct Errors {
    largest: BTreeMap<String, (f64, String)>,
    /// Of each case: of its losses, and of its other tensors.
    cases: BTreeMap<String, [f64; 2]>,
}

impl Errors {
    /// Compares everything that `expected` holds with what was `found`, and refuses what is off, missing or there
    /// besides.
    fn compare(&mut self, case: &str, expected: &TensorFile, found: &TensorFile, loss: f64) {
        let [names, found_names] = [expected, found].map(|file| file.names().collect::<Vec<_>>());
        assert_eq!(found_names, names, "{case}: the tensors that were found and expected");
        for name in expected.names() {
            let Ok((shape, values)) = expected.floats_of_any_rank(name) else {
                let [expected, found] =
                    [expected, found].map(|file| file.integers::<2>(name, "[N, L]").expect("integers"));
                assert_eq!(expected, found, "{case}: {name}");
                continue;
            };
            let (found_shape, found) = found.floats_of_any_rank(name).unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(shape, found_shape, "{case}: the shape of {name}");
            let (error, limit) = match name {
                "loss" => (relative_of_each(values, found), loss),
                _ => (relative_to_the_largest(values, found), TENSOR),
            };
            let of_case = self.cases.entry(case.to_owned()).or_default();
            let index = usize::from(name != "loss");
            of_case[index] = of_case[index].max(error);
            let largest = self.largest.entry(kind(name)).or_insert((0.0, String::new()));
            if error >= largest.0 {
                *largest = (error, format!("{case}, {name}"));
            }
            assert!(error <= limit, "{case}: {name} is off by {error:.2e}, but {limit:.0e} is allowed");
        }
    }

    fn print(&self, title: &str) {
        println!("{title}: the largest error of each kind of tensor");
        for (kind, (error, place)) in &self.largest {
            println!("  {kind:<34} {error:.1e}  ({place})");
        }
        for (case, [loss, others]) in &self.cases {
            println!("  {case:<34} {loss:.1e} of its losses, {others:.1e} of its other tensors");
        }
    }
}

/// A tensor's name without the number of its block.
fn kind(name: &str) -> String {
    name.split('.').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
}

fn relative_of_each(expected: &[f32], found: &[f32]) -> f64 {
    let error =
        |(&expected, &found): (&f32, &f32)| (f64::from(found) - f64::from(expected)).abs() / f64::from(expected).abs();
    largest(expected.iter().zip(found).map(error))
}

fn relative_to_the_largest(expected: &[f32], found: &[f32]) -> f64 {
    let scale = largest(expected.iter().map(|&value| f64::from(value).abs())).max(f64::MIN_POSITIVE);
    largest(expected.iter().zip(found).map(|(&expected, &found)| (f64::from(found) - f64::from(expected)).abs()))
        / scale
}

/// The largest of the values; infinity if one is no number.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |largest, value| if value.is_nan() { f64::INFINITY } else { value.max(largest) })
}

/// Replays all cases of a stage; there must be as many as the folder is known to hold.
fn replay_all(stage: TrainedStage, prefix: &str, expected_cases: usize) {
    let device = Device::flex();
    let mut errors = Errors::default();
    let cases = cases(prefix);
    assert_eq!(cases.len(), expected_cases, "{cases:?}");
    for case in &cases {
        let (weights, batches, expected) =
            (weights(case, "weights"), tensors(case, "batches"), tensors(case, "expected"));
        let found = replay::run(&recipe(case), stage, &weights, &batches, 3, &device, &mut |_| {})
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        errors.compare(case, &expected, &found, LOSS_AFTER_STEPS);
    }
    errors.print(&format!("{} cases of {prefix}, 18 steps each", cases.len()));
}

/// What `forward` computes of a case, with all gradients.
fn one_pass(case: &str) -> TensorFile {
    let device = Device::flex();
    let weights_of_case = weights(case, "weights");
    let target = path(case, "target").exists().then(|| weights(case, "target"));
    let of = Forward { weights: &weights_of_case, target: target.as_ref(), gradients: true };
    forward::run(&recipe(case), of, &tensors(case, "inputs"), &device, &mut |_| {})
        .unwrap_or_else(|error| panic!("{case}: {error}"))
        .outputs
}

#[test]
fn one_pass_and_all_its_gradients_are_those_of_the_reference() {
    let mut errors = Errors::default();
    let cases = cases("forward-");
    assert_eq!(cases.len(), 12, "{cases:?}");
    for case in &cases {
        errors.compare(case, &tensors(case, "expected"), &one_pass(case), LOSS);
    }
    errors.print("one pass");
}

#[test]
fn eighteen_steps_of_every_method_are_those_of_the_reference() {
    replay_all(TrainedStage::Pretrain, "pretrain-", 23);
}

#[test]
fn eighteen_steps_of_fine_tuning_are_those_of_the_reference() {
    replay_all(TrainedStage::Finetune, "finetune-", 2);
}

#[test]
fn eighteen_steps_of_the_probe_are_those_of_the_reference() {
    replay_all(TrainedStage::Linprobe, "linprobe-", 2);
}
