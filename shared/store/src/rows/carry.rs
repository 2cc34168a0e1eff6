//! What do rows say that go by hand, and when may they be taken?
//!
//! There is no conversation: the relay writes down what it would answer to the hub's last word, and the hub takes it as if it
//! had just asked. Where that would need a conversation, the rows stay until the line is back.

use vigie_codec::wire::rows::{RowAsk, RowGive, RowHello};
use vigie_model::Role;
use vigie_sync::rows::{RowPeer, Stamp};

use super::record::PeerNote;
use super::{BOTH, Rows, RowsError, Shelf};

/// What changed here since the hub last said what it has.
#[derive(Debug)]
pub struct Unheard {
    /// What this node says first.
    pub hello: RowHello,
    /// The hub, as it was last met.
    hub: RowHello,
    /// Up to where all is told, by urgency, and up to where it was looked at.
    told: [u64; 2],
    looked: [u64; 2],
}

/// Why rows that were carried here wait for the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowsWait {
    /// The relay has seen what this hub does not know of itself.
    #[error("the relay has seen more of this hub's rows than the hub has: it was brought back from an older copy")]
    SeenMore,
    /// What was deleted here may still stand in the file.
    #[error("the file is older than deletions that everybody has agreed on since")]
    OlderThanDeletions,
    /// The relay's rows were in another life when they were last met.
    #[error("the relay's rows began a new life since they were last met, and are to be compared first")]
    OtherLife,
}

impl<S: Shelf> Rows<S> {
    /// Begins to tell what the hub has not said to have.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn unheard(&mut self, hub: &RowPeer) -> Result<Unheard, RowsError> {
        let hello = self.hello(hub, Some(hub.node))?;
        let epoch = self.life.epoch;
        let note = self.look(|look| PeerNote::read(look, hub.node))?.unwrap_or_default();
        let told = if note.passed_epoch == epoch { note.passed } else { [0; 2] };
        let hub = RowHello {
            epoch: note.epoch,
            start: note.start,
            last: 0,
            seen_of_you: None,
            seen_of_hub: None,
            empty: false,
            unsure: false,
            recovering: false,
        };
        Ok(Unheard { hello, hub, told, looked: told })
    }

    /// The next rows, alerts and decisions first; none when all is told, or these rows began a new life.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn next_unheard(&mut self, hub: &RowPeer, at: &mut Unheard) -> Result<Option<RowGive>, RowsError> {
        let epoch = at.hello.epoch;
        for urgency in BOTH.map(|urgency| urgency as usize) {
            while self.life.epoch == epoch && at.looked[urgency] < self.last {
                let ask = RowAsk { urgency: urgency as u8, epoch, since: at.looked[urgency] };
                let give = self.serve(hub, &at.hub, &ask)?;
                if give.upto <= at.looked[urgency] {
                    break;
                }
                at.looked[urgency] = give.upto;
                if !give.entries.is_empty() {
                    // What was not for the hub belongs to the first answer behind it: its places follow one another.
                    let since = std::mem::replace(&mut at.told[urgency], give.upto);
                    return Ok(Some(RowGive { since, ..give }));
                }
            }
        }
        Ok(None)
    }

    /// Whether the rows of a relay, whose hello of then this is, may be taken without a word from it.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn may_be_carried(
        &mut self,
        peer: &RowPeer,
        hello: &RowHello,
        stamp: Stamp,
    ) -> Result<Result<(), RowsWait>, RowsError> {
        debug_assert_eq!(peer.role, Role::Relay, "nobody else writes a file");
        if self.met_in_another_life(peer, hello)? {
            return Ok(Err(RowsWait::OtherLife));
        }
        let recalled = self.recall(peer, hello, stamp)?;
        Ok(match (recalled.i_was_restored, recalled.peer_begins_again) {
            (true, _) => Err(RowsWait::SeenMore),
            (_, true) => Err(RowsWait::OlderThanDeletions),
            (false, false) => Ok(()),
        })
    }
}
