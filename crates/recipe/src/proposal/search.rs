//! Chooses: what the images say first, then what the time is enough for.

use bmae_architecture::ImageSize;

use super::at_hand::{Budget, ImagesAtHand};
use super::draft::Draft;
use super::sizes::MODELS;
use super::written::Proposal;
use super::{lengths, sizes};
use crate::error::RecipeError;
use crate::recipe::Recipe;
use crate::sections::{data, finetune, linprobe, model, pretrain};
use crate::setting::Setting;
use crate::stage::Stage;

/// Epochs of a draft whose time is asked: so many that what happens every few epochs counts as it will.
const EPOCHS_ASKED: usize = 100;
/// A larger model takes about this many times as long: a smaller one that is not so far above what is asked for stays.
const NEXT_MODEL_TAKES: f64 = 2.0;

/// Proposes a recipe for `images` within `budget`, in which `settings` hold. `seconds` tells how long a stage of a recipe
/// will take; it is asked for several models and numbers of epochs.
///
/// # Errors
/// When `settings` cannot be read or do not fit together, when not even the smallest model fits into memory, and what
/// `seconds` fails with.
pub fn propose<E: From<RecipeError>>(
    images: ImagesAtHand,
    budget: &Budget,
    settings: &[Setting],
    mut seconds: impl FnMut(&Recipe, Stage) -> Result<f64, E>,
) -> Result<Proposal, E> {
    let time = budget.time.as_secs_f64();
    let mut search = Search { time, seconds: &mut seconds };
    let draft = begin(&images, budget, settings)?;
    let steps_per_epoch = |batch_size: usize| images.train / batch_size.max(1);

    let sizes = match draft.decided(&data::KEYS.image_size)? {
        Some(size) => vec![size],
        None => {
            let usual = sizes::image_sizes(&images);
            match draft.decided(&model::KEYS.patch_size)? {
                Some(patch) => usual.into_iter().map(|size| sizes::tiled(size, patch)).collect(),
                None => usual,
            }
        }
    };
    let (mut draft, mut epochs) = of_fitting_size(draft, &sizes, &mut search)?;
    for model in MODELS.into_iter().skip(1).take_while(|model| model.images <= images.train) {
        let asked = |epochs: f64| {
            let enough_steps = lengths::STEPS_FOR_A_LARGER_MODEL / steps_per_epoch(draft.batch_size).max(1) as f64;
            epochs >= enough_steps.min(lengths::MOST_EPOCHS as f64)
        };
        let larger = Draft { model, ..draft.clone() };
        if !asked(epochs / NEXT_MODEL_TAKES) || larger.recipe().is_err() {
            break;
        }
        let its_epochs = search.epochs(&larger)?;
        if !asked(its_epochs) {
            break;
        }
        (draft, epochs) = (larger, its_epochs);
    }

    draft.epochs = match draft.decided(&pretrain::KEYS.stage.epochs)? {
        Some(epochs) => epochs,
        None => search.within_time(&draft, lengths::pretraining_epochs(epochs, 1.0))?,
    };
    if images.can_be_evaluated() {
        let batch_size = draft.recipe()?.finetune.stage.batch_size;
        draft.finetune_epochs = match draft.decided(&finetune::KEYS.stage.epochs)? {
            Some(epochs) => epochs,
            None => {
                let seconds = search.seconds_of_an_epoch(&draft, Stage::Finetune)?;
                lengths::finetuning_epochs(time, seconds, steps_per_epoch(batch_size))
            }
        };
        draft.probe_epochs = match draft.decided(&linprobe::KEYS.stage.epochs)? {
            Some(epochs) => epochs,
            None => lengths::probe_epochs(steps_per_epoch(draft.recipe()?.linprobe.stage.batch_size)),
        };
    }
    let recipe = draft.recipe()?;
    let mut stages = Vec::new();
    for stage in draft.stages() {
        stages.push((*stage, lengths::to_digits((search.seconds)(&recipe, *stage)?, 1)));
    }
    let keys = draft.keys();
    let runs = draft.runs();
    Ok(Proposal { recipe, stages, keys, runs, settings: settings.to_vec(), images: images.clone() })
}

