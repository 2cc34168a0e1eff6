//! The taking half of a session: what the peer may bring, and what it is told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_codec::VerifyingKey;
use vigie_codec::live::LiveDecoder;
use vigie_codec::wire::{Announced, Frame, Held, LiveTick, MAX_STREAMS_PER_FRAME, RawWanted, RolledUp, RollupSheet};
use vigie_merge::RangeSet;
use vigie_model::{NodeId, StreamId, Tick};

use crate::keep::StreamFacts;
use crate::outbound::MAX_HOUR_BYTES;
use crate::talk::CloseWhy;

/// Streams one peer may carry: what the live lane remembers, too.
pub(crate) const MAX_STREAMS: usize = vigie_codec::live::MAX_STREAMS;

/// Live bytes after which the peer is told that they came. Well below what it may have under way.
const RECEIVED_EVERY_BYTES: u64 = 8 * 1024;

/// Ticks that wait to be acknowledged before they are acknowledged early.
const ACK_EARLY_TICKS: u64 = 512;

/// Backlog is acknowledged this soon, so that what several commits kept goes in one frame.
const ACK_SOON_MS: u64 = 200;

/// How long an acknowledgement of live ticks waits for the next tick, to go in the packet that answers it anyway: a packet
/// of its own costs sixty bytes and is answered with sixty more. A little more than the usual interval.
const ACK_COMPANY_MS: u64 = 12_000;

/// One stream as it is taken on this connection.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) stream: StreamId,
    pub(crate) key: VerifyingKey,
    told_have: RangeSet,
    told_sealed: RangeSet,
    told_schema: u32,
    new_have: RangeSet,
    new_sealed: RangeSet,
    told_rolled: RangeSet,
    told_wanted: RangeSet,
}

/// What a number of the peer's stands for.
#[derive(Debug)]
enum Slot {
    /// Not yet introduced: the live lane may run ahead of the list on the control lane.
    Unknown,
    /// The peer may not speak for this stream.
    Denied,
    /// Taken.
    Taken(Box<Taken>),
}

/// The taking half.
#[derive(Debug)]
pub(crate) struct Inbound {
    /// By the peer's number.
    streams: Vec<Slot>,
    by_id: BTreeMap<StreamId, u32>,
    live: LiveDecoder,
    live_received: u64,
    live_told: u64,
    bulk_taken: u64,
    bulk_told: u64,
    gather_acks_ms: u64,
    ack: Option<AckDue>,
    /// The numbers of streams of which something is to be acknowledged.
    unsaid: BTreeSet<u32>,
    /// The peer brings hours.
    pub(crate) rolls: bool,
    /// The sheets of an hour of which more are to come, and their bytes on the wire.
    sheets: Option<Coming>,
    /// What is to be said of hours.
    rolled: BTreeMap<(u32, u64), RangeSet>,
    restated: BTreeSet<u32>,
    wanted: Vec<RawWanted>,
    /// A live tick has just come: what is said now goes in one packet with its acknowledgement by QUIC.
    heard_live: bool,
}

/// All sheets of one hour, and their bytes on the wire.
type WholeHour = (Vec<Vec<u8>>, u64);

/// Sheets of one hour of which more are to come.
#[derive(Debug)]
struct Coming {
    /// Whose, and of which edition.
    of: (StreamId, u64),
    sheets: Vec<Vec<u8>>,
    bytes: usize,
    wire_bytes: u64,
}

/// When an acknowledgement goes.
#[derive(Debug, Clone, Copy)]
struct AckDue {
    /// From now on together with something else.
    from_ms: u64,
    /// By now at the latest, alone.
    latest_ms: u64,
}

impl Inbound {
    pub(crate) fn new(gather_acks_ms: u32) -> Self {
        Self {
            streams: Vec::new(),
            by_id: BTreeMap::new(),
            live: LiveDecoder::new(),
            live_received: 0,
            live_told: 0,
            bulk_taken: 0,
            bulk_told: 0,
            gather_acks_ms: u64::from(gather_acks_ms),
            ack: None,
            unsaid: BTreeSet::new(),
            rolls: false,
            sheets: None,
            rolled: BTreeMap::new(),
            restated: BTreeSet::new(),
            wanted: Vec::new(),
            heard_live: false,
        }
    }

