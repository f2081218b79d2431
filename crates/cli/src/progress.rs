//! The events of a loop, shown on stderr: a bar on a terminal, plain lines elsewhere.

use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::{Duration, Instant};

use bmae_output::count::count;
use bmae_output::duration::duration;
use bmae_output::plain::{plain, plain_path};
use bmae_recipe::Stage;
use bmae_recipe::plan::PlannedStage;
use bmae_train::estimate::PlanEstimate;
use bmae_train::observer::{Event, Message, Observer};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::output::{Output, Volume, say};
use crate::{advice, estimate};

/// The least time between two plain lines about steps: an epoch can take minutes.
const BETWEEN_STEP_LINES: Duration = Duration::from_secs(30);

/// The least time between two plain lines about epochs: a probe can take fifty in two seconds.
const BETWEEN_EPOCH_LINES: Duration = Duration::from_secs(10);

/// The event of an epoch that is always told, as the loop calls it.
const SWITCH: &str = "switch";

/// Shows the events of one loop after another.
pub struct Progress {
    volume: Volume,
    on_terminal: bool,
    /// Whether the command's result tells a person how a loop ended, so that no line here need say it as well.
    told_by_result: bool,
    /// The loops of a plan, and how many of them have begun or were left out.
    plan: Option<(Vec<Planned>, usize)>,
    current: Option<Current>,
}

/// A loop of a plan.
struct Planned {
    run: String,
    stage: Stage,
    /// The folder of the run and the stage: folders tell seeds apart, which share a run's name.
    title: String,
}

/// The loop at work.
struct Current {
    title: String,
    stage: Stage,
    epochs: usize,
    steps_per_epoch: usize,
    first_step: usize,
    began: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For one loop.
    pub fn new(output: &Output) -> Self {
        Progress::of(output, None)
    }

    /// For the loops of a plan.
    pub fn of_plan(output: &Output, stages: &[PlannedStage]) -> Self {
        let planned = |planned: &PlannedStage| {
            let (run, stage) = (planned.run.clone(), planned.stage);
            let folder = planned.out.parent().and_then(Path::file_name);
            let folder = folder.map_or_else(|| run.clone(), plain_path);
            let title = format!("{folder} {}", stage.section());
            Planned { run, stage, title }
        };
        Progress::of(output, Some((stages.iter().map(planned).collect(), 0)))
    }

    fn of(output: &Output, plan: Option<(Vec<Planned>, usize)>) -> Self {
        Progress {
            volume: output.volume,
            on_terminal: stderr().is_terminal(),
            told_by_result: plan.is_none() && !output.json(),
            plan,
            current: None,
        }
    }

    fn next_title(&mut self, run: &str, stage: Stage) -> String {
        let own = format!("{run} {}", stage.section());
        let Some((loops, begun)) = &mut self.plan else { return own };
        // What starts from a pre-training that diverged is left out.
        let next = loops.iter().skip(*begun).position(|planned| planned.run == run && planned.stage == stage);
        *begun += next.unwrap_or(0) + 1;
        let title = loops.get(*begun - 1).map_or(own, |planned| planned.title.clone());
        format!("[{begun}/{}] {title}", loops.len())
    }

