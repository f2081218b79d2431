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
use console::Term;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::output::{Output, Volume, say};
use crate::plan_time::PlanTime;
use crate::width::{shortened, that_fit};
use crate::{advice, estimate};

/// The least time between two plain lines about steps: an epoch can take minutes.
const BETWEEN_STEP_LINES: Duration = Duration::from_secs(30);

/// The least time between two plain lines about epochs: a probe can take fifty in two seconds.
const BETWEEN_EPOCH_LINES: Duration = Duration::from_secs(10);

/// Columns for the bar and the epoch beside the title of a loop.
const BESIDE_THE_TITLE: usize = 28;

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
    /// Of a plan, once it was estimated.
    plan_time: Option<PlanTime>,
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
    /// Whether it computes features before its first step, so that steps say little of the time that is left.
    begins_with_features: bool,
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
            plan_time: None,
            current: None,
        }
    }

    fn next_title(&mut self, run: &str, stage: Stage) -> String {
        let own = format!("{run} {}", stage.section());
        let Some((loops, begun)) = &mut self.plan else { return own };
        // What starts from a pre-training that diverged is left out.
        let next = loops.iter().skip(*begun).position(|planned| planned.run == run && planned.stage == stage);
        let before = *begun;
        *begun += next.unwrap_or(0) + 1;
        if let Some(time) = &mut self.plan_time {
            (before..*begun - 1).for_each(|at| time.is_left_out(at));
        }
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
        let expected = estimate.stages.iter().map(|stage| stage.seconds);
        let stages = self.plan.iter().flat_map(|(loops, _)| loops).map(|planned| planned.stage);
        self.plan_time = self.plan.is_some().then(|| PlanTime::new(stages.zip(expected)));
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
        let bar = (self.on_terminal && self.volume >= Volume::Normal).then(|| bar(*stage, *epochs, steps, steps_done));
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
            begins_with_features: *features_once || *stage == Stage::Knn,
            began: now,
            last_line: now,
            bar,
        });
        let of_plan = self.left_of_plan(None);
        if let Some(current) = &self.current {
            current.show(&[of_plan]);
        }
    }

    /// "4 min 10 s left of the plan", when so many steps of the loop at work are done; nothing where there is no plan or
    /// nothing left.
    fn left_of_plan(&mut self, steps_done: Option<usize>) -> String {
        let (Some(current), Some(time), Some((_, begun))) = (&self.current, &mut self.plan_time, &self.plan) else {
            return String::new();
        };
        let share = steps_done.and_then(|done| current.share(done));
        time.works(begun - 1, current.began.elapsed().as_secs_f64(), share);
        match seconds_left(time.left()) {
            Some(left) => format!("{left} of the plan"),
            None => String::new(),
        }
    }

    fn step(&mut self, epoch: usize, step: usize, loss: f64, images_per_s: Option<f64>) {
        let Some(steps_per_epoch) = self.current.as_ref().map(|current| current.steps_per_epoch) else { return };
        let done = epoch * steps_per_epoch + step + 1;
        let of_plan = self.left_of_plan(Some(done));
        let Some(current) = &mut self.current else { return };
        if let Some(bar) = &current.bar {
            bar.set_position(done as u64);
            let rate = images_per_s.map(|rate| format!("{rate:.0} images/s")).unwrap_or_default();
            let left = current.left(done).map(|left| format!("{left} left")).unwrap_or_default();
            current.show(&[format!("loss {loss:.4}"), rate, left, of_plan]);
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
                current.remaining(done, &of_plan)
            );
            self.line(Volume::Normal, &text);
        }
    }

    fn epoch(&mut self, event: &Event) {
        let Event::Epoch { epoch, loss, images_per_s, top1, held_out, event } = event else { return };
        let Some(steps_per_epoch) = self.current.as_ref().map(|current| current.steps_per_epoch) else { return };
        let done = (epoch + 1) * steps_per_epoch;
        let of_plan = self.left_of_plan(Some(done));
        let Some(current) = &mut self.current else { return };
        // With -v every epoch is told; so is a switch to features, which comes once.
        let is_due = current.last_line.elapsed() >= BETWEEN_EPOCH_LINES;
        if !is_due && self.volume < Volume::Verbose && event.is_none_or(|event| event != SWITCH) {
            return;
        }
        current.last_line = Instant::now();
        let top1 = match (top1, current.stage) {
            (Some(top1), Stage::Pretrain) => format!(", nearest neighbours {top1:.1} %"),
            (Some(top1), _) if *held_out => format!(", validation top-1 {top1:.1} %"),
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
            current.remaining(done, &of_plan)
        );
        // A bar shows as much by itself.
        let least = if current.bar.is_some() { Volume::Verbose } else { Volume::Normal };
        self.line(least, &text);
    }

    fn finish(&mut self, run: &str, stage: Stage, loss: Option<f64>, top1: Option<f64>) {
        if let Some(current) = &mut self.current {
            // What it took in all is known now, whatever it began with.
            (current.first_step, current.begins_with_features) = (0, false);
        }
        let of_plan = self.left_of_plan(self.current.as_ref().map(|current| current.epochs * current.steps_per_epoch));
        // A terminal has it in the line below, of the next loop.
        let of_plan = if of_plan.is_empty() || self.on_terminal { String::new() } else { format!("; {of_plan}") };
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
        self.line(Volume::Normal, &format!("{title}: done{took}{numbers}{of_plan}"));
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
                if let (Some(time), Some((_, begun))) = (&mut self.plan_time, &self.plan) {
                    time.is_left_out(begun - 1);
                }
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
    /// The share of the steps of this session that is done, from 0 to 1; `None` where steps are not what takes time.
    fn share(&self, steps_done: usize) -> Option<f64> {
        let all = (self.epochs * self.steps_per_epoch).saturating_sub(self.first_step);
        let here = steps_done.saturating_sub(self.first_step);
        (all > 0 && !self.begins_with_features).then(|| here as f64 / all as f64)
    }

    /// "1 min 23 s", by the pace of this session; nothing before the first step or after the last.
    fn left(&self, steps_done: usize) -> Option<String> {
        let here = steps_done.saturating_sub(self.first_step);
        let left = (self.epochs * self.steps_per_epoch).saturating_sub(steps_done);
        if here == 0 || left == 0 {
            return None;
        }
        let seconds = self.began.elapsed().as_secs_f64() / here as f64 * left as f64;
        Duration::try_from_secs_f64(seconds).ok().map(duration)
    }

    /// ", 1 min 23 s left", of this loop and, where there is one, of the plan.
    fn remaining(&self, steps_done: usize, of_plan: &str) -> String {
        let own = self.left(steps_done).map(|left| format!(", {left} left")).unwrap_or_default();
        if of_plan.is_empty() { own } else { format!("{own}, {of_plan}") }
    }

    /// Shows as many of `parts` as fit, in the line below the bar; the terminal may have another width each time.
    fn show(&self, parts: &[String]) {
        let Some(bar) = &self.bar else { return };
        let width = usize::from(Term::stderr().size().1);
        bar.set_prefix(shortened(&plain(&self.title), width.saturating_sub(BESIDE_THE_TITLE)));
        bar.set_message(that_fit(parts, width));
    }
}

/// "45 s left"; nothing where that is no time.
fn seconds_left(seconds: f64) -> Option<String> {
    let left = Duration::try_from_secs_f64(seconds).ok().filter(|left| *left >= Duration::from_millis(500))?;
    Some(format!("{} left", duration(left)))
}

/// Two lines: which loop, and how far it is; the message.
fn bar(stage: Stage, epochs: usize, steps: usize, first_step: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64).with_position(first_step as u64);
    let epoch = move |state: &ProgressState, text: &mut dyn Write| {
        let steps_per_epoch = (steps / epochs.max(1)).max(1) as u64;
        let epoch = (state.pos().saturating_sub(1) / steps_per_epoch + 1).min(epochs as u64);
        // The bar's own buffer takes everything.
        let _ = if stage == Stage::Knn { Ok(()) } else { write!(text, " epoch {epoch}/{epochs}") };
    };
    if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar:.cyan/blue}{epoch}\n{msg}") {
        bar.set_style(style.with_key("epoch", epoch));
    }
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