    /// Acknowledgements wait as long as the peer's link wants, if that is longer.
    pub(crate) fn gather_acks(&mut self, gather_acks_ms: u64) {
        self.gather_acks_ms = self.gather_acks_ms.max(gather_acks_ms);
    }

    /// Takes in a sheet of an hour; hands out all of them with the last, and their bytes on the wire.
    pub(crate) fn sheet(&mut self, part: RollupSheet, wire_bytes: u64) -> Result<Option<WholeHour>, CloseWhy> {
        let of = (part.stream, part.edition);
        let coming = self.sheets.get_or_insert_with(|| Coming { of, sheets: Vec::new(), bytes: 0, wire_bytes: 0 });
        coming.bytes += part.sheet.len();
        coming.wire_bytes += wire_bytes;
        if coming.of != of || coming.bytes > MAX_HOUR_BYTES {
            return Err(CloseWhy::Protocol("sheets that are of no hour".to_owned()));
        }
        coming.sheets.push(part.sheet);
        if part.more {
            return Ok(None);
        }
        Ok(self.sheets.take().map(|coming| (coming.sheets, coming.wire_bytes)))
    }

    /// An hour that the peer brought is durable.
    pub(crate) fn rolled(&mut self, stream: StreamId, edition: u64, ticks: &RangeSet, all: &RangeSet) {
        let Some(ix) = self.by_id.get(&stream).copied() else { return };
        if !ticks.without(all).is_empty() {
            // In the same commit something newer took its place.
            self.restated.insert(ix);
        }
        self.rolled.entry((ix, edition)).or_default().union_with(ticks);
        if let Some(taken) = self.slot(ix) {
            taken.told_rolled.union_with(ticks);
        }
    }

    /// All that is here of a stream in hours.
    pub(crate) fn all_rolled(&mut self, ix: u32, facts: Option<&StreamFacts>) -> Option<RolledUp> {
        let ticks = facts.map(|facts| facts.rolled.all()).unwrap_or_default();
        self.slot(ix)?.told_rolled.clone_from(&ticks);
        Some(RolledUp { ix, whole: true, edition: 0, ticks })
    }

    /// What somebody asks for of a stream, nothing too: a peer remembers what was asked for before.
    pub(crate) fn all_wanted(&mut self, ix: u32, facts: &StreamFacts) -> Option<RawWanted> {
        self.slot(ix)?.told_wanted.clone_from(&facts.rolled.wanted);
        Some(RawWanted { ix, ticks: facts.rolled.wanted.clone() })
    }

    /// What somebody asks for of a stream, if the peer has not been told.
    pub(crate) fn wants(&mut self, ix: u32, facts: &StreamFacts) -> Option<RawWanted> {
        let taken = self.slot(ix)?;
        if taken.told_wanted == facts.rolled.wanted {
            return None;
        }
        taken.told_wanted.clone_from(&facts.rolled.wanted);
        Some(RawWanted { ix, ticks: facts.rolled.wanted.clone() })
    }

    fn hours_changed(&mut self, ix: u32, facts: &StreamFacts) {
        let lost = self.slot(ix).is_some_and(|taken| !taken.told_rolled.without(&facts.rolled.all()).is_empty());
        if lost {
            self.restated.insert(ix);
        }
        let wanted = self.wants(ix, facts);
        self.wanted.extend(wanted);
    }

    /// What is to be said of hours now.
    fn say_hours(&mut self, streams: &BTreeMap<StreamId, Arc<StreamFacts>>, frames: &mut Vec<Frame>) {
        let mut said: Vec<RolledUp> = std::mem::take(&mut self.rolled)
            .into_iter()
            .map(|((ix, edition), ticks)| RolledUp { ix, whole: false, edition, ticks })
            .collect();
        for ix in std::mem::take(&mut self.restated) {
            let facts = self.stream_at(ix).and_then(|stream| streams.get(&stream));
            said.extend(self.all_rolled(ix, facts.map(|facts| &**facts)));
        }
        frames.extend(said.chunks(MAX_STREAMS_PER_FRAME).map(|part| Frame::RolledUp(part.to_vec())));
        let wanted = std::mem::take(&mut self.wanted);
        frames.extend(wanted.chunks(MAX_STREAMS_PER_FRAME).map(|part| Frame::RawWanted(part.to_vec())));
    }

