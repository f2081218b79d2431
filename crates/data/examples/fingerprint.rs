//! The fingerprint of the images in a folder, and how long it takes: `cargo run --release -p bmae-data --example
//! fingerprint -- FOLDER`.

use std::path::PathBuf;
use std::time::Instant;

use bmae_data::{DataError, Fingerprint, Selection, Source, Split};

fn main() -> Result<(), DataError> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let began = Instant::now();
    let dataset = bmae_data::open(&Source::Path(folder), &Selection::default())?;
    let opened = began.elapsed().as_secs_f64();
    let fingerprint = Fingerprint::of(&dataset, Split::Train)?;
    println!("{fingerprint:?}");
    println!("listed in {opened:.2} s, looked at in {:.2} s more", began.elapsed().as_secs_f64() - opened);
    Ok(())
}
