//! What all loops need besides their recipe: a device, workers, a way to be stopped, somebody to tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bmae_data::{Dataset, Fingerprint};
use bmae_output::count::count;
use bmae_output::plain::plain_path;
use bmae_recipe::DataRecipe;
use bmae_recipe::plan::PlannedStage;
use burn::tensor::Device;

use crate::device::Machine;
use crate::estimate::Effort;
use crate::observer::{Event, Message, Observer};
use crate::ranks::Ranks;
use crate::{pipeline, readable};

/// What a run records of the program and the machine that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Program and version.
    pub program: String,
    /// The commit it was built from, `+` behind it where the files differed from it; `None` where that is not known.
    pub commit: Option<String>,
    /// The machine in words; `None` where that is not known.
    pub machine: Option<String>,
}

impl Default for Provenance {
    /// This version, and nothing more.
    fn default() -> Self {
        Self { program: concat!("bmae ", env!("CARGO_PKG_VERSION")).to_owned(), commit: None, machine: None }
    }
}

/// The images of a choice of data, as they were when a plan began.
#[derive(Debug, Clone)]
pub(crate) struct KnownImages {
    /// The choice.
    pub recipe: DataRecipe,
    /// The training images.
    pub train: Option<Fingerprint>,
    /// The test images, where some stage of the plan reads them.
    pub test: Option<Fingerprint>,
}

/// The surroundings of a run; none of it changes a result.
pub struct Session<'a> {
    device: Device,
    workers: usize,
    provenance: Provenance,
    stop: Arc<AtomicBool>,
    ranks: Ranks,
    observer: &'a mut dyn Observer,
    /// What is done to say beforehand what will be taken; `None`: nothing.
    effort: Option<Effort>,
    /// Of a plan at work, the images of each choice of data in it.
    plan: Option<Vec<KnownImages>>,
}

impl<'a> Session<'a> {
    /// `device` computes, without autodiff; `workers` threads decode and augment; setting `stop` ends a loop after this step.
    pub fn new(device: Device, workers: usize, stop: Arc<AtomicBool>, observer: &'a mut dyn Observer) -> Self {
        Self {
            device,
            workers: workers.max(1),
            provenance: Provenance::default(),
            stop,
            ranks: Ranks::default(),
            observer,
            effort: None,
            plan: None,
        }
    }

    /// The same with what its runs record of program and machine.
    pub fn with_provenance(self, provenance: Provenance) -> Self {
        Self { provenance, ..self }
    }

    /// The same, as one of `ranks` that train together. All call what this session does in the same order.
    pub fn with_ranks(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// The same, estimating with this effort what a stage or plan will take before it begins.
    pub fn with_estimates(self, effort: Effort) -> Self {
        Self { effort: Some(effort), ..self }
    }

    /// What is done for an estimate; `None`: nothing.
    pub(crate) fn effort(&self) -> Option<Effort> {
        self.effort
    }

    /// What its work is done on.
    pub(crate) fn machine(&self) -> Machine {
        Machine { device: self.device.clone(), threads: self.workers }
    }

    /// The device on which gradients are recorded.
    pub(crate) fn training_device(&self) -> Device {
        self.device.clone().autodiff()
    }

    /// The same device, without gradients.
    pub(crate) fn inference_device(&self) -> Device {
        self.device.clone()
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Makes it the session of a plan whose data was looked at, so that its stages need not; `None` ends that.
    pub(crate) fn set_plan(&mut self, images: Option<Vec<KnownImages>>) {
        self.plan = images;
    }

    /// Whether what it runs are the stages of a plan, not a stage that was asked for by itself.
    pub(crate) fn is_in_plan(&self) -> bool {
        self.plan.is_some()
    }

    /// What the plan at work knows of the images that `recipe` chooses.
    pub(crate) fn known_images(&self, recipe: &DataRecipe) -> Option<&KnownImages> {
        self.plan.iter().flatten().find(|known| known.recipe == *recipe)
    }

    /// All that train together.
    pub(crate) fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// Whether any of its ranks was asked to stop. All must ask at the same places.
    pub(crate) fn stopped(&self) -> bool {
        self.ranks.any(self.stop.load(Ordering::Relaxed))
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.observer.notify(&event);
    }

    /// Tells the observer a sentence for the user.
    pub(crate) fn say(&mut self, message: Message) {
        self.tell(Event::Message(message));
    }

    /// Says what is to be known of the images of `data`: where those for testing come from, and what was left out.
    pub(crate) fn say_of(&mut self, data: &Dataset) {
        if let (Some(origin), Some(test)) = (&data.test_origin, &data.test) {
            self.say(Message::Note(format!("{}: {origin}", count(test.len(), "test image"))));
        }
        if let Some(left_out) = &data.left_out {
            self.say(Message::Note(left_out.to_string()));
        }
        if let Some(first) = data.unreadable.first() {
            self.say(Message::Note(format!(
                "{} cannot be decoded and {} left out, the first is {} ({}); {} lists them with the reasons",
                count(data.unreadable.len(), "image"),
                if data.unreadable.len() == 1 { "is" } else { "are" },
                plain_path(&first.place),
                first.reason,
                readable::FILE,
            )));
        }
    }

    /// Says, where it is so, that opening the data of `recipe` decodes all images first, which may take a while.
    pub(crate) fn say_that_all_are_decoded(&mut self, recipe: &DataRecipe) {
        if pipeline::decodes_all(recipe) {
            let text = "every image is decoded once to find those that cannot be (data.unreadable = \"skip\")";
            self.say(Message::Note(text.to_owned()));
        }
    }

    /// Says which images `planned` learns from, where there is something to say.
    pub(crate) fn say_images(&mut self, planned: &PlannedStage, told: Option<String>) {
        if let Some(told) = told {
            self.say(Message::Note(format!("{} {}: {told}", planned.run, planned.stage.section())));
        }
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.say(Message::Warning(text.into()));
    }
}

/// How a loop ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All epochs are done.
    Finished(Summary),
    /// They were done before; nothing was repeated.
    AlreadyFinished,
    /// It was asked to stop.
    Interrupted {
        /// Whole epochs that are kept.
        epochs_kept: usize,
        /// Epochs in all.
        epochs: usize,
        /// Steps of the epoch after them that are kept.
        steps_kept: usize,
    },
}

/// The last figures of a finished loop.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// The last epoch's mean training loss.
    pub loss: Option<f64>,
    /// Test top-1 in percent after the last epoch.
    pub top1: Option<f64>,
}
