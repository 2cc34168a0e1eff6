//! At what time is a certificate checked, on a machine whose clock may be wrong?

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use vigie_model::UtcMs;

use crate::peer::Validity;

/// The time at which another node's certificate is checked.
///
/// It is the wall clock, but never before what is known to have passed: the floor (the build, the last time that the
/// hub vouched for) and the moment our own certificate was made. A wall clock beyond the end of our own certificate is
/// not believed at all: either it is wrong, or our certificate ended and the other side, whose clock counts there, will
/// refuse us anyway. In both cases the earliest time that we know of is used, because a machine with a dead RTC battery
/// or a mad GPS must still reach its relay, which can tell it the time.
///
/// This is safe because it can only make us accept a certificate of our own authority that ended *after* the floor.
/// Whoever can set our clock can do that in any design; whoever lost their rights is on the list of revocations, which
/// asks no clock.
pub fn verification_time(wall: UtcMs, floor: UtcMs, own: Validity) -> UtcMs {
    let known = floor.max(own.not_before);
    if wall > own.not_after { known } else { wall.max(known) }
}

/// The wall clock of this machine, and the latest moment that has surely passed.
#[derive(Clone)]
pub struct TrustedTime {
    wall: Arc<dyn Fn() -> UtcMs + Send + Sync>,
    floor: Arc<AtomicI64>,
    /// When the hub was last reached, while it can not be; `i64::MAX` while it can.
    cut_since: Arc<AtomicI64>,
}

impl TrustedTime {
    /// The machine's own clock, and a floor that was kept from earlier or compiled in.
    pub fn system(floor: UtcMs) -> Self {
        Self::with_clock(floor, || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            UtcMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// Any clock, for tests and simulations.
    pub fn with_clock(floor: UtcMs, wall: impl Fn() -> UtcMs + Send + Sync + 'static) -> Self {
        let cut_since = Arc::new(AtomicI64::new(i64::MAX));
        Self { wall: Arc::new(wall), floor: Arc::new(AtomicI64::new(floor.0)), cut_since }
    }

    /// What the wall clock says.
    pub fn wall(&self) -> UtcMs {
        (self.wall)()
    }

    /// What time it is for certificates: the wall clock, which stands still while the hub can not be reached.
    pub(crate) fn for_certificates(&self) -> UtcMs {
        self.wall().min(UtcMs(self.cut_since.load(Ordering::Relaxed)))
    }

    /// The hub can not be reached since then. Certificates that counted at that moment go on counting.
    ///
    /// Nobody behind the cut had a chance to renew; a site that is alone for a season must not fall apart because its
    /// agents' certificates end one by one. What it costs: whoever had rights at the cut keeps them until it heals,
    /// which is what being cut off from revocations means anyway. Not for the hub, which is never cut off from itself.
    pub fn cut_off(&self, since: UtcMs) {
        self.cut_since.store(since.0, Ordering::Relaxed);
    }

    /// The hub is reached again: the wall clock counts.
    pub fn reached(&self) {
        self.cut_since.store(i64::MAX, Ordering::Relaxed);
    }

    /// The latest moment that has surely passed; worth keeping across restarts.
    pub fn floor(&self) -> UtcMs {
        UtcMs(self.floor.load(Ordering::Relaxed))
    }

    /// Raises the floor to a time that the hub vouched for with its signature. It never sinks.
    pub fn raise_floor(&self, passed: UtcMs) {
        self.floor.fetch_max(passed.0, Ordering::Relaxed);
    }
}

impl fmt::Debug for TrustedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedTime({:?}, floor {:?})", self.wall(), self.floor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Validity = Validity { not_before: UtcMs(1_000), not_after: UtcMs(2_000) };

    #[test]
    fn a_plausible_wall_clock_is_believed() {
        assert_eq!(verification_time(UtcMs(1_500), UtcMs(0), OWN), UtcMs(1_500));
    }

    #[test]
    fn time_never_runs_before_what_surely_passed() {
        assert_eq!(verification_time(UtcMs(3), UtcMs(0), OWN), UtcMs(1_000));
        assert_eq!(verification_time(UtcMs(1_500), UtcMs(1_700), OWN), UtcMs(1_700));
        assert_eq!(verification_time(UtcMs(3), UtcMs(2_500), OWN), UtcMs(2_500));
    }

    #[test]
    fn a_wall_clock_beyond_our_own_certificate_is_not_believed() {
        assert_eq!(verification_time(UtcMs(9_999_999), UtcMs(0), OWN), UtcMs(1_000));
        assert_eq!(verification_time(UtcMs(9_999_999), UtcMs(1_800), OWN), UtcMs(1_800));
    }

    #[test]
    fn time_stands_still_for_certificates_while_the_hub_is_out_of_reach() {
        let time = TrustedTime::with_clock(UtcMs(0), || UtcMs(1_900));
        assert_eq!(time.for_certificates(), UtcMs(1_900));
        time.cut_off(UtcMs(1_200));
        assert_eq!(time.for_certificates(), UtcMs(1_200));
        time.reached();
        assert_eq!(time.for_certificates(), UtcMs(1_900));
    }

    #[test]
    fn the_floor_never_sinks() {
        let time = TrustedTime::with_clock(UtcMs(5), || UtcMs(0));
        time.raise_floor(UtcMs(9));
        time.raise_floor(UtcMs(7));
        assert_eq!(time.floor(), UtcMs(9));
    }
}
