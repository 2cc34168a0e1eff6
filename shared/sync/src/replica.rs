//! One node's mind for all its connections: what it has, who wants it, and what may be said about it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use vigie_codec::receipt::Receipt;
use vigie_codec::statement::Statement;
use vigie_codec::wire::{Announced, Clock, Frame, Hello, Paused, Refused, RefusedWhy, Tally};
use vigie_codec::{SigningKey, VerifyingKey};
use vigie_merge::RangeSet;
use vigie_model::{ClockSource, NodeId, Now, Role, Seq, Slug, StreamId, Tick};

use crate::Lane;
use crate::inbound::Inbound;
use crate::keep::{Outcome, StreamFacts, Write};
use crate::outbound::{Outbound, PeerKeeps, Wish};
use crate::session::Session;
use crate::sessions::Sessions;
use crate::talk::{CloseWhy, Errand, Event, Input, Output, PeerIs, SessionId, Token, Way};

/// The minor version of the protocol that this program speaks.
const MINOR: u16 = 0;

/// The hub signs for a stream at most this often: each signature lets the nodes below delete, and none waits for it.
const RECEIPT_EVERY_MS: u64 = 1_000;

/// Receipts signed in one breath: a few milliseconds, in which no tick is taken in.
const SIGNED_AT_ONCE: usize = 64;

/// How long a store that could keep nothing is left alone, before the words of the hub are tried again.
const KEEP_AGAIN_MS: u64 = 5_000;

/// What a node is.
#[derive(Debug)]
pub struct Me {
    /// Which node.
    pub node: NodeId,
    /// What it may do.
    pub role: Role,
    /// Its host name, for people.
    pub name: String,
    /// Its version, for people.
    pub software: String,
    /// The life of its store.
    pub store_epoch: u64,
    /// The key that receipts are checked with.
    pub hub_key: VerifyingKey,
    /// The key that receipts are signed with (hub only).
    pub receipt_key: Option<SigningKey>,
}

/// Why a wish to the store was made, to be answered when it is done.
#[derive(Debug)]
struct Asked {
    session: SessionId,
    bulk_bytes: u64,
    /// What a refusal would have to name, for each write.
    pieces: Vec<Option<(StreamId, Seq, Seq)>>,
    /// The words of a peer that takes: when they can not be kept now, they are kept later.
    words: Vec<Write>,
}

/// Words of a peer that could not be kept: the newest of each stream, custody before receipt.
type Words = BTreeMap<(StreamId, u8), (SessionId, Write)>;

/// The mind of a node.
#[derive(Debug)]
pub struct Replica {
    me: Me,
    streams: BTreeMap<StreamId, Arc<StreamFacts>>,
    /// Streams that a peer introduced and the store does not know yet.
    fresh: BTreeSet<StreamId>,
    sessions: Sessions,
    clients: BTreeMap<NodeId, Slug>,
    paused: Paused,
    clock: (u32, ClockSource),
    asked: BTreeMap<Token, Asked>,
    next_token: u64,
    /// The hub's newest word on each stream: its own, or as it was heard.
    receipts: BTreeMap<StreamId, (u64, Receipt)>,
    /// Streams that the hub may sign for anew, by when it may: the time of a stream that waits here does not change.
    receipts_due: BTreeSet<(u64, StreamId)>,
    unkept: Words,
    keep_again_ms: u64,
    out: VecDeque<Output>,
}

impl Replica {
    /// A mind that knows what it is and nothing else.
    pub fn new(me: Me) -> Self {
        Self {
            me,
            streams: BTreeMap::new(),
            fresh: BTreeSet::new(),
            sessions: Sessions::default(),
            clients: BTreeMap::new(),
            paused: Paused::default(),
            clock: (0, ClockSource::Rtc),
            asked: BTreeMap::new(),
            next_token: 0,
            receipts: BTreeMap::new(),
            receipts_due: BTreeSet::new(),
            unkept: Words::new(),
            keep_again_ms: 0,
            out: VecDeque::new(),
        }
    }

