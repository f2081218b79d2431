//! Images of a folder. What kind of file it is, its bytes tell.

use bmae_data::{Selection, Source};

use crate::scratch;

pub fn image(bytes: &[u8]) -> bool {
    scratch::write("images/picture.png", bytes);
    let data = bmae_data::open(&Source::Path(scratch::path("images")), &Selection::default())
        .expect("a folder with one image");
    let Ok(image) = data.train.image(0) else { return false };
    assert_eq!(image.samples().len(), image.channels() * image.width() * image.height());
    true
}
