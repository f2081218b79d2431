//! The scale of an axis and where its labels stand.

/// What lies between the ends of an axis, in data or, where it is logarithmic, in powers of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Lower end, already scaled.
    pub low: f64,
    /// Upper end, already scaled; above the lower one.
    pub high: f64,
    log: bool,
}

/// Beyond this the difference of two numbers could overflow.
const LARGEST: f64 = 1e300;

impl Scale {
    /// The scale that holds all `values` that it can show, with a little air where `air` says so; `None` if there are
    /// none. A single value gets room on both sides.
    pub(super) fn over(values: impl Iterator<Item = f64>, log: bool, air: bool) -> Option<Self> {
        let scaled = values.filter_map(|value| scaled(value, log));
        let (low, high) = scaled.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return None;
        }
        let span = high - low;
        let margin = match () {
            () if span <= 1e-12 * low.abs().max(high.abs()) || span == 0.0 => {
                if log {
                    0.5
                } else {
                    (0.1 * low.abs()).max(1e-6)
                }
            }
            () if air => 0.04 * span,
            () => 0.0,
        };
        let bottom = low - margin;
        // What is never below zero gets no room there.
        let bottom = if !log && low >= 0.0 && high > 0.0 { bottom.max(0.0) } else { bottom };
        Some(Self { low: bottom, high: high + margin, log })
    }

    /// Where a value lies; `None` if it cannot be shown, such as zero on a logarithmic axis.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        scaled(value, self.log)
    }

    /// At most `most` round values on the axis, lowest first.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(1);
        if self.log && self.high - self.low > 0.9 {
            return self.powers(most);
        }
        let (low, high) = if self.log { (10f64.powf(self.low), 10f64.powf(self.high)) } else { (self.low, self.high) };
        let step = round_step((high - low) / most as f64);
        let first = (low / step).ceil();
        let count = ((high / step).floor() - first).max(-1.0) as usize + 1;
        // Multiples, not sums: 0.3 must not become 0.30000000000000004.
        let digits = (-step.log10().floor()).clamp(0.0, 300.0) as i32;
        let unit = 10f64.powi(digits);
        let tick = |i: usize| {
            if digits < 15 { ((first + i as f64) * step * unit).round() / unit } else { (first + i as f64) * step }
        };
        (0..count.min(most + 1)).map(tick).collect()
    }

    /// 1, 2 and 5 times powers of ten, or powers alone, or every other.
    fn powers(&self, most: usize) -> Vec<f64> {
        let (first, last) = (self.low.floor() as i64, self.high.ceil() as i64);
        let inside = |value: &f64| (self.low..=self.high).contains(&value.log10());
        let fine: Vec<f64> = (first..=last)
            .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power as i32)))
            .filter(inside)
            .collect();
        if fine.len() <= most {
            return fine;
        }
        let inside_count = (self.high.floor() - self.low.ceil() + 1.0).max(1.0) as usize;
        let stride = inside_count.div_ceil(most) as i64;
        (first..=last)
            .filter(|power| power % stride == 0)
            .map(|power| 10f64.powi(power as i32))
            .filter(inside)
            .collect()
    }
}

fn scaled(value: f64, log: bool) -> Option<f64> {
    match log {
        true => (value > 0.0 && value.is_finite()).then(|| value.log10()),
        false => value.is_finite().then(|| value.clamp(-LARGEST, LARGEST)),
    }
}

/// The least of 1, 2 or 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let step = if step.is_finite() && step > 0.0 { step } else { 1.0 };
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|&round| round >= step * 0.999_999)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(values: &[f64], log: bool) -> Scale {
        Scale::over(values.iter().copied(), log, false).unwrap()
    }

    #[test]
    fn labels_are_round_numbers() {
        assert_eq!(scale(&[0.24, 3.41], false).ticks(5), [1.0, 2.0, 3.0]);
        assert_eq!(scale(&[0.0, 40.0], false).ticks(4), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(scale(&[0.1, 0.5], false).ticks(4), [0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(scale(&[1e-6, 1e-3], true).ticks(4), [1e-6, 1e-5, 1e-4, 1e-3]);
        assert_eq!(scale(&[0.2, 3.0], true).ticks(5), [0.2, 0.5, 1.0, 2.0]);
    }

    #[test]
    fn zero_has_no_place_on_a_logarithmic_axis_and_the_others_have() {
        let scale = scale(&[0.0, 1.0, 100.0], true);
        assert_eq!((scale.low, scale.high), (0.0, 2.0));
        assert_eq!((scale.place(0.0), scale.place(10.0)), (None, Some(1.0)));
        assert_eq!(Scale::over([0.0, -1.0].into_iter(), true, true), None);
    }

    #[test]
    fn any_values_make_a_scale_with_room_in_it() {
        for values in [vec![0.0], vec![5.0, 5.0], vec![-1e308, 1e308], vec![1e-320, 2e-320], vec![1e300], vec![-0.0]] {
            for log in [false, true] {
                let Some(scale) = Scale::over(values.iter().copied(), log, true) else { continue };
                assert!(scale.low < scale.high && (scale.high - scale.low).is_finite(), "{values:?} {scale:?}");
                assert!(scale.ticks(5).len() <= 6, "{values:?}");
            }
        }
    }
}
