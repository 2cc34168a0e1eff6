//! How are many numbers added without losing the small ones?

/// A sum with its compensation, after Kahan in Neumaier's form, as Prometheus has it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kahan {
    pub(crate) sum: f64,
    pub(crate) rest: f64,
}

impl Kahan {
    pub(crate) fn add(&mut self, value: f64) {
        self.add_within_bounds(value);
        if self.sum.is_infinite() {
            self.rest = 0.0;
        }
    }

    /// As Prometheus 2.42 does, which did not think of a sum beyond all bounds: its rest becomes NaN.
    pub(crate) fn add_within_bounds(&mut self, value: f64) {
        let sum = self.sum + value;
        if self.sum.abs() >= value.abs() {
            self.rest += (self.sum - sum) + value;
        } else {
            self.rest += (value - sum) + self.sum;
        }
        self.sum = sum;
    }

    pub(crate) fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.rest }
    }
}

/// A mean that does not overflow before its values do: a compensated sum, or from where that overflows on a running mean.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mean {
    sum: Kahan,
    count: f64,
    is_running: bool,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.is_running {
            let mut sum = self.sum;
            sum.add(value);
            if self.count == 1.0 || !sum.sum.is_infinite() {
                self.sum = sum;
                return;
            }
            self.is_running = true;
            let before = self.count - 1.0;
            self.sum = Kahan { sum: self.sum.sum / before, rest: self.sum.rest / before };
        }
        let share = (self.count - 1.0) / self.count;
        self.sum = Kahan { sum: self.sum.sum * share, rest: self.sum.rest * share };
        self.sum.add(value / self.count);
    }

    pub(crate) fn value(self) -> f64 {
        let Kahan { sum, rest } = self.sum;
        if self.is_running { sum + rest } else { sum / self.count + rest / self.count }
    }
}

/// The running mean of Prometheus 2.42, which an infinity decides for good.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RunningMean {
    mean: Kahan,
    count: f64,
}

impl RunningMean {
    /// What `avg` does: without compensation.
    pub(crate) fn add_plainly(&mut self, value: f64) {
        self.count += 1.0;
        if !self.is_decided(value) {
            self.mean.sum += value / self.count - self.mean.sum / self.count;
        }
    }

    /// What `avg_over_time` does.
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.is_decided(value) {
            self.mean.add(value / self.count - self.mean.sum / self.count);
        }
    }

    pub(crate) fn value(self) -> f64 {
        self.mean.total()
    }

    fn is_decided(self, value: f64) -> bool {
        let mean = self.mean.sum;
        mean.is_infinite() && (value == mean || value.is_finite())
    }
}