    /// What is known of each stream.
    pub fn streams(&self) -> &BTreeMap<StreamId, Arc<StreamFacts>> {
        &self.streams
    }

    /// Ticks that are here and that the peer of a session lacks.
    pub fn backlog_ticks(&self, session: SessionId) -> u64 {
        let outbound = self.sessions.get(session).and_then(|session| session.outbound.as_ref());
        outbound.map_or(0, Outbound::backlog_ticks)
    }

    /// What a session's link may still spend, when it is metered.
    pub fn allowance_left(&self, session: SessionId) -> Option<i64> {
        Some(self.sessions.get(session)?.outbound.as_ref()?.allowance()?.left())
    }

    /// Whether anything passes between this node and a session's peer.
    pub fn is_greeted(&self, session: SessionId) -> bool {
        self.sessions.get(session).is_some_and(|session| session.greeted.is_some())
    }

    /// The next wish, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to be told [`Input::Timeout`].
    pub fn poll_timeout(&self) -> Option<u64> {
        let receipt = self.receipts_due.first().map(|(at_ms, _)| *at_ms);
        let again = (!self.unkept.is_empty()).then_some(self.keep_again_ms);
        self.sessions.next_alarm_ms().into_iter().chain(receipt).chain(again).min()
    }

    /// Takes in what happened.
    pub fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Facts(stream, facts) => self.facts(stream, facts, now),
            Input::Measured(stream, tick) => self.pass_live(stream, &tick, None, now),
            Input::Connected { session, peer, profile } => {
                self.connected(session, Session::new(peer, &profile, self.paused, now), now);
            }
            Input::Gone(session) => {
                self.sessions.remove(session);
                // A receipt is the hub's word whoever brought it; custody was that peer's.
                self.unkept.retain(|_, (of, word)| *of != session || matches!(word, Write::Receipt(_)));
            }
            Input::Frame { session, lane, bytes } => self.frame(session, lane, &bytes, now),
            Input::Path { session, rtt_ms, live_queued_bytes, spent_bytes } => {
                if let Some(outbound) = self.outbound(session) {
                    outbound.path(rtt_ms, live_queued_bytes, spent_bytes, now.mono_ms);
                }
            }
            Input::Applied { token, outcomes } => self.applied(token, outcomes, now),
            Input::NotApplied(token) => {
                if let Some(asked) = self.asked.remove(&token) {
                    self.not_applied(asked, now);
                }
            }
            Input::Answer { session, stream, answer } => {
                if let Some(outbound) = self.outbound(session) {
                    outbound.answer(stream, answer, now.mono_ms);
                }
            }
            Input::Enrolled { node, client } => {
                self.clients.insert(node, client);
            }
            Input::Pause(paused) => {
                self.paused = paused;
                self.sessions.touch_all();
            }
            Input::Clock { error_ms, source } => self.clock = (error_ms, source),
            Input::Pass { session, errand } => {
                let frame = match errand {
                    Errand::CertAsk(body) => Frame::CertAsk(body),
                    Errand::CertTell(body) => Frame::CertTell(body),
                    Errand::Revoked(body) => Frame::Revoked(body),
                };
                self.say(session, Lane::Control, &frame);
            }
            Input::Leave(reason) => self.leave(&reason),
            Input::Timeout => {}
        }
        self.advance(now);
    }

    fn leave(&mut self, reason: &str) {
        for session in self.sessions.ids() {
            self.say(session, Lane::Control, &Frame::Goodbye(reason.to_owned()));
            self.close(session, CloseWhy::Leaving(reason.to_owned()));
        }
    }

    fn connected(&mut self, id: SessionId, mut session: Session, now: Now) {
        if let Some(outbound) = &mut session.outbound {
            self.streams.keys().for_each(|stream| outbound.offer(*stream));
        }
        self.sessions.insert(id, session);
        let hello = Hello {
            minor: MINOR,
            features: 0,
            role: self.me.role,
            store_epoch: self.me.store_epoch,
            clock: self.own_clock(now),
            paused: self.paused,
            name: self.me.name.clone(),
            software: self.me.software.clone(),
        };
        self.say(id, Lane::Control, &Frame::Hello(hello));
    }

    fn own_clock(&self, now: Now) -> Clock {
        Clock { utc: now.utc, error_ms: self.clock.0, source: self.clock.1 }
    }

    // ---- what the store says

    fn facts(&mut self, stream: StreamId, facts: Arc<StreamFacts>, now: Now) {
        for id in self.sessions.carriers(stream) {
            if let Some(inbound) = self.inbound(id)
                && let Err(why) = inbound.facts(stream, &facts, false, now.mono_ms)
            {
                self.close(id, why);
            }
        }
        for id in self.sessions.offering() {
            if let Some(outbound) = self.outbound(id) {
                outbound.offer(stream);
                outbound.changed(stream);
            }
        }
        let is_signed = |(_, last): &(u64, Receipt)| last.held == facts.sealed;
        if !facts.sealed.is_empty() && !self.receipts.get(&stream).is_some_and(is_signed) {
            self.receipt_is_due(stream);
        }
        self.streams.insert(stream, facts);
        self.fresh.remove(&stream);
    }

    /// Whoever brought something must bring it again. The words of a peer that takes are tried again, and the session
    /// goes on: a node whose disk is full can still pass on what it measures.
    fn not_applied(&mut self, asked: Asked, now: Now) {
        if asked.words.is_empty() {
            return self.close(asked.session, CloseWhy::StoreTrouble);
        }
        if self.sessions.get(asked.session).is_none()
            && !asked.words.iter().any(|word| matches!(word, Write::Receipt(_)))
        {
            return;
        }
        self.keep_again_ms = now.mono_ms + KEEP_AGAIN_MS;
        for word in asked.words {
            let place = match &word {
                Write::CustodyLost { stream } => (*stream, 0),
                Write::Custody { stream, .. } => (*stream, 1),
                Write::Receipt(receipt) => (receipt.stream, 2),
                _ => continue,
            };
            // Each says all there is to say, so the newest is enough.
            self.unkept.insert(place, (asked.session, word));
        }
    }

    /// Tries again to keep what the store would not take.
    fn keep_again(&mut self, now: Now) {
        if self.unkept.is_empty() || now.mono_ms < self.keep_again_ms {
            return;
        }
        for (_, (session, word)) in std::mem::take(&mut self.unkept) {
            self.keep_words(session, vec![word]);
        }
    }

    fn keep_words(&mut self, session: SessionId, words: Vec<Write>) {
        let pieces = words.iter().map(|_| None).collect();
        self.apply(Asked { session, bulk_bytes: 0, pieces, words: words.clone() }, words, false);
    }

    fn applied(&mut self, token: Token, outcomes: Vec<Outcome>, now: Now) {
        let Some(asked) = self.asked.remove(&token) else { return };
        for (outcome, piece) in outcomes.into_iter().zip(&asked.pieces) {
            if let (Outcome::UnknownStream(stream), Some(_)) = (&outcome, piece) {
                let stream = *stream;
                self.forgotten(asked.session, stream, now);
                continue;
            }
            let why = match outcome {
                Outcome::Kept(kept) => {
                    if kept.forked {
                        self.event(Event::Forked(kept.stream));
                    }
                    continue;
                }
                Outcome::TicksMissing => RefusedWhy::Missing,
                Outcome::Forged(..) => RefusedWhy::Forged,
                Outcome::WrongSchema(_) | Outcome::TooMuch(_) => RefusedWhy::Quota,
                Outcome::UnknownStream(_) => continue,
            };
            if let Some((stream, first, last)) = *piece {
                let refused = Refused { stream, first, last, why };
                self.say(asked.session, Lane::Control, &Frame::Refused(refused));
            }
        }
        let streams: BTreeSet<_> = asked.pieces.iter().flatten().map(|piece| piece.0).collect();
        if asked.bulk_bytes == 0 {
            return;
        }
        let Some(inbound) = self.sessions.touch(asked.session).and_then(|session| session.inbound.as_mut()) else {
            return;
        };
        inbound.bulk_taken(asked.bulk_bytes);
        for stream in streams {
            if let Some(facts) = self.streams.get(&stream) {
                // What was lost would have been noticed when the facts came.
                let _known = inbound.facts(stream, facts, true, now.mono_ms);
            }
        }
    }

    /// The store has lost a stream that was introduced: whoever brings it must begin again.
    fn forgotten(&mut self, session: SessionId, stream: StreamId, now: Now) {
        let Some(known) = self.streams.get(&stream) else { return };
        let nothing = Arc::new(StreamFacts::new(known.key, known.name.clone()));
        self.facts(stream, nothing, now);
        self.fresh.insert(stream);
        self.close(session, CloseWhy::Restate);
    }

    // ---- what peers say

    fn frame(&mut self, id: SessionId, lane: Lane, bytes: &[u8], now: Now) {
        let Some(session) = self.sessions.touch(id).filter(|session| !session.closing) else { return };
        let frame = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(error) => return self.close(id, CloseWhy::Protocol(error.to_string())),
        };
        if session.greeted.is_none() && lane == Lane::Control && !matches!(frame, Frame::Hello(_)) {
            return self.close(id, CloseWhy::Protocol("the first word on the control lane is hello".to_owned()));
        }
        let size = bytes.len() as u64;
        if let Err(why) = self.understand(id, lane, frame, size, now) {
            self.close(id, why);
        }
    }

    fn understand(&mut self, id: SessionId, lane: Lane, frame: Frame, size: u64, now: Now) -> Result<(), CloseWhy> {
        match frame {
            Frame::Hello(hello) => self.greeted(id, hello)?,
            Frame::ClockAsk(token) => self.say(id, Lane::Control, &Frame::ClockTell(token, self.own_clock(now))),
            Frame::ClockTell(token, clock) => {
                let round_trip_ms = now.mono_ms.saturating_sub(token);
                self.event(Event::Clock { session: id, clock, round_trip_ms });
            }
            Frame::Goodbye(reason) => self.event(Event::Goodbye(id, reason)),
            Frame::CertAsk(body) => self.event(Event::Errand(id, Errand::CertAsk(body))),
            Frame::CertTell(body) => self.event(Event::Errand(id, Errand::CertTell(body))),
            Frame::Revoked(body) => self.event(Event::Errand(id, Errand::Revoked(body))),
            Frame::Unknown(_) => {}
            Frame::Have(_)
            | Frame::Acks(_)
            | Frame::Receipt(_)
            | Frame::Received { .. }
            | Frame::Refused(_)
            | Frame::Paused(_) => self.answered(id, frame, now)?,
            Frame::Announce(_)
            | Frame::LiveStream(_)
            | Frame::Live(_)
            | Frame::Ticks(_)
            | Frame::Segment(_)
            | Frame::Seal(_)
            | Frame::Statement(_)
            | Frame::Schema(_)
            | Frame::Tally(..) => {
                self.brought(id, lane, frame, size, now)?;
            }
        }
        Ok(())
    }

    fn greeted(&mut self, id: SessionId, hello: Hello) -> Result<(), CloseWhy> {
        let Some(session) = self.sessions.touch(id) else { return Ok(()) };
        if session.greeted.is_some() {
            return Err(CloseWhy::Protocol("hello is said once".to_owned()));
        }
        if hello.role != session.peer.role {
            return Err(CloseWhy::WrongRole { said: hello.role, is: session.peer.role });
        }
        if let Some(outbound) = &mut session.outbound {
            outbound.peer_paused = hello.paused;
        }
        session.greeted = Some(hello.clone());
        self.event(Event::Greeted(id, hello));
        Ok(())
    }

    /// Words of a peer that takes what we offer.
    fn answered(&mut self, id: SessionId, frame: Frame, now: Now) -> Result<(), CloseWhy> {
        let Some(outbound) = self.outbound(id) else {
            return Err(CloseWhy::Protocol("an answer from a peer that was offered nothing".to_owned()));
        };
        let mut writes = Vec::new();
        match frame {
            Frame::Have(list) => {
                let kept = list.into_iter().filter_map(|held| outbound.peer_has(held));
                // In place of what it said before: it may have lost its disk.
                let said = |kept: PeerKeeps| [Write::CustodyLost { stream: kept.stream }, kept.custody()];
                writes.extend(kept.flat_map(said));
            }
            Frame::Acks(list) => {
                let kept = list.iter().filter_map(|held| outbound.peer_kept(held));
                writes.extend(kept.map(PeerKeeps::custody));
            }
            Frame::Received { live, bulk } => outbound.peer_received(live, bulk, now.mono_ms),
            Frame::Refused(refused) => {
                outbound.peer_refused(&refused);
                self.event(Event::Refused(id, refused));
            }
            Frame::Paused(paused) => {
                outbound.peer_paused = paused;
                self.event(Event::Paused(id, paused));
            }
            Frame::Receipt(receipt) => {
                if receipt.verify(&self.me.hub_key).is_err() {
                    return Err(CloseWhy::Protocol("a receipt that the hub did not sign".to_owned()));
                }
                self.pass_receipt(&receipt);
                self.remember(&receipt, now);
                writes.push(Write::Receipt(receipt));
            }
            _ => {}
        }
        if !writes.is_empty() {
            self.keep_words(id, writes);
        }
        Ok(())
    }

    /// Words of a peer that offers.
    fn brought(&mut self, id: SessionId, lane: Lane, frame: Frame, size: u64, now: Now) -> Result<(), CloseWhy> {
        if self.inbound(id).is_none() {
            return Err(CloseWhy::Protocol("an offer from a peer that is to take".to_owned()));
        }
        if lane == Lane::Live
            && let Some(inbound) = self.inbound(id)
        {
            inbound.live_came(size);
        }
        let bulk_bytes = if lane == Lane::Backlog { size } else { 0 };
        match frame {
            Frame::Announce(list) => {
                let mut held = Vec::new();
                for said in list {
                    let ix = said.ix;
                    self.introduce(id, said)?;
                    held.extend(self.held(id, ix));
                }
                self.say(id, Lane::Control, &Frame::Have(held));
            }
            Frame::LiveStream(said) => self.introduce(id, said)?,
            Frame::Live(live) => {
                let Some(inbound) = self.inbound(id) else { return Ok(()) };
                let tick = inbound.decode_live(&live)?;
                let Some(stream) = inbound.stream_at(live.ix) else {
                    return if inbound.is_denied(live.ix) { Ok(()) } else { Err(unknown_number()) };
                };
                self.live_tick(id, stream, tick, now)?;
            }
            Frame::Ticks(run) => {
                let ticks = vigie_codec::block::decode(&run.body, run.first, run.count)
                    .map_err(|error| CloseWhy::Protocol(format!("a run of ticks can not be read: {error}")))?;
                let well_formed = run.first >= Seq::FIRST && ticks.iter().all(Tick::is_well_formed);
                let (Some(last), true) = (ticks.last().map(|tick| tick.seq), well_formed) else {
                    return Err(CloseWhy::Protocol("a run of ticks that is none".to_owned()));
                };
                let ticks = ticks.into_iter().map(Arc::new).collect();
                let write = Write::Ticks { stream: run.stream, ticks };
                self.keep(id, run.stream, (run.first, last), write, bulk_bytes);
            }
            Frame::Segment(segment) => {
                let (stream, first, last) = place(segment.header());
                if segment.body.len() > vigie_codec::segment::MAX_BODY_BYTES {
                    return Err(CloseWhy::Protocol("a segment larger than any may be".to_owned()));
                }
                let forged = |key: &VerifyingKey| segment.verify(key).is_err();
                if self
                    .inbound(id)
                    .and_then(|inbound| inbound.by_stream(stream))
                    .is_some_and(|taken| forged(&taken.key))
                {
                    self.refuse(id, stream, (first, last), RefusedWhy::Forged);
                    self.bulk_done(id, bulk_bytes);
                    return Ok(());
                }
                self.keep(id, stream, (first, last), Write::Segment(segment), bulk_bytes);
            }
            Frame::Seal(seal) => {
                let (stream, first, last) = place(&seal.header);
                let taken = self.inbound(id).and_then(|inbound| inbound.by_stream(stream));
                if taken.is_some_and(|taken| seal.verify(&taken.key).is_err()) {
                    self.refuse(id, stream, (first, last), RefusedWhy::Forged);
                    return Ok(());
                }
                self.keep(id, stream, (first, last), Write::Seal(seal), bulk_bytes);
            }
            Frame::Statement(signed) => {
                let stream = signed.stream;
                let piece = match signed.statement {
                    Statement::Gap(gap) => (gap.first, gap.last),
                    Statement::Anchor(_) => (Seq(0), Seq(0)),
                };
                let taken = self.inbound(id).and_then(|inbound| inbound.by_stream(stream));
                if taken.is_some_and(|taken| signed.verify(&taken.key).is_err()) {
                    self.refuse(id, stream, piece, RefusedWhy::Forged);
                    return Ok(());
                }
                self.keep(id, stream, piece, Write::Statement(signed), bulk_bytes);
            }
            Frame::Schema(part) => {
                let piece = (Seq(0), Seq(0));
                let write = Write::Schema { stream: part.stream, from: part.from, defs: part.defs };
                self.keep(id, part.stream, piece, write, bulk_bytes);
            }
            Frame::Tally(ix, tally) => {
                if let Some(stream) = self.inbound(id).and_then(|inbound| inbound.stream_at(ix)) {
                    self.event(Event::Announced { session: id, stream, tally });
                    self.keep(id, stream, (Seq(0), Seq(0)), Write::Tally { stream, tally }, 0);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn introduce(&mut self, id: SessionId, said: Announced) -> Result<(), CloseWhy> {
        let allowed = self.may_speak(id, said.stream);
        let Some(inbound) = self.inbound(id) else { return Ok(()) };
        if !inbound.introduce(&said, allowed)? {
            return Ok(());
        }
        if !allowed {
            self.refuse(id, said.stream, (Seq::FIRST, Seq(u64::MAX)), RefusedWhy::NotYours);
            return Ok(());
        }
        self.sessions.carries(id, said.stream);
        let Announced { stream, key, name, tally, .. } = said;
        let mut writes = Vec::new();
        let known = self.streams.get(&stream).is_some_and(|facts| facts.name == name);
        // A first introduction may have failed to become durable.
        if !known || self.fresh.contains(&stream) {
            writes.push(Write::Stream { stream, key, name: name.clone() });
        }
        let told = self.streams.get(&stream).map_or_else(Tally::default, |facts| facts.collected());
        if told.ticks < tally.ticks || told.samples < tally.samples {
            writes.push(Write::Tally { stream, tally });
        }
        // Known at once, so that its live ticks can be passed on; durable when the store says so.
        if let Entry::Vacant(place) = self.streams.entry(stream) {
            place.insert(Arc::new(StreamFacts::new(key, name)));
            self.fresh.insert(stream);
        }
        self.event(Event::Announced { session: id, stream, tally });
        let pieces = writes.iter().map(|_| None).collect();
        if !writes.is_empty() {
            self.apply(Asked { session: id, bulk_bytes: 0, pieces, words: Vec::new() }, writes, false);
        }
        self.tell_receipt(id, stream);
        Ok(())
    }

    /// An agent speaks for itself; a relay speaks at the hub for itself and for agents of its own client.
    fn may_speak(&self, id: SessionId, stream: StreamId) -> bool {
        let Some(PeerIs { node, role, client, .. }) = self.sessions.get(id).map(|session| &session.peer) else {
            return false;
        };
        match role {
            Role::Agent => *node == stream.agent,
            Role::Relay => {
                self.me.role == Role::Hub && (*node == stream.agent || self.clients.get(&stream.agent) == Some(client))
            }
            Role::Hub => false,
        }
    }

    fn held(&mut self, id: SessionId, ix: u32) -> Option<vigie_codec::wire::Held> {
        let stream = self.inbound(id)?.stream_at(ix)?;
        let facts = self.streams.get(&stream).cloned();
        self.inbound(id)?.full(ix, facts.as_deref())
    }

    fn live_tick(&mut self, id: SessionId, stream: StreamId, tick: Tick, now: Now) -> Result<(), CloseWhy> {
        if !tick.is_well_formed() || tick.seq < Seq::FIRST {
            return Err(CloseWhy::Protocol("a tick that is none".to_owned()));
        }
        let tick = Arc::new(tick);
        self.event(Event::Seen { stream, tick: tick.clone(), from: id });
        self.pass_live(stream, &tick, Some(id), now);
        let piece = (tick.seq, tick.seq);
        self.keep(id, stream, piece, Write::Ticks { stream, ticks: vec![tick] }, 0);
        Ok(())
    }

    /// Hands a tick on before it is durable here: whoever brought it still has it.
    fn pass_live(&mut self, stream: StreamId, tick: &Arc<Tick>, from: Option<SessionId>, now: Now) {
        for id in self.sessions.offering().into_iter().filter(|id| Some(*id) != from) {
            if let Some(outbound) = self.outbound(id) {
                outbound.live(stream, tick.clone(), now.mono_ms);
            }
        }
    }

    // ---- receipts

    /// A stream is signed for anew, as soon as it may be (hub only).
    fn receipt_is_due(&mut self, stream: StreamId) {
        if self.me.receipt_key.is_some() {
            let at_ms = self.receipts.get(&stream).map_or(0, |(at, _)| at + RECEIPT_EVERY_MS);
            self.receipts_due.insert((at_ms, stream));
        }
    }

    /// Signs for what has become verified, and tells whoever carries the stream.
    fn sign_receipts(&mut self, now: Now) {
        let Some(key) = self.me.receipt_key.clone() else { return };
        for _ in 0..SIGNED_AT_ONCE {
            let Some((_, stream)) = self.receipts_due.first().copied().filter(|(at_ms, _)| *at_ms <= now.mono_ms)
            else {
                return;
            };
            self.receipts_due.pop_first();
            let Some(facts) = self.streams.get(&stream) else { continue };
            if self.receipts.get(&stream).is_some_and(|(_, last)| last.held == facts.sealed) {
                continue;
            }
            let epoch = self.me.store_epoch;
            let receipt = Receipt::new(stream, facts.sealed.clone(), facts.schema_len, epoch, now.utc, &key);
            self.pass_receipt(&receipt);
            self.receipts.insert(stream, (now.mono_ms, receipt));
        }
    }

    fn pass_receipt(&mut self, receipt: &Receipt) {
        let frame = Frame::Receipt(receipt.clone());
        self.sessions.carriers(receipt.stream).into_iter().for_each(|id| self.say(id, Lane::Control, &frame));
    }

    /// Whoever announces the stream before this word is durable here must hear it too: it may be the last one.
    fn remember(&mut self, receipt: &Receipt, now: Now) {
        let age = |one: &Receipt| (one.hub_epoch, one.at);
        if self.receipts.get(&receipt.stream).is_none_or(|(_, last)| age(last) <= age(receipt)) {
            self.receipts.insert(receipt.stream, (now.mono_ms, receipt.clone()));
        }
    }

    /// The newest word of the hub, for a peer that has just announced a stream.
    fn tell_receipt(&mut self, id: SessionId, stream: StreamId) {
        let last = self.receipts.get(&stream).map(|(_, receipt)| receipt.clone());
        if last.is_none() && self.streams.get(&stream).is_some_and(|facts| !facts.sealed.is_empty()) {
            self.receipt_is_due(stream);
        }
        let receipt = last.or_else(|| self.streams.get(&stream)?.receipt.clone());
        if let Some(receipt) = receipt {
            self.say(id, Lane::Control, &Frame::Receipt(receipt));
        }
    }

    // ---- small helpers

    fn advance(&mut self, now: Now) {
        self.sign_receipts(now);
        self.keep_again(now);
        let hour = (now.utc.0.rem_euclid(86_400_000) / 3_600_000) as u8;
        for id in self.sessions.awake(now.mono_ms) {
            self.advance_session(id, hour, now);
            self.sessions.rests(id);
        }
    }

    fn advance_session(&mut self, id: SessionId, hour: u8, now: Now) {
        let Some(session) = self.sessions.speaking(id) else { return };
        let mut frames = Vec::new();
        if session.asks_clock(now) {
            frames.push((Lane::Control, Frame::ClockAsk(now.mono_ms)));
        }
        if session.told_paused != self.paused && session.peer.way == Way::Down {
            session.told_paused = self.paused;
            frames.push((Lane::Control, Frame::Paused(self.paused)));
        }
        if let Some(inbound) = &mut session.inbound {
            let said = inbound.advance(&self.streams, now.mono_ms);
            frames.extend(said.into_iter().map(|frame| (Lane::Control, frame)));
        }
        if let Some(outbound) = &mut session.outbound {
            outbound.advance(&self.streams, now.mono_ms, hour);
            while let Some(wish) = outbound.poll() {
                match wish {
                    Wish::Send(lane, frame) => {
                        self.out.push_back(Output::Send { session: id, lane, frame: frame.encode() });
                    }
                    Wish::Ask(stream, ask) => self.out.push_back(Output::Ask { session: id, stream, ask }),
                }
            }
        }
        frames.into_iter().for_each(|(lane, frame)| self.say(id, lane, &frame));
    }

    fn inbound(&mut self, id: SessionId) -> Option<&mut Inbound> {
        self.sessions.touch(id)?.inbound.as_mut()
    }

    fn outbound(&mut self, id: SessionId) -> Option<&mut Outbound> {
        self.sessions.touch(id)?.outbound.as_mut()
    }

    fn keep(&mut self, id: SessionId, stream: StreamId, piece: (Seq, Seq), write: Write, bulk_bytes: u64) {
        let carried = self.inbound(id).is_some_and(|inbound| inbound.carries(stream));
        if !carried {
            self.bulk_done(id, bulk_bytes);
            return self.refuse(id, stream, piece, RefusedWhy::NotYours);
        }
        let pieces = vec![Some((stream, piece.0, piece.1))];
        self.apply(Asked { session: id, bulk_bytes, pieces, words: Vec::new() }, vec![write], bulk_bytes > 0);
    }

    fn bulk_done(&mut self, id: SessionId, bytes: u64) {
        if let Some(inbound) = self.inbound(id) {
            inbound.bulk_taken(bytes);
        }
    }

    fn refuse(&mut self, id: SessionId, stream: StreamId, (first, last): (Seq, Seq), why: RefusedWhy) {
        self.say(id, Lane::Control, &Frame::Refused(Refused { stream, first, last, why }));
    }

    fn apply(&mut self, asked: Asked, writes: Vec<Write>, urgent: bool) {
        let token = Token(self.next_token);
        self.next_token += 1;
        self.asked.insert(token, asked);
        self.out.push_back(Output::Apply { token, writes, urgent });
    }

    fn say(&mut self, session: SessionId, lane: Lane, frame: &Frame) {
        if self.sessions.get(session).is_some_and(|session| !session.closing) {
            self.out.push_back(Output::Send { session, lane, frame: frame.encode() });
        }
    }

    fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    fn close(&mut self, id: SessionId, why: CloseWhy) {
        let Some(session) = self.sessions.touch(id).filter(|session| !session.closing) else { return };
        session.closing = true;
        self.out.push_back(Output::Close { session: id, why });
    }
}

fn place(header: &vigie_codec::segment::Header) -> (StreamId, Seq, Seq) {
    (header.stream, header.first, header.last)
}

fn unknown_number() -> CloseWhy {
    CloseWhy::Protocol("a live tick of a stream that was not introduced".to_owned())
}

/// What of a stream nobody below the hub needs to keep: what the hub has signed for.
pub fn receipted(facts: &StreamFacts) -> RangeSet {
    facts.receipt.as_ref().map_or_else(RangeSet::new, |receipt| receipt.held.clone())
}
