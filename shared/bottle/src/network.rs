//! Links and connections: ordered, reliable lanes, until they are cut.

mod dial;
mod frames;

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
