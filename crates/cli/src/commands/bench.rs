//! `bmae bench`.

use std::fmt::Write as _;

use bmae_kernels::instruction_set::InstructionSet;
use bmae_output::count::count;
use bmae_recipe::{Choice as _, Recipe, TrainedStage};
use bmae_train::bench::{self, LoadingTime, Profile, Settings, StepTimes};
use serde_json::{Value, json};

use crate::arguments::{Bench, Everywhere};
use crate::device;
use crate::ending::Ending;
use crate::layers;
use crate::output::Output;
use crate::threads;

/// Takes steps on random images and tells how fast they were.
pub fn run(arguments: &Bench, everywhere: &Everywhere, output: &Output) -> Result<(), Ending> {
    let stage = arguments.stage;
    let recipe = layers::resolve(&layers::bench(arguments, everywhere)?, output)?;
    if stage == TrainedStage::Pretrain && !recipe.method.pretrains() {
        let message = "the method \"scratch\" pre-trains nothing: measure it with --stage finetune or linprobe, or choose another \
                       --method";
        return Err(Ending::Usage(message.into()));
    }
    if arguments.data.is_some() && !arguments.loading {
        let message = "--data names images that --loading loads; without it, steps are timed on images in memory";
        return Err(Ending::Usage(message.into()));
    }
    let threads = threads::set(everywhere.threads)?;
    if arguments.loading {
        let (batches, warmup) = (usize::from(arguments.steps), usize::from(arguments.warmup));
        let measured = bench::loading(&recipe, stage, batches, warmup, threads)?;
        return Ok(output.result(&loading_text(stage, threads, &measured), &loading_json(stage, threads, &measured))?);
    }
    let device = device::open(everywhere, output)?;
    let settings = Settings {
        stage,
        steps: usize::from(arguments.steps),
        warmup: usize::from(arguments.warmup),
        profile: arguments.profile,
    };
    let measured = bench::run(&recipe, settings, &device)?;
    let report = Report { recipe: &recipe, arguments, threads, measured: &measured };
    Ok(output.result(&report.text(), &report.json())?)
}

fn loading_text(stage: TrainedStage, threads: usize, measured: &LoadingTime) -> String {
    let mut text = format!(
        "{}: loading alone, batch {}, {}\n{:.1} images/s, {:.2} ms an image, over {}",
        bmae_recipe::Stage::from(stage).section(),
        measured.batch,
        count(threads, "thread"),
        measured.images_per_s(),
        1e3 / measured.images_per_s(),
        count(measured.images, "image"),
    );
    if let Some(bytes) = measured.peak_memory {
        let _ = write!(text, "\npeak memory {:.0} MiB", mebi(bytes));
    }
    text
}

fn loading_json(stage: TrainedStage, threads: usize, measured: &LoadingTime) -> Value {
    json!({
        "stage": bmae_recipe::Stage::from(stage).section(),
        "batch": measured.batch,
        "threads": threads,
        "images": measured.images,
        "images_per_s": rounded(measured.images_per_s()),
        "peak_rss_mib": measured.peak_memory.map(|bytes| rounded(mebi(bytes))),
    })
}

struct Report<'a> {
    recipe: &'a Recipe,
    arguments: &'a Bench,
    threads: usize,
    measured: &'a StepTimes,
}

