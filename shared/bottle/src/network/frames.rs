//! Frames on their way: each lane keeps its order, and the line its rate.

use vigie_sync::{Lane, SessionId};

use super::{ACCEPTOR, DIALLER};
use crate::plan::NodeIx;
use crate::world::{Event, World};

impl World {
    /// A mind sends a frame.
    pub(crate) fn send(&mut self, node: NodeIx, session: SessionId, lane: Lane, frame: Vec<u8>) {
        let Some(conn) = self.nodes[node].life.as_ref().and_then(|life| life.sessions.get(&session)).copied() else {
            return;
        };
        let Some(at) = self.conns.get_mut(&conn) else { return };
        let side = if at.ends[DIALLER].node == node { DIALLER } else { ACCEPTOR };
        if !at.is_open(side) {
            return;
        }
        let pipe = &mut at.pipes[side];
        pipe.queued += frame.len();
        pipe.lanes[usize::from(lane.number())].push_back(frame);
        self.pump_soon(conn, side);
    }

    pub(super) fn pump_soon(&mut self, conn: usize, pipe: usize) {
        let Some(at) = self.conns.get_mut(&conn) else { return };
        let waits = at.pipes[pipe].lanes.iter().any(|lane| !lane.is_empty());
        if waits && !at.pipes[pipe].pumping && !self.links[at.link].is_down() {
            at.pipes[pipe].pumping = true;
            self.at(self.now, Event::Pump { conn, pipe });
        }
    }

    /// Puts the next piece of the most urgent lane on the line.
    pub(crate) fn pump(&mut self, conn: usize, pipe: usize) {
        let Some(at) = self.conns.get_mut(&conn) else { return };
        let link = &self.links[at.link];
        let line = &mut at.pipes[pipe];
        line.pumping = false;
        if link.is_down() {
            return;
        }
        let Some(lane) = Lane::ALL.into_iter().find(|lane| !line.lanes[usize::from(lane.number())].is_empty()) else {
            return;
        };
        let ix = usize::from(lane.number());
        let whole = line.lanes[ix][0].len();
        let left = whole - line.begun[ix];
        let piece = link.plan.rate.map_or(left, |rate| left.min((rate as usize / 20).max(1_200)));
        let takes = link.plan.rate.map_or(0, |rate| (piece as u64 + 60) * 1_000 / rate);
        line.begun[ix] += piece;
        line.wire_bytes += piece as u64 + 60;
        self.crossed_bytes += piece as u64 + 60;
        let (latency, jitter, loss) = (link.plan.latency_ms, link.plan.jitter_ms, link.plan.loss_permille);
        let done_at = self.now + takes;
        if line.begun[ix] == whole {
            line.begun[ix] = 0;
            let frame = line.lanes[ix].pop_front().unwrap_or_default();
            line.queued -= frame.len();
            let again = if self.chance.below(1_000) < loss { 2 * latency + 50 } else { 0 };
            let arrives = done_at + latency + self.chance.below(jitter + 1) + again;
            self.arrive_after(conn, pipe, lane, frame, arrives);
        }
        let Some(at) = self.conns.get_mut(&conn) else { return };
        if at.pipes[pipe].lanes.iter().any(|lane| !lane.is_empty()) {
            at.pipes[pipe].pumping = true;
            self.at(done_at, Event::Pump { conn, pipe });
        }
    }

    pub(super) fn arrive_after(&mut self, conn: usize, pipe: usize, lane: Lane, frame: Vec<u8>, at_ms: u64) {
        let Some(at) = self.conns.get_mut(&conn) else { return };
        let last = &mut at.pipes[pipe].arrives_at[usize::from(lane.number())];
        *last = at_ms.max(*last);
        let arrives = *last;
        self.at(arrives, Event::Arrive { conn, pipe, lane, frame });
    }

    pub(crate) fn arrive(&mut self, conn: usize, pipe: usize, lane: Lane, frame: Vec<u8>) {
        let Some(at) = self.conns.get_mut(&conn) else { return };
        if self.torn.contains(&conn) {
            return;
        }
        // While the link is down, and while what stood on it is not yet taken up again.
        if self.links[at.link].is_down() || !at.pipes[pipe].parked.is_empty() {
            return at.pipes[pipe].parked.push_back((lane, frame));
        }
        let side = 1 - pipe;
        let end = &mut at.ends[side];
        if end.gone || end.closing {
            return;
        }
        if end.session.is_none() {
            return end.early.push((lane, frame));
        }
        self.took(conn, side, lane, frame);
    }

    pub(super) fn took(&mut self, conn: usize, side: usize, lane: Lane, frame: Vec<u8>) {
        let Some(at) = self.conns.get(&conn) else { return };
        let end = &at.ends[side];
        let (node, session) = (end.node, end.session);
        let Some(session) = session.filter(|_| at.is_open(side)) else { return };
        if self.nodes[node].generation == end.generation {
            self.came(node, session, lane, frame);
        }
    }

    /// Bytes that ever crossed the lines there are and were, both ways, with what stands around each frame.
    pub(crate) fn line_bytes(&self) -> u64 {
        self.crossed_bytes
    }

    /// Round trip, live bytes not yet on the line, bytes on the wire since the last time.
    pub(crate) fn path(&mut self, conn: usize, node: NodeIx) -> (u64, u64, u64) {
        let Some(at) = self.conns.get_mut(&conn) else { return (0, 0, 0) };
        let side = if at.ends[DIALLER].node == node { DIALLER } else { ACCEPTOR };
        let plan = &self.links[at.link].plan;
        let line = &mut at.pipes[side];
        let queue_ms = plan.rate.map_or(0, |rate| line.queued as u64 * 1_000 / rate);
        let live = line.lanes[usize::from(Lane::Live.number())].iter().map(Vec::len).sum::<usize>();
        let spent = line.wire_bytes - line.told_bytes;
        line.told_bytes = line.wire_bytes;
        (2 * plan.latency_ms + plan.jitter_ms + queue_ms, live as u64, spent)
    }
}
