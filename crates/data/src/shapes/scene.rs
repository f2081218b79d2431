//! What an image of the shapes shows: its class, and everything that is drawn by chance.
//!
//! Lengths are in units of half the image's shorter side: a square image reaches from -1 to 1 both ways, so 1/16 is a pixel
//! of 32.

use std::f32::consts::{PI, TAU};

use rand::{Rng, RngExt};

use crate::random::{Purpose, keyed};

// --- How hard the set is: change these, and every result on `shapes` changes. ---------------------------------------
//
// Measured with a ViT of 96x4, patches of 8 pixels, 6000 training and 2000 test images, by softmax regression on its
// class token: 31 % from a random encoder, 54 % after 10 epochs of masked autoencoding (57 % on the mean of the patch
// tokens, 30 % at random); one run. Small changes weigh much: with SHIFT 0.2, TURN 0.6, RELIEF up to 0.2 and CONTRAST
// 0.2 it was 21 % and, after 8 epochs, 25 %; with shapes darker or brighter than the background by chance, 17 and 20 %.

/// Radius of the disc; the other silhouettes have its area.
const RADIUS: (f32, f32) = (0.52, 0.7);
/// How far the shape's centre may lie from the image's, in each direction.
const SHIFT: f32 = 0.16;
/// How far the shape may be turned either way, in radians.
const TURN: f32 = 0.4;
/// The length of one light and one dark part of the texture: 5 to 8 pixels of 32.
const PERIOD: (f32, f32) = (0.31, 0.5);
/// How much lighter and darker than their mean the two colours of the texture are.
const RELIEF: (f32, f32) = (0.06, 0.16);
/// How much brighter than the background the shape is at least, on average over the channels, where white is 1.
const CONTRAST: f32 = 0.3;
/// How far each of the background's two colours may lie from their mean, in each channel.
const BACKGROUND_SPREAD: f32 = 0.12;
/// How many waves mix the two colours of the background.
const BACKGROUND_WAVES: usize = 2;
/// The length of a wave in the background.
const BACKGROUND_PERIOD: (f32, f32) = (1.0, 4.0);
/// Small discs of any colour, which lie behind or on the shape.
const CLUTTER: usize = 2;
/// The radius of such a disc.
const CLUTTER_RADIUS: (f32, f32) = (0.06, 0.14);
/// The standard deviation of the noise on every value, where white is 1.
pub const NOISE: f32 = 0.02;

/// An RGB colour, each channel between 0 and 1.
pub type Colour = [f32; 3];

/// The outline of a shape: its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silhouette {
    /// A filled circle.
    Disc,
    /// A circle with a hole.
    Ring,
    /// A square.
    Square,
    /// An equilateral triangle.
    Triangle,
    /// Two bars that cross.
    Cross,
    /// A lying bar.
    Bar,
    /// A standing bar.
    Column,
    /// A circle that another one has bitten into.
    Crescent,
    /// Two triangles that meet in a point.
    Hourglass,
    /// Two filled circles side by side.
    Pair,
}

impl Silhouette {
    /// In the order of the classes.
    pub const ALL: [Self; 10] = [
        Self::Disc,
        Self::Ring,
        Self::Square,
        Self::Triangle,
        Self::Cross,
        Self::Bar,
        Self::Column,
        Self::Crescent,
        Self::Hourglass,
        Self::Pair,
    ];

    /// What it is called.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Disc => "disc",
            Self::Ring => "ring",
            Self::Square => "square",
            Self::Triangle => "triangle",
            Self::Cross => "cross",
            Self::Bar => "bar",
            Self::Column => "column",
            Self::Crescent => "crescent",
            Self::Hourglass => "hourglass",
            Self::Pair => "pair",
        }
    }

    /// Whether a point lies inside the silhouette, which has the area of the unit disc: pi.
    pub fn contains(self, x: f32, y: f32) -> bool {
        let (width, height) = (x.abs(), y.abs());
        match self {
            Self::Disc => x * x + y * y < 1.0,
            // Outer radius 1.2, inner sqrt(1.2^2 - 1).
            Self::Ring => (0.44..1.44).contains(&(x * x + y * y)),
            // The side is sqrt(pi).
            Self::Square => width.max(height) < 0.886_227,
            // Inradius r has area 3 sqrt(3) r^2.
            Self::Triangle => (0.866_025_4 * width - 0.5 * y).max(y) < 0.777_55,
            // Bars of half-width 0.44 a and half-length a have area (8 * 0.44 - 4 * 0.44^2) a^2.
            Self::Cross => width.max(height) < 1.069_6 && width.min(height) < 0.470_6,
            // Five by two.
            Self::Bar => width < 1.401_3 && height < 0.560_5,
            Self::Column => width < 0.560_5 && height < 1.401_3,
            // The circle that bites has 0.85 of the radius and lies 0.55 of it to the right.
            Self::Crescent => {
                let (radius, bite, right) = (CRESCENT, 0.85 * CRESCENT, 0.55 * CRESCENT);
                x * x + y * y < radius * radius && (x - right).powi(2) + y * y > bite * bite
            }
            // Each triangle is 2 a wide and a high, with a^2 = pi / 2.
            Self::Hourglass => width < height && height < 1.253_3,
            // Radius sqrt(1/2) each.
            Self::Pair => (width - 0.95).powi(2) + y * y < 0.5,
        }
    }

    /// No point of any silhouette lies further from the centre.
    pub const REACH: f32 = 1.78;
}

