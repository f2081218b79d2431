//! A recipe, a session and a folder small enough for a test.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bmae_recipe::plan::PlannedStage;
use bmae_recipe::{Recipe, Stage, Start};
use bmae_train::device::Device;
use bmae_train::observer::{Event, Observer};
use bmae_train::{Outcome, Session, TrainError, run};

/// 64 training images, four batches, and 40 test images of 16 x 16 pixels in 16 patches, for a model that trains in
/// milliseconds; `keys` are laid over it, one `section.key = value` a line.
pub fn recipe(keys: &str) -> Recipe {
    let base = r#"
        seed = 7
        data.source = "shapes"
        data.image_size = 16
        data.channels = 3
        data.mean = [0.4914, 0.4822, 0.4465]
        data.std = [0.2023, 0.1994, 0.2010]
        data.shapes_train = 64
        data.shapes_test = 40
        model.patch_size = 4
        model.encoder.dim = 16
        model.encoder.depth = 2
        model.encoder.heads = 2
        model.decoder.dim = 12
        model.decoder.depth = 1
        model.decoder.heads = 2
        pretrain.epochs = 6
        pretrain.batch_size = 16
        pretrain.warmup_epochs = 1
        pretrain.augmentation = "random-resized-crop"
        finetune.epochs = 3
        finetune.batch_size = 16
        finetune.warmup_epochs = 1
        finetune.drop_path = 0.0
        finetune.randaugment = false
        finetune.random_erasing = 0.0
        linprobe.epochs = 3
        linprobe.batch_size = 16
        linprobe.warmup_epochs = 0
        monitor.every = 3
        monitor.knn_train_limit = 32
    "#;
    let mut table: toml::Table = base.parse().expect("the base is TOML");
    lay(&mut table, keys.parse().expect("the keys are TOML"));
    Recipe::from_toml(&table.to_string()).expect("a valid recipe")
}

fn lay(table: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay(below, above),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

/// Counts steps, remembers events, and stops the session after `stop_after` steps.
#[derive(Default)]
pub struct Watching {
    pub events: Vec<Event>,
    pub stop_after: Option<usize>,
    pub stop: Arc<AtomicBool>,
    pub steps: usize,
}

impl Observer for Watching {
    fn notify(&mut self, event: &Event) {
        if matches!(event, Event::Step { .. }) {
            self.steps += 1;
            if self.stop_after == Some(self.steps) {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
        self.events.push(event.clone());
    }
}

/// A session of `workers` workers.
pub fn session(watching: &mut Watching, workers: usize) -> Session<'_> {
    let stop = watching.stop.clone();
    Session::new(Device::flex(), workers, stop, watching)
}

/// `stage` of a run called "test".
pub fn planned(stage: Stage, recipe: &Recipe, start: &Start, out: &Path) -> PlannedStage {
    PlannedStage {
        run: "test".to_owned(),
        stage,
        recipe: recipe.clone(),
        start: start.clone(),
        out: out.to_owned(),
        ends_after: None,
    }
}

/// Pre-trains to the end, or until `stop_after` steps.
pub fn pretrain(recipe: &Recipe, out: &Path, resume: bool, stop_after: Option<usize>) -> Result<Outcome, TrainError> {
    let mut watching = Watching { stop_after, ..Watching::default() };
    run::stage(&mut session(&mut watching, 2), &planned(Stage::Pretrain, recipe, &Start::Scratch, out), resume)
}

/// The lines of `metrics.jsonl`, without what depends on the clock.
pub fn metrics(run: &Path) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    text.lines()
        .map(|line| {
            let mut fields: serde_json::Map<_, _> = serde_json::from_str(line).expect("a JSON object");
            fields.remove("wall_s");
            fields.remove("images_per_s");
            fields
        })
        .collect()
}

/// The `event` of every epoch.
pub fn events(run: &Path) -> Vec<Option<String>> {
    metrics(run)
        .iter()
        .filter(|line| line["kind"] == "epoch")
        .map(|line| line.get("event").map(|event| event.as_str().expect("a string").to_owned()))
        .collect()
}

/// The weights after the last whole epoch.
pub fn weights(run: &Path) -> bmae_nn::StateDict {
    bmae_nn::StateDict::from_file(&run.join("checkpoints/last.safetensors")).expect("weights")
}
