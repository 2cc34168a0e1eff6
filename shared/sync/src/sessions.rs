//! Which sessions are there, whom does a stream concern, and who has something to do now?
//!
//! A node has thousands of sessions and each event concerns one or two: whoever is reached for is looked at again, and
//! everyone else sleeps until their own alarm. Knows nothing of what sessions say.

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::StreamId;

use crate::session::Session;
use crate::talk::SessionId;

/// All connections of a node.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: BTreeMap<SessionId, Session>,
    /// Whose peer brings a stream.
    carriers: BTreeSet<(StreamId, SessionId)>,
    /// Whose peer is offered what is here: few on any node, for they lead upwards.
    offering: BTreeSet<SessionId>,
    /// Those that may have something to say now.
    touched: BTreeSet<SessionId>,
    /// When each of the others will; the time of a session is [`Session::wakes_ms`].
    alarms: BTreeSet<(u64, SessionId)>,
}

impl Sessions {
    pub(crate) fn insert(&mut self, id: SessionId, session: Session) {
        if session.outbound.is_some() {
            self.offering.insert(id);
        }
        self.all.insert(id, session);
        self.touched.insert(id);
    }

    pub(crate) fn remove(&mut self, id: SessionId) {
        let Some(session) = self.all.remove(&id) else { return };
        self.offering.remove(&id);
        self.touched.remove(&id);
        self.alarms.remove(&(session.wakes_ms, id));
        for stream in session.inbound.iter().flat_map(|inbound| inbound.carried()) {
            self.carriers.remove(&(stream, id));
        }
    }

    pub(crate) fn get(&self, id: SessionId) -> Option<&Session> {
        self.all.get(&id)
    }

    /// A session to change; it is looked at when all that happened is taken in.
    pub(crate) fn touch(&mut self, id: SessionId) -> Option<&mut Session> {
        let session = self.all.get_mut(&id)?;
        self.touched.insert(id);
        Some(session)
    }

    /// Something changed that concerns everyone.
    pub(crate) fn touch_all(&mut self) {
        self.touched = self.all.keys().copied().collect();
    }

    pub(crate) fn ids(&self) -> Vec<SessionId> {
        self.all.keys().copied().collect()
    }

    /// The peer of a session brings a stream.
    pub(crate) fn carries(&mut self, id: SessionId, stream: StreamId) {
        self.carriers.insert((stream, id));
    }

    /// Those whose peer brings a stream.
    pub(crate) fn carriers(&self, stream: StreamId) -> Vec<SessionId> {
        let all = (stream, SessionId(0))..=(stream, SessionId(u64::MAX));
        self.carriers.range(all).map(|(_, id)| *id).collect()
    }

    /// Those whose peer is offered what is here.
    pub(crate) fn offering(&self) -> Vec<SessionId> {
        self.offering.iter().copied().collect()
    }

    /// Those that were touched, and those whose alarm has rung; all of them are to be told [`Sessions::rests`].
    pub(crate) fn awake(&mut self, now_ms: u64) -> BTreeSet<SessionId> {
        let mut awake = std::mem::take(&mut self.touched);
        while let Some((at_ms, id)) = self.alarms.pop_first() {
            if at_ms > now_ms {
                self.alarms.insert((at_ms, id));
                break;
            }
            awake.insert(id);
        }
        awake
    }

    /// A session that is awake, to let it say what it has to say.
    pub(crate) fn speaking(&mut self, id: SessionId) -> Option<&mut Session> {
        self.all.get_mut(&id).filter(|session| !session.closing)
    }

    /// A session has said what it had to say, and sleeps until it has something to do.
    pub(crate) fn rests(&mut self, id: SessionId) {
        let Some(session) = self.all.get_mut(&id) else { return };
        self.alarms.remove(&(session.wakes_ms, id));
        session.wakes_ms = if session.closing { u64::MAX } else { session.next_timeout_ms() };
        if session.wakes_ms != u64::MAX {
            self.alarms.insert((session.wakes_ms, id));
        }
    }

    /// When the first alarm rings.
    pub(crate) fn next_alarm_ms(&self) -> Option<u64> {
        let first = self.alarms.first().map(|(at_ms, _)| *at_ms);
        debug_assert_eq!(first, self.first_of_all_ms(), "whatever changes a session touches it");
        first
    }

    fn first_of_all_ms(&self) -> Option<u64> {
        let open = self.all.values().filter(|session| !session.closing);
        open.map(Session::next_timeout_ms).min().filter(|at_ms| *at_ms != u64::MAX)
    }
}
