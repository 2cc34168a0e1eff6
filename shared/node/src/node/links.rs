//! Connections of the loop: how they come, what they bring, and how they end.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{info, warn};
use vigie_net::{Accepted, CloseCode, Closed, Connection, Listener, Peer, Uplink};
use vigie_sync::{Input, Lane, PeerIs, SessionId, Way};

use super::{Happening, Node};
use crate::budget::Budget;
use crate::outlet::Outlet;
use crate::view::SessionView;

/// How often the paths are measured while anything passes.
const PATH_EVERY_MS: u64 = 100;

/// A dialler that says nothing for this long after its handshake was only racing.
const FIRST_FRAME: std::time::Duration = std::time::Duration::from_secs(30);

/// What a connection's reader brings, or whoever reads a file.
#[derive(Debug)]
pub(super) enum Came {
    /// An accepted connection has brought its first frame: it is the one its dialler uses.
    First(Box<Connection>, Lane, bytes::Bytes),
    Frame(SessionId, Lane, bytes::Bytes),
    Ended(SessionId, Closed),
}

impl Node {
    pub(super) fn accepted(&mut self, accepted: Option<Accepted>) {
        match accepted {
            // Diallers race several attempts and close all but one. What brings a frame is the one that is used; an
            // attempt that was only accepted must not take its place.
            Some(Accepted::Session(connection)) => drop(tokio::spawn(first_frame(connection, self.frames.0.clone()))),
            Some(Accepted::Enrolment(enrolment)) => self.telling.happens(Happening::Enrolment(Box::new(enrolment))),
            None => self.listener = None,
        }
    }

    pub(super) fn attach(&mut self, connection: Connection, way: Way) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        let peer = connection.peer().clone();
        let link = connection.link();
        info!(peer = %peer, session = session.0, "connected");
        // The newest connection of a node is the one it uses: the older is what the link left behind.
        if let Some(older) = self.of_node.insert(peer.node, session)
            && let Some(outlet) = self.outlets.get(&older)
        {
            outlet.link.close(CloseCode::Replaced, "a newer connection of the same node");
            self.note_displacement(&peer);
        }
        self.outlets.insert(session, Outlet::new(connection.sender(), link.clone()));
        let hello = None;
        let shown = SessionView {
            peer: peer.clone(),
            way,
            since: Instant::now(),
            hello,
            link,
            backlog_ticks: 0,
            allowance_left: None,
        };
        self.view.change(|view| view.sessions.insert(session, Arc::new(shown)));
        tokio::spawn(read(connection, session, self.frames.0.clone()));
        let is = PeerIs {
            node: peer.node,
            role: peer.role,
            client: peer.client.clone(),
            site: peer.site.clone(),
            way,
            formerly: peer.formerly,
        };
        let profile = if way == Way::Up { self.up.clone() } else { self.down.clone() };
        let beat_ms = profile.beat_ms;
        self.tell(Input::Connected { session, peer: is.clone(), profile });
        self.telling.happens(Happening::Up { session, peer: is, beat_ms });
        session
    }

    /// The connection that stands keeps standing, and takes no more than this from now on.
    pub(super) fn budget(&mut self, Budget { bytes_per_month, backlog_hours }: Budget) {
        (self.up.bytes_per_month, self.up.backlog_hours) = (bytes_per_month, backlog_hours);
        let sessions: Vec<SessionId> =
            self.view.view().sessions.iter().filter(|(_, view)| view.way == Way::Up).map(|(id, _)| *id).collect();
        for session in sessions {
            self.tell(Input::Budget { session, bytes_per_month, backlog_hours });
        }
    }

    /// Two that push each other out again and again have the same identity.
    fn note_displacement(&mut self, peer: &Peer) {
        if self.displaced.note(peer.node, self.clock.mono_ms()) {
            let at = self.clock.now().utc;
            if self.view.change(|view| view.twins.insert(peer.node, at)).is_none() {
                warn!(%peer, "this identity is used from two places at once: a folder was copied, and both run; each is \
                    taken in, and the copy is given an identity of its own as soon as the hub is in reach");
            }
        }
    }

    pub(super) fn came(&mut self, came: Came) {
        match came {
            Came::First(connection, lane, bytes) => {
                let session = self.attach(*connection, Way::Down);
                self.tell(Input::Frame { session, lane, bytes: bytes.to_vec() });
            }
            Came::Frame(session, lane, bytes) => {
                if self.clock.mono_ms() >= self.path_due_ms {
                    self.path_due_ms = self.clock.mono_ms() + PATH_EVERY_MS;
                    self.measure_path(session);
                }
                self.tell(Input::Frame { session, lane, bytes: bytes.to_vec() });
            }
            Came::Ended(session, why) => self.ended(session, &why),
        }
    }

    fn ended(&mut self, session: SessionId, why: &Closed) {
        self.outlets.remove(&session);
        self.row_desk.gone(session);
        self.tell(Input::Gone(session));
        let Some(shown) = self.view.change(|view| view.sessions.remove(&session)) else { return };
        let node = shown.peer.node;
        if self.of_node.get(&node) == Some(&session) {
            self.of_node.remove(&node);
        }
        info!(peer = %shown.peer, reason = %why, "disconnected");
        let displaced = matches!(why, Closed::ByPeer { code: CloseCode::Replaced, .. });
        // One that never got to a greeting was only racing.
        if displaced && shown.way == Way::Up && shown.hello.is_some() {
            self.telling.happens(Happening::Displaced(session));
        }
        self.telling.happens(Happening::Down(session, node, why.to_string()));
    }

    pub(super) fn measure_path(&mut self, session: SessionId) {
        let Some(outlet) = self.outlets.get_mut(&session) else { return };
        let (rtt_ms, live_queued_bytes, spent_bytes) = outlet.path();
        self.tell(Input::Path { session, rtt_ms, live_queued_bytes, spent_bytes });
        let backlog_ticks = self.replica.backlog_ticks(session);
        let allowance_left = self.replica.allowance_left(session);
        self.view.change_session(session, |shown| {
            shown.backlog_ticks = backlog_ticks;
            shown.allowance_left = allowance_left;
        });
    }
}

async fn read(mut connection: Connection, session: SessionId, frames: mpsc::Sender<Came>) {
    loop {
        let came = match connection.recv().await {
            Ok((lane, bytes)) => Came::Frame(session, lane, bytes),
            Err(closed) => {
                drop(frames.send(Came::Ended(session, closed)).await);
                return;
            }
        };
        if frames.send(came).await.is_err() {
            return;
        }
    }
}

async fn first_frame(mut connection: Connection, frames: mpsc::Sender<Came>) {
    if let Ok(Ok((lane, bytes))) = tokio::time::timeout(FIRST_FRAME, connection.recv()).await {
        // Fails only when the loop has ended.
        drop(frames.send(Came::First(Box::new(connection), lane, bytes)).await);
    }
}

pub(super) async fn accept(listener: &mut Option<Listener>) -> Option<Accepted> {
    match listener {
        Some(listener) => listener.next().await,
        None => std::future::pending().await,
    }
}

pub(super) async fn dialled(uplink: &mut Option<Uplink>) -> Connection {
    match uplink {
        Some(uplink) => uplink.next().await,
        None => std::future::pending().await,
    }
}
