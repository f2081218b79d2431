//! The names of the classes: from the set's own text file if it is there, else the official ones.

use super::files::Files;
use crate::error::CifarError;
use crate::{CifarSet, DataError};

/// The class names in the order of the labels.
pub fn read(set: CifarSet, files: &Files) -> Result<Vec<String>, DataError> {
    let file = set.class_names_file();
    if !files.names().iter().any(|name| name == file) {
        return Ok(official(set).map(str::to_owned).collect());
    }
    let bytes = files.read(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let names: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if names.len() != set.classes() {
        return Err(
            CifarError::ClassNames { path: files.place(file), expected: set.classes(), found: names.len() }.into()
        );
    }
    Ok(names)
}

/// The names in the official files.
pub fn official(set: CifarSet) -> impl Iterator<Item = &'static str> {
    match set {
        CifarSet::Cifar10 => CIFAR_10,
        CifarSet::Cifar100 => CIFAR_100,
    }
    .split_whitespace()
}

const CIFAR_10: &str = "airplane automobile bird cat deer dog frog horse ship truck";

const CIFAR_100: &str = "
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle
    bowl boy bridge bus butterfly camel can castle caterpillar cattle
    chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur
    dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard
    lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain
    mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
    plain plate poppy porcupine possum rabbit raccoon ray road rocket
    rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
    train trout tulip turtle wardrobe whale willow_tree wolf woman worm";
