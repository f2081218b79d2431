//! Teachers: encoders of given weights whose features are predicted. They have sizes of their own; the patches are the
//! student's.

use bmae_architecture::LAYER_NORM_EPSILON;
use bmae_nn::weights::{Architecture, ModelPart, StateDict};
use bmae_nn::{Encoder, EncoderInit};
use bmae_recipe::keys::TARGETS;
use bmae_recipe::{EncoderRecipe, GivenWeights, Recipe, Used};
use burn::tensor::Device;

use crate::TrainError;
use crate::checksum::read_named;
use crate::model::fresh_encoder;
use crate::observer::Message;
use crate::start::{fill, fit, heads_of, norm_epsilon_of};

/// The teacher that a target of `recipe` names, whose last `last_blocks` blocks are averaged, on `device`, which is
/// without autodiff. What a user should know of its weights goes to `tell`.
///
/// # Errors
/// When there are no weights or they have changed, and as [`of_weights`].
pub(crate) fn open(
    named: &GivenWeights,
    last_blocks: usize,
    recipe: &Recipe,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<Encoder, TrainError> {
    let weights = read_named(named).map_err(|error| error.of_key(TARGETS, recipe))?;
    let source_name = weights.source_name();
    let encoder = of_weights(weights, recipe, device, tell)?;
    match encoder.blocks.len() {
        depth if depth < last_blocks => Err(TrainError::TeacherDepth { source_name, depth, last_blocks }),
        _ => Ok(encoder),
    }
}

/// The encoder of `weights`, as wide, deep and many-headed as they are, for images of the recipe's size.
///
/// # Errors
/// When they hold no whole encoder, cut images into other patches, or do not tell how many heads an encoder has that is
/// not as wide as the student's.
pub(crate) fn of_weights(
    mut weights: StateDict,
    recipe: &Recipe,
    device: &Device,
    tell: &mut dyn FnMut(Message),
) -> Result<Encoder, TrainError> {
    let mut of_teacher = recipe.clone();
    of_teacher.model.encoder = sizes(&weights, recipe, &mut *tell)?;
    of_teacher.model.norm_epsilon = norm_epsilon_of(&weights).unwrap_or(LAYER_NORM_EPSILON);
    fit(&mut weights, &of_teacher, Used::Encoder, &mut *tell)?;
    fill(fresh_encoder(&of_teacher, EncoderInit::Mae, device)?, &weights, true, tell)
}

fn sizes(weights: &StateDict, recipe: &Recipe, tell: &mut dyn FnMut(Message)) -> Result<EncoderRecipe, TrainError> {
    weights.require_known(&[ModelPart::Encoder])?;
    let source_name = weights.source_name();
    let shapes = Architecture::of(weights);
    let Some(encoder) = shapes.encoder.as_ref().filter(|encoder| encoder.depth > 0 && encoder.hidden > 0) else {
        return Err(TrainError::NoTeacher { source_name, holds: shapes.in_one_line() });
    };
    let expected = recipe.model.patch_size;
    if encoder.patch != expected {
        return Err(TrainError::TeacherPatches { source_name, found: encoder.patch, expected });
    }
    let student = &recipe.model.encoder;
    let heads = match heads_of(weights).0 {
        Some(heads) => heads,
        None if encoder.dim == student.dim => {
            tell(Message::Note(format!(
                "{source_name} does not tell the number of attention heads of its encoder: taken is {}, as the recipe's \
                 model.encoder.heads says",
                student.heads
            )));
            student.heads
        }
        None => return Err(TrainError::TeacherHeads { source_name, dim: encoder.dim }),
    };
    Ok(EncoderRecipe { dim: encoder.dim, depth: encoder.depth, heads, mlp_ratio: encoder.mlp_ratio() })
}
