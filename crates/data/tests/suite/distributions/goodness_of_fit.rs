//! Do numbers follow a law? Kolmogorov-Smirnov for continuous ones, chi-squared for counts.
//!
//! The limits are those that a true law exceeds once in ten thousand tests. At 100,000 draws, an error of 0.7 points in
//! a distribution function is found.

/// The limit of sqrt(n) D, D being the greatest distance of the distribution functions: 2 exp(-2 x^2) = 0.0001.
const KOLMOGOROV_LIMIT: f64 = 2.226;

/// The normal quantile of 1 - 0.0001.
const NORMAL_QUANTILE: f64 = 3.719;

/// sqrt(n) times the greatest distance between the samples' distribution function and `law`, over the places of the
/// samples below `end`: from there on a law may have an atom.
fn kolmogorov_smirnov(mut samples: Vec<f64>, end: f64, law: impl Fn(f64) -> f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let n = samples.len() as f64;
    let below = samples.iter().take_while(|&&sample| sample < end).enumerate();
    let distances = below.map(|(rank, &sample)| {
        let expected = law(sample);
        (expected - rank as f64 / n).max((rank as f64 + 1.0) / n - expected)
    });
    distances.fold(0.0, f64::max) * n.sqrt()
}

/// Asserts that numbers follow a continuous law, given by its distribution function.
pub fn assert_follows(what: &str, samples: Vec<f64>, law: impl Fn(f64) -> f64) {
    assert_follows_below(what, samples, f64::INFINITY, law);
}

/// Asserts that numbers reach from `low` to `high`, no further and not less far: a bound that is off by a thousandth
/// hardly changes a distribution, but here it shows. The law's density near the bounds has to be about that of a
/// uniform one; pixels may round numbers over a bound by a hundred-thousandth.
pub fn assert_fills(what: &str, samples: &[f64], low: f64, high: f64) {
    let least = samples.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // That no number falls into the last part of this size has the probability exp(-30).
    let gap = 30.0 / samples.len() as f64 * (high - low);
    println!("{what:<60} {least:.5} to {greatest:.5}, of {low:.5} to {high:.5}");
    assert!((low - 1e-5..low + gap).contains(&least), "{what}: the least is {least}, not {low}");
    assert!((high - gap..high + 1e-5).contains(&greatest), "{what}: the greatest is {greatest}, not {high}");
}

/// Asserts that numbers follow a law that is continuous below `end`.
pub fn assert_follows_below(what: &str, samples: Vec<f64>, end: f64, law: impl Fn(f64) -> f64) {
    assert!(samples.len() >= 10_000, "{what}: only {} numbers", samples.len());
    let count = samples.len();
    let distance = kolmogorov_smirnov(samples, end, law);
    println!("{what:<60} Kolmogorov-Smirnov {distance:.2} of at most {KOLMOGOROV_LIMIT} ({count} numbers)");
    assert!(distance < KOLMOGOROV_LIMIT, "{what}: sqrt(n) D is {distance:.2}");
}

/// The chi-squared statistic and its limit. Cells that expect fewer than five are taken together.
fn chi_squared(counts: &[u64], probabilities: &[f64]) -> (f64, f64) {
    assert_eq!(counts.len(), probabilities.len());
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9, "probabilities add up to 1");
    let total = counts.iter().sum::<u64>() as f64;
    let (mut statistic, mut cells) = (0.0, 0);
    let mut rest = (0.0, 0.0);
    for (&count, &probability) in counts.iter().zip(probabilities) {
        let (count, expected) = (count as f64, total * probability);
        if expected < 5.0 {
            assert!(expected > 0.0 || count == 0.0, "something impossible was counted");
            rest = (rest.0 + count, rest.1 + expected);
        } else {
            statistic += (count - expected).powi(2) / expected;
            cells += 1;
        }
    }
    if rest.1 >= 1.0 {
        statistic += (rest.0 - rest.1).powi(2) / rest.1;
        cells += 1;
    }
    // Wilson and Hilferty 1931: the cube root of chi-squared is nearly normal.
    let freedom = f64::from(cells - 1);
    let spread = 2.0 / (9.0 * freedom);
    (statistic, freedom * (1.0 - spread + NORMAL_QUANTILE * spread.sqrt()).powi(3))
}

/// Asserts that things were counted as often as their probabilities say.
pub fn assert_counts(what: &str, counts: &[u64], probabilities: &[f64]) {
    let (statistic, limit) = chi_squared(counts, probabilities);
    println!("{what:<60} chi-squared {statistic:.1} of at most {limit:.1} ({} cells)", counts.len());
    assert!(statistic < limit, "{what}: chi-squared is {statistic:.1}, more than {limit:.1}: {counts:?}");
}

/// Asserts that something happened in `happened` of `total` cases because it has that probability.
pub fn assert_frequency(what: &str, happened: u64, total: u64, probability: f64) {
    assert_counts(what, &[happened, total - happened], &[probability, 1.0 - probability]);
}

/// Asserts that two numbers between 0 and 1 are uniform and independent of each other: each of 20 x 20 cells equally
/// often.
pub fn assert_uniform_square(what: &str, samples: &[(f64, f64)]) {
    const CELLS: usize = 20;
    let mut counts = [0; CELLS * CELLS];
    for &(x, y) in samples {
        let cell = |number: f64| ((number * CELLS as f64) as usize).min(CELLS - 1);
        counts[cell(x) * CELLS + cell(y)] += 1;
    }
    assert_counts(what, &counts, &[1.0 / (CELLS * CELLS) as f64; CELLS * CELLS]);
}

