//! Links and connections: ordered, reliable lanes, until they are cut.

use std::collections::VecDeque;

use vigie_sync::{CloseWhy, Lane, LinkProfile, SessionId};

use crate::plan::{LinkPlan, NodeIx};
use crate::world::{Event, World};

/// The side of a connection that dialled.
pub(crate) const DIALLER: usize = 0;

/// The side that was dialled.
pub(crate) const ACCEPTOR: usize = 1;

/// What joins two nodes.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) from: NodeIx,
    pub(crate) plan: LinkPlan,
    /// Nothing passes until then.
    pub(crate) down_until: Option<u64>,
    /// Cuts so far.
    pub(crate) epoch: u64,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) link: usize,
    pub(crate) ends: [End; 2],
    /// From the dialler, and to it.
    pipes: [Pipe; 2],
}

/// One side.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) node: NodeIx,
    pub(crate) generation: u64,
    pub(crate) session: Option<SessionId>,
    /// Nothing is sent any more: the mind or the body closed it.
    closing: bool,
    /// The node has been told.
    gone: bool,
    /// Frames that came before the node took the connection up.
    early: Vec<(Lane, Vec<u8>)>,
}

/// One direction.
#[derive(Debug, Default)]
struct Pipe {
    lanes: [VecDeque<Vec<u8>>; Lane::ALL.len()],
    /// Bytes of each lane's first frame that are on the line already.
    begun: [usize; Lane::ALL.len()],
    /// When each lane's last frame arrives: frames keep their order within a lane.
    arrives_at: [u64; Lane::ALL.len()],
    pumping: bool,
    /// What stood on the line when the link was cut.
    parked: VecDeque<(Lane, Vec<u8>)>,
    wire_bytes: u64,
    told_bytes: u64,
    queued: usize,
}

impl Link {
    pub(crate) fn is_down(&self) -> bool {
        self.down_until.is_some()
    }

    pub(crate) fn profile(&self) -> LinkProfile {
        let mut profile = LinkProfile::of(self.plan.kind);
        profile.sends = self.plan.sends;
        if let Some(ceiling) = self.plan.bulk_ceiling_bytes {
            profile.bulk_ceiling_bytes = ceiling;
            profile.bulk_floor_bytes = profile.bulk_floor_bytes.min(ceiling);
        }
        profile
    }
}

impl Conn {
    fn is_over(&self) -> bool {
        self.ends.iter().all(|end| end.gone)
    }

    pub(crate) fn is_open(&self, side: usize) -> bool {
        !self.ends[side].gone && !self.ends[side].closing
    }
}

impl World {
    // ---- links

    /// Nothing passes on a link for so long.
    pub(crate) fn cut_link(&mut self, link: usize, ms: u64) {
        let now = self.now;
        let until = now + ms;
        let at = &mut self.links[link];
        at.down_until = Some(at.down_until.map_or(until, |other| other.max(until)));
        at.epoch += 1;
        let (epoch, idle, suspect) =
            (at.epoch, u64::from(at.profile().idle_timeout_ms), u64::from(at.profile().suspect_after_ms));
        let until = at.down_until.unwrap_or(until);
        self.at(until, Event::LinkUp { link, epoch });
        let conns: Vec<_> = self.conns.iter().filter(|(_, conn)| conn.link == link).map(|(id, _)| *id).collect();
        for conn in conns {
            for side in [DIALLER, ACCEPTOR] {
                let after = idle * self.chance.between(90, 115) / 100;
                self.at(now + after, Event::Idle { conn, side, epoch });
            }
            let after = suspect + self.chance.below(suspect / 2 + 1);
            self.at(now + after, Event::Suspect { conn, epoch });
        }
    }

    pub(crate) fn link_up(&mut self, link: usize, epoch: u64) {
        if self.links[link].epoch != epoch || !self.links[link].is_down() {
            return;
        }
        self.links[link].down_until = None;
        let (from, latency) = (self.links[link].from, self.links[link].plan.latency_ms);
        let conns: Vec<_> = self.conns.iter().filter(|(_, conn)| conn.link == link).map(|(id, _)| *id).collect();
        for conn in conns {
            self.recover(conn, latency);
        }
        let pause = self.chance.below(3_000);
        self.dial_after(from, pause);
    }

    /// What stood on the line is sent again; a side whose peer has gone meanwhile finds out, or not.
    fn recover(&mut self, conn: usize, latency: u64) {
        let now = self.now;
        for pipe in [DIALLER, ACCEPTOR] {
            let Some(at) = self.conns.get_mut(&conn) else { return };
            let parked = std::mem::take(&mut at.pipes[pipe].parked);
            for (lane, frame) in parked {
                let wait = latency + self.chance.below(200);
                self.arrive_after(conn, pipe, lane, frame, now + wait);
            }
            self.pump_soon(conn, pipe);
        }
        let Some(at) = self.conns.get(&conn) else { return };
        let gone = [at.ends[DIALLER].gone, at.ends[ACCEPTOR].gone];
        let idle = u64::from(self.links[at.link].profile().idle_timeout_ms);
        for side in [DIALLER, ACCEPTOR] {
            if gone[1 - side] && !gone[side] {
                let wait = if self.chance.one_in(2) { latency * 3 } else { self.chance.below(idle) };
                self.at(now + wait, Event::Ended { conn, side });
            }
        }
    }

