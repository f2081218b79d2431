//! Which box is erased, how often, and with what.
//!
//! As for [crops](super::crops): on a square image a box of area A and ratio exp(u) fits if A exp(|u|) < 1.

use bmae_data::Rectangle;
use bmae_data::random::{Purpose, keyed};
use bmae_data::transforms::random_erasing::{draw, erase};

use super::goodness_of_fit::{assert_fills, assert_follows, assert_frequency, assert_uniform_square, normal, uniform};
use super::{DRAWS, generators};

const SIDE: usize = 1_000_000;
const LEAST: f64 = 0.02;
const GREATEST: f64 = 1.0 / 3.0;

/// The greatest |u|: ln(1 / 0.3).
const L: f64 = 1.203_972_804_325_936;

fn boxes() -> Vec<Rectangle> {
    generators(Purpose::RandomErasing).filter_map(|mut generator| draw(SIDE, SIDE, 1.0, &mut generator)).collect()
}

fn share(area: &Rectangle) -> f64 {
    (area.width as f64 / SIDE as f64) * (area.height as f64 / SIDE as f64)
}

fn log_ratio(area: &Rectangle) -> f64 {
    (area.height as f64 / area.width as f64).ln()
}

#[test]
fn small_boxes_have_a_uniform_area_and_a_log_uniform_ratio() {
    // Below 0.3, even the most extreme ratio fits.
    let boxes: Vec<Rectangle> = boxes().into_iter().filter(|area| share(area) < 0.3).collect();
    assert_fills("erased area below 0.3", &boxes.iter().map(share).collect::<Vec<_>>(), LEAST, 0.3);
    assert_fills("erased log ratio below 0.3", &boxes.iter().map(log_ratio).collect::<Vec<_>>(), -L, L);
    assert_follows("erased area below 0.3", boxes.iter().map(share).collect(), uniform(LEAST, 0.3));
    assert_follows("erased log ratio below 0.3", boxes.iter().map(log_ratio).collect(), uniform(-L, L));
    let both = |area: &Rectangle| ((share(area) - LEAST) / (0.3 - LEAST), (log_ratio(area) + L) / (2.0 * L));
    assert_uniform_square("erased area and ratio", &boxes.iter().map(both).collect::<Vec<_>>());
}

#[test]
fn all_boxes_follow_the_law_of_what_fits() {
    let boxes = boxes();
    assert_eq!(boxes.len() as u64, DRAWS, "of ten boxes, one fits");
    let above = |a: f64| if a <= 0.3 { 0.0 } else { (a - a * a.ln() - (0.3 - 0.3 * 0.3_f64.ln())) / L };
    let mass = |a: f64| a.min(0.3) - LEAST + above(a);
    assert_fills("erased area", &boxes.iter().map(share).collect::<Vec<_>>(), LEAST, GREATEST);
    assert_follows("erased area", boxes.iter().map(share).collect(), |a| mass(a) / mass(GREATEST));
    // Ratios up to 3 fit with every area.
    let free = -GREATEST.ln();
    let half = |u: f64| {
        let beyond = if u <= free { 0.0 } else { (-free).exp() - (-u).exp() - LEAST * (u - free) };
        u.min(free) * (GREATEST - LEAST) + beyond
    };
    let law = |u: f64| 0.5 + 0.5 * u.signum() * half(u.abs()) / half(L);
    assert_follows("erased log ratio", boxes.iter().map(log_ratio).collect(), law);
    let place = |a: &Rectangle| (a.left as f64 / (SIDE - a.width) as f64, a.top as f64 / (SIDE - a.height) as f64);
    let places: Vec<(f64, f64)> = boxes.iter().map(place).collect();
    assert_follows("erased left", places.iter().map(|place| place.0).collect(), uniform(0.0, 1.0));
    assert_follows("erased top", places.iter().map(|place| place.1).collect(), uniform(0.0, 1.0));
    assert_uniform_square("erased left and top", &places);
}

#[test]
fn images_are_erased_with_the_probability_asked_for() {
    for probability in [0.0, 0.25, 0.6, 1.0] {
        let erased = generators(Purpose::RandomErasing)
            .filter_map(|mut generator| draw(SIDE, SIDE, probability, &mut generator))
            .count() as u64;
        match probability {
            0.0 => assert_eq!(erased, 0),
            1.0 => assert_eq!(erased, DRAWS),
            _ => assert_frequency(&format!("erased with {probability}"), erased, DRAWS, probability),
        }
    }
}

/// An image twenty times as wide as high: a box fits if A exp(u) < 1/20.
#[test]
fn after_ten_boxes_that_do_not_fit_nothing_is_erased() {
    let erased = generators(Purpose::RandomErasing)
        .filter_map(|mut generator| draw(20 * SIDE, SIDE, 1.0, &mut generator))
        .count() as u64;
    let steps = 100_000;
    let fits_at = |u: f64| ((0.05 * (-u).exp() - LEAST) / (GREATEST - LEAST)).clamp(0.0, 1.0);
    let sum: f64 = (0..steps).map(|i| fits_at(L * (2.0 * (f64::from(i) + 0.5) / f64::from(steps) - 1.0))).sum();
    let fits = sum / f64::from(steps);
    assert_frequency("ten boxes", DRAWS - erased, DRAWS, (1.0 - fits).powi(10));
}

#[test]
fn erased_pixels_are_standard_normal() {
    let mut planes = vec![f32::NAN; 3 * 200 * 200];
    let whole = Rectangle { left: 0, top: 0, width: 200, height: 200 };
    erase(&mut planes, 3, 200, whole, &mut keyed(20, 3, 0, Purpose::RandomErasing));
    assert_follows("erased pixels", planes.into_iter().map(f64::from).collect(), normal(0.0, 1.0));
}
