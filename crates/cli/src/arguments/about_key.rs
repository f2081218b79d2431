//! The help of an option that stands for a recipe key: the key's own description.

use bmae_recipe::keys;

/// What the key `path` is, as `docs/keys.md` says it.
pub fn about_key(path: &str) -> &'static str {
    // A test says that every option names a key that is there.
    keys::find(path).map_or("", |key| key.short())
}