    pub(crate) fn idle(&mut self, conn: usize, side: usize, epoch: u64) {
        let Some(at) = self.conns.get(&conn) else { return };
        let link = &self.links[at.link];
        if link.is_down() && link.epoch == epoch {
            self.ended(conn, side);
        }
    }

    pub(crate) fn suspect(&mut self, conn: usize, epoch: u64) {
        let Some(at) = self.conns.get(&conn) else { return };
        let link = &self.links[at.link];
        if link.is_down() && link.epoch == epoch && !at.ends[DIALLER].gone {
            let node = at.ends[DIALLER].node;
            self.dial(node, true);
        }
    }

    // ---- dialling

    pub(crate) fn dial_after(&mut self, node: NodeIx, ms: u64) {
        let at = self.now + ms;
        let (generation, has_targets) = (self.nodes[node].generation, !self.nodes[node].plan.up.is_empty());
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        if has_targets && life.dial_at.is_none_or(|due| due > at) {
            life.dial_at = Some(at);
            self.at(at, Event::Dial { node, generation });
        }
    }

    pub(crate) fn dial_due(&mut self, node: NodeIx, generation: u64) {
        if self.nodes[node].generation != generation {
            return;
        }
        if let Some(life) = self.nodes[node].life.as_mut() {
            life.dial_at = None;
            self.dial(node, false);
        }
    }

    /// Tries the targets in turn, as the uplink does. `beside`: although there is a connection.
    pub(crate) fn dial(&mut self, node: NodeIx, beside: bool) {
        if self.nodes[node].life.is_none() {
            return;
        }
        let open: Vec<_> = self.open_up(node);
        if !beside && !open.is_empty() {
            return;
        }
        let links: Vec<_> = (0..self.links.len()).filter(|link| self.links[*link].from == node).collect();
        let turn = self.nodes[node].turn;
        let order = (0..links.len()).map(|step| (turn + step) % links.len());
        let reached = order.into_iter().find(|at| {
            let link = &self.links[links[*at]];
            !link.is_down() && self.nodes[link.plan.to].life.is_some()
        });
        match reached {
            Some(at) => self.connect(node, links[at]),
            None if links.iter().any(|link| !self.links[*link].is_down()) => {
                let wait = self.chance.between(500, 5_000);
                self.dial_after(node, wait);
            }
            // Whoever puts a link up dials.
            None => {}
        }
    }

    /// Connections up that a node has not given up.
    pub(crate) fn open_up(&self, node: NodeIx) -> Vec<usize> {
        let of = |conn: &Conn| {
            let end = &conn.ends[DIALLER];
            end.node == node && end.generation == self.nodes[node].generation && conn.is_open(DIALLER)
        };
        self.conns.iter().filter(|(_, conn)| of(conn)).map(|(id, _)| *id).collect()
    }

    fn connect(&mut self, node: NodeIx, link: usize) {
        let to = self.links[link].plan.to;
        let end = |node: NodeIx, generation: u64| End {
            node,
            generation,
            session: None,
            closing: false,
            gone: false,
            early: Vec::new(),
        };
        let ends = [end(node, self.nodes[node].generation), end(to, self.nodes[to].generation)];
        let conn = self.next_conn;
        self.next_conn += 1;
        self.conns.insert(conn, Conn { link, ends, pipes: Default::default() });
        let plan = &self.links[link].plan;
        let (latency, jitter) = (plan.latency_ms, plan.jitter_ms);
        let accepted = self.now + 2 * latency + self.chance.below(jitter + 1);
        let dialled = self.now + 2 * latency + self.chance.below(jitter + 2);
        self.at(accepted, Event::Attach { conn, side: ACCEPTOR });
        self.at(dialled, Event::Attach { conn, side: DIALLER });
    }

    /// A node takes a connection up.
    pub(crate) fn attach(&mut self, conn: usize, side: usize) {
        let Some(at) = self.conns.get(&conn) else { return };
        let (end, other) = (&at.ends[side], &at.ends[1 - side]);
        let (node, peer) = (end.node, other.node);
        if end.gone || end.session.is_some() {
            return;
        }
        if self.nodes[node].generation != end.generation || self.nodes[node].life.is_none() {
            return self.ended(conn, side);
        }
        if side == DIALLER {
            // The uplink gives one connection at a time: the better one replaces the one that was there.
            for older in self.open_up(node).into_iter().filter(|other| *other != conn) {
                if self.conns.get(&older).is_some_and(|older| older.ends[DIALLER].session.is_some()) {
                    self.close(older, DIALLER);
                }
            }
        }
        let session = self.begin_session(node, peer, conn, side);
        let Some(at) = self.conns.get_mut(&conn) else { return };
        at.ends[side].session = Some(session);
        let early = std::mem::take(&mut at.ends[side].early);
        let profile = self.links[at.link].profile();
        self.told_connected(node, peer, session, side == DIALLER, profile);
        early.into_iter().for_each(|(lane, frame)| self.took(conn, side, lane, frame));
    }

