//! What single keys cannot say: whether they make sense together, and whether a stage that is about to run can.

use bmae_architecture::check_mask_ratio;

use super::error::RecipeError;
use super::memory;
use super::recipe::Recipe;
use super::sections::method::{Method, MethodKind};
use super::sections::source::DataSource;
use super::stage::{Stage, TrainedStage};
use super::warning::{LateSwitch, Warning};

impl Recipe {
    /// What must hold whatever is run: shapes that fit together, runs that can be told apart.
    pub(crate) fn check(&self) -> Result<(), RecipeError> {
        check_source(&self.data.source)?;
        self.data.check_channels()?;
        let sizes = self.architecture();
        sizes.grid.check()?;
        sizes.encoder.check("encoder")?;
        sizes.decoder.check("decoder")?;
        let runs = self.runs.iter().map(|run| &run.method);
        for method in runs.chain([&self.method]) {
            check_targets(method, sizes.encoder.depth)?;
        }
        for (index, run) in self.runs.iter().enumerate() {
            if self.runs[..index].iter().any(|other| other.name == run.name) {
                return Err(RecipeError::RunTwice { name: run.name.clone() });
            }
        }
        Stage::EVALUATIONS.into_iter().try_for_each(|stage| self.check_freeze(stage))?;
        TrainedStage::ALL.into_iter().try_for_each(|stage| self.check_accumulate(stage))
    }

    /// Whether `stage` can run: the mask keeps and hides something, and it fits into `available_memory` bytes (`None`:
    /// not looked at).
    pub fn check_stage(&self, stage: Stage, available_memory: Option<u64>) -> Result<(), RecipeError> {
        if stage == Stage::Pretrain {
            check_mask_ratio(self.architecture().grid.patches(), self.pretrain.mask_ratio)?;
        }
        available_memory.map_or(Ok(()), |bytes| memory::check_stage(self, stage, bytes))
    }

    /// What is allowed and probably not meant, where `stages` are to run.
    pub(crate) fn warnings(&self, stages: &[Stage]) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if stages.contains(&Stage::Pretrain) {
            let own = (self.method.name().to_string(), &self.method);
            let runs: Vec<(String, &Method)> = match self.runs.is_empty() {
                true => vec![own],
                false => self.runs.iter().map(|run| (run.name.clone(), &run.method)).collect(),
            };
            runs.into_iter()
                .filter_map(|(run, method)| self.late_switch(run, method))
                .for_each(|warning| warning.join(&mut warnings));
        }
        let trained = stages.iter().filter_map(|stage| stage.trained());
        warnings.extend(trained.filter_map(|stage| self.rate_never_reached(stage)));
        warnings.extend(stages.iter().filter_map(|stage| self.never_stopped(*stage)));
        warnings
    }

    fn late_switch(&self, run: String, method: &Method) -> Option<Warning> {
        let epochs = self.pretrain.stage.epochs;
        let warmup_epochs = method.warmup_epochs().filter(|warmup| *warmup >= epochs)?;
        let key = match method.k() {
            Some(_) => "k",
            None => "wse",
        };
        Some(Warning::TargetsNeverUsed { of: vec![LateSwitch { run, key, warmup_epochs }], epochs })
    }

    fn rate_never_reached(&self, stage: TrainedStage) -> Option<Warning> {
        let (epochs, warmup_epochs) = (self.stage(stage).epochs, self.stage(stage).warmup_epochs);
        // A method without pre-training has no schedule there.
        let runs = stage != TrainedStage::Pretrain || self.method.pretrains() || !self.runs.is_empty();
        let section = Stage::from(stage).section();
        (runs && warmup_epochs >= epochs as f64).then_some(Warning::RateNeverReached { section, warmup_epochs, epochs })
    }

    /// Without images that are held out there is nothing to be patient about.
    fn never_stopped(&self, stage: Stage) -> Option<Warning> {
        let labels = self.labels(stage)?;
        let section = stage.section();
        let is_idle = labels.patience > 0 && labels.validation_fraction == 0.0;
        is_idle.then_some(Warning::NeverStopped { section, patience: labels.patience })
    }

    fn check_freeze(&self, stage: Stage) -> Result<(), RecipeError> {
        let depth = self.model.encoder.depth;
        match self.labels(stage).map(|labels| labels.freeze).filter(|freeze| *freeze > depth) {
            Some(freeze) => Err(RecipeError::TooManyFrozen { section: stage.section(), freeze, depth }),
            None => Ok(()),
        }
    }

    fn check_accumulate(&self, stage: TrainedStage) -> Result<(), RecipeError> {
        let (batch_size, accumulate) = (self.stage(stage).batch_size, self.stage(stage).accumulate);
        match batch_size.is_multiple_of(accumulate) {
            true => Ok(()),
            false => Err(RecipeError::Accumulate { section: Stage::from(stage).section(), accumulate, batch_size }),
        }
    }
}

fn check_source(source: &DataSource) -> Result<(), RecipeError> {
    match source.root() {
        Some(root) if root.as_os_str().is_empty() => Err(RecipeError::NoCacheFolder { name: source.text() }),
        _ => Ok(()),
    }
}

fn check_targets(method: &Method, depth: usize) -> Result<(), RecipeError> {
    let targets = method.targets();
    let weightless = targets.iter().map(|target| target.weight).sum::<f64>() <= 0.0;
    if weightless && matches!(method.kind, MethodKind::Custom { .. }) {
        return Err(RecipeError::NoTargets);
    }
    // A fixed target has a depth of its own, which its weights tell.
    let of_student = targets.iter().filter(|target| target.update.weights().is_none());
    match of_student.map(|target| target.last_blocks).find(|last_blocks| *last_blocks > depth) {
        Some(last_blocks) => Err(RecipeError::TooManyBlocks { method: method.name().to_string(), last_blocks, depth }),
        None => Ok(()),
    }
}