    /// A line that stays, above the bar where there is one.
    fn line(&self, least: Volume, text: &str) {
        if self.volume < least {
            return;
        }
        match self.current.as_ref().and_then(|current| current.bar.as_ref()) {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    /// Says what all will take, and what of it is probably not meant.
    fn estimated(&mut self, estimate: &PlanEstimate) {
        self.line(Volume::Normal, &format!("note: {}", estimate::in_words(estimate)));
        for caution in &estimate.cautions {
            self.line(Volume::Normal, &format!("warning: {}", advice::with_advice(caution)));
        }
    }

    fn start(&mut self, title: String, event: &Event) {
        let Event::Started {
            stage, epochs, first_epoch, first_step, steps_per_epoch, batch_size, features_once, ..
        } = event
        else {
            return;
        };
        let steps = epochs * steps_per_epoch;
        let steps_done = first_epoch * steps_per_epoch + first_step;
        let bar = (self.on_terminal && self.volume >= Volume::Normal).then(|| bar(&title, steps, steps_done));
        if bar.is_none() {
            let from = match (first_epoch, first_step) {
                (0, 0) => String::new(),
                (epoch, 0) => format!(", from epoch {}", epoch + 1),
                (epoch, step) => format!(", from epoch {}, step {}", epoch + 1, step + 1),
            };
            let about = match stage {
                Stage::Knn => count(*batch_size, "image"),
                _ => format!(
                    "{} of {} of {}{}{from}",
                    count(*epochs, "epoch"),
                    count(*steps_per_epoch, "step"),
                    count(*batch_size, "image"),
                    if *features_once { ", whose features are computed once" } else { "" }
                ),
            };
            self.line(Volume::Normal, &format!("{title}: {about}"));
        }
        let now = Instant::now();
        self.current = Some(Current {
            title,
            stage: *stage,
            epochs: *epochs,
            steps_per_epoch: *steps_per_epoch,
            first_step: steps_done,
            began: now,
            last_line: now,
            bar,
        });
    }

    fn step(&mut self, epoch: usize, step: usize, loss: f64, images_per_s: Option<f64>) {
        let Some(current) = &mut self.current else { return };
        let done = epoch * current.steps_per_epoch + step + 1;
        if let Some(bar) = &current.bar {
            bar.set_position(done as u64);
            let rate = images_per_s.map(|rate| format!("  {rate:.0} images/s")).unwrap_or_default();
            bar.set_message(format!("epoch {}/{}  loss {loss:.4}{rate}", epoch + 1, current.epochs));
        } else if current.last_line.elapsed() >= BETWEEN_STEP_LINES {
            current.last_line = Instant::now();
            let text = format!(
                "{}: epoch {}/{}, step {}/{}: loss {loss:.4}{}{}",
                current.title,
                epoch + 1,
                current.epochs,
                step + 1,
                current.steps_per_epoch,
                rate(images_per_s),
                current.remaining(done)
            );
            self.line(Volume::Normal, &text);
        }
    }

    fn epoch(&mut self, event: &Event) {
        let Event::Epoch { epoch, loss, images_per_s, top1, event } = event else { return };
        let Some(current) = &mut self.current else { return };
        // With -v every epoch is told; so is a switch to features, which comes once.
        let is_due = current.last_line.elapsed() >= BETWEEN_EPOCH_LINES;
        if !is_due && self.volume < Volume::Verbose && event.is_none_or(|event| event != SWITCH) {
            return;
        }
        current.last_line = Instant::now();
        let top1 = match (top1, current.stage) {
            (Some(top1), Stage::Pretrain) => format!(", nearest neighbours {top1:.1} %"),
            (Some(top1), _) => format!(", top-1 {top1:.1} %"),
            (None, _) => String::new(),
        };
        let event = event.map(|event| format!(", {event}")).unwrap_or_default();
        let text = format!(
            "{}: epoch {}/{}: loss {loss:.4}{top1}{event}{}{}",
            current.title,
            epoch + 1,
            current.epochs,
            rate(*images_per_s),
            current.remaining((epoch + 1) * current.steps_per_epoch)
        );
        // A bar shows as much by itself.
        let least = if current.bar.is_some() { Volume::Verbose } else { Volume::Normal };
        self.line(least, &text);
    }

    fn finish(&mut self, run: &str, stage: Stage, loss: Option<f64>, top1: Option<f64>) {
        let ended = self.current.take();
        let (title, took) = match &ended {
            Some(current) => (current.title.clone(), format!(" in {}", duration(current.began.elapsed()))),
            None => (format!("{run} {}", stage.section()), String::new()),
        };
        if let Some(bar) = ended.and_then(|current| current.bar) {
            bar.finish_and_clear();
        }
        let loss = loss.map(|loss| format!(", loss {loss:.4}")).unwrap_or_default();
        let top1 = top1.map(|top1| format!(", top-1 {top1:.2} %")).unwrap_or_default();
        let numbers = if self.told_by_result { String::new() } else { top1 + &loss };
        self.line(Volume::Normal, &format!("{title}: done{took}{numbers}"));
    }
}

impl Observer for Progress {
    fn notify(&mut self, event: &Event) {
        match event {
            Event::Estimated(estimate) => self.estimated(estimate),
            Event::Started { run, stage, .. } => {
                let title = self.next_title(run, *stage);
                self.start(title, event);
            }
            Event::Step { epoch, step, loss, images_per_s } => self.step(*epoch, *step, *loss, *images_per_s),
            Event::Epoch { .. } => self.epoch(event),
            Event::Finished { run, stage, loss, top1 } => self.finish(run, *stage, *loss, *top1),
            Event::AlreadyFinished { run, stage } => {
                let title = self.next_title(run, *stage);
                if !self.told_by_result {
                    self.line(Volume::Normal, &format!("{title}: finished earlier, nothing to do"));
                }
            }
            Event::Message(Message::Warning(text)) => self.line(Volume::Normal, &format!("warning: {text}")),
            Event::Message(Message::Note(text)) => self.line(Volume::Normal, &format!("note: {text}")),
            Event::Detail(text) => self.line(Volume::Verbose, text),
        }
    }
}

impl Drop for Progress {
    /// A loop that stopped half-way leaves no bar behind, so that the reason stands alone.
    fn drop(&mut self) {
        if let Some(bar) = self.current.take().and_then(|current| current.bar) {
            bar.finish_and_clear();
        }
    }
}

impl Current {
    /// ", 1 min 23 s left", from the pace of this session; nothing before the first step or after the last.
    fn remaining(&self, steps_done: usize) -> String {
        let here = steps_done.saturating_sub(self.first_step);
        let left = (self.epochs * self.steps_per_epoch).saturating_sub(steps_done);
        if here == 0 || left == 0 {
            return String::new();
        }
        let seconds = self.began.elapsed().as_secs_f64() / here as f64 * left as f64;
        Duration::try_from_secs_f64(seconds).map_or(String::new(), |left| format!(", {} left", duration(left)))
    }
}

fn bar(title: &str, steps: usize, first_step: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64).with_position(first_step as u64);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar:.cyan/blue} {msg}  {left} left") {
        bar.set_style(style.with_key("left", left));
    }
    bar.set_prefix(plain(title).into_owned());
    bar.reset_eta();
    bar
}

