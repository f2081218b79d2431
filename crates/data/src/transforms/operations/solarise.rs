//! Solarisation: the negative of the light parts only, and its sibling that lightens the dark parts.

use super::lookup;
use crate::Image;

/// Every value v of at least `threshold` becomes 255 - v; 256 changes nothing. Pillow's `ImageOps.solarize`.
pub fn solarise(image: &mut Image, threshold: u16) {
    let inverted = |value: u8| if u16::from(value) < threshold { value } else { !value };
    lookup::apply(image, &lookup::table(inverted));
}

/// Adds `addend` to every value below 128, up to 255 at most. timm's `SolarizeAdd`.
pub fn solarise_add(image: &mut Image, addend: u8) {
    let lightened = |value: u8| if value < 128 { value.saturating_add(addend) } else { value };
    lookup::apply(image, &lookup::table(lightened));
}
