//! From a scene to pixels.
//!
//! Edges are antialiased by samples within each pixel; the background is smooth enough for one. Noise is added last.

use bmae_architecture::ImageSize;
use rand::{Rng, RngExt};

use super::scene::{Colour, NOISE, Scene, Silhouette};
use crate::{DataError, Image};

/// A pixel has this many samples each way.
const SAMPLES: usize = 3;

/// Draws a scene on an image of this size, in its middle.
pub fn render<R: Rng + Clone>(scene: &Scene<R>, size: ImageSize) -> Result<Image, DataError> {
    let mut noise = scene.generator.clone();
    let ImageSize { height, width } = size;
    let mut pixels = Vec::with_capacity(3 * size.area());
    let unit = size.shorter_side() as f32;
    let place = |cell: f32, side: usize| 2.0 * cell / unit - side as f32 / unit;
    for row in 0..height {
        for column in 0..width {
            let background = scene.background((place(column as f32 + 0.5, width), place(row as f32 + 0.5, height)));
            let mut sum = [0.0; 3];
            for sample in 0..SAMPLES * SAMPLES {
                let within = |number: usize| (number as f32 + 0.5) / SAMPLES as f32;
                let x = place(column as f32 + within(sample % SAMPLES), width);
                let y = place(row as f32 + within(sample / SAMPLES), height);
                let colour = colour_at(scene, (x, y), background);
                for (sum, value) in sum.iter_mut().zip(colour) {
                    *sum += value;
                }
            }
            for sum in sum {
                let value = sum / (SAMPLES * SAMPLES) as f32 + NOISE * bell(&mut noise);
                // The conversion cuts off what lies outside 0..=255.
                pixels.push((255.0 * value).round() as u8);
            }
        }
    }
    Image::new(width, height, pixels)
}

/// What is in front at a point.
fn colour_at<R>(scene: &Scene<R>, point: (f32, f32), background: Colour) -> Colour {
    let spot = |in_front: bool| {
        let covers = |(x, y): (f32, f32)| x * x + y * y < 1.0;
        scene.spots.iter().rev().find(|spot| spot.in_front == in_front && covers(spot.place.local(point)))
    };
    if let Some(spot) = spot(true) {
        return spot.colour;
    }
    let (x, y) = scene.shape.local(point);
    if x * x + y * y < Silhouette::REACH * Silhouette::REACH && scene.silhouette.contains(x, y) {
        let (x, y) = scene.filling.local(point);
        return scene.colours[usize::from(!scene.texture.is_first(x, y))];
    }
    spot(false).map_or(background, |spot| spot.colour)
}

/// A number with mean 0 and variance 1 that is nearly normal: the sum of four uniform ones.
fn bell(generator: &mut impl Rng) -> f32 {
    let bytes: [u8; 4] = generator.random::<u32>().to_le_bytes();
    let sum: f32 = bytes.iter().map(|&byte| f32::from(byte)).sum();
    // A byte's mean is 127.5 and its variance (256^2 - 1) / 12.
    (sum - 4.0 * 127.5) / (4.0_f32 * 65535.0 / 12.0).sqrt()
}
