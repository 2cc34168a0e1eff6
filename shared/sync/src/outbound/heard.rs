//! What does the peer say of what it has, and what is still to be sent then?

use vigie_codec::wire::{Held, Refused, RefusedWhy};
use vigie_merge::RangeSet;
use vigie_model::StreamId;

use super::Outbound;
use super::offered::PeerHas;
use crate::keep::Write;

/// What a peer keeps of a stream, all of it.
#[derive(Debug)]
pub(crate) struct PeerKeeps {
    pub(crate) stream: StreamId,
    have: RangeSet,
    sealed: RangeSet,
}

impl PeerKeeps {
    pub(crate) fn custody(self) -> Write {
        Write::Custody { stream: self.stream, have: self.have, sealed: self.sealed }
    }
}

impl Outbound {
    /// The peer says what it has: everything, after an announcement.
    pub(crate) fn peer_has(&mut self, held: Held) -> Option<PeerKeeps> {
        let offered = self.streams.get_mut(held.ix as usize)?;
        offered.schema_sent = offered.schema_sent.max(held.schema_len);
        offered.seals_sent = RangeSet::new();
        let keeps = PeerKeeps { stream: offered.stream, have: held.have.clone(), sealed: held.sealed.clone() };
        offered.peer = Some(PeerHas { have: held.have, sealed: held.sealed });
        self.look_at(held.ix as usize);
        Some(keeps)
    }

    /// The peer says what became durable.
    pub(crate) fn peer_kept(&mut self, held: &Held) -> Option<PeerKeeps> {
        let offered = self.streams.get_mut(held.ix as usize)?;
        let peer = offered.peer.get_or_insert_with(|| PeerHas { have: RangeSet::new(), sealed: RangeSet::new() });
        peer.have.union_with(&held.have);
        peer.sealed.union_with(&held.sealed);
        offered.schema_sent = offered.schema_sent.max(held.schema_len);
        offered.sent = offered.sent.without(&peer.have);
        offered.live_sent = offered.live_sent.without(&peer.sealed);
        offered.seals_sent = offered.seals_sent.without(&peer.sealed);
        let keeps = PeerKeeps { stream: offered.stream, have: peer.have.clone(), sealed: peer.sealed.clone() };
        self.look_at(held.ix as usize);
        Some(keeps)
    }

    /// The peer has taken so many bytes of the lanes.
    pub(crate) fn peer_received(&mut self, live: u64, bulk: u64, now_ms: u64) {
        self.live_received = self.live_received.max(live.min(self.live_sent_bytes));
        self.bulk.received(bulk, now_ms);
    }

    /// The peer will not keep something.
    pub(crate) fn peer_refused(&mut self, refused: &Refused) {
        let Some(at) = self.by_id.get(&refused.stream).map(|ix| *ix as usize) else { return };
        self.look_at(at);
        let offered = &mut self.streams[at];
        let (first, last) = (refused.first.0, refused.last.0);
        let was_seal = offered.seals_sent.touches(first, last);
        match refused.why {
            // The whole segment goes instead.
            RefusedWhy::Missing | RefusedWhy::Forged if was_seal => {
                offered.seals_sent.remove(first, last);
                offered.live_sent.remove(first, last);
                offered.sent.remove(first, last);
                if let Some(peer) = &mut offered.peer {
                    peer.have.remove(first, last);
                }
            }
            RefusedWhy::NotYours => {
                offered.blocked.insert(0, u64::MAX);
            }
            RefusedWhy::Missing | RefusedWhy::Forged | RefusedWhy::Quota => {
                offered.blocked.insert(first, last);
            }
        }
    }
}
