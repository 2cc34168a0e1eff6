//! Does one node hold more connections than it needs?

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use vigie_model::NodeId;

use crate::connection::{Link, WeakLink};
use crate::redial::MAX_ATTEMPTS;
use crate::refusal::CloseCode;

/// Connections that one node may hold: those that a dialler races, and the one that it had before.
const MAX_PER_NODE: usize = MAX_ATTEMPTS + 1;

/// Nodes that are remembered before those without connections are forgotten.
const FORGET_ABOVE: usize = 256;

/// The open connections of every node, whether they have spoken or not.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Mutex<HashMap<NodeId, Vec<WeakLink>>>);

impl Crowd {
    /// Counts a connection; the oldest of its node is closed if there are too many.
    pub(crate) fn enter(&self, link: &Link) {
        let mut nodes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if nodes.len() >= FORGET_ABOVE {
            nodes.retain(|_, links| links.iter().any(|link| link.open().is_some()));
        }
        let links = nodes.entry(link.peer().node).or_default();
        links.retain(|link| link.open().is_some());
        links.push(link.downgrade());
        if links.len() > MAX_PER_NODE
            && let Some(oldest) = links.remove(0).open()
        {
            oldest.close(CloseCode::Replaced, "this node holds too many connections");
        }
    }
}
