//! What is a peer that takes rollups told of the ticks that were let go of here?

use std::collections::BTreeSet;

use vigie_codec::wire::{Frame, MAX_STREAMS_PER_FRAME, Thinned};

use super::{Outbound, Streams, Wish};
use crate::Lane;

impl Outbound {
    /// Tells which ticks of these streams nobody will bring any more, where that has changed.
    pub(super) fn tell_thinned(&mut self, changed: &BTreeSet<usize>, streams: &Streams) {
        if !self.peer_rolls {
            return;
        }
        let mut told = Vec::new();
        for at in changed {
            let offered = &mut self.streams[*at];
            let Some(facts) = streams.get(&offered.stream).filter(|_| offered.peer.is_some()) else { continue };
            let thinned = &facts.rolled.thinned;
            if *thinned != offered.thinned_told {
                offered.thinned_told.clone_from(thinned);
                told.push(Thinned { ix: *at as u32, ticks: thinned.clone() });
            }
        }
        for part in told.chunks(MAX_STREAMS_PER_FRAME) {
            self.wishes.push_back(Wish::Send(Lane::State, Box::new(Frame::Thinned(part.to_vec()))));
        }
    }
}
