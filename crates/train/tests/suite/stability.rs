//! The `stability` lines: what they hold, computed anew from the kept weights in plain double precision, and that
//! measuring changes nothing.

use std::path::Path;

use bmae_data::random::{Purpose, keyed};
use bmae_nn::{StateDict, TensorFile};
use bmae_recipe::Recipe;
use bmae_train::forward::{self, Forward};
use bmae_train::pipeline;
use burn::tensor::Device;
use rand::RngExt;
use serde_json::{Map, Value};

use crate::small::{metrics, pretrain, recipe, weights};

const IMAGES: usize = 64;
const PATCHES: usize = 16;
const DIM: usize = 16;

/// Weights are kept after every epoch, and the rate is so large that features move far in one.
const FAST: &str = "pretrain.checkpoint_every = 1\npretrain.base_lr = 0.1";

/// Every option at once: an average by step, a copy, layer norm, mean blocks, pixels beside features, micro-batches.
const CUSTOM: &str = "method.name = 'custom'\nmethod.wse = 1\nmethod.copy_at = 'epoch-end'\nmethod.pixel_weight = 0.5\n\
     pretrain.epochs = 5\npretrain.accumulate = 2\n[[method.targets]]\nupdate = 'ema'\nunit = 'step'\ntau = 0.1\n\
     normalisation = 'layer-norm'\n[[method.targets]]\nweight = 0.2\nupdate = 'copy'\nevery = 2\nlast_blocks = 2";

fn of_kind(run: &Path, kind: &str) -> Vec<Map<String, Value>> {
    metrics(run).into_iter().filter(|line| line["kind"] == kind).collect()
}

fn numbers(value: Option<&Value>) -> Vec<f64> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// A run of which the weights of every epoch were kept.
struct Kept<'a> {
    run: &'a Path,
    recipe: &'a Recipe,
    /// The training images as evaluation sees them, and a mask for each.
    inputs: TensorFile,
}

impl<'a> Kept<'a> {
    fn new(recipe: &'a Recipe, run: &'a Path) -> Self {
        let images = pipeline::open(recipe).expect("shapes").train;
        let transform = pipeline::evaluation_transform(recipe);
        let mut planes = vec![0.0; IMAGES * 3 * 256];
        let mut noise = Vec::new();
        for (index, planes) in planes.chunks_exact_mut(3 * 256).enumerate() {
            let image = images.image(index).expect("an image");
            transform.apply(&image, recipe.seed, 0, index as u64, planes).expect("fits");
            let mut generator = keyed(recipe.seed, 0, index as u64, Purpose::Mask);
            noise.extend((0..PATCHES).map(|_| generator.random::<f32>()));
        }
        let mut inputs = TensorFile::default();
        inputs.put_floats("images", &[IMAGES, 3, 16, 16], planes);
        inputs.put_floats("noise", &[IMAGES, PATCHES], noise);
        Self { run, recipe, inputs }
    }

    fn weights(&self, epochs_done: usize) -> StateDict {
        let name = format!("checkpoints/epoch-{epochs_done:04}.safetensors");
        StateDict::from_file(&self.run.join(name)).expect("kept weights")
    }

    /// The student after so many epochs against the encoder after so many as its target.
    fn pass(&self, student: usize, target: usize) -> TensorFile {
        let (weights, target) = (self.weights(student), self.weights(target));
        let of = Forward { weights: &weights, target: Some(&target), gradients: false };
        forward::run(self.recipe, of, &self.inputs, &Device::flex(), &mut |_| {}).expect("a pass").outputs
    }

    fn loss(&self, student: usize, target: usize) -> f64 {
        f64::from(self.pass(student, target).floats::<1>("loss", "[1]").expect("a loss").1[0])
    }

    fn features(&self, epochs_done: usize) -> Vec<f64> {
        let outputs = self.pass(self.recipe.pretrain.stage.epochs, epochs_done);
        outputs.floats::<3>("target", "[N, L, D]").expect("features").1.iter().map(|&value| value.into()).collect()
    }

    /// Cosine and linear CKA between the features after so many epochs and after so many.
    fn alike(&self, before: usize, after: usize) -> [f64; 2] {
        let (a, b) = (self.features(before), self.features(after));
        [cosine(&a, &b), cka(&a, &b)]
    }
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let of_row = |(a, b)| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    a.chunks(DIM).zip(b.chunks(DIM)).map(of_row).sum::<f64>() / (a.len() / DIM) as f64
}

