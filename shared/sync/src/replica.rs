//! One node's mind for all its connections: what it has, who wants it, and what may be said about it.
//!
//! What peers say is dealt with in `heard`, `brought` and `introduced`, what the store says in `stored`.

mod brought;
mod heard;
mod introduced;
mod live;
mod receipts;
mod rolled;
mod rows;
mod rows_rest;
mod stored;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use vigie_codec::receipt::Receipt;
use vigie_codec::wire::{Clock, Frame, Hello, Paused, feature};
use vigie_codec::{SigningKey, VerifyingKey};
use vigie_model::{ClockSource, NodeId, Now, Role, Slug, StreamId};

pub use receipts::receipted;

use self::rows_rest::RowsRest;
use crate::Lane;
use crate::inbound::Inbound;
use crate::keep::{StreamFacts, Write};
use crate::outbound::{Outbound, Wish};
use crate::rows::{RowFacts, RowPeer};
use crate::session::Session;
use crate::sessions::Sessions;
use crate::talk::{CloseWhy, Errand, Event, Input, Output, SessionId, Token, Way};
use stored::{Asked, Words};

/// The minor version of the protocol that this program speaks.
const MINOR: u16 = 0;

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

/// The mind of a node.
#[derive(Debug)]
pub struct Replica {
    me: Me,
    streams: BTreeMap<StreamId, Arc<StreamFacts>>,
    /// Streams that a peer introduced and the store does not know yet.
    fresh: BTreeSet<StreamId>,
    sessions: Sessions,
    /// Each enrolled node's client and site.
    homes: BTreeMap<NodeId, (Slug, Slug)>,
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
    /// Whose rows are here, where this node has any, and what is known of them.
    rows: Option<(RowPeer, Option<RowFacts>)>,
    rows_rest: RowsRest,
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
            homes: BTreeMap::new(),
            paused: Paused::default(),
            clock: (0, ClockSource::Rtc),
            asked: BTreeMap::new(),
            next_token: 0,
            receipts: BTreeMap::new(),
            receipts_due: BTreeSet::new(),
            unkept: Words::new(),
            keep_again_ms: 0,
            rows: None,
            rows_rest: RowsRest::default(),
            out: VecDeque::new(),
        }
    }

    /// This node has rows: it talks of them with every peer that does, from the next connection on.
    #[must_use]
    pub fn with_rows(mut self, who: RowPeer) -> Self {
        self.rows = Some((who, None));
        self
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
            Input::Budget { session, bytes_per_month, backlog_hours } => {
                if let Some(outbound) = self.outbound(session) {
                    outbound.budget(bytes_per_month, backlog_hours, now.mono_ms);
                }
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
            Input::Enrolled { node, client, site } => {
                self.homes.insert(node, (client, site));
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
            Input::RowsBegun { session, hello, facts } => self.rows_begun(session, hello, facts, now),
            Input::Rows { session, input } => self.rows_answered(session, input, now),
            Input::RowsChanged { facts, machines } => self.rows_changed(facts, machines.as_ref(), now),
            Input::Leave(reason) => self.leave(&reason),
            Input::Timeout => {}
        }
        self.advance(now);
    }

    fn connected(&mut self, id: SessionId, mut session: Session, now: Now) {
        if let Some(outbound) = &mut session.outbound {
            self.streams.keys().for_each(|stream| outbound.offer(*stream));
        }
        let link = (session.peer.way == Way::Up).then_some(session.link);
        self.sessions.insert(id, session);
        let hello = Hello {
            minor: MINOR,
            features: self.features(),
            role: self.me.role,
            store_epoch: self.me.store_epoch,
            clock: self.own_clock(now),
            paused: self.paused,
            name: self.me.name.clone(),
            software: self.me.software.clone(),
        };
        self.say(id, Lane::Control, &Frame::Hello(hello));
        if let Some(link) = link {
            self.say(id, Lane::Control, &Frame::Link(link));
            self.begin_rows(id);
        }
    }

    fn features(&self) -> u64 {
        let rollups = if self.me.role == Role::Agent { 0 } else { feature::ROLLUPS };
        let rows = if self.rows.is_some() { feature::ROWS } else { 0 };
        rollups | rows
    }

    fn leave(&mut self, reason: &str) {
        for session in self.sessions.ids() {
            self.say(session, Lane::Control, &Frame::Goodbye(reason.to_owned()));
            self.close(session, CloseWhy::Leaving(reason.to_owned()));
        }
    }

    fn own_clock(&self, now: Now) -> Clock {
        Clock { utc: now.utc, error_ms: self.clock.0, source: self.clock.1 }
    }

    fn advance(&mut self, now: Now) {
        self.sign_receipts(now);
        self.keep_again(now);
        let hour = (now.utc.0.rem_euclid(86_400_000) / 3_600_000) as u8;
        for id in self.sessions.awake(now.mono_ms) {
            self.rows_due(id, now);
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