/// The distribution function of uniform numbers.
pub fn uniform(low: f64, high: f64) -> impl Fn(f64) -> f64 {
    move |x| ((x - low) / (high - low)).clamp(0.0, 1.0)
}

/// A distribution function by numerical integration: the mass up to each of many places.
struct Integrated {
    places: Vec<f64>,
    masses: Vec<f64>,
}

impl Integrated {
    /// From pieces in ascending order: where each ends, and its mass (of any total).
    fn new(start: f64, pieces: impl Iterator<Item = (f64, f64)>) -> Self {
        let (mut places, mut masses) = (vec![start], vec![0.0]);
        let mut mass = 0.0;
        for (end, piece) in pieces {
            mass += piece;
            places.push(end);
            masses.push(mass);
        }
        for each in &mut masses {
            *each /= mass;
        }
        Self { places, masses }
    }

    fn at(&self, x: f64) -> f64 {
        let after = self.places.partition_point(|&place| place <= x);
        if after == 0 {
            return 0.0;
        }
        if after == self.places.len() {
            return 1.0;
        }
        let share = (x - self.places[after - 1]) / (self.places[after] - self.places[after - 1]);
        self.masses[after - 1] + share * (self.masses[after] - self.masses[after - 1])
    }
}

/// The distribution function of normal numbers.
pub fn normal(mean: f64, deviation: f64) -> impl Fn(f64) -> f64 {
    const STEP: f64 = 1e-3;
    let steps = (0..16_000).map(|i| -8.0 + STEP * f64::from(i));
    let pieces = steps.map(|x| (x + STEP, (-0.5 * (x + 0.5 * STEP).powi(2)).exp()));
    let standard = Integrated::new(-8.0, pieces);
    move |x| standard.at((x - mean) / deviation)
}

/// The distribution function of Beta(`alpha`, `alpha`), or of numbers from it that are kept with the probability
/// `kept`.
///
/// Near 0 the density x^(alpha - 1) may be infinite; as a function of t = x^alpha it is flat. Near 1 likewise.
pub fn beta(alpha: f64, kept: impl Fn(f64) -> f64) -> impl Fn(f64) -> f64 {
    const STEPS: u32 = 20_000;
    let step = 0.5_f64.powf(alpha) / f64::from(STEPS);
    let x = |t: f64| t.powf(1.0 / alpha);
    let density = |x: f64| (1.0 - x).powf(alpha - 1.0);
    let ascending = (0..STEPS).map(|i| {
        let (middle, end) = (x((f64::from(i) + 0.5) * step), x(f64::from(i + 1) * step));
        (end, density(middle) * kept(middle))
    });
    let descending = (0..STEPS).rev().map(|i| {
        let (middle, end) = (x((f64::from(i) + 0.5) * step), x(f64::from(i) * step));
        (1.0 - end, density(middle) * kept(1.0 - middle))
    });
    let law = Integrated::new(0.0, ascending.chain(descending));
    move |x| law.at(x)
}

#[test]
fn the_laws_have_the_values_of_their_tables() {
    let standard = normal(9.0, 0.5);
    for (x, expected) in [(9.0, 0.5), (9.5, 0.841_345), (10.0, 0.977_250), (8.0, 0.022_750)] {
        assert!((standard(x) - expected).abs() < 1e-5, "normal at {x}");
    }
    // Beta(1, 1) is uniform, Beta(1/2, 1/2) the arcsine law, Beta(2, 2) has 3 x^2 - 2 x^3.
    for x in [0.01_f64, 0.3, 0.5, 0.9] {
        assert!((beta(1.0, |_| 1.0)(x) - x).abs() < 1e-6);
        assert!((beta(0.5, |_| 1.0)(x) - 2.0 / std::f64::consts::PI * x.sqrt().asin()).abs() < 1e-6);
        assert!((beta(2.0, |_| 1.0)(x) - (3.0 * x * x - 2.0 * x * x * x)).abs() < 1e-6);
        assert!((beta(1.0, |x| x)(x) - x * x).abs() < 1e-6);
    }
}

#[test]
fn a_law_that_is_one_point_off_is_noticed() {
    let samples: Vec<f64> = (0..100_000).map(|i| (f64::from(i) + 0.5) / 100_000.0).collect();
    assert!(kolmogorov_smirnov(samples.clone(), f64::INFINITY, uniform(0.0, 1.0)) < 0.01);
    assert!(kolmogorov_smirnov(samples.clone(), f64::INFINITY, uniform(0.01, 1.0)) > KOLMOGOROV_LIMIT);
    assert!(kolmogorov_smirnov(samples, f64::INFINITY, uniform(0.0, 1.01)) > KOLMOGOROV_LIMIT);
    let (statistic, limit) = chi_squared(&[50_000, 50_000], &[0.49, 0.51]);
    assert!(statistic > limit);
    // What 1 in 10,000 exceeds, from tables; the approximation is a little generous where there are few cells.
    for (cells, expected) in [(2, 15.137), (3, 18.421), (15, 42.579), (400, 512.704)] {
        let (_, limit) = chi_squared(&vec![10; cells], &vec![1.0 / cells as f64; cells]);
        assert!((1.0..1.08).contains(&(limit / expected)), "{cells} cells: {limit}, not {expected}");
    }
}
