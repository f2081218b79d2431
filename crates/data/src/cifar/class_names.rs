//! The names of the classes: from the set's own text file if it is there, else the official ones.

use super::Kind;
use super::files::Files;
use crate::DataError;
use crate::error::CifarError;

/// The class names in the order of the labels.
pub fn read(kind: Kind, files: &Files) -> Result<Vec<String>, DataError> {
    let file = kind.class_names_file();
    if !files.names().iter().any(|name| name == file) {
        return Ok(official(kind).map(str::to_owned).collect());
    }
    let bytes = files.read(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let names: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if names.len() != kind.classes() {
        return Err(DataError::Cifar(CifarError::CifarClassNames {
            path: files.place(file),
            expected: kind.classes(),
            found: names.len(),
        }));
    }
    Ok(names)
}

/// The names in the official files.
pub fn official(kind: Kind) -> impl Iterator<Item = &'static str> {
    match kind {
        Kind::Cifar10 => CIFAR_10,
        Kind::Cifar100 => CIFAR_100,
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