fn cka(a: &[f64], b: &[f64]) -> f64 {
    let rows = (a.len() / DIM) as f64;
    let mean = |values: &[f64], column: usize| values.iter().skip(column).step_by(DIM).sum::<f64>() / rows;
    let squared = |a: &[f64], b: &[f64]| -> f64 {
        let entry = |i: usize, j: usize| -> f64 {
            let (of_a, of_b) = (mean(a, i), mean(b, j));
            a.chunks(DIM).zip(b.chunks(DIM)).map(|(a, b)| (a[i] - of_a) * (b[j] - of_b)).sum()
        };
        (0..DIM * DIM).map(|at| entry(at / DIM, at % DIM).powi(2)).sum()
    };
    squared(a, b) / (squared(a, a) * squared(b, b)).sqrt()
}

/// `[student_cosine, student_cka]`, and of each target `[target_cosine, target_cka]`.
fn logged(line: &Map<String, Value>) -> ([f64; 2], Vec<[f64; 2]>) {
    let student = ["student_cosine", "student_cka"].map(|field| line[field].as_f64().expect("a number"));
    let [cosines, ckas] = ["target_cosine", "target_cka"].map(|field| numbers(line.get(field)));
    (student, cosines.into_iter().zip(ckas).map(|(cosine, cka)| [cosine, cka]).collect())
}

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    let close = |(a, b): (&f64, &f64)| (a - b).abs() < 2e-6 * b.abs().max(1.0);
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(close), "{what}: {found:?} {expected:?}");
}

/// Target, moment, loss before and after, cosine.
fn renewals(line: &Map<String, Value>) -> Vec<(u64, String, [f64; 3])> {
    let of_one = |renewal: &Value| {
        let number = |field: &str| renewal[field].as_f64().expect("a number");
        let at = renewal["at"].as_str().expect("a word").to_owned();
        (renewal["target"].as_u64().expect("a number"), at, ["loss_before", "loss_after", "cosine"].map(number))
    };
    line.get("renewals").and_then(Value::as_array).into_iter().flatten().map(of_one).collect()
}

#[test]
fn stability_lines_hold_what_the_kept_weights_give_in_double_precision() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = recipe(&format!("method.name = 'mae-k'\nmethod.k = 2\n{FAST}"));
    pretrain(&recipe, folder.path(), false, None).expect("trains");
    let kept = Kept::new(&recipe, folder.path());
    let lines = of_kind(folder.path(), "stability");
    assert_eq!(
        lines.iter().map(|line| line["epoch"].as_u64()).collect::<Vec<_>>(),
        (0..6).map(Some).collect::<Vec<_>>()
    );
    for (epoch, line) in lines.iter().enumerate() {
        let (student, targets) = logged(line);
        if epoch > 0 {
            assert_close(&student, &kept.alike(epoch, epoch + 1), "student");
            assert!(student.iter().all(|&value| value < 0.9999), "it moved: {student:?}");
        }
        match epoch {
            // Pixels; then new targets that nothing moves.
            0..=2 => assert!(targets.is_empty(), "{line:?}"),
            3 | 5 => assert_close(&targets.concat(), &[1.0, 1.0], "the copy rests"),
            _ => assert_close(&targets.concat(), &kept.alike(2, 4), "from the first copy to the second"),
        }
        let renewals = renewals(line);
        if epoch == 4 {
            let [(0, at, found)] = &renewals[..] else { panic!("one copy: {line:?}") };
            assert_eq!(at, "start");
            assert!(found[1] != found[0] && found[2] < 0.999, "{found:?}");
            assert_close(found, &[kept.loss(4, 2), kept.loss(4, 4), kept.alike(2, 4)[0]], "the copy");
        } else {
            assert!(renewals.is_empty(), "{line:?}");
        }
    }
}

