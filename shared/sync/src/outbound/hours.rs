//! Which hours go to a peer that takes rollups?
//!
//! What is to be sent is found by comparing sets, as with ticks: the numbers that are folded here, less those that are there
//! as hours or as ticks. So nothing has to be remembered of what was sent, and a peer that lost its store gets it again.

use vigie_codec::wire::{Frame, MAX_SHEET_BYTES, RawWanted, RolledUp, RollupSheet};
use vigie_merge::RangeSet;
use vigie_model::StreamId;

use super::backlog::LOAD_BYTES;
use super::{Outbound, Streams, Wish};
use crate::keep::{HoursFound, StreamFacts, Write};
use crate::talk::Ask;
use crate::{Lane, Sends};

/// Bytes of all sheets of one hour of a stream: 100,000 series that change all the time.
pub(crate) const MAX_HOUR_BYTES: usize = 8 * 1024 * 1024;

/// One stream's hours as they are offered on this connection.
#[derive(Debug, Default)]
pub(super) struct HoursOffered {
    /// What the peer has as hours; unknown until it says so.
    there: Option<RangeSet>,
    /// The edition that the rest is about.
    edition: u64,
    /// What of this edition the peer has said it keeps.
    kept: RangeSet,
    /// Under way, or not taken.
    sent: RangeSet,
    /// What was asked of the store and is in no hour that can be sent.
    absent: RangeSet,
    /// Hours from this one on have been looked at since something changed here.
    before: Option<i64>,
    /// What was folded here when they were.
    seen: RangeSet,
}

impl HoursOffered {
    /// Whether the peer has these as hours, as far as is known.
    pub(super) fn there(&self) -> Option<&RangeSet> {
        self.there.as_ref()
    }

    fn look(&mut self, facts: &StreamFacts) {
        let rolled = &facts.rolled;
        if self.edition != rolled.edition {
            let there = self.there.take();
            *self = Self { there, edition: rolled.edition, ..Self::default() };
        }
        if self.seen != rolled.own {
            (self.before, self.absent) = (None, RangeSet::new());
            self.seen.clone_from(&rolled.own);
        }
    }
}

impl Outbound {
    /// Whether hours go in place of ticks, which may then be let go of here.
    pub(crate) fn thins(&self) -> bool {
        self.peer_rolls && self.sends == Sends::Rollups
    }

    /// The stream that is offered under a number.
    pub(crate) fn stream_at(&self, ix: u32) -> Option<StreamId> {
        self.streams.get(ix as usize).map(|offered| offered.stream)
    }

    /// Whether the peer is sent hours at all.
    fn sends_hours(&self) -> bool {
        self.peer_rolls && self.sends != Sends::All
    }

    /// Asks for the next hours that the peer lacks; says whether there are any.
    pub(super) fn ask_hours(&mut self, streams: &Streams) -> bool {
        if !self.sends_hours() {
            return false;
        }
        if self.loading_hours.is_some() {
            return true;
        }
        while let Some(at) = self.hungry_hours.range(self.turn_hours..).next().or_else(|| self.hungry_hours.first()) {
            let at = *at;
            let wanted = self.hours_wanted(at, streams);
            if self.waits_for_word(at, streams) {
                // It comes right behind what the peer has of the ticks, which would go first otherwise.
                return true;
            }
            if wanted.is_empty() {
                self.hungry_hours.remove(&at);
                continue;
            }
            if self.has_room(|allowance| allowance.allows_live()) {
                self.turn_hours = at + 1;
                self.bulk_owed = 0;
                let offered = &self.streams[at];
                let (stream, before) = (offered.stream, offered.hours.before);
                self.loading_hours = Some((stream, wanted.clone()));
                let budget_bytes = self.bulk.room().clamp(1, LOAD_BYTES);
                self.wishes.push_back(Wish::Ask(stream, Ask::Hours { wanted, before, budget_bytes }));
            }
            return true;
        }
        false
    }

