//! How far have rows come?

use std::collections::BTreeMap;

use vigie_merge::Key;
use vigie_model::NodeId;

use super::record::{self, PeerNote};
use super::shelf::{Look, Shelf};
use super::{Rows, RowsError};
use crate::TxError;

/// Up to which place of each urgency a peer has asked for what came after.
type Passed = [u64; 2];

/// A question: have these rows reached one of these peers?
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reaching {
    /// One of them is enough.
    pub peers: Vec<NodeId>,
    /// All of them.
    pub keys: Vec<Key>,
}

impl<S: Shelf> Rows<S> {
    /// For each question whether one of its peers has all its rows as they are here: it sent them so, or has asked for what
    /// came after. A row that is not here has reached everybody. All are answered from one moment.
    ///
    /// # Errors
    /// When nothing can be read, or something was damaged.
    pub fn have(&mut self, asked: &[Reaching]) -> Result<Vec<bool>, RowsError> {
        let epoch = self.life.epoch;
        self.look(|look| {
            let mut passed = BTreeMap::new();
            for peer in asked.iter().flat_map(|asked| &asked.peers) {
                if !passed.contains_key(peer) {
                    let note = PeerNote::read(look, *peer)?.unwrap_or_default();
                    passed.insert(*peer, if note.passed_epoch == epoch { note.passed } else { [0; 2] });
                }
            }
            asked.iter().map(|asked| has_reached(look, asked, &passed)).collect()
        })
    }
}

fn has_reached(look: &mut dyn Look, asked: &Reaching, passed: &BTreeMap<NodeId, Passed>) -> Result<bool, TxError> {
    // Peers that have all rows so far.
    let mut have: Vec<NodeId> = asked.peers.clone();
    for key in &asked.keys {
        if have.is_empty() {
            break;
        }
        let Some(row) = record::of(look, key)? else { continue };
        let urgency = key.kind().urgency() as usize;
        have.retain(|peer| {
            let sent = row.from.is_some_and(|(node, _)| node == *peer);
            sent || passed.get(peer).is_some_and(|passed| row.seq <= passed[urgency])
        });
    }
    Ok(!have.is_empty())
}
