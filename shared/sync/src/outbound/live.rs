//! Which ticks go at once, and which wait for company or for room?

use std::ops::Bound;
use std::sync::Arc;

use vigie_codec::wire::{Frame, LiveTick};
use vigie_model::{StreamId, Tick};

use super::{Outbound, Streams, Wish};
use crate::{Lane, Sends};

/// Bytes on the live lane that may be under way. Beyond it the newest tick of each machine waits and older ones go as
/// backlog: this much is half a second of a megabit line.
const LIVE_IN_FLIGHT_BYTES: u64 = 64 * 1024;

impl Outbound {
    /// A tick as it was measured or passed by.
    pub(crate) fn live(&mut self, stream: StreamId, tick: Arc<Tick>, now_ms: u64) {
        self.offer(stream);
        if self.sends == Sends::Rollups {
            return;
        }
        let offered = &self.streams[self.by_id[&stream] as usize];
        let peer_has = offered.peer.as_ref().is_some_and(|peer| peer.have.contains(tick.seq.0));
        let newer_waits = self.waiting.get(&stream).is_some_and(|waiting| waiting.seq >= tick.seq);
        if peer_has || newer_waits || offered.sent.contains(tick.seq.0) {
            return;
        }
        self.waiting.insert(stream, tick);
        self.waiting_since_ms.get_or_insert(now_ms);
    }

    pub(super) fn flush_live(&mut self, streams: &Streams, now_ms: u64) {
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
        let after = self
            .live_turn
            .and_then(|turn| self.waiting.range((Bound::Excluded(turn), Bound::Unbounded)).next().map(|(id, _)| *id));
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

    pub(super) fn live_may_go(&self) -> bool {
        let under_way = self.live_sent_bytes - self.live_received;
        !self.peer_paused.live
            && self.live_queued_bytes < LIVE_IN_FLIGHT_BYTES
            && under_way < LIVE_IN_FLIGHT_BYTES
            && self.allowance.is_none_or(|allowance| allowance.allows_live())
    }

    pub(super) fn send_live(&mut self, frame: Frame) {
        self.live_sent_bytes += frame.encode().len() as u64;
        self.wishes.push_back(Wish::Send(Lane::Live, Box::new(frame)));
    }
}
