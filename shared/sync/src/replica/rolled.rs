//! What becomes of hours that a relay brings, and what is it told of those that are here?

use vigie_codec::wire::{Frame, RolledUp, RollupSheet, Thinned};

use super::Replica;
use super::brought::NO_NUMBERS;
use crate::Lane;
use crate::keep::{Rollup, Write};
use crate::talk::{CloseWhy, SessionId};

impl Replica {
    /// A sheet came: with the last of its hour all of them are kept.
    pub(super) fn sheet_came(&mut self, id: SessionId, sheet: RollupSheet, bulk_bytes: u64) -> Result<(), CloseWhy> {
        let (stream, edition) = (sheet.stream, sheet.edition);
        let Some(session) = self.sessions.touch(id) else { return Ok(()) };
        let Some(inbound) = session.inbound.as_mut().filter(|inbound| inbound.rolls) else {
            return Err(CloseWhy::Protocol("an hour from a peer that may not bring any".to_owned()));
        };
        let (maker, life) = (session.peer.node, session.greeted.as_ref().map_or(0, |hello| hello.store_epoch));
        if let Some((sheets, bulk_bytes)) = inbound.sheet(sheet, bulk_bytes)? {
            let write = Write::Rollup(Rollup { stream, maker, life, edition, sheets });
            self.keep(id, stream, NO_NUMBERS, write, bulk_bytes);
        }
        Ok(())
    }

    /// A relay says what it has let go of; only what is news. How far the stream was ever collected the store knows when it
    /// keeps this: what the relay has just announced may still be on its way there.
    pub(super) fn thinned_came(&mut self, id: SessionId, list: Vec<Thinned>) -> Result<(), CloseWhy> {
        for said in list {
            let Some(inbound) = self.inbound(id).filter(|inbound| inbound.rolls) else {
                return Err(CloseWhy::Protocol("a word on hours from a peer that may not bring any".to_owned()));
            };
            let Some(stream) = inbound.stream_at(said.ix) else { continue };
            let Some(facts) = self.streams.get(&stream) else { continue };
            let ticks = said.ticks.without(&facts.rolled.thinned);
            if !ticks.is_empty() {
                self.keep(id, stream, NO_NUMBERS, Write::Thinned { stream, ticks }, 0);
            }
        }
        Ok(())
    }

    /// Tells a relay which ticks of the streams it has just announced are in hours here, and which somebody asks for.
    pub(super) fn say_rolled(&mut self, id: SessionId, numbers: &[u32]) {
        let Some(inbound) = self.sessions.touch(id).and_then(|session| session.inbound.as_mut()) else { return };
        if !inbound.rolls {
            return;
        }
        let (mut rolled, mut wanted) = (Vec::new(), Vec::new());
        for ix in numbers {
            let facts = inbound.stream_at(*ix).and_then(|stream| self.streams.get(&stream));
            rolled.extend(inbound.all_rolled(*ix, facts.map(|facts| &**facts)));
            wanted.extend(facts.and_then(|facts| inbound.all_wanted(*ix, facts)));
        }
        self.say(id, Lane::Control, &Frame::RolledUp(rolled));
        if !wanted.is_empty() {
            self.say(id, Lane::Control, &Frame::RawWanted(wanted));
        }
    }

    /// The next hop says what it has as hours. What it was told anew is no longer owed.
    pub(super) fn peer_rolled(&mut self, id: SessionId, list: Vec<RolledUp>) -> Result<(), CloseWhy> {
        let mut writes = Vec::new();
        for said in list {
            writes.extend(self.there_now(id, &said));
            let told = self.outbound(id).and_then(|outbound| outbound.peer_rolled(said));
            if let Some(Write::RolledTold { stream, edition, ticks }) = told
                && let Some(facts) = self.streams.get(&stream)
            {
                let ticks = facts.rolled.retold.intersection(&ticks);
                if !ticks.is_empty() {
                    writes.push(Write::RolledTold { stream, edition, ticks });
                }
            }
        }
        if !writes.is_empty() {
            self.keep_words(id, writes);
        }
        Ok(())
    }

    /// What is to be kept of what the next hop has as hours, where ticks may be let go of for it.
    fn there_now(&mut self, id: SessionId, said: &RolledUp) -> Option<Write> {
        let stream = self.outbound(id).filter(|outbound| outbound.thins())?.stream_at(said.ix)?;
        let there = &self.streams.get(&stream)?.rolled.there;
        let known = if said.whole { *there == said.ticks } else { said.ticks.without(there).is_empty() };
        (!known).then(|| Write::RolledThere { stream, whole: said.whole, ticks: said.ticks.clone() })
    }
}
