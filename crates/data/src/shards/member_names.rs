//! What the name of a member says of it.

use std::path::Path;

use bmae_output::plain::plain_path;

/// Whether a member is a label.
pub fn is_label(member: &Path) -> bool {
    matches!(split(member).1.as_str(), "cls" | "json")
}

/// The key of a member, which is its path up to the first dot of its name, and its ending in small letters.
pub fn split(member: &Path) -> (String, String) {
    let name = member.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    let key = member.with_file_name(stem);
    (plain_path(key), ending.to_ascii_lowercase())
}
