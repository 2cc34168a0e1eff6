//! Rows that go by hand, in place of a session.

use vigie_codec::wire::rows::{RowGive, RowHello};
use vigie_store::rows::{RowsError, RowsWait, Unheard};
use vigie_sync::rows::{Applied, RowPeer};

use super::NodeRows;

impl NodeRows {
    pub(crate) fn unheard(&self, hub: &RowPeer) -> Result<Unheard, RowsError> {
        self.with(|rows| rows.unheard(hub))
    }

    pub(crate) fn next_unheard(&self, hub: &RowPeer, at: &mut Unheard) -> Result<Option<RowGive>, RowsError> {
        self.with(|rows| rows.next_unheard(hub, at))
    }

    pub(crate) fn may_be_carried(&self, relay: &RowPeer, hello: &RowHello) -> Result<Result<(), RowsWait>, RowsError> {
        let stamp = self.stamp();
        self.with(|rows| rows.may_be_carried(relay, hello, stamp))
    }

    /// As what a session brings: the same rights, the same places, and what became of it is told.
    pub(crate) fn apply_carried(&self, relay: &RowPeer, hello: &RowHello, give: RowGive) -> Result<Applied, RowsError> {
        let stamp = self.stamp();
        let applied = self.with(|rows| rows.apply(relay, hello, &give, stamp))?;
        self.note_kept();
        self.note_applied(relay.node, &applied);
        Ok(applied)
    }
}