/// The outer radius of the crescent.
const CRESCENT: f32 = 1.4580;

/// The pattern that fills a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texture {
    /// Parallel stripes.
    Stripes,
    /// A chessboard.
    Checks,
}

impl Texture {
    /// Which of its two colours the texture has at a point; each covers half the plane. A period has length 1.
    pub fn is_first(self, x: f32, y: f32) -> bool {
        let half = |x: f32| x.rem_euclid(1.0) < 0.5;
        match self {
            Self::Stripes => half(x),
            Self::Checks => half(x) == half(y),
        }
    }
}

/// A turn, a stretch and a shift of the plane: where a thing lies.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    cos: f32,
    sin: f32,
    centre: (f32, f32),
    scale: f32,
}

impl Placement {
    fn new(angle: f32, centre: (f32, f32), scale: f32) -> Self {
        Self { cos: angle.cos(), sin: angle.sin(), centre, scale }
    }

    /// A point of the image in the thing's own coordinates.
    pub fn local(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (x, y) = (x - self.centre.0, y - self.centre.1);
        ((self.cos * x + self.sin * y) / self.scale, (self.cos * y - self.sin * x) / self.scale)
    }
}

/// A wave of the background.
#[derive(Debug, Clone, Copy)]
struct Wave {
    along: (f32, f32),
    phase: f32,
}

/// A small disc.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Where it lies; its radius is 1 in its own coordinates.
    pub place: Placement,
    /// Its colour.
    pub colour: Colour,
    /// Whether it lies on the shape or behind it.
    pub in_front: bool,
}

/// Everything an image shows but the noise, and the generator of the noise.
#[derive(Debug, Clone)]
pub struct Scene<R> {
    /// The outline.
    pub silhouette: Silhouette,
    /// The filling.
    pub texture: Texture,
    /// Where the shape lies.
    pub shape: Placement,
    /// Where its texture lies.
    pub filling: Placement,
    /// The two colours of the texture.
    pub colours: [Colour; 2],
    /// The clutter, from the back to the front.
    pub spots: [Spot; CLUTTER],
    background: [Colour; 2],
    waves: [Wave; BACKGROUND_WAVES],
    /// For the noise.
    pub generator: R,
}

impl Scene<rand_chacha::ChaCha8Rng> {
    /// The scene of an image: the class is given, the rest depends on the key alone.
    pub fn draw(silhouette: Silhouette, seed: u64, index: u64, purpose: Purpose) -> Self {
        let mut generator = keyed(seed, 0, index, purpose);
        let g = &mut generator;
        let centre = (between((-SHIFT, SHIFT), g), between((-SHIFT, SHIFT), g));
        let shape = Placement::new(between((-TURN, TURN), g), centre, between(RADIUS, g));
        let texture = if g.random() { Texture::Stripes } else { Texture::Checks };
        let period = between(PERIOD, g);
        let phase = (between((-1.0, 1.0), g), between((-1.0, 1.0), g));
        let filling = Placement::new(between((0.0, TAU), g), phase, period);
        let [inside, outside] = contrasting(g);
        let relief = between(RELIEF, g);
        let colours = [relief, -relief].map(|step| inside.map(|value| value + step));
        let background =
            std::array::from_fn(|_| outside.map(|value| value + between((-BACKGROUND_SPREAD, BACKGROUND_SPREAD), g)));
        let spots = std::array::from_fn(|_| Spot {
            place: Placement::new(0.0, (between((-1.0, 1.0), g), between((-1.0, 1.0), g)), between(CLUTTER_RADIUS, g)),
            colour: g.random(),
            in_front: g.random(),
        });
        let waves = std::array::from_fn(|_| {
            let (angle, frequency) = (between((0.0, TAU), g), TAU / between(BACKGROUND_PERIOD, g));
            Wave { along: (frequency * angle.cos(), frequency * angle.sin()), phase: between((0.0, 2.0 * PI), g) }
        });
        Self { silhouette, texture, shape, filling, colours, spots, background, waves, generator }
    }
}

impl<R> Scene<R> {
    /// The background's colour at a point.
    pub fn background(&self, (x, y): (f32, f32)) -> Colour {
        let height: f32 = self.waves.iter().map(|wave| (wave.along.0 * x + wave.along.1 * y + wave.phase).sin()).sum();
        let share = 0.5 + 0.5 * height / (BACKGROUND_WAVES as f32).sqrt();
        let share = share.clamp(0.0, 1.0);
        [0, 1, 2].map(|c| self.background[0][c] + share * (self.background[1][c] - self.background[0][c]))
    }
}

/// A uniform number of an interval.
fn between((low, high): (f32, f32), generator: &mut impl Rng) -> f32 {
    low + (high - low) * generator.random::<f32>()
}

/// Two colours, the first bright enough against the second.
fn contrasting(generator: &mut impl Rng) -> [Colour; 2] {
    let brightness = |colour: Colour| colour.iter().sum::<f32>() / 3.0;
    loop {
        let [one, other]: [Colour; 2] = generator.random();
        if brightness(one) - brightness(other) > CONTRAST {
            return [one, other];
        }
    }
}
