//! What changed here that the hub does not have yet? Counted, not reckoned.

use vigie_model::Role;
use vigie_sync::rows::{RowPeer, guard};

use super::record::{self, PeerNote};
use super::serve::{changes_since, scopes_of};
use super::{BOTH, Rows, RowsError, Shelf};

impl<S: Shelf> Rows<S> {
    /// Rows that changed here and that the hub has not said to have, by urgency: each once, however often it changed. All
    /// rows of this node's where it has met no hub, and none at a hub.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn waiting(&mut self) -> Result<[u64; 2], RowsError> {
        if self.owner.who.role == Role::Hub {
            return Ok([0; 2]);
        }
        let hub = self.hub()?;
        let (epoch, last, me) = (self.life.epoch, self.last, self.owner.who.clone());
        self.look(|look| {
            let note = hub.map_or(Ok(None), |hub| PeerNote::read(look, hub))?.unwrap_or_default();
            let passed = if note.passed_epoch == epoch { note.passed } else { [0; 2] };
            let mut waiting = [0; 2];
            for urgency in BOTH {
                let scopes = scopes_of(look, urgency, &RowPeer { role: Role::Hub, ..me.clone() })?;
                let mut since = passed[urgency as usize];
                while since < last {
                    let (changes, upto) = changes_since(look, urgency, &scopes, since, last)?;
                    for changed in changes.iter().filter(|changed| guard::may_write(&me, &changed.key)) {
                        let record = record::of(look, &changed.key)?.filter(|record| record.seq == changed.seq);
                        let is_owed = |record: record::Record| {
                            record.bytes().is_some() && record.from.is_none_or(|(from, _)| Some(from) != hub)
                        };
                        waiting[urgency as usize] += u64::from(record.is_some_and(is_owed));
                    }
                    since = upto;
                }
            }
            Ok(waiting)
        })
    }
}
