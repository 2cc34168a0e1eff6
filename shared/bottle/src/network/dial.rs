//! Who looks for whom, and what comes of it.

use super::{ACCEPTOR, Conn, DIALLER, End};
use crate::plan::NodeIx;
use crate::world::{Event, World};

impl World {
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
}
