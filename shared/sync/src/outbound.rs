//! The offering half of a session: what the peer lacks, in the order it is needed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use vigie_codec::live::LiveEncoder;
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::{
    Announced, Frame, Held, LiveTick, LooseTicks, MAX_STREAMS_PER_FRAME, Paused, Refused, RefusedWhy, SchemaPart, Tally,
};
use vigie_merge::RangeSet;
use vigie_model::{Anchor, StreamId, Tick};

use crate::allowance::Allowance;
use crate::keep::{Record, StreamFacts, Write};
use crate::talk::{Answer, Ask};
use crate::window::Window;
use crate::{Lane, LinkProfile};

/// Bytes on the live lane that may be under way. Beyond it the newest tick of each machine waits and older ones go as
/// backlog: this much is half a second of a megabit line.
const LIVE_IN_FLIGHT_BYTES: u64 = 64 * 1024;

/// Share of frames that backlog gets while live ticks also wait: one piece after so many live ticks. A floor, so that a
/// line too narrow for its live ticks still drains.
const LIVE_PER_BULK: u32 = 64;

/// Bytes of records asked from the store at once.
const LOAD_BYTES: u64 = 48 * 1024;

/// How long a store that could not be read is left alone.
const STORE_RESTS_MS: u64 = 5_000;

/// How often the peer is told how much was collected, when no tick says so.
const TALLY_EVERY_MS: u64 = 30_000;

/// Of these times, how many pass until a peer that hears the newest ticks is told as well, when it lacks others: it can
/// not count their samples. Ten bytes in five minutes.
const TALLIES_PASSED_BY: u32 = 10;

/// What the offering half wishes; the session adds its own name.
#[derive(Debug)]
pub(crate) enum Wish {
    Send(Lane, Box<Frame>),
    Ask(StreamId, Ask),
}

/// What a peer keeps of a stream, all of it.
#[derive(Debug)]
pub(crate) struct PeerKeeps {
    pub(crate) stream: StreamId,
    have: RangeSet,
    sealed: RangeSet,
}

impl PeerKeeps {
    pub(crate) fn custody(self) -> Write {
        Write::Custody { stream: self.stream, have: self.have, sealed: self.sealed }
    }
}

#[derive(Debug)]
struct PeerHas {
    have: RangeSet,
    sealed: RangeSet,
}

/// One stream as it is offered on this connection.
#[derive(Debug)]
struct Offered {
    stream: StreamId,
    /// What the peer has; unknown until it says so.
    peer: Option<PeerHas>,
    /// Under way on this connection and not yet acknowledged.
    sent: RangeSet,
    /// Sent on the live lane: seals follow on the same lane, and so never overtake their ticks.
    live_sent: RangeSet,
    /// Numbers whose seal is under way.
    seals_sent: RangeSet,
    /// What the peer will not take on this connection.
    blocked: RangeSet,
    /// What was asked of the store and was not there, as long as it is said to be here: asking again would give the same.
    absent: RangeSet,
    /// Gaps that were said although the peer has ticks there: the agent's last word on ticks that it never sealed.
    gaps_said: RangeSet,
    schema_sent: u32,
    anchors_told: BTreeMap<u32, Anchor>,
    live_introduced: bool,
    tally_told: Tally,
    asking_schema: bool,
    asking_anchors: bool,
    /// Ticks that are here and not there.
    lacking: u64,
    /// The numbers whose seals were last asked for: asking again for the same would give the same.
    seals_asked: RangeSet,
}

/// Numbers from and to, and the frame that brings them.
type Piece = (u64, u64, Lane, Frame);

impl Offered {
    /// What of a record is still to be sent. A segment goes whole, because its signature is over the whole.
    fn pieces(&mut self, record: Record) -> Vec<Piece> {
        match record {
            Record::Segment(segment) => {
                let (first, last) = (segment.header().first.0, segment.header().last.0);
                self.seals_sent.insert(first, last);
                vec![(first, last, Lane::Backlog, Frame::Segment(segment))]
            }
            Record::Ticks(mut ticks) => {
                // A run may hold ticks that have gone by the live lane since it was asked for.
                let there = |seq: u64| self.peer.as_ref().is_some_and(|peer| peer.have.contains(seq));
                ticks.retain(|tick| !self.sent.contains(tick.seq.0) && !there(tick.seq.0));
                ticks.chunk_by(|a, b| a.seq.next() == b.seq).map(|run| loose(self.stream, run)).collect()
            }
            Record::Statement(signed) => match signed.statement {
                Statement::Gap(gap) => vec![(gap.first.0, gap.last.0, Lane::State, Frame::Statement(signed))],
                Statement::Anchor(_) => Vec::new(),
            },
        }
    }
}