/// The progress of a download: a bar on a terminal, a line for each tenth elsewhere.
pub struct Bytes {
    volume: Volume,
    bar: Option<ProgressBar>,
    tenths_said: u64,
}

impl Bytes {
    /// For one download.
    pub fn new(output: &Output) -> Self {
        let bar = (stderr().is_terminal() && output.volume >= Volume::Normal).then(ProgressBar::no_length);
        if let (Some(bar), Ok(style)) = (
            &bar,
            ProgressStyle::with_template("{wide_bar:.cyan/blue} {bytes}/{total_bytes} {bytes_per_sec}  {left} left"),
        ) {
            bar.set_style(style.with_key("left", left));
        }
        Bytes { volume: output.volume, bar, tenths_said: 0 }
    }

    /// `done` bytes are here, of `total` where that is known.
    pub fn show(&mut self, done: u64, total: Option<u64>) {
        if let Some(bar) = &self.bar {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
            return;
        }
        let tenths = total.filter(|total| *total > 0).map_or(0, |total| done.saturating_mul(10) / total);
        if self.volume >= Volume::Normal && tenths > self.tenths_said {
            self.tenths_said = tenths;
            say(&format!("{} % of {:.1} MiB", tenths * 10, total.unwrap_or(0) as f64 / f64::from(1 << 20)));
        }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The remaining time of a bar.
fn left(state: &ProgressState, text: &mut dyn Write) {
    // The bar's own buffer takes everything.
    let _ = text.write_str(&duration(Duration::from_secs(state.eta().as_secs())));
}

/// ", 512 images/s"; nothing where no images pass.
fn rate(images_per_s: Option<f64>) -> String {
    images_per_s.map(|rate| format!(", {rate:.0} images/s")).unwrap_or_default()
}
