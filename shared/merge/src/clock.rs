//! What time does a write bear, when clocks are wrong?
//!
//! Time that follows a trusted clock where there is one, only ever goes forward, and is not pulled into the future by
//! others. Knows no clock: what is trusted, and how much time went by, are arguments.

use vigie_model::UtcMs;

use crate::hlc::{Hlc, Marker};

/// A marker further ahead of trusted time than this is merged, for rows must converge, but never followed.
///
/// A minute is more than an unsynchronised relay gains in a week, and little enough that one wrong clock does not make
/// the others write in the future.
pub const FUTURE_MS: u64 = 60_000;

/// How far ahead times are reserved durably, so that a restart begins above all that were given.
///
/// One small write a second at most; a restart jumps by no more than this.
pub const RESERVE_MS: u64 = 1_000;

/// The clock of one node's writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HybridClock {
    last: Hlc,
    /// Times above this may not be given before a later reservation is durable.
    reserved: Hlc,
    /// When `last` was given, on the clock that only goes forward.
    last_mono_ms: u64,
}

/// What was made of somebody else's marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// This clock is not behind it.
    Followed,
    /// It is too far in the future; this clock stays where it is.
    Future,
    /// Nobody here knows what the time is, so nobody can say; this clock stays where it is.
    Unknown,
}

impl HybridClock {
    /// Begins above everything that was reserved before, or at `floor` (when the program was built, or the last commit).
    pub fn restart(reserved: Hlc, floor: Hlc, mono_ms: u64) -> Self {
        let last = reserved.max(floor);
        Self { last, reserved, last_mono_ms: mono_ms }
    }

    /// The next time, later than all before. Without trusted time it goes on by what went by on the clock that only goes
    /// forward.
    pub fn tick(&mut self, mono_ms: u64, trusted: Option<UtcMs>) -> Hlc {
        let passed_ms = mono_ms.saturating_sub(self.last_mono_ms);
        let physical = trusted.map_or(Hlc::of(self.last.plus_ms(passed_ms).ms(), 0), Hlc::of_utc);
        self.last = self.last.next().max(physical);
        self.last_mono_ms = mono_ms;
        self.last
    }

    /// The time for a write over a row that bears `over`: later than the row, even where the row bears a time of the
    /// future. That stays with the row: this clock is not pulled along.
    pub fn stamp(&mut self, mono_ms: u64, trusted: Option<UtcMs>, over: Option<Hlc>) -> Hlc {
        let tick = self.tick(mono_ms, trusted);
        over.map_or(tick, |over| tick.max(over.next()))
    }

    /// Takes note of a marker that others wrote.
    pub fn observe(&mut self, marker: Marker, trusted: Option<UtcMs>) -> Observed {
        let Some(trusted) = trusted else { return Observed::Unknown };
        if marker.hlc > Hlc::of_utc(trusted).plus_ms(FUTURE_MS) {
            return Observed::Future;
        }
        self.last = self.last.max(marker.hlc);
        Observed::Followed
    }

    /// Goes on above this time, whatever it is: what is forgotten here may still be remembered elsewhere.
    pub fn pass(&mut self, hlc: Hlc) {
        self.last = self.last.max(hlc);
    }

    /// What must become durable, together with whatever bears the last time given, if anything must.
    pub fn reservation(&self) -> Option<Hlc> {
        (self.last > self.reserved).then(|| self.last.plus_ms(RESERVE_MS))
    }

    /// A reservation became durable.
    pub fn reserve(&mut self, until: Hlc) {
        self.reserved = self.reserved.max(until);
    }

    /// The last time given or followed.
    pub fn last(&self) -> Hlc {
        self.last
    }
}
