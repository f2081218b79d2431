//! A builder of run directories as `bmae` leaves them, so that each test states only what it is about.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use bmae_report::{FigureFamily, ReportError, WrittenReport};

/// A report whose readers are told one command.
pub fn write_report(runs: &[PathBuf], out: &Path) -> Result<WrittenReport, ReportError> {
    bmae_report::write_report(runs, out, |family| (family == FigureFamily::K).then_some("bmae sweep k"))
}

/// A run directory in the making.
pub struct FakeRun {
    stage: &'static str,
    name: String,
    method: &'static str,
    parameters: String,
    seed: u64,
    epochs: u64,
    finished: bool,
    data: &'static str,
    config: String,
    metrics: String,
}

/// A run that says it is finished; where its metrics do not tell of the last epoch, a line
/// that measures nothing does.
pub fn run(stage: &'static str, method: &'static str) -> FakeRun {
    FakeRun {
        stage,
        name: method.to_owned(),
        method,
        parameters: String::new(),
        seed: 0,
        epochs: 2,
        finished: true,
        data: "CIFAR-10",
        config: "seed = 0\n".to_owned(),
        metrics: String::new(),
    }
}

impl FakeRun {
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// Lines of `run.toml` such as `k = 5`.
    pub fn parameters(mut self, lines: &str) -> Self {
        self.parameters = lines.to_owned();
        self
    }

    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    pub fn epochs(mut self, epochs: u64) -> Self {
        self.epochs = epochs;
        self
    }

    pub fn unfinished(mut self) -> Self {
        self.finished = false;
        self
    }

    /// The data in words; CIFAR-10 if nothing is said.
    pub fn data(mut self, data: &'static str) -> Self {
        self.data = data;
        self
    }

    pub fn config(mut self, text: &str) -> Self {
        self.config = text.to_owned();
        self
    }

    /// Text at the end of `metrics.jsonl`, as it is.
    pub fn metrics(mut self, text: &str) -> Self {
        self.metrics.push_str(text);
        self
    }

    /// One epoch after another: a summary at 100 images/s and 5 s each, and the accuracy.
    pub fn accuracies(mut self, top1: &[f64]) -> Self {
        for (epoch, top1) in top1.iter().enumerate() {
            let wall = 5 * (epoch + 1);
            writeln!(
                self.metrics,
                r#"{{"kind":"epoch","epoch":{epoch},"loss":1.0,"images_per_s":100.0,"wall_s":{wall}.0}}"#
            )
            .expect("text");
            writeln!(self.metrics, r#"{{"kind":"eval","epoch":{epoch},"top1":{top1},"loss":1.0,"wall_s":{wall}.25}}"#)
                .expect("text");
        }
        self
    }

    /// Pre-training steps, five an epoch, with the loss 1 / (1 + step).
    pub fn steps(mut self, epochs: u64) -> Self {
        for step in 0..5 * epochs {
            let (epoch, x, loss) = (step / 5, 200 * step, 1.0 / (1.0 + step as f64));
            writeln!(
                self.metrics,
                r#"{{"kind":"step","epoch":{epoch},"step":{step},"epoch_1000x":{x},"loss":{loss},"wall_s":1.0}}"#
            )
            .expect("text");
        }
        self
    }

    /// Writes the directory and returns it.
    pub fn write(self, folder: &Path) -> PathBuf {
        std::fs::create_dir_all(folder).expect("a folder");
        let FakeRun { stage, name, method, parameters, seed, epochs, finished, data, config, mut metrics } = self;
        let last = format!("{{\"kind\":\"epoch\",\"epoch\":{}}}\n", epochs.saturating_sub(1));
        let told = |kind| metrics.contains(&format!("\"kind\":\"{kind}\",\"epoch\":{},", epochs.saturating_sub(1)));
        if finished && !(told("epoch") || told("eval")) && (metrics.is_empty() || metrics.ends_with('\n')) {
            // No run comes to its end without a line of its last epoch.
            metrics.push_str(&last);
        }
        let name = toml::Value::String(name);
        let about = format!(
            "stage = \"{stage}\"\nname = {name}\nmethod = \"{method}\"\n{parameters}\nseed = {seed}\nepochs = {epochs}\n\
             finished = {finished}\nprogram = \"bmae 0.1.0\"\nthreads = 2\ndata = \"{data}\"\n"
        );
        std::fs::write(folder.join("run.toml"), about).expect("run.toml");
        std::fs::write(folder.join("config.toml"), config).expect("config.toml");
        std::fs::write(folder.join("metrics.jsonl"), metrics).expect("metrics.jsonl");
        folder.to_owned()
    }
}
