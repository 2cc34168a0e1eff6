//! How bad is the link, one way?

use std::num::NonZeroU32;
use std::time::Duration;

use crate::{Chance, MAX_IN_PIPE_BYTES};

/// What a parcel meets on its way, in one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// What every parcel waits after it left the wire.
    pub delay: Duration,
    /// What it may wait on top: uniform from nothing to this. Jitter alone never reorders; a parcel that was delayed
    /// delays those behind it, as a queue further on would.
    pub jitter: Duration,
    /// How fast bytes, headers included, go onto the wire. `None` is without limit.
    pub rate: Option<RateKbit>,
    /// How many bytes, headers included, may wait for the wire. The parcel that does not fit is dropped.
    pub queue_bytes: usize,
    /// How likely a datagram is lost, after it has used the wire.
    pub loss: Chance,
    /// How likely a datagram arrives twice.
    pub duplicate: Chance,
    /// How likely a datagram is held back until later ones have overtaken it.
    pub reorder: Chance,
    /// How likely one bit of a datagram arrives flipped.
    pub corrupt: Chance,
}

/// The longest delay, and the longest jitter.
///
/// Ten minutes is beyond every link that still is one; a moon hop is 1.3 s. More is a slip of the finger.
pub const MAX_DELAY: Duration = Duration::from_secs(600);

/// The largest queue.
///
/// Half of what a pipe may hold, so that a full queue leaves room for what is already on the road.
pub const MAX_QUEUE_BYTES: usize = MAX_IN_PIPE_BYTES / 2;

/// The highest rate that can be asked for: 100 Gbit/s, above which "no limit" is the honest word.
pub const MAX_RATE_KBIT: u32 = 100_000_000;

/// How much waits for the wire if nobody says otherwise.
///
/// A cheap router's buffer. At 1 Mbit/s it is two seconds of bufferbloat, which is what such links have.
const USUAL_QUEUE_BYTES: usize = 256 * 1024;

/// A rate in kilobits (1000 bits) per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RateKbit(NonZeroU32);

impl Condition {
    /// No impairment at all.
    pub const CLEAR: Self = Self {
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        rate: None,
        queue_bytes: USUAL_QUEUE_BYTES,
        loss: Chance::NEVER,
        duplicate: Chance::NEVER,
        reorder: Chance::NEVER,
        corrupt: Chance::NEVER,
    };

    /// How long so many bytes occupy the wire.
    pub fn time_on_wire(&self, wire_bytes: usize) -> Duration {
        match self.rate {
            None => Duration::ZERO,
            Some(rate) => rate.time_for(wire_bytes),
        }
    }

    /// How long a datagram that is to be overtaken is held back.
    ///
    /// Half the delay, so that it grows with the link; at least 10 ms, so that followers overtake on a short one too.
    pub fn held_back(&self) -> Duration {
        (self.delay / 2 + self.jitter).max(Duration::from_millis(10))
    }

    /// How long a stream waits for its first repetition after a loss.
    ///
    /// Linux repeats no sooner than 200 ms plus the round trip, which is taken to be the same both ways.
    pub fn repeat_after(&self) -> Duration {
        self.delay * 2 + Duration::from_millis(200)
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::CLEAR
    }
}

impl RateKbit {
    /// So many kilobits per second; `None` for zero and for more than [`MAX_RATE_KBIT`].
    pub const fn new(kbit: u32) -> Option<Self> {
        match NonZeroU32::new(kbit) {
            Some(rate) if kbit <= MAX_RATE_KBIT => Some(Self(rate)),
            Some(_) | None => None,
        }
    }

    /// In kilobits per second.
    pub const fn as_kbit(self) -> u32 {
        self.0.get()
    }

    fn time_for(self, bytes: usize) -> Duration {
        let nanos_for_one_kbit_per_s = bytes as u64 * 8 * 1_000_000;
        Duration::from_nanos(nanos_for_one_kbit_per_s.div_ceil(u64::from(self.0.get())))
    }
}
