//! Every image operation beside the images that Pillow, torchvision and timm made of the same input
//! (`tests/reference/pillow`, which also holds the script that made them).
//!
//! `cargo test --release -p bmae-data --test suite pillow -- --nocapture` prints the largest differences.

use std::collections::BTreeMap;
use std::io::Read;

use bmae_architecture::ImageSize;
use bmae_data::transforms::evaluation_crop::evaluation_crop;
use bmae_data::transforms::flip::mirror;
use bmae_data::transforms::operations::{self, Affine, warp};
use bmae_data::transforms::rand_augment::{DrawnOperation, Operation};
use bmae_data::transforms::resize::resize;
use bmae_data::{Image, Rectangle};

/// The colour that the references were filled with: the recipe's mean.
const FILL: &[f32] = &[125.0 / 255.0, 123.0 / 255.0, 114.0 / 255.0];

/// An image, and what made it of which input.
struct Reference {
    kind: String,
    input: String,
    arguments: Vec<String>,
    image: Image,
}

impl Reference {
    fn number(&self, place: usize) -> f64 {
        self.arguments[place].parse().expect("a number")
    }

    fn whole(&self, place: usize) -> usize {
        self.arguments[place].parse().expect("a whole number")
    }
}

fn references() -> Vec<Reference> {
    let index = include_str!("../../../../tests/reference/pillow/references.txt");
    let packed = include_bytes!("../../../../tests/reference/pillow/references.bin.gz");
    let mut pixels = flate2::read::GzDecoder::new(&packed[..]);
    let references = index.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [width, height] = [words[2], words[3]].map(|side| side.parse().expect("a side"));
        let mut bytes = vec![0; 3 * width * height];
        pixels.read_exact(&mut bytes).expect("as many pixels as the index says");
        Reference {
            kind: words[0].to_owned(),
            input: words[1].to_owned(),
            arguments: words[4..].iter().map(|word| (*word).to_owned()).collect(),
            image: Image::new(width, height, bytes).expect("three bytes a pixel"),
        }
    });
    references.collect()
}

fn inputs(references: &[Reference]) -> BTreeMap<&str, &Image> {
    let inputs = references.iter().filter(|reference| reference.kind == "input");
    inputs.map(|reference| (reference.input.as_str(), &reference.image)).collect()
}

/// What bmae makes of an input.
fn made(reference: &Reference, input: &Image) -> Image {
    let mut image = input.clone();
    let (width, height) = (image.width(), image.height());
    let first = || reference.number(0);
    match reference.kind.as_str() {
        "flip" => mirror(&mut image),
        "auto-contrast" => operations::auto_contrast(&mut image),
        "equalise" => operations::equalise(&mut image),
        "invert" => operations::invert(&mut image),
        "posterise" => operations::posterise(&mut image, reference.whole(0) as u8),
        "solarise" => operations::solarise(&mut image, reference.whole(0) as u16),
        "solarise-add" => operations::solarise_add(&mut image, reference.whole(0) as u8),
        "colour" => operations::colour(&mut image, first()),
        "contrast" => operations::contrast(&mut image, first()),
        "brightness" => operations::brightness(&mut image, first()),
        "sharpness" => operations::sharpness(&mut image, first()),
        "shear-x" => warp(&mut image, Affine::shear_x(first()), FILL),
        "shear-y" => warp(&mut image, Affine::shear_y(first()), FILL),
        "translate-x" => warp(&mut image, Affine::translate_x(first()), FILL),
        "translate-y" => warp(&mut image, Affine::translate_y(first()), FILL),
        "rotate" => warp(&mut image, Affine::rotation(first(), width, height), FILL),
        "resize" => {
            let [left, top, width, height] = [0, 1, 2, 3].map(|place| reference.whole(place));
            let area = Rectangle { left, top, width, height };
            image = resize(&image, area, reference.image.width(), reference.image.height()).expect("an ordinary size");
        }
        "evaluate" => {
            let size = ImageSize { height: reference.image.height(), width: reference.image.width() };
            image = evaluation_crop(&image, size).expect("an ordinary size");
        }
        "level" => {
            let operation =
                Operation::ALL.into_iter().find(|operation| format!("{operation:?}") == reference.arguments[0]);
            let operation = operation.expect("one of the fifteen");
            DrawnOperation { operation, magnitude: reference.number(1), negative: reference.whole(2) == 1 }
                .apply(&mut image, FILL);
        }
        other => panic!("no operation is called {other}"),
    }
    image
}

fn largest_difference(a: &Image, b: &Image) -> u8 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    a.pixels().iter().zip(b.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

/// What a reference shows: its kind, and for a level of RandAugment the operation.
fn operation(reference: &Reference) -> String {
    if reference.kind == "level" { format!("level {}", reference.arguments[0]) } else { reference.kind.clone() }
}

/// Compares all references of the kinds, prints each operation's largest difference, and asserts that there is none.
fn compare(kinds: &[&str]) {
    let references = references();
    let inputs = inputs(&references);
    let mut cases: BTreeMap<String, Vec<&Reference>> = BTreeMap::new();
    for reference in references.iter().filter(|reference| kinds.contains(&reference.kind.as_str())) {
        cases.entry(operation(reference)).or_default().push(reference);
    }
    assert!(cases.len() >= kinds.len(), "there are references of every kind");
    let mut wrong = Vec::new();
    for (operation, cases) in cases {
        let (mut largest, mut worst, mut values, mut differing) = (0, String::new(), 0, 0);
        for case in &cases {
            let image = made(case, inputs[case.input.as_str()]);
            let difference = largest_difference(&image, &case.image);
            if difference > largest {
                largest = difference;
                worst = format!(" ({} {})", case.input, case.arguments.join(" "));
            }
            values += image.pixels().len();
            differing += image.pixels().iter().zip(case.image.pixels()).filter(|(a, b)| a != b).count();
        }
        let count = cases.len();
        println!(
            "{operation:<18} {count:>3} images, {differing:>5} of {values:>6} values differ, by at most {largest}{worst}"
        );
        if largest > 0 {
            wrong.push(format!("{operation} by {largest}{worst}"));
        }
    }
    assert!(wrong.is_empty(), "grey levels from the references: {}", wrong.join(", "));
}

#[test]
fn lookups_are_exactly_pillows() {
    compare(&["auto-contrast", "equalise", "invert", "posterise", "solarise", "solarise-add", "flip"]);
}

#[test]
fn blends_are_exactly_pillows() {
    compare(&["colour", "contrast", "brightness", "sharpness"]);
}

#[test]
fn affine_warps_are_exactly_pillows() {
    compare(&["shear-x", "shear-y", "translate-x", "translate-y", "rotate"]);
}

#[test]
fn crops_and_evaluation_images_are_exactly_torchvisions() {
    compare(&["resize", "evaluate"]);
}

#[test]
fn levels_have_exactly_the_meaning_that_timm_gives_them() {
    compare(&["level"]);
}

#[test]
fn every_operation_has_references_of_its_own() {
    let references = references();
    for operation in Operation::ALL {
        let name = format!("{operation:?}");
        let cases = references.iter().filter(|reference| reference.kind == "level" && reference.arguments[0] == name);
        assert!(cases.count() >= 12, "{name}");
    }
}
