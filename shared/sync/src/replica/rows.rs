//! The conversation about rows within a session.
//!
//! Whoever dials begins at once, a journey before the other's hello can be here: who has no rows passes it over. The other
//! begins when that hello says that there are rows. It goes on the lanes of alerts and of state. What it
//! wishes of the store goes out as [`Output::Rows`]. When the store of rows fails, telemetry goes on.

use std::collections::BTreeSet;

use vigie_codec::wire::rows::RowHello;
use vigie_merge::Scope;
use vigie_model::{NodeId, Now, Role};

use super::Replica;
use super::rows_rest::REST_MS;
use crate::rows::{RowBroke, RowFacts, RowInput, RowPeer, RowTalk, RowWish};
use crate::session::RowSide;
use crate::talk::{CloseWhy, Output, PeerIs, RowsWish, SessionId};

/// Frames about rows that may come before the peer's hello has: its first word of rows, and that twice.
const MAX_EARLY: usize = 2;

impl Replica {
    /// The peer has rows too, as far as is known.
    pub(super) fn begin_rows(&mut self, id: SessionId) {
        self.wish_rows(id, RowsWish::Begin);
    }

    pub(super) fn rows_begun(&mut self, id: SessionId, hello: RowHello, facts: RowFacts, now: Now) {
        let Some((me, known)) = &mut self.rows else { return };
        // Told by different ways: what is known here may be newer than the answer.
        let facts = *known.get_or_insert(facts);
        let me = me.clone();
        if facts.epoch != hello.epoch {
            return self.begin_rows(id);
        }
        let Some(session) = self.sessions.touch(id) else { return };
        let RowSide::Waiting(early) = &mut session.rows else { return };
        let early = std::mem::take(early);
        let peer = row_peer(&session.peer);
        let mut talk = RowTalk::new(me, facts, peer, session.metered, hello, now.mono_ms);
        early.into_iter().for_each(|frame| talk.handle(RowInput::Frame(frame), now.mono_ms));
        session.rows = RowSide::Talking(Box::new(talk));
        self.pump_rows(id, now);
    }

    pub(super) fn row_frame(&mut self, id: SessionId, bytes: &[u8], now: Now) -> Result<(), CloseWhy> {
        if self.rows.is_none() {
            return Ok(());
        }
        let Some(session) = self.sessions.touch(id) else { return Ok(()) };
        match &mut session.rows {
            RowSide::Waiting(early) if early.len() >= MAX_EARLY => {
                return Err(CloseWhy::Protocol("rows before hello".to_owned()));
            }
            RowSide::Waiting(early) => early.push(bytes.to_vec()),
            RowSide::Talking(_) => self.tell_rows(id, RowInput::Frame(bytes.to_vec()), now),
            RowSide::Resting { .. } => {}
        }
        Ok(())
    }

    pub(super) fn rows_answered(&mut self, id: SessionId, input: RowInput, now: Now) {
        match input {
            RowInput::Failed => return self.rest_rows(id, now),
            RowInput::Applied(_) | RowInput::Settled => self.rows_rest.kept(),
            _ => {}
        }
        self.tell_rows(id, input, now);
    }

    /// Their store failed: the rest of the session goes on, and comes back with rows.
    fn rest_rows(&mut self, id: SessionId, now: Now) {
        let until_ms = self.rows_rest.failed(now.mono_ms);
        if let Some(session) = self.sessions.touch(id) {
            session.rows = RowSide::Resting { since_ms: now.mono_ms, until_ms };
        }
    }

    /// The store keeps again: who rests comes back, none sooner than after its first rest.
    fn wake_rows(&mut self) {
        self.rows_rest.kept();
        for id in self.sessions.ids() {
            let Some(session) = self.sessions.touch(id) else { continue };
            if let RowSide::Resting { since_ms, until_ms } = &mut session.rows {
                *until_ms = (*until_ms).min(*since_ms + REST_MS);
            }
        }
    }

    /// Rows changed here. An agent is told of those about its own machine alone: a relay has hundreds of them.
    pub(super) fn rows_changed(&mut self, facts: RowFacts, machines: Option<&BTreeSet<NodeId>>, now: Now) {
        let Some((_, known)) = &mut self.rows else { return };
        let anew = known.replace(facts).is_some_and(|before| before.epoch != facts.epoch);
        // Somebody's write went through.
        self.wake_rows();
        for id in self.sessions.ids() {
            let Some(session) = self.sessions.get(id) else { continue };
            let talks = matches!(session.rows, RowSide::Talking(_));
            let about = |node| machines.is_none_or(|machines| machines.contains(&node));
            if anew && !matches!(session.rows, RowSide::Waiting(_)) {
                self.close(id, CloseWhy::RowsAnew);
            } else if talks && (session.peer.role != Role::Agent || about(session.peer.node)) {
                self.tell_rows(id, RowInput::Changed(facts), now);
            }
        }
    }

    /// What is due although nothing happened.
    pub(super) fn rows_due(&mut self, id: SessionId, now: Now) {
        let Some(session) = self.sessions.get(id) else { return };
        match &session.rows {
            RowSide::Resting { until_ms, .. } if *until_ms <= now.mono_ms => self.close(id, CloseWhy::StoreTrouble),
            RowSide::Talking(talk) if talk.next_timeout_ms().is_some_and(|at_ms| at_ms <= now.mono_ms) => {
                self.tell_rows(id, RowInput::Timeout, now);
            }
            RowSide::Waiting(_) | RowSide::Talking(_) | RowSide::Resting { .. } => {}
        }
    }

    fn tell_rows(&mut self, id: SessionId, input: RowInput, now: Now) {
        let Some(session) = self.sessions.touch(id).filter(|session| !session.closing) else { return };
        if let RowSide::Talking(talk) = &mut session.rows {
            talk.handle(input, now.mono_ms);
            self.pump_rows(id, now);
        }
    }

    fn pump_rows(&mut self, id: SessionId, now: Now) {
        loop {
            let Some(session) = self.sessions.touch(id) else { return };
            let RowSide::Talking(talk) = &mut session.rows else { return };
            match talk.poll() {
                None => return,
                Some(RowWish::Send(lane, frame)) => self.out.push_back(Output::Send { session: id, lane, frame }),
                Some(RowWish::Close(broke @ (RowBroke::Protocol(_) | RowBroke::Unasked))) => {
                    return self.close(id, CloseWhy::Protocol(broke.to_string()));
                }
                Some(RowWish::Close(RowBroke::StoreTrouble)) => return self.rest_rows(id, now),
                Some(RowWish::Close(RowBroke::NewLife)) => return self.close(id, CloseWhy::RowsAnew),
                Some(wish) => self.wish_rows(id, RowsWish::Talk(wish)),
            }
        }
    }

    fn wish_rows(&mut self, id: SessionId, wish: RowsWish) {
        let Some(session) = self.sessions.get(id).filter(|_| self.rows.is_some()) else { return };
        let peer = row_peer(&session.peer);
        self.out.push_back(Output::Rows { session: id, peer, wish });
    }
}

/// What a peer may see and speak for, as its certificate says.
fn row_peer(peer: &PeerIs) -> RowPeer {
    let view = match peer.role {
        Role::Hub => Scope::Deployment,
        Role::Relay | Role::Agent => Scope::Site(peer.client.clone(), peer.site.clone()),
    };
    RowPeer { node: peer.node, role: peer.role, view }
}
