//! Advice on recipes and sweeps.

use bmae_recipe::RecipeError;
use bmae_recipe::sweep::SweepError;

/// What to do about `error`; `None` where it says so itself.
pub fn of_recipe(error: &RecipeError) -> Option<String> {
    let _ = error;
    None
}

/// What to do about `error`; `None` where it says so itself.
pub fn of_sweep(error: &SweepError) -> Option<String> {
    match error {
        SweepError::Recipe(error) => of_recipe(error),
        _ => None,
    }
}
