//! What would a relay say to a hub that has what it signed for?

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use vigie_codec::wire::{Announced, Clock, Frame, Held, Hello, Paused, RolledUp, feature};
use vigie_merge::RangeSet;
use vigie_model::{ClockSource, NodeId, Now, Role, Slug, StreamId};

use crate::keep::StreamFacts;
use crate::talk::{Answer, Ask, Input, Output, PeerIs, SessionId, Way};
use crate::{Lane, LinkKind, LinkProfile, Me, Replica, Sends, receipted};

const SESSION: SessionId = SessionId(1);

/// What is under way is in a file as soon as it is said: this only bounds what is asked of the store ahead.
const WINDOW_BYTES: u32 = 256 * 1024;

/// A relay's mind, and paper in the place of its hub.
#[derive(Debug)]
pub struct Offering {
    mind: Replica,
    streams: BTreeMap<StreamId, Arc<StreamFacts>>,
    now: Now,
    bulk: u64,
    /// What the paper answers.
    answers: VecDeque<Frame>,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Write this frame into the file.
    Frame(Vec<u8>),
    /// Look this up; say [`Offering::answered`].
    Ask(StreamId, Ask),
}

/// The store can not be read now: the file would lack something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store can not be read now")]
pub struct Unreadable;

impl Offering {
    /// Begins to say what is known of these streams and the hub has not signed for. Where hours stand in place of ticks on
    /// this relay, they go too.
    pub fn new(
        me: Me,
        (client, site): (Slug, Slug),
        streams: BTreeMap<StreamId, Arc<StreamFacts>>,
        sends: Sends,
        now: Now,
    ) -> Self {
        let hub = NodeId::of_key(me.hub_key.as_bytes());
        let mut mind = Replica::new(me);
        for (stream, facts) in &streams {
            mind.handle(Input::Facts(*stream, facts.clone()), now);
        }
        let peer = PeerIs { node: hub, role: Role::Hub, client, site, way: Way::Up, formerly: None };
        let sends = if sends == Sends::All { Sends::All } else { Sends::RollupsFirst };
        let profile = LinkProfile {
            sends,
            bulk_floor_bytes: WINDOW_BYTES,
            bulk_ceiling_bytes: WINDOW_BYTES,
            ..LinkProfile::of(LinkKind::Lan)
        };
        mind.handle(Input::Connected { session: SESSION, peer, profile }, now);
        let mut offering = Self { mind, streams, now, bulk: 0, answers: VecDeque::new() };
        offering.hear(&Frame::Hello(hello(now)));
        offering
    }

    /// What is to be done next; nothing when all is said.
    pub fn poll(&mut self) -> Option<Offer> {
        loop {
            let Some(output) = self.mind.poll_output() else {
                let answer = self.answers.pop_front()?;
                self.hear(&answer);
                continue;
            };
            match output {
                Output::Send { lane, frame, .. } => {
                    if self.said(lane, &frame) {
                        return Some(Offer::Frame(frame));
                    }
                }
                Output::Ask { stream, ask, .. } => return Some(Offer::Ask(stream, ask)),
                // What the paper answered is nobody's word: nothing of it is kept.
                Output::Apply { .. } | Output::Close { .. } | Output::Rows { .. } | Output::Event(_) => {}
            }
        }
    }

    /// The store's answer to [`Offer::Ask`].
    ///
    /// # Errors
    /// When the store could not be read.
    pub fn answered(&mut self, stream: StreamId, answer: Answer) -> Result<(), Unreadable> {
        if matches!(answer, Answer::Failed) {
            return Err(Unreadable);
        }
        self.mind.handle(Input::Answer { session: SESSION, stream, answer }, self.now);
        Ok(())
    }

    /// Whether a frame belongs into the file; what the paper says to it.
    fn said(&mut self, lane: Lane, bytes: &[u8]) -> bool {
        if matches!(lane, Lane::Backlog | Lane::Rollups) {
            self.bulk += bytes.len() as u64;
            self.answers.push_back(Frame::Received { live: 0, bulk: self.bulk });
        }
        match Frame::decode(bytes) {
            Ok(Frame::Announce(list)) => {
                let (held, rolled) = list.iter().map(|said| self.held(said)).unzip();
                self.answers.push_back(Frame::Have(held));
                self.answers.push_back(Frame::RolledUp(rolled));
                true
            }
            Ok(frame) => super::taking::is_carried(&frame),
            Err(_) => false,
        }
    }

    /// What the hub surely has: what it signed for, for it may have lost what it only took.
    fn held(&self, said: &Announced) -> (Held, RolledUp) {
        let facts = self.streams.get(&said.stream);
        let have = facts.map(|facts| receipted(facts)).unwrap_or_default();
        let receipt = facts.and_then(|facts| facts.receipt.as_ref());
        let schema_len = receipt.map_or(0, |receipt| receipt.schema_len);
        let ticks = facts.map_or_else(RangeSet::new, |facts| facts.rolled.there.clone());
        let rolled = RolledUp { ix: said.ix, whole: true, edition: 0, ticks };
        (Held { ix: said.ix, sealed: have.clone(), have, schema_len }, rolled)
    }

    fn hear(&mut self, frame: &Frame) {
        let bytes = frame.encode();
        self.mind.handle(Input::Frame { session: SESSION, lane: Lane::Control, bytes }, self.now);
    }
}

fn hello(now: Now) -> Hello {
    Hello {
        minor: 0,
        features: feature::ROLLUPS,
        role: Role::Hub,
        store_epoch: 0,
        clock: Clock { utc: now.utc, error_ms: 0, source: ClockSource::Rtc },
        paused: Paused::default(),
        name: String::new(),
        software: String::new(),
    }
}