    /// Notes the peer's number for a stream. `Ok(true)` when it is new here.
    pub(crate) fn introduce(&mut self, said: &Announced, allowed: bool) -> Result<bool, CloseWhy> {
        let protocol = |what: &str| CloseWhy::Protocol(what.to_owned());
        let at = said.ix as usize;
        if at >= MAX_STREAMS {
            return Err(protocol("more streams than a peer may carry"));
        }
        if self.streams.len() <= at {
            self.streams.resize_with(at + 1, || Slot::Unknown);
        }
        match &self.streams[at] {
            Slot::Unknown => {}
            Slot::Denied => return Ok(false),
            Slot::Taken(taken) if taken.stream == said.stream => return Ok(false),
            Slot::Taken(_) => return Err(protocol("a number was given to two streams")),
        }
        let key = VerifyingKey::from_bytes(&said.key).map_err(|_| protocol("a key that is no key"))?;
        if NodeId::of_key(&said.key) != said.stream.agent {
            return Err(protocol("a key that is not the agent's"));
        }
        if !allowed {
            self.streams[at] = Slot::Denied;
            return Ok(true);
        }
        self.by_id.insert(said.stream, said.ix);
        self.streams[at] = Slot::Taken(Box::new(Taken {
            stream: said.stream,
            key,
            told_have: RangeSet::new(),
            told_sealed: RangeSet::new(),
            told_schema: 0,
            new_have: RangeSet::new(),
            new_sealed: RangeSet::new(),
            told_rolled: RangeSet::new(),
            told_wanted: RangeSet::new(),
        }));
        Ok(true)
    }

    fn slot(&mut self, ix: u32) -> Option<&mut Taken> {
        match self.streams.get_mut(ix as usize)? {
            Slot::Taken(taken) => Some(taken),
            Slot::Unknown | Slot::Denied => None,
        }
    }

    pub(crate) fn by_stream(&self, stream: StreamId) -> Option<&Taken> {
        match self.streams.get(*self.by_id.get(&stream)? as usize)? {
            Slot::Taken(taken) => Some(taken),
            Slot::Unknown | Slot::Denied => None,
        }
    }

    pub(crate) fn stream_at(&self, ix: u32) -> Option<StreamId> {
        match self.streams.get(ix as usize)? {
            Slot::Taken(taken) => Some(taken.stream),
            Slot::Unknown | Slot::Denied => None,
        }
    }

    pub(crate) fn is_denied(&self, ix: u32) -> bool {
        matches!(self.streams.get(ix as usize), Some(Slot::Denied))
    }

