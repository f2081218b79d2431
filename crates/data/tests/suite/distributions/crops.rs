//! Where random crops lie.
//!
//! Areas are shares of the image's, u is the logarithm of the ratio, L = ln(4/3) its bound. On a square image a crop of
//! area A fits if A exp(|u|) <= 1, so that of area and ratio together what is drawn (uniform on a rectangle) is cut to
//! that region.

use bmae_data::Rectangle;
use bmae_data::random::Purpose;
use bmae_data::transforms::flip;
use bmae_data::transforms::random_resized_crop::CropRule;

use super::goodness_of_fit::{assert_fills, assert_follows, assert_frequency, assert_uniform_square, uniform};
use super::{DRAWS, generators};

/// So large that rounding to pixels does not show.
const SIDE: usize = 1_000_000;

const L: f64 = 0.287_682_072_451_780_9;

fn draws(draw: CropRule, width: usize, height: usize, scale: (f64, f64)) -> Vec<Rectangle> {
    generators(Purpose::Crop).map(|mut generator| draw.draw((width, height), 1.0, scale, &mut generator)).collect()
}

fn share(area: &Rectangle) -> f64 {
    (area.width as f64 / SIDE as f64) * (area.height as f64 / SIDE as f64)
}

fn log_ratio(area: &Rectangle) -> f64 {
    (area.width as f64 / area.height as f64).ln()
}

#[test]
fn area_and_ratio_are_uniform_and_independent_where_every_crop_fits() {
    // The largest crop with the most extreme ratio just fits: 3/4 x 4/3.
    for draw in [CropRule::Torchvision, CropRule::Byol] {
        for scale in [(0.2, 0.75), (0.08, 0.5)] {
            let areas = draws(draw, SIDE, SIDE, scale);
            let shares: Vec<f64> = areas.iter().map(share).collect();
            let log_ratios: Vec<f64> = areas.iter().map(log_ratio).collect();
            assert_fills(&format!("{draw:?} area {scale:?}"), &shares, scale.0, scale.1);
            assert_fills(&format!("{draw:?} log ratio {scale:?}"), &log_ratios, -L, L);
            assert_follows(&format!("{draw:?} area {scale:?}"), shares, uniform(scale.0, scale.1));
            assert_follows(&format!("{draw:?} log ratio {scale:?}"), log_ratios, uniform(-L, L));
            let both =
                |area: &Rectangle| ((share(area) - scale.0) / (scale.1 - scale.0), (log_ratio(area) + L) / (2.0 * L));
            assert_uniform_square(
                &format!("{draw:?} area and ratio {scale:?}"),
                &areas.iter().map(both).collect::<Vec<_>>(),
            );
        }
    }
}

#[test]
fn crops_lie_anywhere_equally_likely() {
    for draw in [CropRule::Torchvision, CropRule::Byol] {
        let areas = draws(draw, SIDE, SIDE, (0.08, 0.5));
        let place = |a: &Rectangle| (a.left as f64 / (SIDE - a.width) as f64, a.top as f64 / (SIDE - a.height) as f64);
        let places: Vec<(f64, f64)> = areas.iter().map(place).collect();
        assert_follows(&format!("{draw:?} left"), places.iter().map(|place| place.0).collect(), uniform(0.0, 1.0));
        assert_follows(&format!("{draw:?} top"), places.iter().map(|place| place.1).collect(), uniform(0.0, 1.0));
        assert_uniform_square(&format!("{draw:?} left and top"), &places);
    }
}

/// What does not fit is drawn again: of the areas A above 3/4, the part -ln A / L is kept; of the ratios u, exp(-|u|)
/// less the least area.
#[test]
fn torchvisions_recipes_follow_the_law_of_what_fits() {
    for least in [0.2, 0.08] {
        let areas = draws(CropRule::Torchvision, SIDE, SIDE, (least, 1.0));
        let above = |a: f64| if a <= 0.75 { 0.0 } else { (a - a * a.ln() - (0.75 - 0.75 * 0.75_f64.ln())) / L };
        let mass = |a: f64| a.min(0.75) - least + above(a);
        assert_follows(&format!("accepted area from {least}"), areas.iter().map(share).collect(), |a| {
            mass(a) / mass(1.0)
        });
        let half = |u: f64| 1.0 - (-u).exp() - least * u;
        let law = |u: f64| 0.5 + 0.5 * u.signum() * half(u.abs()) / half(L);
        assert_follows(&format!("accepted log ratio from {least}"), areas.iter().map(log_ratio).collect(), law);
    }
}

/// The whole area of a square with ratio exp(u): the longer side is cut, and exp(-|u|/2) of the area is left.
#[test]
fn byols_crop_is_drawn_once_and_cut_to_the_image() {
    let areas = draws(CropRule::Byol, SIDE, SIDE, (1.0, 1.0));
    assert_follows("BYOL clamped", areas.iter().map(|area| -2.0 * share(area).ln()).collect(), uniform(0.0, L));
    assert!(areas.iter().all(|area| area.width == SIDE || area.height == SIDE));
}

/// An image twice as wide as high: 0.65 of its area fits if the ratio is at least 1.3, 4.4 % of the draws.
#[test]
fn torchvision_tries_ten_times_and_then_takes_the_centre() {
    let areas = draws(CropRule::Torchvision, 2 * SIDE, SIDE, (0.65, 0.65));
    let width = (SIDE as f64 * 4.0 / 3.0).round() as usize;
    let centre = Rectangle { left: SIDE - width.div_ceil(2), top: 0, width, height: SIDE };
    let fallbacks = areas.iter().filter(|area| area.width.abs_diff(centre.width) <= 1 && area.height == SIDE);
    let fallbacks: Vec<&Rectangle> = fallbacks.filter(|area| area.left.abs_diff(centre.left) <= 1).collect();
    let fits = ((4.0_f64 / 3.0).ln() - 1.3_f64.ln()) / (2.0 * L);
    assert_frequency("ten attempts", fallbacks.len() as u64, DRAWS, (1.0 - fits).powi(10));
}

#[test]
fn one_of_two_images_is_mirrored() {
    let mirrored =
        generators(Purpose::Flip).filter_map(|mut generator| flip::draw(&mut generator).then_some(())).count();
    assert_frequency("mirrored", mirrored as u64, DRAWS, 0.5);
}
