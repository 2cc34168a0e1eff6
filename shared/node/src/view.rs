//! What the loop shows to others: whom it is connected with, and how.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::time::Instant;
use vigie_codec::wire::Hello;
use vigie_merge::RangeSet;
use vigie_model::{NodeId, StreamId, UtcMs};
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

/// All connections, as they were at one moment.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// By the loop's name for them.
    pub sessions: BTreeMap<SessionId, Arc<SessionView>>,
    /// Records that a store set aside, by stream, since the program began.
    pub damaged: BTreeMap<StreamId, RangeSet>,
    /// Connections that were ended because too much waited for a peer that did not read, since the program began.
    pub unread: u64,
    /// Peers that were seen twice at once: the same identity from two places, and when that was last so.
    pub twins: BTreeMap<NodeId, UtcMs>,
    /// The store was begun anew under the running program, which can not go on.
    pub new_store: bool,
}

impl View {
    /// The connection upwards, if there is one.
    pub fn up(&self) -> Option<(SessionId, &SessionView)> {
        self.sessions.iter().rev().find(|(_, view)| view.way == Way::Up).map(|(id, view)| (*id, &**view))
    }
}

/// The newest [`View`]: the loop changes it, and whoever shows it takes it as it stands. Only while somebody still looks
/// at the last one does a change make another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<RwLock<Arc<View>>>);

impl Shown {
    pub(crate) fn view(&self) -> Arc<View> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        change(Arc::make_mut(&mut self.0.write().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Changes one connection, if it is still there.
    pub(crate) fn change_session(&self, session: SessionId, change: impl FnOnce(&mut SessionView)) {
        self.change(|view| view.sessions.get_mut(&session).map(|shown| change(Arc::make_mut(shown))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_stays_as_it_was_and_the_next_look_sees_the_change() {
        let shown = Shown::default();
        let before = shown.view();
        shown.change(|view| view.new_store = true);
        assert!(!before.new_store && shown.view().new_store);
    }

    #[test]
    fn nothing_is_copied_while_nobody_looks() {
        let shown = Shown::default();
        let first = Arc::as_ptr(&shown.view());
        shown.change(|view| view.new_store = true);
        assert_eq!(Arc::as_ptr(&shown.view()), first);
    }
}
