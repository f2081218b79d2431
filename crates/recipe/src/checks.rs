//! What single keys cannot say: whether they make sense together, and whether a stage that is about to run can.

use super::error::RecipeError;
use super::layers::Stage;
use super::memory::Estimate;
use super::method::Method;
use super::stages::StageRecipe;
use super::warning::Warning;
use super::{ModelRecipe, Recipe};

impl Recipe {
    /// What must hold whatever is run: shapes that fit together, runs that can be told apart.
    pub(super) fn check(&self) -> Result<(), RecipeError> {
        self.model.check(self.data.image_size)?;
        let runs = self.runs.iter().map(|run| &run.method);
        for method in runs.chain([&self.method]) {
            method.check(self.model.encoder.depth)?;
        }
        for (index, run) in self.runs.iter().enumerate() {
            if self.runs[..index].iter().any(|other| other.name == run.name) {
                return Err(RecipeError::RunTwice { name: run.name.clone() });
            }
        }
        for (section, stage) in
            [("pretrain", &self.pretrain.stage), ("finetune", &self.finetune.stage), ("linprobe", &self.linprobe.stage)]
        {
            stage.check(section)?;
        }
        Ok(())
    }

    /// Whether `stage` can run: the mask keeps and hides something, and it fits into `available_memory` bytes (`None`: not
    /// looked at).
    pub fn check_stage(&self, stage: Stage, available_memory: Option<u64>) -> Result<(), RecipeError> {
        if stage == Stage::Pretrain {
            check_mask(self.pretrain.mask_ratio, self)?;
        }
        match available_memory {
            Some(bytes) => Estimate::of(self, stage).check(stage, bytes),
            None => Ok(()),
        }
    }

    /// What is allowed and probably not meant, where pre-training is to run.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let epochs = self.pretrain.stage.epochs;
        let warn = |run: &str, method: &Method| {
            let warmup_epochs = method.warmup_epochs.filter(|warmup| *warmup >= epochs)?;
            let key = match method.k {
                Some(_) => "k",
                None => "wse",
            };
            Some(Warning::TargetsNeverUsed { run: run.to_owned(), key, warmup_epochs, epochs })
        };
        match self.runs.is_empty() {
            true => warn(&self.method.name.to_string(), &self.method).into_iter().collect(),
            false => self.runs.iter().filter_map(|run| warn(&run.name, &run.method)).collect(),
        }
    }
}

impl Method {
    fn check(&self, depth: usize) -> Result<(), RecipeError> {
        match self.targets.iter().find(|target| target.last_blocks > depth) {
            Some(target) => Err(RecipeError::TooManyBlocks {
                method: self.name.to_string(),
                last_blocks: target.last_blocks,
                depth,
            }),
            None => Ok(()),
        }
    }
}

impl StageRecipe {
    fn check(&self, section: &'static str) -> Result<(), RecipeError> {
        let StageRecipe { accumulate, batch_size, .. } = *self;
        match batch_size.is_multiple_of(accumulate) {
            true => Ok(()),
            false => Err(RecipeError::Accumulate { section, accumulate, batch_size }),
        }
    }
}

impl ModelRecipe {
    fn check(&self, image_size: usize) -> Result<(), RecipeError> {
        let patch_size = self.patch_size;
        if !image_size.is_multiple_of(patch_size) {
            let nearest = nearest_multiple(image_size, patch_size as u128);
            let nearest = usize::try_from(nearest).unwrap_or(patch_size);
            return Err(RecipeError::Patches { image_size, patch_size, nearest });
        }
        check_width("encoder", self.encoder.dim, self.encoder.heads)?;
        check_width("decoder", self.decoder.dim, self.decoder.heads)?;
        if (self.encoder.dim as f64 * self.encoder.mlp_ratio) < 1.0 {
            return Err(RecipeError::NoHiddenLayer { ratio: self.encoder.mlp_ratio, dim: self.encoder.dim });
        }
        Ok(())
    }
}

fn check_width(part: &'static str, dim: usize, heads: usize) -> Result<(), RecipeError> {
    let (divisor, why) = if !dim.is_multiple_of(heads) {
        (heads, format!("`model.{part}.heads`"))
    } else if !dim.is_multiple_of(4) {
        (4, "the sin-cos positions have four parts".to_owned())
    } else {
        return Ok(());
    };
    let step = least_common_multiple_with_4(heads);
    let nearest = nearest_multiple(dim, step);
    Err(RecipeError::Width { part, dim, divisor, why, step, nearest })
}

fn least_common_multiple_with_4(heads: usize) -> u128 {
    let factor = match heads % 4 {
        0 => 1,
        2 => 2,
        _ => 4,
    };
    heads as u128 * factor
}

/// The multiple of `step` that is nearest to `value`, but not 0.
fn nearest_multiple(value: usize, step: u128) -> u128 {
    let times = (value as u128 + step / 2) / step;
    times.max(1) * step
}

fn check_mask(ratio: f64, recipe: &Recipe) -> Result<(), RecipeError> {
    let patches = recipe.model.patches(recipe.data.image_size);
    let kept = (patches as f64 * (1.0 - ratio)).floor();
    if patches < 2 {
        return Err(RecipeError::OnePatch { image_size: recipe.data.image_size });
    }
    if kept < 1.0 {
        let limit = limit(patches, |kept| kept >= 1, (0..1000).rev());
        return Err(RecipeError::KeepsNothing { ratio, patches, limit });
    }
    if kept >= patches as f64 {
        let limit = limit(patches, |kept| kept < patches, 1..1000);
        return Err(RecipeError::MasksNothing { ratio, patches, limit });
    }
    Ok(())
}

/// The first of these thousandths that makes a mask with a fitting number of kept patches.
fn limit(patches: usize, fits: impl Fn(usize) -> bool, mut thousandths: impl Iterator<Item = u32>) -> f64 {
    let ratio = |n: u32| f64::from(n) / 1000.0;
    thousandths.find(|n| fits((patches as f64 * (1.0 - ratio(*n))).floor() as usize)).map_or(0.5, ratio)
}