impl Report<'_> {
    /// What is trained: a stage, and in pre-training the method.
    fn stage(&self) -> String {
        let stage = bmae_recipe::Stage::from(self.arguments.stage).section();
        match self.arguments.stage {
            TrainedStage::Pretrain => format!("{stage} {}", self.recipe.method.name()),
            _ => stage.to_owned(),
        }
    }

    /// In what numbers it multiplies, and by which instructions.
    fn products(&self) -> String {
        let (precision, set) = (self.recipe.precision.word(), InstructionSet::current());
        match self.measured.bf16_products {
            None => format!("{precision}, {set}"),
            Some(products) => format!("{precision} by {products}, {set}"),
        }
    }

    fn text(&self) -> String {
        let measured = self.measured;
        let of = |index: usize| measured.images_per_s(measured.steps[index]);
        let (slowest, fastest) = (of(measured.steps.len() - 1), of(0));
        let median = measured.median();
        let mut text = format!(
            "{}: batch {}, {}, {}\n\
             {:.1} images/s ({:.1} to {:.1}), {:.2} ms per step, the median of {}\n\
             {:.1} GFLOP/s, {:.0} % of the {:.1} that matrix products alone reach here{}",
            self.stage(),
            measured.batch,
            count(self.threads, "thread"),
            self.products(),
            measured.images_per_s(median),
            slowest,
            fastest,
            median.as_secs_f64() * 1e3,
            count(measured.steps.len(), "step"),
            giga(measured.flop_per_s()),
            100.0 * measured.flop_per_s() / measured.product_peak.best(),
            giga(measured.product_peak.best()),
            measured.product_peak.burn.map(|burn| format!(" ({:.1} with Burn's)", giga(burn))).unwrap_or_default(),
        );
        if let Some(bytes) = measured.peak_memory {
            let _ = write!(text, "\npeak memory {:.0} MiB", mebi(bytes));
        }
        if let Some(waits) = measured.device_waits {
            let _ = write!(text, "\nwaits for the device: {waits:.1} a step");
        }
        if let Some(profile) = &measured.profile {
            text.push_str(&self.time_table(profile));
            text.push_str(&self.work_table());
        }
        text
    }

    fn time_table(&self, profile: &Profile) -> String {
        let steps = profile.steps as f64;
        let all = profile.time.as_secs_f64() * self.threads as f64;
        let mut text =
            format!("\n\n{:<32} {:>10} {:>12} {:>7}\n", "time of all threads", "calls/step", "ms/step", "share");
        let mut row = |name: &str, calls: Option<f64>, seconds: f64| {
            let calls = calls.map_or(String::new(), |calls| format!("{calls:.0}"));
            let _ = writeln!(
                text,
                "{name:<32} {calls:>10} {:>12.2} {:>6.1}%",
                seconds / steps * 1e3,
                100.0 * seconds / all
            );
        };
        let mut rest = all;
        for entry in &profile.entries {
            let seconds = entry.time.as_secs_f64();
            rest -= seconds;
            row(entry.operation.name(), Some(entry.calls as f64 / steps), seconds);
        }
        row("threads without work", None, rest.max(0.0));
        row("all", None, all);
        text
    }

    fn work_table(&self) -> String {
        let mut text = format!(
            "\n{:<32} {:>10} {:>12} {:>11}\n",
            "work per step, from the sizes", "GFLOP", "MB unfused", "FLOP/byte"
        );
        let mut row = |name: &str, flop: f64, bytes: f64| {
            let _ = writeln!(text, "{name:<32} {:>10.3} {:>12.1} {:>11.1}", giga(flop), bytes / 1e6, flop / bytes);
        };
        for part in &self.measured.work.parts {
            row(part.name, 2.0 * part.multiply_adds, part.bytes);
        }
        row("all", self.measured.work.flop(), self.measured.work.parts.iter().map(|part| part.bytes).sum());
        text
    }

    fn json(&self) -> Value {
        let measured = self.measured;
        let of = |index: usize| rounded(measured.images_per_s(measured.steps[index]));
        let mut json = json!({
            "stage": bmae_recipe::Stage::from(self.arguments.stage).section(),
            "method": self.recipe.method.name().word(),
            "batch": measured.batch,
            "threads": self.threads,
            "steps": measured.steps.len(),
            "images_per_s": rounded(measured.images_per_s(measured.median())),
            "images_per_s_least": of(measured.steps.len() - 1),
            "images_per_s_most": of(0),
            "ms_per_step": rounded(measured.median().as_secs_f64() * 1e3),
            "gflop_per_step": rounded(giga(measured.work.flop())),
            "gflop_per_s": rounded(giga(measured.flop_per_s())),
            "product_peak_gflop_per_s": rounded(giga(measured.product_peak.best())),
            "burn_product_peak_gflop_per_s": measured.product_peak.burn.map(|burn| rounded(giga(burn))),
            "precision": self.recipe.precision.word(),
            "instruction_set": InstructionSet::current().to_string(),
            "peak_rss_mib": measured.peak_memory.map(|bytes| rounded(mebi(bytes))),
        });
        if let Some(waits) = measured.device_waits {
            json["device_waits_per_step"] = json!(waits);
        }
        if let Some(products) = measured.bf16_products {
            json["bf16_products"] = json!(products.to_string());
        }
        if let Some(profile) = &measured.profile {
            let steps = profile.steps as f64;
            let time: Vec<Value> = profile
                .entries
                .iter()
                .map(|entry| {
                    json!({
                        "operation": entry.operation.name(),
                        "calls_per_step": entry.calls as f64 / steps,
                        "ms_per_step": rounded(entry.time.as_secs_f64() * 1e3 / steps),
                    })
                })
                .collect();
            let work: Vec<Value> = measured
                .work
                .parts
                .iter()
                .map(|part| json!({ "part": part.name, "flop": 2.0 * part.multiply_adds, "bytes": part.bytes }))
                .collect();
            json["profile"] =
                json!({ "ms_per_step": rounded(profile.time.as_secs_f64() * 1e3 / steps), "time": time, "work": work });
        }
        json
    }
}

fn giga(number: f64) -> f64 {
    number / 1e9
}

fn mebi(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Three decimals: more is noise.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
