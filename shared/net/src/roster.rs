//! Which connection of a node counts, when it dialled again before the old one was known to be dead?

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use vigie_model::NodeId;

use crate::connection::Link;
use crate::refusal::CloseCode;
use crate::revocations::SharedRevocations;

/// The open connections of an accepting node, one for each peer: the newest.
///
/// Enter a connection when its *first frame* has arrived, not before: a dialler that races several attempts drops all
/// but one before it says anything, and one of those must not push out the one that it keeps.
#[derive(Debug, Default)]
pub struct Roster(Mutex<HashMap<NodeId, Link>>);

impl Roster {
    /// Enters a connection that has spoken; an older one of the same node is closed.
    pub fn enter(&self, link: Link) {
        let older = self.links().insert(link.peer().node, link.clone());
        if let Some(older) = older.filter(|older| !older.is(&link)) {
            older.close(CloseCode::Replaced, "a newer connection of this node took its place");
        }
    }

    /// Takes a connection out, unless a newer one has taken its place. Says whether the node is gone.
    pub fn leave(&self, link: &Link) -> bool {
        let mut links = self.links();
        let present = links.get(&link.peer().node).is_some_and(|entered| entered.is(link));
        if present {
            links.remove(&link.peer().node);
        }
        present
    }

    /// The connection of a node, if it has one.
    pub fn get(&self, node: NodeId) -> Option<Link> {
        self.links().get(&node).cloned()
    }

    /// Every open connection.
    pub fn all(&self) -> Vec<Link> {
        self.links().values().cloned().collect()
    }

    /// Closes the connections of those who lost their rights; to be called when the list changed.
    pub fn enforce(&self, revocations: &SharedRevocations) {
        for link in self.all().into_iter().filter(|link| revocations.contains(link.peer().node)) {
            link.close(CloseCode::Revoked, "the certificate of this node was revoked");
        }
    }

    fn links(&self) -> std::sync::MutexGuard<'_, HashMap<NodeId, Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
