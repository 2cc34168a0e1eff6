//! What becomes of what a peer brings: streams, ticks, segments, signatures and statements?
//!
//! Signatures are checked here, as far as the stream's key is known; the store checks them against its content.

use std::sync::Arc;

use vigie_codec::VerifyingKey;
use vigie_codec::segment::{Header, MAX_BODY_BYTES, Seal, Segment};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::{Announced, Frame, LiveTick, LooseTicks, RefusedWhy, SchemaPart, Tally};
use vigie_model::{Now, Seq, StreamId, Tick};

use super::Replica;
use crate::Lane;
use crate::keep::Write;
use crate::talk::{CloseWhy, Event, SessionId};

/// A piece that has no numbers of its own: a refusal of it names none.
pub(super) const NO_NUMBERS: (Seq, Seq) = (Seq(0), Seq(0));

impl Replica {
    /// Words of a peer that offers.
    pub(super) fn brought(
        &mut self,
        id: SessionId,
        lane: Lane,
        frame: Frame,
        size: u64,
        now: Now,
    ) -> Result<(), CloseWhy> {
        let Some(inbound) = self.inbound(id) else {
            return Err(CloseWhy::Protocol("an offer from a peer that is to take".to_owned()));
        };
        if lane == Lane::Live {
            inbound.live_came(size);
        }
        let bulk_bytes = if matches!(lane, Lane::Backlog | Lane::Rollups) { size } else { 0 };
        match frame {
            Frame::Announce(list) => self.announced(id, list)?,
            Frame::LiveStream(said) => self.introduce(id, said)?,
            Frame::Live(live) => self.live_came(id, &live, now)?,
            Frame::Ticks(run) => self.run_came(id, run, bulk_bytes)?,
            Frame::Segment(segment) => self.segment_came(id, segment, bulk_bytes)?,
            Frame::Seal(seal) => self.seal_came(id, seal, bulk_bytes),
            Frame::Statement(signed) => self.statement_came(id, signed, bulk_bytes),
            Frame::Schema(SchemaPart { stream, from, defs }) => {
                self.keep(id, stream, NO_NUMBERS, Write::Schema { stream, from, defs }, bulk_bytes);
            }
            Frame::Tally(ix, tally) => self.tally_came(id, ix, tally),
            Frame::Rollup(sheet) => self.sheet_came(id, sheet, bulk_bytes)?,
            Frame::Thinned(list) => self.thinned_came(id, list)?,
            _ => {}
        }
        Ok(())
    }

    fn announced(&mut self, id: SessionId, list: Vec<Announced>) -> Result<(), CloseWhy> {
        let (mut held, numbers): (_, Vec<u32>) = (Vec::new(), list.iter().map(|said| said.ix).collect());
        for said in list {
            let ix = said.ix;
            self.introduce(id, said)?;
            held.extend(self.held(id, ix));
        }
        self.say(id, Lane::Control, &Frame::Have(held));
        self.say_rolled(id, &numbers);
        Ok(())
    }

    fn live_came(&mut self, id: SessionId, live: &LiveTick, now: Now) -> Result<(), CloseWhy> {
        let Some(inbound) = self.inbound(id) else { return Ok(()) };
        let tick = inbound.decode_live(live)?;
        let Some(stream) = inbound.stream_at(live.ix) else {
            return if inbound.is_denied(live.ix) { Ok(()) } else { Err(unknown_number()) };
        };
        self.live_tick(id, stream, tick, now)
    }

    fn run_came(&mut self, id: SessionId, run: LooseTicks, bulk_bytes: u64) -> Result<(), CloseWhy> {
        let ticks = vigie_codec::block::decode(&run.body, run.first, run.count)
            .map_err(|error| CloseWhy::Protocol(format!("a run of ticks can not be read: {error}")))?;
        let well_formed = run.first >= Seq::FIRST && ticks.iter().all(Tick::is_well_formed);
        let (Some(last), true) = (ticks.last().map(|tick| tick.seq), well_formed) else {
            return Err(CloseWhy::Protocol("a run of ticks that is none".to_owned()));
        };
        let ticks = ticks.into_iter().map(Arc::new).collect();
        self.keep(id, run.stream, (run.first, last), Write::Ticks { stream: run.stream, ticks }, bulk_bytes);
        Ok(())
    }

    fn segment_came(&mut self, id: SessionId, segment: Segment, bulk_bytes: u64) -> Result<(), CloseWhy> {
        let (stream, numbers) = place(segment.header());
        if segment.body.len() > MAX_BODY_BYTES {
            return Err(CloseWhy::Protocol("a segment larger than any may be".to_owned()));
        }
        if self.is_forged(id, stream, |key| segment.verify(key).is_err()) {
            self.refuse(id, stream, numbers, RefusedWhy::Forged);
            self.bulk_done(id, bulk_bytes);
            return Ok(());
        }
        self.keep(id, stream, numbers, Write::Segment(segment), bulk_bytes);
        Ok(())
    }

    fn seal_came(&mut self, id: SessionId, seal: Seal, bulk_bytes: u64) {
        let (stream, numbers) = place(&seal.header);
        if self.is_forged(id, stream, |key| seal.verify(key).is_err()) {
            self.bulk_done(id, bulk_bytes);
            return self.refuse(id, stream, numbers, RefusedWhy::Forged);
        }
        self.keep(id, stream, numbers, Write::Seal(seal), bulk_bytes);
    }

    fn statement_came(&mut self, id: SessionId, signed: SignedStatement, bulk_bytes: u64) {
        let stream = signed.stream;
        let numbers = match signed.statement {
            Statement::Gap(gap) => (gap.first, gap.last),
            Statement::Anchor(_) => NO_NUMBERS,
        };
        if self.is_forged(id, stream, |key| signed.verify(key).is_err()) {
            self.bulk_done(id, bulk_bytes);
            return self.refuse(id, stream, numbers, RefusedWhy::Forged);
        }
        self.keep(id, stream, numbers, Write::Statement(signed), bulk_bytes);
    }

    fn tally_came(&mut self, id: SessionId, ix: u32, tally: Tally) {
        if let Some(stream) = self.inbound(id).and_then(|inbound| inbound.stream_at(ix)) {
            self.event(Event::Announced { session: id, stream, tally });
            self.keep(id, stream, NO_NUMBERS, Write::Tally { stream, tally }, 0);
        }
    }

    /// Whether the key of a stream that a session carries does not fit what came. One it does not carry is refused later.
    fn is_forged(&mut self, id: SessionId, stream: StreamId, forged: impl FnOnce(&VerifyingKey) -> bool) -> bool {
        let taken = self.inbound(id).and_then(|inbound| inbound.by_stream(stream));
        taken.is_some_and(|taken| forged(&taken.key))
    }
}

fn place(header: &Header) -> (StreamId, (Seq, Seq)) {
    (header.stream, (header.first, header.last))
}

fn unknown_number() -> CloseWhy {
    CloseWhy::Protocol("a live tick of a stream that was not introduced".to_owned())
}
