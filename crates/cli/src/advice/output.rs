//! Advice on places that hold something else than what is to be written there.

use bmae_output::claim::Taken;

/// What to do about `taken`; `None` where it says so itself.
pub fn of_taken(taken: &Taken) -> Option<String> {
    let advice = match taken {
        Taken::Foreign { .. } => "choose another place, or replace it with --force",
        Taken::Folder { .. } => "choose a new or empty folder, or write beside it with --force",
        Taken::Input { .. } => return None,
    };
    Some(advice.to_owned())
}
