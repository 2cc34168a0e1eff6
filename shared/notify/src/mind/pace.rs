//! How does a clock go on that nobody can set, through restarts too?
//!
//! Within one boot of the machine its boot clock says how long a program was away. After another boot the wall clocks
//! before and after say it, if they can: a wall clock that went back means no time at all, and one that was never set
//! means nothing.

use serde::{Deserialize, Serialize};
use vigie_model::{Now, UtcMs};

use super::clocks::{Clocks, Steady};
use super::key::{Digest16, hash};
use super::rows::{Rows, Table, read};

/// 2020-01-01: a wall clock that shows less was never set.
const NEVER_SET: UtcMs = UtcMs(1_577_836_800_000);

/// A steady clock that goes on.
#[derive(Debug)]
pub(crate) struct Pace {
    boot: Digest16,
    /// What the steady clock showed when the boot clock showed zero.
    zero: Steady,
}

/// What was last written down of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    boot: Digest16,
    boot_ms: u64,
    wall: UtcMs,
    steady: Steady,
}

impl Pace {
    /// The clock as it was written down, if it was. `boot` is what the kernel calls this boot of the machine; nothing if
    /// that is not known.
    pub(crate) fn resume(row: Option<&[u8]>, boot: &[u8], now: Now) -> Self {
        let boot = hash("boot", &[boot]);
        let steady = match row.and_then(read::<Last>) {
            Some(last) => last.steady.after(last.away_ms(boot, now)),
            None => Steady(now.utc.0),
        };
        Self { boot, zero: steady.after(-ms(now.mono_ms)) }
    }

    /// What both clocks show.
    pub(crate) fn clocks(&self, now: Now) -> Clocks {
        Clocks { wall: now.utc, steady: self.zero.after(ms(now.mono_ms)) }
    }

    /// Writes down where it stands, beside what is written by it.
    pub(crate) fn note(&self, now: Now, rows: &mut Rows) {
        let steady = self.clocks(now).steady;
        rows.put(Table::Clock, &[], &Last { boot: self.boot, boot_ms: now.mono_ms, wall: now.utc, steady });
    }
}

impl Last {
    fn away_ms(self, boot: Digest16, now: Now) -> i64 {
        let unknown = hash("boot", &[&[]]);
        if boot == self.boot && boot != unknown && now.mono_ms >= self.boot_ms {
            return ms(now.mono_ms - self.boot_ms);
        }
        let are_set = self.wall >= NEVER_SET && now.utc >= NEVER_SET;
        if are_set { now.utc.0.saturating_sub(self.wall.0).max(0) } else { 0 }
    }
}

fn ms(boot_ms: u64) -> i64 {
    i64::try_from(boot_ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: i64 = 1_700_000_000_000;
    const HOUR: i64 = 3_600_000;

    fn at(boot_ms: i64, wall: i64) -> Now {
        Now { mono_ms: boot_ms.cast_unsigned(), utc: UtcMs(wall) }
    }

    /// What the steady clock shows to a program that was written down as such and begins again so.
    fn resumed(before: Now, boot: &[u8], now: Now) -> i64 {
        let mut rows = Rows::default();
        Pace::resume(None, b"one", at(0, T0)).note(before, &mut rows);
        let row = rows.iter().find_map(|(_, _, row)| row).expect("it was written down");
        let pace = Pace::resume(Some(row), boot, now);
        pace.clocks(now).steady.0 - T0
    }

    #[test]
    fn within_a_boot_it_goes_by_the_boot_clock_wherever_the_wall_clock_is_set() {
        for wall in [0, T0 - 1_000 * HOUR, T0, T0 + 9_000 * HOUR, i64::MAX] {
            let pace = Pace::resume(None, b"one", at(5_000, T0));
            assert_eq!(pace.clocks(at(5_000 + HOUR, wall)).steady, Steady(T0 + HOUR));
            assert_eq!(resumed(at(HOUR, T0 + HOUR), b"one", at(3 * HOUR, wall)), 3 * HOUR, "away for two hours");
        }
    }

    #[test]
    fn after_another_boot_the_wall_clock_says_how_long_it_was_away_if_it_can() {
        let before = at(HOUR, T0 + HOUR);
        assert_eq!(resumed(before, b"two", at(10, T0 + 3 * HOUR)), 3 * HOUR);
        assert_eq!(resumed(before, b"two", at(10, T0)), HOUR, "set back: no time passed");
        assert_eq!(resumed(before, b"two", at(10, 7)), HOUR, "never set: nobody knows");
        assert_eq!(resumed(at(HOUR, 9), b"two", at(10, T0)), HOUR, "it was never set before: nobody knows either");
        assert_eq!(resumed(before, b"one", at(10, T0 + 2 * HOUR)), 2 * HOUR, "a boot clock does not go back");
    }

    #[test]
    fn boots_that_nobody_can_name_are_not_taken_for_the_same() {
        let mut rows = Rows::default();
        Pace::resume(None, b"", at(0, T0)).note(at(HOUR, T0 + HOUR), &mut rows);
        let row = rows.iter().find_map(|(_, _, row)| row).expect("it was written down");
        let now = at(9 * HOUR, T0 + 2 * HOUR);
        assert_eq!(Pace::resume(Some(row), b"", now).clocks(now).steady, Steady(T0 + 2 * HOUR));
    }
}
