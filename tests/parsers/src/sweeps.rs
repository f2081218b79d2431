//! Sweep files.

use std::path::Path;

use bmae_recipe::sweep::{plan, read};
use bmae_recipe::{Layers, Stage};

use crate::scratch;

pub fn sweep(bytes: &[u8]) -> bool {
    let path = scratch::write("sweep.toml", bytes);
    let Ok(sweep) = read(&path.to_string_lossy()) else { return false };
    plan(&sweep, &Layers::default(), &[Stage::Linprobe, Stage::Knn], 1, Path::new("out")).is_ok()
}