fn loose(stream: StreamId, run: &[Arc<Tick>]) -> Piece {
    let owned: Vec<Tick> = run.iter().map(|tick| Tick::clone(tick)).collect();
    let (first, count) = (owned[0].seq, owned.len() as u32);
    let body = vigie_codec::block::encode(&owned);
    (first.0, first.0 + u64::from(count) - 1, Lane::Backlog, Frame::Ticks(LooseTicks { stream, first, count, body }))
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
    live_turn: Option<StreamId>,
    tally_due_ms: u64,
    tallies_passed_by: u32,
    backlog_hours: Option<(u8, u8)>,
    allowance: Option<Allowance>,
    pub(crate) peer_paused: Paused,
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
            store_rests_until_ms: None,
            dirty: BTreeSet::new(),
            uncounted: BTreeSet::new(),
            lacking: 0,
            hungry: BTreeSet::new(),
            turn: 0,
            live_turn: None,
            tally_due_ms: now_ms + TALLY_EVERY_MS,
            tallies_passed_by: 0,
            backlog_hours: profile.backlog_hours,
            allowance,
            peer_paused: Paused::default(),
            wishes: VecDeque::new(),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    pub(crate) fn allowance(&self) -> Option<Allowance> {
        self.allowance
    }

    /// A stream there is to offer. Offered once; later calls do nothing.
    pub(crate) fn offer(&mut self, stream: StreamId) {
        if self.by_id.contains_key(&stream) {
            return;
        }
        self.by_id.insert(stream, self.streams.len() as u32);
        self.streams.push(Offered {
            stream,
            peer: None,
            sent: RangeSet::new(),
            live_sent: RangeSet::new(),
            seals_sent: RangeSet::new(),
            blocked: RangeSet::new(),
            absent: RangeSet::new(),
            gaps_said: RangeSet::new(),
            schema_sent: 0,
            anchors_told: BTreeMap::new(),
            live_introduced: false,
            tally_told: Tally::default(),
            lacking: 0,
            asking_schema: false,
            asking_anchors: false,
            seals_asked: RangeSet::new(),
        });
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

    /// A tick as it was measured or passed by.
    pub(crate) fn live(&mut self, stream: StreamId, tick: Arc<Tick>, now_ms: u64) {
        self.offer(stream);
        let offered = &self.streams[self.by_id[&stream] as usize];
        let peer_has = offered.peer.as_ref().is_some_and(|peer| peer.have.contains(tick.seq.0));
        let newer_waits = self.waiting.get(&stream).is_some_and(|waiting| waiting.seq >= tick.seq);
        if peer_has || newer_waits || offered.sent.contains(tick.seq.0) {
            return;
        }
        self.waiting.insert(stream, tick);
        self.waiting_since_ms.get_or_insert(now_ms);
    }

    /// The peer says what it has: everything, after an announcement.
    pub(crate) fn peer_has(&mut self, held: Held) -> Option<PeerKeeps> {
        let offered = self.streams.get_mut(held.ix as usize)?;
        offered.schema_sent = offered.schema_sent.max(held.schema_len);
        offered.seals_sent = RangeSet::new();
        let keeps = PeerKeeps { stream: offered.stream, have: held.have.clone(), sealed: held.sealed.clone() };
        offered.peer = Some(PeerHas { have: held.have, sealed: held.sealed });
        self.look_at(held.ix as usize);
        Some(keeps)
    }

    /// The peer says what became durable.
    pub(crate) fn peer_kept(&mut self, held: &Held) -> Option<PeerKeeps> {
        let offered = self.streams.get_mut(held.ix as usize)?;
        let peer = offered.peer.get_or_insert_with(|| PeerHas { have: RangeSet::new(), sealed: RangeSet::new() });
        peer.have.union_with(&held.have);
        peer.sealed.union_with(&held.sealed);
        offered.schema_sent = offered.schema_sent.max(held.schema_len);
        offered.sent = offered.sent.without(&peer.have);
        offered.live_sent = offered.live_sent.without(&peer.sealed);
        offered.seals_sent = offered.seals_sent.without(&peer.sealed);
        let keeps = PeerKeeps { stream: offered.stream, have: peer.have.clone(), sealed: peer.sealed.clone() };
        self.look_at(held.ix as usize);
        Some(keeps)
    }

    /// The peer has taken so many bytes of the lanes.
    pub(crate) fn peer_received(&mut self, live: u64, bulk: u64, now_ms: u64) {
        self.live_received = self.live_received.max(live.min(self.live_sent_bytes));
        self.bulk.received(bulk, now_ms);
    }

    /// The peer will not keep something.
    pub(crate) fn peer_refused(&mut self, refused: &Refused) {
        let Some(at) = self.by_id.get(&refused.stream).map(|ix| *ix as usize) else { return };
        self.look_at(at);
        let offered = &mut self.streams[at];
        let (first, last) = (refused.first.0, refused.last.0);
        let was_seal = offered.seals_sent.touches(first, last);
        match refused.why {
            // The whole segment goes instead.
            RefusedWhy::Missing | RefusedWhy::Forged if was_seal => {
                offered.seals_sent.remove(first, last);
                offered.live_sent.remove(first, last);
                offered.sent.remove(first, last);
                if let Some(peer) = &mut offered.peer {
                    peer.have.remove(first, last);
                }
            }
            RefusedWhy::NotYours => {
                offered.blocked.insert(0, u64::MAX);
            }
            RefusedWhy::Missing | RefusedWhy::Forged | RefusedWhy::Quota => {
                offered.blocked.insert(first, last);
            }
        }
    }

    pub(crate) fn path(&mut self, rtt_ms: u64, live_queued_bytes: u64, spent_bytes: u64, now_ms: u64) {
        self.bulk.path(rtt_ms, now_ms);
        self.live_queued_bytes = live_queued_bytes;
        if let Some(allowance) = &mut self.allowance {
            allowance.spend(spent_bytes);
        }
    }

    /// The store's answer to an [`Ask`] of this half.
    pub(crate) fn answer(&mut self, stream: StreamId, answer: Answer, now_ms: u64) {
        let Some(at) = self.by_id.get(&stream).map(|ix| *ix as usize) else { return };
        self.look_at(at);
        match answer {
            Answer::Records(records) => self.send_records(at, records, now_ms),
            Answer::Schema { from, defs } => {
                self.streams[at].asking_schema = false;
                let upto = from + defs.len() as u32;
                if !defs.is_empty() && self.streams[at].schema_sent == from {
                    self.streams[at].schema_sent = upto;
                    self.wishes
                        .push_back(Wish::Send(Lane::State, Box::new(Frame::Schema(SchemaPart { stream, from, defs }))));
                }
            }
            Answer::Seals(seals) => {
                for seal in seals {
                    let (first, last) = (seal.header.first.0, seal.header.last.0);
                    if self.streams[at].peer.as_ref().is_some_and(|peer| peer.sealed.contains_range(first, last)) {
                        continue;
                    }
                    self.streams[at].seals_sent.insert(seal.header.first.0, seal.header.last.0);
                    self.send_live(Frame::Seal(seal));
                }
            }
            Answer::Anchors(statements) => {
                self.streams[at].asking_anchors = false;
                // Gaps go with the records, where they are counted as sent, but for those over ticks that the peer has.
                let said = &self.streams[at].gaps_said;
                let due = |one: &SignedStatement| match one.statement {
                    Statement::Anchor(_) => true,
                    Statement::Gap(gap) => said.touches(gap.first.0, gap.last.0),
                };
                let frames = statements.into_iter().filter(due).map(Frame::Statement);
                self.wishes.extend(frames.map(|frame| Wish::Send(Lane::State, Box::new(frame))));
            }
            Answer::Failed => self.ask_again_later(at, now_ms),
        }
    }

    /// What was asked of a stream is asked again when the store has rested.
    fn ask_again_later(&mut self, at: usize, now_ms: u64) {
        let offered = &mut self.streams[at];
        (offered.asking_schema, offered.asking_anchors) = (false, false);
        offered.anchors_told = BTreeMap::new();
        (offered.seals_asked, offered.gaps_said) = (RangeSet::new(), RangeSet::new());
        self.loading.take_if(|(stream, _)| *stream == offered.stream);
        self.store_rests_until_ms = Some(now_ms + STORE_RESTS_MS);
    }

    fn send_records(&mut self, at: usize, records: Vec<Record>, now_ms: u64) {
        let asked = self.loading.take_if(|(stream, _)| *stream == self.streams[at].stream);
        if let (Some((_, wanted)), true) = (asked, records.is_empty()) {
            // What was wanted went away meanwhile.
            self.streams[at].absent.union_with(&wanted);
        }
        for record in records {
            for piece in self.streams[at].pieces(record) {
                self.send_piece(at, piece, now_ms);
            }
        }
    }

    fn send_piece(&mut self, at: usize, (first, last, lane, frame): Piece, now_ms: u64) {
        self.streams[at].sent.insert(first, last);
        if lane == Lane::Backlog {
            self.bulk.sent(frame.encode().len() as u64, now_ms);
        }
        self.wishes.push_back(Wish::Send(lane, Box::new(frame)));
    }

    fn send_live(&mut self, frame: Frame) {
        self.live_sent_bytes += frame.encode().len() as u64;
        self.wishes.push_back(Wish::Send(Lane::Live, Box::new(frame)));
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
        for at in dirty {
            self.ask_small(at, streams);
            self.hungry.insert(at);
        }
        self.ask_backlog(streams, hour);
    }

    fn announce(&mut self, streams: &Streams) {
        while self.announced < self.streams.len() {
            let upto = self.streams.len().min(self.announced + MAX_STREAMS_PER_FRAME);
            let list = (self.announced..upto).filter_map(|ix| self.introduction(ix, streams)).collect();
            self.wishes.push_back(Wish::Send(Lane::Control, Box::new(Frame::Announce(list))));
            self.announced = upto;
        }
    }

    fn introduction(&mut self, ix: usize, streams: &Streams) -> Option<Announced> {
        let stream = self.streams[ix].stream;
        let facts = streams.get(&stream)?;
        let tally = facts.collected();
        self.streams[ix].tally_told = tally;
        Some(Announced { ix: ix as u32, stream, key: facts.key, name: facts.name.clone(), tally })
    }

    fn tell_tallies(&mut self, streams: &Streams, now_ms: u64) {
        if now_ms < self.tally_due_ms {
            return;
        }
        self.tally_due_ms = now_ms + TALLY_EVERY_MS;
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

    /// Definitions, anchors and seals: small, and not bound by the bulk window.
    fn ask_small(&mut self, at: usize, streams: &Streams) {
        let offered = &mut self.streams[at];
        let (Some(facts), Some(peer)) = (streams.get(&offered.stream), &offered.peer) else { return };
        // What was set aside as damaged may come again from below.
        offered.absent = offered.absent.intersection(&facts.present);
        if facts.schema_len > offered.schema_sent && !offered.asking_schema {
            offered.asking_schema = true;
            self.wishes.push_back(Wish::Ask(offered.stream, Ask::Schema { from: offered.schema_sent }));
        }
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

    fn live_may_go(&self) -> bool {
        let under_way = self.live_sent_bytes - self.live_received;
        !self.peer_paused.live
            && self.live_queued_bytes < LIVE_IN_FLIGHT_BYTES
            && under_way < LIVE_IN_FLIGHT_BYTES
            && self.allowance.is_none_or(|allowance| allowance.allows_live())
    }

    fn flush_live(&mut self, streams: &Streams, now_ms: u64) {
        if self.waiting_since_ms.is_none_or(|since| now_ms < since + self.gather_ms) {
            return;
        }
        while self.live_may_go() {
            let Some((stream, tick)) = self.next_waiting() else { break };
            self.send_tick(stream, &tick, streams);
        }
        if self.waiting.is_empty() {
            self.waiting_since_ms = None;
        }
    }

    /// Machines in turn, so that on a full line each is seen now and then.
    fn next_waiting(&mut self) -> Option<(StreamId, Arc<Tick>)> {
        let after = self.live_turn.and_then(|turn| {
            self.waiting.range((std::ops::Bound::Excluded(turn), std::ops::Bound::Unbounded)).next().map(|(id, _)| *id)
        });
        let stream = after.or_else(|| self.waiting.keys().next().copied())?;
        self.live_turn = Some(stream);
        self.waiting.remove(&stream).map(|tick| (stream, tick))
    }

    fn send_tick(&mut self, stream: StreamId, tick: &Tick, streams: &Streams) {
        let ix = self.by_id[&stream];
        let at = ix as usize;
        if self.streams[at].blocked.contains(tick.seq.0) || self.streams[at].sent.contains(tick.seq.0) {
            return;
        }
        if !self.streams[at].live_introduced {
            let Some(introduction) = self.introduction(at, streams) else { return };
            self.streams[at].live_introduced = true;
            self.send_live(Frame::LiveStream(introduction));
        }
        let body = self.live.encode(ix, tick);
        self.streams[at].sent.insert(tick.seq.0, tick.seq.0);
        self.streams[at].live_sent.insert(tick.seq.0, tick.seq.0);
        self.bulk_owed += 1;
        self.dirty.insert(at);
        self.send_live(Frame::Live(LiveTick { ix, seq: tick.seq, body }));
    }

    fn bulk_may_go(&self, hour: u8) -> bool {
        let in_hours = self
            .backlog_hours
            .is_none_or(|(from, to)| if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to });
        let live_waits = self.waiting_since_ms.is_some() && !self.live_may_go();
        let turn = !live_waits || self.bulk_owed >= LIVE_PER_BULK;
        in_hours
            && turn
            && !self.peer_paused.bulk
            && self.loading.is_none()
            && self.store_rests_until_ms.is_none()
            && (self.bulk.room() > 1_200 || self.bulk.in_flight() == 0)
            && self.allowance.is_none_or(|allowance| allowance.allows_bulk())
    }

    /// Asks for the next piece of backlog, machine by machine in turn, so that one returning machine does not hold up the
    /// others.
    fn ask_backlog(&mut self, streams: &Streams, hour: u8) {
        if !self.bulk_may_go(hour) {
            return;
        }
        while let Some(at) = self.hungry.range(self.turn..).next().or_else(|| self.hungry.first()).copied() {
            let wanted = self.wanted(at, streams);
            if wanted.is_empty() {
                self.hungry.remove(&at);
                continue;
            }
            self.turn = at + 1;
            self.bulk_owed = 0;
            let stream = self.streams[at].stream;
            self.loading = Some((stream, wanted.clone()));
            let budget_bytes = self.bulk.room().clamp(1, LOAD_BYTES);
            self.wishes.push_back(Wish::Ask(stream, Ask::Records { wanted, budget_bytes }));
            return;
        }
    }

    /// What is here, is not there, and is not on its way.
    fn wanted(&self, at: usize, streams: &Streams) -> RangeSet {
        let offered = &self.streams[at];
        let (Some(facts), Some(peer)) = (streams.get(&offered.stream), &offered.peer) else { return RangeSet::new() };
        if facts.present == peer.have {
            return RangeSet::new();
        }
        let mut wanted = facts.present.without(&peer.have).without(&offered.sent).without(&offered.blocked);
        wanted = wanted.without(&offered.absent);
        if let Some(waiting) = self.waiting.get(&offered.stream) {
            wanted.remove(waiting.seq.0, waiting.seq.0);
        }
        wanted
    }

    fn count(&mut self, at: usize, streams: &Streams) {
        let offered = &mut self.streams[at];
        let lacking = match (streams.get(&offered.stream), &offered.peer) {
            (Some(facts), Some(peer)) => facts.present.without(&peer.have).count(),
            _ => 0,
        };
        self.lacking = self.lacking - offered.lacking + lacking;
        offered.lacking = lacking;
    }

    /// Ticks that are here and not there, as they were when all that happened had been taken in.
    pub(crate) fn backlog_ticks(&self) -> u64 {
        self.lacking
    }

    pub(crate) fn next_timeout_ms(&self) -> u64 {
        let gather = self.waiting_since_ms.map_or(u64::MAX, |since| since + self.gather_ms);
        let gather = if self.live_may_go() { gather } else { u64::MAX };
        gather.min(self.tally_due_ms).min(self.store_rests_until_ms.unwrap_or(u64::MAX))
    }
}
