//! What does the peer lack, and when may it be asked of the store?
//!
//! Knows which ticks are here and which are there, not what is in them.

use vigie_merge::RangeSet;

use super::{Outbound, Streams, Wish};
use crate::Sends;
use crate::allowance::Allowance;
use crate::talk::Ask;

/// Share of frames that backlog gets while live ticks also wait: one piece after so many live ticks. A floor, so that a
/// line too narrow for its live ticks still drains.
const LIVE_PER_BULK: u32 = 64;

/// Bytes of records asked from the store at once.
pub(super) const LOAD_BYTES: u64 = 48 * 1024;

impl Outbound {
    /// Asks for the next piece of backlog, machine by machine in turn, so that one returning machine does not hold up the
    /// others.
    pub(super) fn ask_backlog(&mut self, streams: &Streams, hour: u8) {
        if !self.bulk_may_go(hour) {
            return;
        }
        while let Some(at) = self.hungry.range(self.turn..).next().or_else(|| self.hungry.first()).copied() {
            let wanted = self.wanted(at, streams);
            if wanted.is_empty() {
                self.hungry.remove(&at);
                continue;
            }
            self.turn = at + 1;
            self.bulk_owed = 0;
            let stream = self.streams[at].stream;
            self.loading = Some((stream, wanted.clone()));
            let budget_bytes = self.bulk.room().clamp(1, LOAD_BYTES);
            self.wishes.push_back(Wish::Ask(stream, Ask::Records { wanted, budget_bytes }));
            return;
        }
    }

    fn bulk_may_go(&self, hour: u8) -> bool {
        let in_hours = self
            .backlog_hours
            .is_none_or(|(from, to)| if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to });
        in_hours && self.has_room(|allowance| allowance.allows_bulk())
    }

    /// Whether the next piece of what is not live may be asked for.
    pub(super) fn has_room(&self, allows: impl FnOnce(Allowance) -> bool) -> bool {
        let live_waits = self.waiting_since_ms.is_some() && !self.live_may_go();
        let turn = !live_waits || self.bulk_owed >= LIVE_PER_BULK;
        turn && !self.peer_paused.bulk
            && self.loading.is_none()
            && self.loading_hours.is_none()
            && self.store_rests_until_ms.is_none()
            && self.window_is_open()
            && self.allowance.is_none_or(allows)
    }

    /// Whether a packet of bulk may go now. One may be larger than the window when nothing else is on the way.
    pub(super) fn window_is_open(&self) -> bool {
        self.bulk.room() > 1_200 || self.bulk.in_flight() == 0
    }

    /// What is here, is not there, and is not on its way.
    pub(super) fn wanted(&self, at: usize, streams: &Streams) -> RangeSet {
        let offered = &self.streams[at];
        let (Some(facts), Some(peer)) = (streams.get(&offered.stream), &offered.peer) else { return RangeSet::new() };
        if facts.present == peer.have {
            return RangeSet::new();
        }
        let mut wanted = facts.present.without(&peer.have).without(&offered.sent).without(&offered.blocked);
        wanted = wanted.without(&offered.absent);
        if self.sends == Sends::Rollups {
            let mut due = offered.asked_for.clone();
            due.union_with(&facts.gaps);
            wanted = wanted.intersection(&due);
        }
        if let Some(waiting) = self.waiting.get(&offered.stream) {
            wanted.remove(waiting.seq.0, waiting.seq.0);
        }
        wanted
    }

    pub(super) fn count(&mut self, at: usize, streams: &Streams) {
        let offered = &mut self.streams[at];
        let lacking = match (streams.get(&offered.stream), &offered.peer) {
            (Some(facts), Some(peer)) => {
                let mut lacking = facts.present.without(&peer.have);
                if let (Sends::Rollups, Some(there)) = (self.sends, offered.hours.there()) {
                    lacking = lacking.without(there);
                }
                lacking.count()
            }
            _ => 0,
        };
        self.lacking = self.lacking - offered.lacking + lacking;
        offered.lacking = lacking;
    }

    /// Ticks that are here and not there, as they were when all that happened had been taken in.
    pub(crate) fn backlog_ticks(&self) -> u64 {
        self.lacking
    }
}