    // ---- frames

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

    fn pump_soon(&mut self, conn: usize, pipe: usize) {
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

    fn arrive_after(&mut self, conn: usize, pipe: usize, lane: Lane, frame: Vec<u8>, at_ms: u64) {
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

    fn took(&mut self, conn: usize, side: usize, lane: Lane, frame: Vec<u8>) {
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

    // ---- endings

    /// One side closes in order: the other is told, if anything passes.
    pub(crate) fn close(&mut self, conn: usize, side: usize) {
        let now = self.now;
        let Some(at) = self.conns.get_mut(&conn) else { return };
        if at.ends[side].gone || at.ends[side].closing {
            return;
        }
        at.ends[side].closing = true;
        at.pipes[side].lanes.iter_mut().for_each(VecDeque::clear);
        at.pipes[side].begun = Default::default();
        at.pipes[side].queued = 0;
        let link = &self.links[at.link];
        let (down, latency, jitter) = (link.is_down(), link.plan.latency_ms, link.plan.jitter_ms);
        let idle = u64::from(link.profile().idle_timeout_ms);
        let here = now + self.chance.below(4);
        let there = if down { idle } else { latency + self.chance.below(jitter + 1) };
        self.at(here, Event::Ended { conn, side });
        self.at(now + there, Event::Ended { conn, side: 1 - side });
    }

    pub(crate) fn close_for(&mut self, node: NodeIx, session: SessionId, why: &CloseWhy) {
        let Some(conn) = self.nodes[node].life.as_ref().and_then(|life| life.sessions.get(&session)).copied() else {
            return;
        };
        let Some(at) = self.conns.get(&conn) else { return };
        let side = if at.ends[DIALLER].node == node { DIALLER } else { ACCEPTOR };
        match why {
            CloseWhy::Protocol(_)
            | CloseWhy::WrongRole { .. }
            | CloseWhy::StoreTrouble
            | CloseWhy::Restate
            | CloseWhy::RowsAnew => {
                self.close(conn, side);
            }
            // Goodbye is on its way; the endpoint closes behind it.
            CloseWhy::Leaving(_) => {}
        }
    }

    /// Nothing under way arrives any more; both sides find out, each in its own time.
    pub(crate) fn tear(&mut self, conn: usize) {
        let now = self.now;
        let Some(at) = self.conns.get_mut(&conn) else { return };
        let idle = u64::from(self.links[at.link].profile().idle_timeout_ms);
        for pipe in &mut at.pipes {
            *pipe = Pipe { pumping: true, ..Pipe::default() };
        }
        for side in [DIALLER, ACCEPTOR] {
            let soon = self.chance.one_in(2);
            let wait = if soon { self.chance.below(50) } else { self.chance.below(idle) };
            self.at(now + wait, Event::Ended { conn, side });
        }
        self.torn.insert(conn);
    }

    /// A node's program is gone: its side of each connection with it, the other sides find out.
    pub(crate) fn drop_sides(&mut self, node: NodeIx) {
        let now = self.now;
        let of: Vec<_> = self
            .conns
            .iter()
            .flat_map(|(id, conn)| [(*id, DIALLER, conn), (*id, ACCEPTOR, conn)])
            .filter(|(_, side, conn)| conn.ends[*side].node == node && !conn.ends[*side].gone)
            .map(|(id, side, _)| (id, side))
            .collect();
        for (conn, side) in of {
            let Some(at) = self.conns.get_mut(&conn) else { continue };
            at.ends[side].gone = true;
            let idle = u64::from(self.links[at.link].profile().idle_timeout_ms);
            let wait =
                if self.chance.one_in(3) { self.chance.below(2_000) } else { idle / 2 + self.chance.below(idle / 2) };
            self.at(now + wait, Event::Ended { conn, side: 1 - side });
            self.forget_conn(conn);
        }
    }

    /// One side learns that the connection is over.
    pub(crate) fn ended(&mut self, conn: usize, side: usize) {
        let Some(at) = self.conns.get_mut(&conn) else { return };
        let end = &mut at.ends[side];
        if end.gone {
            return;
        }
        end.gone = true;
        let (node, generation, session) = (end.node, end.generation, end.session);
        let other_gone = at.ends[1 - side].gone;
        if !other_gone && !self.links[at.link].is_down() {
            let idle = u64::from(self.links[at.link].profile().idle_timeout_ms);
            let wait = self.chance.below(idle);
            self.at(self.now + wait, Event::Ended { conn, side: 1 - side });
        }
        self.forget_conn(conn);
        if self.nodes[node].generation != generation {
            return;
        }
        if let Some(session) = session {
            self.session_over(node, session);
        }
        if side == DIALLER {
            let wait = self.chance.below(1_000);
            self.dial_after(node, wait);
        }
    }

    fn forget_conn(&mut self, conn: usize) {
        if self.conns.get(&conn).is_some_and(Conn::is_over) {
            self.conns.remove(&conn);
            self.torn.remove(&conn);
        }
    }
}
