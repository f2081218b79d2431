//! Numbers of attention heads that foreign weights do not tell, though they tell the widths that heads share.

use bmae_architecture::{ArchitectureError, WidthDivisor};

use super::error::RecipeError;
use super::given::GivenKeys;
use super::key::Key;
use super::recipe::Recipe;
use super::sections::model;
use super::warning::Warning;

/// Weights that a recipe starts from: what they are called, and what they tell.
type Weights<'a> = (&'a str, &'a GivenKeys);

/// The keys of the width and of the heads of `part`: "encoder" or "decoder".
fn keys(part: &str) -> (&'static Key<usize>, &'static Key<usize>) {
    let model::ModelKeys { encoder, decoder, .. } = &model::KEYS;
    match part {
        "encoder" => (&encoder.dim, &encoder.heads),
        _ => (&decoder.dim, &decoder.heads),
    }
}

/// Whether they tell the width of `part` and not its heads.
fn are_untold(part: &str, weights: &GivenKeys) -> bool {
    let (dim, heads) = keys(part);
    weights.given(dim).is_some() && weights.given(heads).is_none()
}

/// Warns of numbers of heads that neither the weights nor `over` told.
pub(crate) fn untold(recipe: &Recipe, (name, weights): Weights<'_>, over: &GivenKeys) -> Vec<Warning> {
    let parts = [("encoder", recipe.model.encoder.heads), ("decoder", recipe.model.decoder.heads)];
    let untold = parts.into_iter().filter(|(part, _)| are_untold(part, weights) && over.given(keys(part).1).is_none());
    untold.map(|(part, heads)| Warning::HeadsTaken { weights: name.to_owned(), part, heads }).collect()
}

/// Where weights tell a width but no number of heads, and the recipe's does not divide it, the width is not to blame.
pub(crate) fn blame(error: RecipeError, weights: Option<Weights<'_>>) -> RecipeError {
    match (&error, weights) {
        (
            &RecipeError::Architecture(ArchitectureError::Width {
                part,
                dim,
                divisor: heads,
                needed_by: WidthDivisor::Heads,
                ..
            }),
            Some((name, weights)),
        ) if are_untold(part, weights) && weights.given(keys(part).0) == Some(dim) => {
            RecipeError::HeadsUntold { part, dim, heads, weights: name.to_owned() }
        }
        _ => error,
    }
}
