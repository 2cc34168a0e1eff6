//! What was measured, sent, acknowledged and signed for, by all relays together, and how long it took?

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters of the whole swarm. Each only grows; whoever wants a rate looks twice.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    measured: AtomicU64,
    acknowledged: AtomicU64,
    acknowledged_samples: AtomicU64,
    signed: AtomicU64,
    wire_up: AtomicU64,
    wire_down: AtomicU64,
    refused: AtomicU64,
    lost_links: AtomicU64,
    late_rounds: AtomicU64,
    acknowledged_after: Delays,
    signed_after: Delays,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Now {
    /// Live ticks measured.
    pub(crate) measured: u64,
    /// Ticks that the hub says are durable there.
    pub(crate) acknowledged: u64,
    /// Samples in them.
    pub(crate) acknowledged_samples: u64,
    /// Ticks in receipts of the hub.
    pub(crate) signed: u64,
    /// Bytes sent to the hub, IP and UDP headers counted.
    pub(crate) wire_up: u64,
    /// Bytes received from it.
    pub(crate) wire_down: u64,
    /// Pieces that the hub would not keep.
    pub(crate) refused: u64,
    /// Connections that ended by themselves.
    pub(crate) lost_links: u64,
    /// Rounds of a relay's machines that began more than a second late: the swarm itself was too slow.
    pub(crate) late_rounds: u64,
}

impl Figures {
    pub(crate) fn now(&self) -> Now {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Now {
            measured: read(&self.measured),
            acknowledged: read(&self.acknowledged),
            acknowledged_samples: read(&self.acknowledged_samples),
            signed: read(&self.signed),
            wire_up: read(&self.wire_up),
            wire_down: read(&self.wire_down),
            refused: read(&self.refused),
            lost_links: read(&self.lost_links),
            late_rounds: read(&self.late_rounds),
        }
    }

    pub(crate) fn measured(&self) {
        self.measured.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn acknowledged(&self, ticks: u64, samples: u64) {
        self.acknowledged.fetch_add(ticks, Ordering::Relaxed);
        self.acknowledged_samples.fetch_add(samples, Ordering::Relaxed);
    }

    pub(crate) fn signed(&self, ticks: u64) {
        self.signed.fetch_add(ticks, Ordering::Relaxed);
    }

    pub(crate) fn wire(&self, up: u64, down: u64) {
        self.wire_up.fetch_add(up, Ordering::Relaxed);
        self.wire_down.fetch_add(down, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lost_link(&self) {
        self.lost_links.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn late_round(&self) {
        self.late_rounds.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn acknowledged_after(&self, ms: i64) {
        self.acknowledged_after.note(ms);
    }

    pub(crate) fn signed_after(&self, ms: i64) {
        self.signed_after.note(ms);
    }

    /// From measured to acknowledged as durable: the middle one and the slowest of a hundred, in milliseconds.
    pub(crate) fn acknowledged_delays(&self) -> Option<[u32; 2]> {
        self.acknowledged_after.middle_and_slow()
    }

    /// From measured to signed for.
    pub(crate) fn signed_delays(&self) -> Option<[u32; 2]> {
        self.signed_after.middle_and_slow()
    }

    /// Forgets the delays so far: a warm-up is over.
    pub(crate) fn forget_delays(&self) {
        self.acknowledged_after.forget();
        self.signed_after.forget();
    }
}

/// How long each of many things took.
#[derive(Debug, Default)]
pub(crate) struct Delays(Mutex<Vec<u32>>);

impl Delays {
    pub(crate) fn note(&self, ms: i64) {
        self.all().push(u32::try_from(ms.max(0)).unwrap_or(u32::MAX));
    }

    pub(crate) fn middle_and_slow(&self) -> Option<[u32; 2]> {
        let mut all = self.all().clone();
        all.sort_unstable();
        let at = |percent: usize| all.get((all.len().checked_sub(1)?) * percent / 100).copied();
        Some([at(50)?, at(99)?])
    }

    fn forget(&self) {
        self.all().clear();
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_slowest_of_a_hundred_are_told_once_there_is_one() {
        let delays = Delays::default();
        assert_eq!(delays.middle_and_slow(), None);
        (0..=200).rev().for_each(|ms| delays.note(ms));
        assert_eq!(delays.middle_and_slow(), Some([100, 198]));
        delays.forget();
        delays.note(-5);
        assert_eq!(delays.middle_and_slow(), Some([0, 0]), "a clock that was set back is no delay");
    }
}
