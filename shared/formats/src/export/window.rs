//! What is taken away of a series of which minutes or hours are kept?

/// What a series came down to in one window of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// When it begins, in ms since 1970 UTC.
    pub begins_ms: i64,
    /// How long it is, in ms.
    pub length_ms: i64,
    /// How many samples were in it.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest; NaN where none was a number.
    pub min: f64,
    /// The largest; NaN where none was a number.
    pub max: f64,
    /// The first number; NaN where that is not kept.
    pub first: f64,
    /// The last number; NaN where none was a number.
    pub last: f64,
    /// What a running total climbed from the first to the last.
    pub climbed: f64,
    /// The share of what was measured then that is in it.
    pub coverage: f64,
}

impl Window {
    /// How the numbers behind its count are called, in their order.
    pub(super) const NUMBERS: [&'static str; 7] = ["sum", "min", "max", "first", "last", "climbed", "coverage"];

    pub(super) fn numbers(&self) -> [f64; 7] {
        [self.sum, self.min, self.max, self.first, self.last, self.climbed, self.coverage]
    }

    /// In seconds, of which a window is a whole number.
    pub(super) fn length_s(&self) -> i64 {
        self.length_ms / 1_000
    }
}
