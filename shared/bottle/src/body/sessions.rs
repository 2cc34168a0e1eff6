//! What does a program do when a connection begins, brings something, or ends?

use vigie_sync::{Input, Lane, LinkProfile, PeerIs, SessionId, Way};

use crate::plan::NodeIx;
use crate::world::World;

/// How often paths are measured while anything passes, as in the loop.
const PATH_EVERY_MS: u64 = 100;

impl World {
    pub(crate) fn begin_session(&mut self, node: NodeIx, peer: NodeIx, conn: usize, _side: usize) -> SessionId {
        let peer = self.nodes[peer].id;
        let (mut session, mut older) = (SessionId(0), None);
        if let Some(life) = self.nodes[node].life.as_mut() {
            session = SessionId(life.next_session);
            life.next_session += 1;
            // The newest connection of a node is the one it uses: the older is what the link left behind.
            older = life.of_node.insert(peer, session).and_then(|older| life.sessions.get(&older)).copied();
            life.sessions.insert(session, conn);
        }
        if let Some(older) = older
            && let Some(at) = self.conns.get(&older)
        {
            let side = usize::from(at.ends[0].node != node);
            self.close(older, side);
        }
        self.tally.sessions += 1;
        session
    }

    pub(crate) fn told_connected(
        &mut self,
        node: NodeIx,
        peer: NodeIx,
        session: SessionId,
        up: bool,
        profile: LinkProfile,
    ) {
        let other = &self.nodes[peer];
        let way = if up { Way::Up } else { Way::Down };
        let is = PeerIs {
            node: other.id,
            role: other.plan.role,
            client: other.client.clone(),
            site: other.client.clone(),
            way,
            formerly: None,
        };
        self.trace(|| format!("{node} is connected with {peer} ({way:?}) as {}", session.0));
        self.begin_watching(node, session, &profile);
        self.tell(node, Input::Connected { session, peer: is, profile });
    }

    pub(crate) fn session_over(&mut self, node: NodeIx, session: SessionId) {
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        life.sessions.remove(&session);
        life.of_node.retain(|_, of| *of != session);
        self.trace(|| format!("{node}: session {} is over", session.0));
        self.end_watching(node, session);
        self.tell(node, Input::Gone(session));
    }

    pub(crate) fn came(&mut self, node: NodeIx, session: SessionId, lane: Lane, bytes: Vec<u8>) {
        let now = self.now;
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        if now >= life.path_due {
            life.path_due = now + PATH_EVERY_MS;
            self.measure_path(node, session);
        }
        self.check_came(node, session, lane, &bytes);
        self.tell(node, Input::Frame { session, lane, bytes });
    }

    pub(super) fn measure_path(&mut self, node: NodeIx, session: SessionId) {
        let Some(conn) = self.nodes[node].life.as_ref().and_then(|life| life.sessions.get(&session)).copied() else {
            return;
        };
        let (rtt_ms, live_queued_bytes, spent_bytes) = self.path(conn, node);
        self.tell(node, Input::Path { session, rtt_ms, live_queued_bytes, spent_bytes });
    }
}