/// The first draft: the smallest model, and what the number of images says.
fn begin<'a>(images: &'a ImagesAtHand, budget: &'a Budget, settings: &'a [Setting]) -> Result<Draft<'a>, RecipeError> {
    let mut draft = Draft {
        images,
        budget,
        settings,
        image_size: sizes::image_sizes(images)[0],
        model: MODELS[0],
        batch_size: sizes::batch_size(images.train),
        epochs: EPOCHS_ASKED,
        finetune_epochs: EPOCHS_ASKED,
        probe_epochs: EPOCHS_ASKED,
    };
    if let Some(batch_size) = draft.decided(&pretrain::KEYS.stage.batch_size)? {
        draft.batch_size = batch_size;
    }
    Ok(draft)
}

/// The draft with the first of `sizes` at which memory and time are enough, else with the last, and the epochs that the
/// time has room for.
fn of_fitting_size<'a, E: From<RecipeError>>(
    first: Draft<'a>,
    sizes: &[ImageSize],
    search: &mut Search<'_, E>,
) -> Result<(Draft<'a>, f64), E> {
    let mut found = None;
    for (index, &image_size) in sizes.iter().enumerate() {
        let is_last = index + 1 == sizes.len();
        let draft = match fitting(Draft { image_size, ..first.clone() }) {
            Err(RecipeError::Memory { .. }) if !is_last => continue,
            draft => draft?,
        };
        let epochs = search.epochs(&draft)?;
        let steps = epochs * (draft.images.train / draft.batch_size.max(1)) as f64;
        found = Some((draft, epochs));
        if steps >= lengths::STEPS_FOR_LARGER_IMAGES {
            break;
        }
    }
    match found {
        Some(found) => Ok(found),
        // There is at least one size.
        None => Ok((first, 1.0)),
    }
}

/// The draft with a batch so small that it fits into memory.
fn fitting(mut draft: Draft<'_>) -> Result<Draft<'_>, RecipeError> {
    loop {
        match draft.recipe() {
            Err(RecipeError::Memory { .. }) if draft.batch_size > 8 => draft.batch_size /= 2,
            Err(error) => return Err(error),
            Ok(_) => return Ok(draft),
        }
    }
}

/// Asks for times.
struct Search<'a, E> {
    /// Seconds that a pre-training may take.
    time: f64,
    seconds: &'a mut dyn FnMut(&Recipe, Stage) -> Result<f64, E>,
}

impl<E: From<RecipeError>> Search<'_, E> {
    /// Epochs of pre-training by `draft` that the time has room for.
    fn epochs(&mut self, draft: &Draft<'_>) -> Result<f64, E> {
        Ok(self.time / self.seconds_of_an_epoch(draft, Stage::Pretrain)?.max(1e-9))
    }

    /// So many `epochs`, or fewer where what happens every few epochs makes them take longer than the time.
    fn within_time(&mut self, draft: &Draft<'_>, epochs: usize) -> Result<usize, E> {
        let draft = Draft { epochs, ..draft.clone() };
        let taken = (self.seconds)(&draft.recipe()?, Stage::Pretrain)?;
        match taken > self.time {
            true => Ok(lengths::pretraining_epochs(self.time, taken / epochs as f64)),
            false => Ok(epochs),
        }
    }

    fn seconds_of_an_epoch(&mut self, draft: &Draft<'_>, stage: Stage) -> Result<f64, E> {
        let recipe = draft.recipe()?;
        let epochs = stage.trained().map_or(1, |trained| recipe.stage(trained).epochs);
        Ok((self.seconds)(&recipe, stage)? / epochs.max(1) as f64)
    }
}
