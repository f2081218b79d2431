//! Ranges of values, with the words that describe them.

use toml::Value;

/// A range of whole numbers, both ends included.
pub struct Count {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl Count {
    /// `least` and everything above that a TOML integer can say.
    pub(crate) const fn from(least: u64) -> Self {
        Count { least, most: i64::MAX as u64 }
    }

    /// `least` to `most`.
    pub(crate) const fn between(least: u64, most: u64) -> Self {
        Count { least, most }
    }

    pub(super) fn read(&self, value: &Value) -> Option<u64> {
        let count = u64::try_from(value.as_integer()?).ok()?;
        (self.least..=self.most).contains(&count).then_some(count)
    }

    pub(crate) fn describe(&self) -> String {
        if self.most == i64::MAX as u64 {
            format!("a whole number of at least {}", self.least)
        } else {
            format!("a whole number from {} to {}", self.least, self.most)
        }
    }
}

/// A range of finite numbers, either end included or not.
pub struct Number {
    least: f64,
    most: f64,
    without_least: bool,
    without_most: bool,
    or_zero: bool,
}

impl Number {
    /// `least` and everything above.
    pub(crate) const fn from(least: f64) -> Self {
        Number::between(least, f64::INFINITY)
    }

    /// `least` to `most`, both included.
    pub(crate) const fn between(least: f64, most: f64) -> Self {
        Number { least, most, without_least: false, without_most: false, or_zero: false }
    }

    /// The same range without its lower end.
    pub(crate) const fn above_least(mut self) -> Self {
        self.without_least = true;
        self
    }

    /// The same range without its upper end.
    pub(crate) const fn below_most(mut self) -> Self {
        self.without_most = true;
        self
    }

    /// The same range and 0, which switches something off.
    pub(crate) const fn or_zero(mut self) -> Self {
        self.or_zero = true;
        self
    }

    pub(crate) fn read(&self, value: &Value) -> Option<f64> {
        let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))?;
        let low = number < self.least || (self.without_least && number == self.least);
        let high = number > self.most || (self.without_most && number == self.most);
        let within = number.is_finite() && !low && !high;
        (within || (self.or_zero && number == 0.0)).then_some(number)
    }

    pub(crate) fn describe(&self) -> String {
        let least = match self.without_least {
            true => format!("above {}", self.least),
            false => format!("of at least {}", self.least),
        };
        let number = match (self.most.is_finite(), self.without_most) {
            (false, _) => format!("a number {least}"),
            (true, true) => format!("a number {least} and below {}", self.most),
            (true, false) => format!("a number {least} and at most {}", self.most),
        };
        if self.or_zero { format!("0 or {number}") } else { number }
    }
}

/// What a text may be: as it reads after "must be", and as a test.
pub struct TextRange {
    pub(crate) allowed: &'static str,
    pub(crate) fits: fn(&str) -> bool,
}