#[test]
fn stability_follows_each_of_several_targets_and_copies_at_the_end_of_an_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = "method.name = 'mae-new'\nmethod.k = 2\nmethod.tau = 1.0\nmethod.copy_at = 'epoch-end'";
    let recipe = recipe(&format!("{keys}\n{FAST}"));
    pretrain(&recipe, folder.path(), false, None).expect("trains");
    let kept = Kept::new(&recipe, folder.path());
    for line in of_kind(folder.path(), "stability") {
        let epoch = line["epoch"].as_u64().expect("an epoch") as usize;
        let ((_, targets), renewals) = (logged(&line), renewals(&line));
        if epoch < 2 {
            assert!(targets.is_empty() && renewals.is_empty(), "{line:?}");
            continue;
        }
        // With tau 1 the average is the student after every epoch. The copy is one after epochs 2 and 4.
        assert_close(&targets[0], &kept.alike(epoch, epoch + 1), "average");
        let copied = epoch.is_multiple_of(2).then(|| (if epoch == 2 { 2 } else { epoch - 1 }, epoch + 1));
        match copied {
            None => {
                assert_close(&targets[1], &[1.0, 1.0], "the copy rests");
                assert!(renewals.is_empty(), "{line:?}");
            }
            Some((old, new)) => {
                assert_close(&targets[1], &kept.alike(old, new), "copy");
                let [(1, at, found)] = &renewals[..] else { panic!("one copy, of the second target: {line:?}") };
                assert_eq!(at, "end");
                assert_close(found, &[kept.loss(new, old), kept.loss(new, new), kept.alike(old, new)[0]], "the copy");
            }
        }
    }
}

#[test]
fn loss_roughness_is_that_of_the_logged_steps_and_starts_anew_at_the_switch() {
    let folder = tempfile::tempdir().expect("a folder");
    pretrain(&recipe("method.name = 'ema-mae'\nmethod.wse = 2"), folder.path(), false, None).expect("trains");
    // All four steps of an epoch are logged.
    let steps: Vec<f64> =
        of_kind(folder.path(), "step").iter().map(|line| line["loss"].as_f64().expect("loss")).collect();
    for (epoch, line) in of_kind(folder.path(), "stability").iter().enumerate() {
        let first = if [0, 2].contains(&epoch) { epoch * 4 } else { epoch * 4 - 1 };
        let losses = &steps[first..epoch * 4 + 4];
        let squares: f64 = losses.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
        let mean = steps[epoch * 4..epoch * 4 + 4].iter().sum::<f64>() / 4.0;
        let expected = (squares / (losses.len() - 1) as f64).sqrt() / mean;
        assert_close(&[line["loss_roughness"].as_f64().expect("a number")], &[expected], &format!("epoch {epoch}"));
    }
}

#[test]
fn measuring_stability_changes_no_weight_no_state_and_no_other_line() {
    for keys in ["method.name = 'mae-new'\nmethod.k = 2\nmethod.copy_at = 'epoch-end'", CUSTOM] {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |images: usize| {
            let out = folder.path().join(images.to_string());
            let recipe = recipe(&format!("monitor.stability = {images}\n{keys}"));
            pretrain(&recipe, &out, false, None).expect("trains");
            let state = out.join(format!("state/epoch-{:04}.safetensors", recipe.pretrain.stage.epochs));
            let state = StateDict::from_file(&state).expect("a state").tensors;
            let (measured, other): (Vec<_>, Vec<_>) =
                metrics(&out).into_iter().partition(|line| line["kind"] == "stability");
            (measured.len(), other, weights(&out).tensors, state)
        };
        let (without, with) = (of(0), of(256));
        assert_eq!(without.0, 0, "0 switches it off");
        assert!(with.0 >= 5, "a line an epoch");
        assert_eq!(with.1, without.1);
        assert_eq!((with.2, with.3), (without.2, without.3), "bit for bit");
    }
}

#[test]
fn a_resumed_run_logs_the_stability_of_one_left_alone_bit_for_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    pretrain(&recipe(CUSTOM), &whole, false, None).expect("trains");
    assert_eq!(of_kind(&whole, "stability").len(), 5);
    // Stopped in every epoch: before and after the switch, at copies and between them.
    for epoch in 0..5 {
        let stopped = folder.path().join(epoch.to_string());
        pretrain(&recipe(CUSTOM), &stopped, false, Some(epoch * 4 + 2)).expect("stops");
        pretrain(&recipe(CUSTOM), &stopped, true, None).expect("goes on");
        assert_eq!(of_kind(&stopped, "stability"), of_kind(&whole, "stability"), "stopped in epoch {epoch}");
    }
}

#[test]
fn stability_is_measured_on_the_first_so_many_training_images_or_on_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |images: usize| {
        let out = folder.path().join(images.to_string());
        let keys = format!("monitor.stability = {images}\nmethod.name = 'mae-k'\nmethod.k = 1\npretrain.epochs = 3");
        pretrain(&recipe(&keys), &out, false, None).expect("trains");
        of_kind(&out, "stability")
    };
    let all = of(IMAGES);
    assert_eq!(of(1000), all, "there are no more");
    assert_ne!(of(8), all);
}
