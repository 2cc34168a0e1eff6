//! What a machine's boot clock meant in true time.

use serde::{Deserialize, Serialize};

use crate::{Boot, Moment, UtcMs};

/// Where a true time came from, best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ClockSource {
    /// The machine's own real-time clock: a claim.
    Rtc,
    /// A relay that has not itself heard the hub since it started.
    Relay,
    /// The hub, at first or second hand.
    Hub,
}

/// A pairing of a boot clock with true time, learnt from a four-timestamp exchange (RFC 5905, section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The machine's boot clock at the pairing.
    pub boot: Boot,
    /// True time then.
    pub utc: UtcMs,
    /// Half the round trip plus the source's own error.
    pub error_ms: u32,
    /// Who said so.
    pub source: ClockSource,
}

impl Anchor {
    /// A wall clock this close to an anchor is believed: below it, the exchange over a bad link knows no better.
    pub const TOLERANCE_MS: i64 = 2_000;

    /// True time of a moment in the anchor's boot; `None` for another boot.
    ///
    /// The wall clock stands when it agrees within the tolerance and the anchor's own error; otherwise the boot clock is
    /// carried over.
    pub fn resolve(&self, moment: Moment) -> Option<UtcMs> {
        if moment.boot.no != self.boot.no {
            return None;
        }
        let carried =
            self.utc.0.saturating_add(moment.boot.ms.cast_signed().saturating_sub(self.boot.ms.cast_signed()));
        let off = carried.saturating_sub(moment.utc.0).saturating_abs();
        let believed = off <= Self::TOLERANCE_MS.saturating_add(i64::from(self.error_ms));
        Some(if believed { moment.utc } else { UtcMs(carried) })
    }

    /// Whether this anchor should replace `other`: a better source, or the same source with less error.
    pub fn is_better_than(&self, other: &Self) -> bool {
        (self.boot.no, self.source) > (other.boot.no, other.source)
            || (self.boot.no == other.boot.no && self.source == other.source && self.error_ms < other.error_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANCHOR: Anchor =
        Anchor { boot: Boot { no: 3, ms: 10_000 }, utc: UtcMs(1_000_000), error_ms: 50, source: ClockSource::Hub };

    fn moment(no: u32, ms: u64, utc: i64) -> Moment {
        Moment { utc: UtcMs(utc), boot: Boot { no, ms } }
    }

    #[test]
    fn a_clock_that_agrees_is_believed() {
        assert_eq!(ANCHOR.resolve(moment(3, 20_000, 1_011_500)), Some(UtcMs(1_011_500)));
    }

    #[test]
    fn a_clock_that_is_wrong_is_put_right_even_for_the_time_before_the_anchor() {
        assert_eq!(ANCHOR.resolve(moment(3, 5_000, 77)), Some(UtcMs(995_000)));
        assert_eq!(ANCHOR.resolve(moment(2, 5_000, 77)), None);
    }
}
