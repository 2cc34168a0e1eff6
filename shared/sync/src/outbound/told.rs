//! What is a peer told of a stream beside its ticks: that it is there, how much was collected, and what is small?

use vigie_codec::wire::{Announced, Frame, MAX_STREAMS_PER_FRAME};
use vigie_merge::RangeSet;

use super::{Outbound, Streams, Wish};
use crate::talk::Ask;
use crate::{Lane, Sends};

/// How often the peer is told how much was collected, when no tick says so.
pub(super) const TALLY_EVERY_MS: u64 = 30_000;

/// The same where no tick ever says so: as often as hours go.
const TALLY_SELDOM_MS: u64 = 900_000;

/// Of these times, how many pass until a peer that hears the newest ticks is told as well, when it lacks others: it can
/// not count their samples. Ten bytes in five minutes.
const TALLIES_PASSED_BY: u32 = 10;

impl Outbound {
    pub(super) fn announce(&mut self, streams: &Streams) {
        while self.announced < self.streams.len() {
            let upto = self.streams.len().min(self.announced + MAX_STREAMS_PER_FRAME);
            let list = (self.announced..upto).filter_map(|ix| self.introduction(ix, streams)).collect();
            self.wishes.push_back(Wish::Send(Lane::Control, Box::new(Frame::Announce(list))));
            self.announced = upto;
        }
    }

    pub(super) fn introduction(&mut self, ix: usize, streams: &Streams) -> Option<Announced> {
        let stream = self.streams[ix].stream;
        let facts = streams.get(&stream)?;
        let tally = facts.collected();
        self.streams[ix].tally_told = tally;
        Some(Announced { ix: ix as u32, stream, key: facts.key, name: facts.name.clone(), tally })
    }

    pub(super) fn tell_tallies(&mut self, streams: &Streams, now_ms: u64) {
        if now_ms < self.tally_due_ms {
            return;
        }
        let every_ms = if self.sends == Sends::Rollups { TALLY_SELDOM_MS } else { TALLY_EVERY_MS };
        self.tally_due_ms = now_ms + every_ms;
        self.tallies_passed_by = (self.tallies_passed_by + 1) % TALLIES_PASSED_BY;
        for at in 0..self.streams.len() {
            let offered = &self.streams[at];
            let Some(tally) = streams.get(&offered.stream).map(|facts| facts.collected()) else { continue };
            let newest = tally.ticks;
            // A tick that came tells its number itself; only what waits behind a full line needs saying.
            let there = offered.peer.as_ref().is_some_and(|peer| peer.have.contains(newest));
            let behind = newest > offered.tally_told.ticks && !there && !offered.live_sent.contains(newest);
            let uncounted = || self.tallies_passed_by == 0 && !self.wanted(at, streams).is_empty();
            if tally != offered.tally_told && (behind || uncounted()) {
                self.streams[at].tally_told = tally;
                self.wishes.push_back(Wish::Send(Lane::Control, Box::new(Frame::Tally(at as u32, tally))));
            }
        }
    }

    /// Anchors and seals: small, and not bound by the bulk window.
    pub(super) fn ask_small(&mut self, at: usize, streams: &Streams) {
        let offered = &mut self.streams[at];
        let (Some(facts), Some(peer)) = (streams.get(&offered.stream), &offered.peer) else { return };
        // What was set aside as damaged may come again from below.
        offered.absent = offered.absent.intersection(&facts.present);
        if facts.anchors != offered.anchors_told && !offered.asking_anchors {
            offered.asking_anchors = true;
            offered.anchors_told.clone_from(&facts.anchors);
            self.wishes.push_back(Wish::Ask(offered.stream, Ask::Anchors));
        }
        let unsigned = facts.sealed.without(&peer.sealed);
        if unsigned.is_empty() {
            return;
        }
        let mut there = peer.have.clone();
        there.union_with(&offered.live_sent);
        let stated: RangeSet = facts.gap_list.iter().map(|gap| (gap.first.0, gap.last.0)).collect();
        let owed = unsigned.intersection(&stated).intersection(&peer.have).without(&offered.gaps_said);
        if !owed.is_empty() {
            offered.gaps_said.union_with(&owed);
            self.wishes.push_back(Wish::Ask(offered.stream, Ask::Anchors));
        }
        // A segment over a gap that was stated and then filled after all is signed for in part at the peer.
        let mut within = unsigned;
        within.union_with(&stated.intersection(&facts.sealed));
        let within = within.intersection(&there).without(&offered.seals_sent).without(&facts.gaps);
        if !within.is_empty() && within != offered.seals_asked {
            offered.seals_asked.clone_from(&within);
            self.wishes.push_back(Wish::Ask(offered.stream, Ask::Seals { within }));
        }
    }
}
