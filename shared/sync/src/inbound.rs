//! The taking half of a session: what the peer may bring, and what it is told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_codec::VerifyingKey;
use vigie_codec::live::LiveDecoder;
use vigie_codec::wire::{Announced, Frame, Held, LiveTick, MAX_STREAMS_PER_FRAME};
use vigie_merge::RangeSet;
use vigie_model::{NodeId, StreamId, Tick};

use crate::keep::StreamFacts;
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
    /// A live tick has just come: what is said now goes in one packet with its acknowledgement by QUIC.
    heard_live: bool,
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
            heard_live: false,
        }
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
