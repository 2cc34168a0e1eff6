//! What the loop shows to others: whom it is connected with, and how.

use std::collections::BTreeMap;

use tokio::time::Instant;
use vigie_codec::wire::Hello;
use vigie_merge::RangeSet;
use vigie_model::StreamId;
use vigie_net::{Link, Peer};
use vigie_sync::{SessionId, Way};

/// One connection.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// Who is there.
    pub peer: Peer,
    /// Which way telemetry flows.
    pub way: Way,
    /// Since when.
    pub since: Instant,
    /// What it said of itself.
    pub hello: Option<Hello>,
    /// To watch its path.
    pub link: Link,
    /// Ticks here that it lacks, when it takes from us.
    pub backlog_ticks: u64,
    /// What is left of its monthly volume.
    pub allowance_left: Option<i64>,
}

/// All connections. Copied out under a lock by whoever shows it.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// By the loop's name for them.
    pub sessions: BTreeMap<SessionId, SessionView>,
    /// Records that a store set aside, by stream, since the program began.
    pub damaged: BTreeMap<StreamId, RangeSet>,
    /// The store was begun anew under the running program, which can not go on.
    pub new_store: bool,
}

impl View {
    /// The connection upwards, if there is one.
    pub fn up(&self) -> Option<(SessionId, &SessionView)> {
        self.sessions.iter().rev().find(|(_, view)| view.way == Way::Up).map(|(id, view)| (*id, view))
    }
}
