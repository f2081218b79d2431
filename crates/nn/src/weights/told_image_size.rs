//! The size of the images that weights are for, as it is told beside them: the number of positions alone tells it of
//! square images only.

use bmae_architecture::ImageSize;

use super::StateDict;

impl StateDict {
    /// What the recipe that these weights carry says (`data.image_size`), else the `config.json` beside them; `None` where
    /// neither tells it.
    pub fn told_image_size(&self) -> Option<ImageSize> {
        let Some(text) = self.config_text() else { return self.origin.config.image };
        let recipe: toml::Table = toml::from_str(text).ok()?;
        let value = recipe.get("data")?.get("image_size")?;
        let side = |value: &toml::Value| usize::try_from(value.as_integer()?).ok();
        match value.as_array().map(Vec::as_slice) {
            None => side(value).map(ImageSize::square),
            Some([height, width]) => Some(ImageSize { height: side(height)?, width: side(width)? }),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::CONFIG_KEY;

    #[test]
    fn a_recipe_tells_the_size_as_a_number_or_a_pair() {
        let told = |text: &str| {
            let mut weights = StateDict::default();
            weights.metadata.insert(CONFIG_KEY.to_owned(), text.to_owned());
            weights.told_image_size()
        };
        assert_eq!(told("data.image_size = 32"), Some(ImageSize::square(32)));
        assert_eq!(told("[data]\nimage_size = [64, 32]"), Some(ImageSize { height: 64, width: 32 }));
        for text in ["", "data = 3", "data.image_size = [1]", "data.image_size = -1", "no TOML"] {
            assert_eq!(told(text), None, "{text}");
        }
        assert_eq!(StateDict::default().told_image_size(), None);
    }
}
