//! The typeface: an embedded subset of DejaVu Sans, so that no picture depends on what is installed.

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// The font file; see `vendor/README.md`.
pub const BYTES: &[u8] = include_bytes!("../vendor/dejavu/DejaVuSans-subset.ttf");
/// The name of its family.
pub const FAMILY: &str = "DejaVu Sans";
/// What stands for a character that the typeface does not have.
const UNKNOWN: char = '\u{FFFD}';

/// The typeface as the library reads it; `None` never happens with the file above, whose checksum a test knows.
pub(crate) fn font() -> Option<FontRef<'static>> {
    FontRef::new(BYTES).ok()
}

/// The glyph of a character, or of the sign for one that the typeface does not have.
pub(crate) fn glyph(font: &FontRef<'_>, character: char) -> Option<GlyphId> {
    let characters = font.charmap();
    characters.map(character).or_else(|| characters.map(UNKNOWN))
}

/// Whether the typeface has every character of `text`: Latin, Greek, Cyrillic and the common signs.
pub fn has(text: &str) -> bool {
    font().is_some_and(|font| text.chars().all(|character| font.charmap().map(character).is_some()))
}

/// The width of `text` in one line, in pixels, where an em has `size` of them.
pub fn width(text: &str, size: f32) -> f32 {
    let Some(font) = font() else { return 0.0 };
    let metrics = font.glyph_metrics(Size::new(size), LocationRef::default());
    let advance = |character| metrics.advance_width(glyph(&font, character)?);
    text.chars().filter_map(advance).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_vendored_font_is_the_one_that_the_readme_lists() {
        let sum: String = Sha256::digest(BYTES).iter().map(|byte| format!("{byte:02x}")).collect();
        let list = include_str!("../vendor/README.md");
        assert!(list.contains(&format!("| `DejaVuSans-subset.ttf` | `{sum}` |")), "{sum}");
        assert!(!include_str!("../vendor/dejavu/LICENSE").is_empty());
    }

    #[test]
    fn a_text_is_as_wide_as_its_characters_together_and_grows_with_the_size() {
        assert!(width("iii", 12.0) < width("mmm", 12.0));
        assert!((width("ab", 12.0) - width("a", 12.0) - width("b", 12.0)).abs() < 1e-4);
        assert!((width("image", 24.0) - 2.0 * width("image", 12.0)).abs() < 0.1);
        assert_eq!(width("", 12.0), 0.0);
    }

    #[test]
    fn latin_greek_and_cyrillic_are_there_and_what_is_not_has_a_width_all_the_same() {
        assert!(has("Łódź, naïve, τ = 0.1, кошка"));
        assert!(!has("猫") && !has("a\u{1}"));
        assert_eq!(width("猫", 12.0), width("\u{FFFD}", 12.0));
    }
}