    /// Whether the peer is still to say which hours of a stream it has.
    fn waits_for_word(&self, at: usize, streams: &Streams) -> bool {
        let offered = &self.streams[at];
        let any = streams.get(&offered.stream).is_some_and(|facts| !facts.rolled.own.is_empty());
        any && offered.peer.is_some() && offered.hours.there.is_none()
    }

    /// What is folded here, is not there in any form, and is not on its way.
    fn hours_wanted(&mut self, at: usize, streams: &Streams) -> RangeSet {
        let offered = &mut self.streams[at];
        let (Some(facts), Some(peer)) = (streams.get(&offered.stream), &offered.peer) else { return RangeSet::new() };
        offered.hours.look(facts);
        let hours = &offered.hours;
        let Some(there) = &hours.there else { return RangeSet::new() };
        // What was folded by another clock is there under other hours.
        let stale = facts.rolled.retold.without(&hours.kept);
        let mut there = there.clone();
        there.union_with(&peer.have.without(&facts.gaps));
        let wanted = facts.rolled.own.without(&there.without(&stale));
        wanted.without(&hours.sent).without(&hours.absent)
    }

    /// The store's answer.
    pub(super) fn send_hours(&mut self, at: usize, found: HoursFound, now_ms: u64) {
        let stream = self.streams[at].stream;
        let Some((_, wanted)) = self.loading_hours.take_if(|(of, _)| *of == stream) else { return };
        if found.edition != self.streams[at].hours.edition {
            // Folded anew meanwhile: it is asked for again when that is known here.
            return;
        }
        for hour in found.hours {
            let bytes: usize = hour.sheets.iter().map(Vec::len).sum();
            if bytes > MAX_HOUR_BYTES || hour.sheets.iter().any(|sheet| sheet.len() > MAX_SHEET_BYTES) {
                self.streams[at].hours.absent.union_with(&hour.ticks);
                continue;
            }
            self.streams[at].hours.sent.union_with(&hour.ticks);
            let last = hour.sheets.len().saturating_sub(1);
            for (no, sheet) in hour.sheets.into_iter().enumerate() {
                let sheet = RollupSheet { stream, edition: found.edition, more: no < last, sheet };
                self.send_sheet(sheet, now_ms);
            }
        }
        let hours = &mut self.streams[at].hours;
        hours.before = found.before;
        if found.before.is_none() {
            hours.absent.union_with(&wanted.without(&hours.sent));
        }
    }

    fn send_sheet(&mut self, sheet: RollupSheet, now_ms: u64) {
        let frame = Frame::Rollup(sheet);
        self.bulk.sent(frame.encode().len() as u64, now_ms);
        self.wishes.push_back(Wish::Send(Lane::Rollups, Box::new(frame)));
    }

    /// The peer says what it has as hours.
    pub(crate) fn peer_rolled(&mut self, said: RolledUp) -> Option<Write> {
        let offered = self.streams.get_mut(said.ix as usize)?;
        let (stream, hours) = (offered.stream, &mut offered.hours);
        let mut kept = None;
        if said.whole {
            hours.there = Some(said.ticks);
            hours.before = None;
        } else if let Some(there) = &mut hours.there {
            there.union_with(&said.ticks);
            if said.edition == hours.edition {
                hours.sent = hours.sent.without(&said.ticks);
                hours.kept.union_with(&said.ticks);
                kept = Some(Write::RolledTold { stream, edition: said.edition, ticks: said.ticks });
            }
        }
        self.look_at(said.ix as usize);
        kept
    }

    /// The peer says which ticks somebody asks for. Where ticks are let go of, these are to stay until they were sent: says
    /// which.
    pub(crate) fn peer_wants(&mut self, said: RawWanted) -> Option<(StreamId, RangeSet)> {
        let thins = self.thins();
        let offered = self.streams.get_mut(said.ix as usize)?;
        let stream = offered.stream;
        offered.asked_for.clone_from(&said.ticks);
        self.look_at(said.ix as usize);
        thins.then_some((stream, said.ticks))
    }
}
