//! The offering half of a session: what the peer lacks, in the order it is needed.

mod answers;
mod backlog;
mod definitions;
mod heard;
mod hours;
mod live;
mod offered;
mod thinned;
mod told;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use vigie_codec::live::LiveEncoder;
use vigie_codec::wire::{Frame, Paused};
use vigie_merge::RangeSet;
use vigie_model::{StreamId, Tick};

pub(crate) use heard::PeerKeeps;
pub(crate) use hours::MAX_HOUR_BYTES;

use crate::allowance::Allowance;
use crate::keep::StreamFacts;
use crate::talk::Ask;
use crate::window::Window;
use crate::{Lane, LinkProfile, Sends};
use offered::Offered;
use told::TALLY_EVERY_MS;

/// What the offering half wishes; the session adds its own name.
#[derive(Debug)]
pub(crate) enum Wish {
    Send(Lane, Box<Frame>),
    Ask(StreamId, Ask),
}

/// The offering half.
#[derive(Debug)]
pub(crate) struct Outbound {
    streams: Vec<Offered>,
    by_id: BTreeMap<StreamId, u32>,
    announced: usize,
    live: LiveEncoder,
    live_sent_bytes: u64,
    live_received: u64,
    live_queued_bytes: u64,
    /// The newest tick of each stream that waits for company or for room.
    waiting: BTreeMap<StreamId, Arc<Tick>>,
    waiting_since_ms: Option<u64>,
    gather_ms: u64,
    bulk: Window,
    bulk_owed: u32,
    loading: Option<(StreamId, RangeSet)>,
    loading_hours: Option<(StreamId, RangeSet)>,
    loading_definitions: Option<StreamId>,
    /// When the store is asked again, after it could not be read.
    store_rests_until_ms: Option<u64>,
    /// Streams to look at again.
    dirty: BTreeSet<usize>,
    /// Streams whose `lacking` may have changed, and the sum of all.
    uncounted: BTreeSet<usize>,
    lacking: u64,
    /// Streams that may have backlog for the peer.
    hungry: BTreeSet<usize>,
    /// Whose turn it is.
    turn: usize,
    /// Streams of which the peer may lack hours, and whose turn it is.
    hungry_hours: BTreeSet<usize>,
    turn_hours: usize,
    /// Streams of which the peer may lack definitions, and whose turn it is.
    undefined: BTreeSet<usize>,
    turn_definitions: usize,
    sends: Sends,
    live_turn: Option<StreamId>,
    tally_due_ms: u64,
    tallies_passed_by: u32,
    backlog_hours: Option<(u8, u8)>,
    allowance: Option<Allowance>,
    pub(crate) peer_paused: Paused,
    /// The peer takes rollups.
    pub(crate) peer_rolls: bool,
    wishes: VecDeque<Wish>,
}

type Streams = BTreeMap<StreamId, Arc<StreamFacts>>;

impl Outbound {
    pub(crate) fn new(profile: &LinkProfile, allowance: Option<Allowance>, now_ms: u64) -> Self {
        Self {
            streams: Vec::new(),
            by_id: BTreeMap::new(),
            announced: 0,
            live: LiveEncoder::new(),
            live_sent_bytes: 0,
            live_received: 0,
            live_queued_bytes: 0,
            waiting: BTreeMap::new(),
            waiting_since_ms: None,
            gather_ms: u64::from(profile.gather_live_ms),
            bulk: Window::new(profile),
            bulk_owed: 0,
            loading: None,
            loading_hours: None,
            loading_definitions: None,
            store_rests_until_ms: None,
            dirty: BTreeSet::new(),
            uncounted: BTreeSet::new(),
            lacking: 0,
            hungry: BTreeSet::new(),
            turn: 0,
            hungry_hours: BTreeSet::new(),
            turn_hours: 0,
            undefined: BTreeSet::new(),
            turn_definitions: 0,
            sends: profile.sends,
            live_turn: None,
            tally_due_ms: now_ms + TALLY_EVERY_MS,
            tallies_passed_by: 0,
            backlog_hours: profile.backlog_hours,
            allowance,
            peer_paused: Paused::default(),
            peer_rolls: false,
            wishes: VecDeque::new(),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    pub(crate) fn allowance(&self) -> Option<Allowance> {
        self.allowance
    }

    /// What the link may take from now on. What was saved up or spent ahead of the volume stays so.
    pub(crate) fn budget(&mut self, per_month: Option<u64>, backlog_hours: Option<(u8, u8)>, now_ms: u64) {
        self.backlog_hours = backlog_hours;
        self.allowance = per_month.map(|per_month| match self.allowance {
            Some(allowance) => allowance.poured(per_month, now_ms),
            None => Allowance::new(per_month, now_ms),
        });
    }

    /// A stream there is to offer. Offered once; later calls do nothing.
    pub(crate) fn offer(&mut self, stream: StreamId) {
        if self.by_id.contains_key(&stream) {
            return;
        }
        self.by_id.insert(stream, self.streams.len() as u32);
        self.streams.push(Offered::new(stream));
        self.look_at(self.streams.len() - 1);
    }

    /// What is here of a stream has changed.
    pub(crate) fn changed(&mut self, stream: StreamId) {
        if let Some(ix) = self.by_id.get(&stream) {
            self.look_at(*ix as usize);
        }
    }

    fn look_at(&mut self, at: usize) {
        self.dirty.insert(at);
        self.uncounted.insert(at);
    }

    pub(crate) fn path(&mut self, rtt_ms: u64, live_queued_bytes: u64, spent_bytes: u64, now_ms: u64) {
        self.bulk.path(rtt_ms, now_ms);
        self.live_queued_bytes = live_queued_bytes;
        if let Some(allowance) = &mut self.allowance {
            allowance.spend(spent_bytes);
        }
    }

    /// Wishes for all that may go now.
    pub(crate) fn advance(&mut self, streams: &Streams, now_ms: u64, hour: u8) {
        if let Some(allowance) = &mut self.allowance {
            allowance.fill(now_ms);
        }
        self.announce(streams);
        std::mem::take(&mut self.uncounted).into_iter().for_each(|at| self.count(at, streams));
        self.tell_tallies(streams, now_ms);
        // Ticks first: their seal may be due, and goes behind them.
        self.flush_live(streams, now_ms);
        self.store_rests_until_ms.take_if(|until| *until <= now_ms);
        let dirty = if self.store_rests_until_ms.is_some() { BTreeSet::new() } else { std::mem::take(&mut self.dirty) };
        self.tell_thinned(&dirty, streams);
        for at in dirty {
            self.ask_small(at, streams);
            self.undefined.insert(at);
            self.hungry.insert(at);
            self.hungry_hours.insert(at);
        }
        if !self.ask_definitions(streams) && !self.ask_hours(streams) {
            self.ask_backlog(streams, hour);
        }
    }

    pub(crate) fn next_timeout_ms(&self) -> u64 {
        let gather = self.waiting_since_ms.map_or(u64::MAX, |since| since + self.gather_ms);
        let gather = if self.live_may_go() { gather } else { u64::MAX };
        gather.min(self.tally_due_ms).min(self.store_rests_until_ms.unwrap_or(u64::MAX))
    }
}
