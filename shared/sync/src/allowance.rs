//! How many bytes may still be spent this month?
//!
//! A month's volume is poured evenly, and two days of it can be saved up: a cut of a day is caught up with, and a person
//! who looks on the 20th finds a third of the month left.

/// A month for this purpose.
const MONTH_MS: u64 = 30 * 24 * 3_600 * 1_000;

/// Days of volume that can be saved up.
const SAVED_DAYS: u64 = 2;

/// The volume of a metered link, as a bucket that fills evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    per_month: u64,
    /// Bytes that may be spent now. Negative when lanes that are never held back have spent ahead.
    left: i64,
    filled_at_ms: u64,
}

impl Allowance {
    /// A bucket with one day's volume in it.
    pub fn new(per_month: u64, now_ms: u64) -> Self {
        Self { per_month, left: (per_month / 30).min(i64::MAX as u64).cast_signed(), filled_at_ms: now_ms }
    }

    /// The bucket as it was when the program stopped; what flowed in meanwhile is not counted, which errs to the cheap
    /// side.
    pub fn resumed(per_month: u64, left: i64, now_ms: u64) -> Self {
        Self { per_month, left, filled_at_ms: now_ms }
    }

    /// The bucket with another volume from now on; what is in it stays, as far as that much can be saved up.
    pub fn poured(mut self, per_month: u64, now_ms: u64) -> Self {
        self.fill(now_ms);
        let most = (per_month / 30 * SAVED_DAYS).min(i64::MAX as u64).cast_signed();
        Self { per_month, left: self.left.min(most), filled_at_ms: now_ms }
    }

    /// Bytes that may be spent.
    pub fn left(&self) -> i64 {
        self.left
    }

    /// Lets time pass.
    pub fn fill(&mut self, now_ms: u64) {
        let passed = u128::from(now_ms.saturating_sub(self.filled_at_ms));
        let poured = passed * u128::from(self.per_month) / u128::from(MONTH_MS);
        if poured == 0 {
            return;
        }
        self.filled_at_ms = now_ms;
        let most = (self.per_month / 30 * SAVED_DAYS).min(i64::MAX as u64).cast_signed();
        self.left = self.left.saturating_add(i64::try_from(poured).unwrap_or(i64::MAX)).min(most);
    }

    /// Counts what was sent or received.
    pub fn spend(&mut self, bytes: u64) {
        self.left = self.left.saturating_sub(bytes.min(i64::MAX as u64).cast_signed());
    }

    /// Whether backlog may travel: while a quarter of a day is left for what is more urgent.
    pub fn allows_bulk(&self) -> bool {
        self.left > (self.per_month / 120).min(i64::MAX as u64).cast_signed()
    }

    /// Whether live ticks may travel.
    pub fn allows_live(&self) -> bool {
        self.left > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_volume_keeps_what_was_spent_ahead_and_saves_no_more_than_its_own_days() {
        let mut allowance = Allowance::new(300_000_000, 0);
        allowance.spend(15_000_000);
        assert_eq!(allowance.poured(30_000_000, 0).left(), -5_000_000, "what was spent stays spent");
        let full = Allowance::resumed(300_000_000, 20_000_000, 0).poured(30_000_000, 0);
        assert_eq!(full.left(), 2_000_000, "two days of the new volume");
        assert!(full.allows_bulk());
    }

    #[test]
    fn a_month_of_greed_spends_the_month_and_two_days() {
        let mut allowance = Allowance::new(150_000_000, 0);
        let mut spent = 0u64;
        for minute in 0..30 * 24 * 60u64 {
            allowance.fill(minute * 60_000);
            while allowance.allows_live() {
                allowance.spend(1_000);
                spent += 1_000;
            }
        }
        assert!((145_000_000..=160_000_000).contains(&spent), "{spent}");
    }

    #[test]
    fn backlog_leaves_room_for_what_is_urgent() {
        let mut allowance = Allowance::new(30_000_000, 0);
        allowance.spend(800_000);
        assert!(!allowance.allows_bulk());
        assert!(allowance.allows_live());
    }
}
