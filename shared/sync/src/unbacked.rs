//! When does an agent own up to ticks that it deleted because others had them, and that those others have lost since?
//!
//! Not at once: another relay may have them and be cut off, or the same relay may be back with them in a moment. Should
//! they come after the gap was stated all the same, they win over it.

use std::collections::BTreeMap;

use vigie_merge::RangeSet;
use vigie_model::StreamId;

/// How long they may be out of sight. Longer than a relay takes to restart, shorter than a person takes to ask.
const OUT_OF_SIGHT_MS: u64 = 20 * 60_000;

/// Ticks out of sight, and since when.
#[derive(Debug, Default)]
pub(crate) struct Unbacked {
    since: BTreeMap<StreamId, (RangeSet, u64)>,
}

impl Unbacked {
    /// Takes in which ticks of a stream are nowhere now, as far as is known; says which of them are to be given up.
    pub(crate) fn seen(&mut self, stream: StreamId, nowhere: &RangeSet, now_ms: u64) -> RangeSet {
        if nowhere.is_empty() {
            self.since.remove(&stream);
            return RangeSet::new();
        }
        let (missed, since_ms) = self.since.entry(stream).or_insert_with(|| (nowhere.clone(), now_ms));
        if missed != nowhere {
            // More went out of sight, or some came back: patience begins again, so that one loss is one gap.
            (*missed, *since_ms) = (nowhere.clone(), now_ms);
        }
        if now_ms.saturating_sub(*since_ms) < OUT_OF_SIGHT_MS {
            return RangeSet::new();
        }
        self.since.remove(&stream).map_or_else(RangeSet::new, |(missed, _)| missed)
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Incarnation, NodeId};

    use super::*;

    const STREAM: StreamId = StreamId { agent: NodeId::from_bytes([7; 16]), incarnation: Incarnation(1) };

    #[test]
    fn ticks_out_of_sight_for_long_are_given_up_once() {
        let (mut unbacked, lost) = (Unbacked::default(), RangeSet::of(3, 9));
        assert!(unbacked.seen(STREAM, &lost, 0).is_empty());
        assert!(unbacked.seen(STREAM, &lost, OUT_OF_SIGHT_MS - 1).is_empty());
        assert_eq!(unbacked.seen(STREAM, &lost, OUT_OF_SIGHT_MS), lost);
        assert!(
            unbacked.seen(STREAM, &lost, OUT_OF_SIGHT_MS + 1).is_empty(),
            "what was given up is not given up again"
        );
    }

    #[test]
    fn ticks_that_come_back_in_sight_are_not_given_up() {
        let mut unbacked = Unbacked::default();
        unbacked.seen(STREAM, &RangeSet::of(3, 9), 0);
        unbacked.seen(STREAM, &RangeSet::new(), OUT_OF_SIGHT_MS - 1);
        assert!(unbacked.seen(STREAM, &RangeSet::of(3, 9), OUT_OF_SIGHT_MS).is_empty());
    }
}