    /// All streams that are taken.
    pub(crate) fn carried(&self) -> impl Iterator<Item = StreamId> + '_ {
        self.by_id.keys().copied()
    }

    pub(crate) fn carries(&self, stream: StreamId) -> bool {
        self.by_id.contains_key(&stream)
    }

    pub(crate) fn decode_live(&mut self, live: &LiveTick) -> Result<Tick, CloseWhy> {
        self.live
            .decode(live.ix, live.seq, &live.body)
            .map_err(|error| CloseWhy::Protocol(format!("a live tick can not be read: {error}")))
    }

    /// All that is here of a stream, as the first answer.
    pub(crate) fn full(&mut self, ix: u32, facts: Option<&StreamFacts>) -> Option<Held> {
        let taken = self.slot(ix)?;
        if let Some(facts) = facts {
            taken.told_have.clone_from(&facts.have);
            taken.told_sealed.clone_from(&facts.sealed);
            taken.told_schema = facts.schema_len;
        }
        taken.new_have = RangeSet::new();
        taken.new_sealed = RangeSet::new();
        Some(Held {
            ix,
            have: taken.told_have.clone(),
            sealed: taken.told_sealed.clone(),
            schema_len: taken.told_schema,
        })
    }

    /// What is durable here has changed. An error when something that was acknowledged is gone.
    pub(crate) fn facts(
        &mut self,
        stream: StreamId,
        facts: &StreamFacts,
        bulk: bool,
        now_ms: u64,
    ) -> Result<(), CloseWhy> {
        let gather_ms = self.gather_acks_ms;
        let Some(ix) = self.by_id.get(&stream).copied() else { return Ok(()) };
        if self.rolls {
            self.hours_changed(ix, facts);
        }
        let Some(taken) = self.slot(ix) else { return Ok(()) };
        if !taken.told_have.without(&facts.have).is_empty() || facts.schema_len < taken.told_schema {
            return Err(CloseWhy::Restate);
        }
        let fresh = facts.have.without(&taken.told_have);
        let signed = facts.sealed.without(&taken.told_sealed);
        if fresh.is_empty() && signed.is_empty() && facts.schema_len == taken.told_schema {
            return Ok(());
        }
        taken.new_have = fresh;
        taken.new_sealed = signed;
        let soon = bulk || !taken.new_sealed.is_empty() || taken.new_have.count() >= ACK_EARLY_TICKS;
        self.unsaid.insert(ix);
        let from_ms = now_ms + if soon { ACK_SOON_MS.min(gather_ms) } else { gather_ms };
        let latest_ms = if soon { from_ms } else { from_ms + ACK_COMPANY_MS };
        let due = self.ack.unwrap_or(AckDue { from_ms, latest_ms });
        self.ack = Some(AckDue { from_ms: due.from_ms.min(from_ms), latest_ms: due.latest_ms.min(latest_ms) });
        Ok(())
    }

    pub(crate) fn live_came(&mut self, bytes: u64) {
        self.live_received += bytes;
        self.heard_live = true;
    }

    /// Bulk that the store has taken over.
    pub(crate) fn bulk_taken(&mut self, bytes: u64) {
        self.bulk_taken += bytes;
    }

    /// What is to be said now, once for all that came.
    pub(crate) fn advance(&mut self, streams: &BTreeMap<StreamId, Arc<StreamFacts>>, now_ms: u64) -> Vec<Frame> {
        let mut frames = Vec::new();
        if self.bulk_taken > self.bulk_told || self.live_received - self.live_told >= RECEIVED_EVERY_BYTES {
            (self.live_told, self.bulk_told) = (self.live_received, self.bulk_taken);
            frames.push(Frame::Received { live: self.live_told, bulk: self.bulk_told });
        }
        self.say_hours(streams, &mut frames);
        let heard_live = std::mem::take(&mut self.heard_live);
        let is_due = |due: AckDue| due.latest_ms <= now_ms || (heard_live && due.from_ms <= now_ms);
        if self.ack.take_if(|due| is_due(*due)).is_some() {
            let unsaid = std::mem::take(&mut self.unsaid);
            let acks: Vec<Held> = unsaid.into_iter().filter_map(|ix| self.slot(ix)?.ack(ix, streams)).collect();
            frames.extend(acks.chunks(MAX_STREAMS_PER_FRAME).map(|part| Frame::Acks(part.to_vec())));
        }
        frames
    }

    pub(crate) fn next_timeout_ms(&self) -> u64 {
        self.ack.map_or(u64::MAX, |due| due.latest_ms)
    }
}

impl Taken {
    fn ack(&mut self, ix: u32, streams: &BTreeMap<StreamId, Arc<StreamFacts>>) -> Option<Held> {
        let schema_len = streams.get(&self.stream).map_or(self.told_schema, |facts| facts.schema_len);
        if self.new_have.is_empty() && self.new_sealed.is_empty() && schema_len == self.told_schema {
            return None;
        }
        let (have, sealed) = (std::mem::take(&mut self.new_have), std::mem::take(&mut self.new_sealed));
        self.told_have.union_with(&have);
        self.told_sealed.union_with(&sealed);
        self.told_schema = schema_len;
        Some(Held { ix, have, sealed, schema_len })
    }
}
