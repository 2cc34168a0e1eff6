//! How are a mind's wishes carried out?

use vigie_codec::wire::rows::{RowHello, Seen};
use vigie_model::{NodeId, Role};
use vigie_sync::rows::{Recalled, RowInput, RowPeer, RowWish, Stamp};

use super::apply::heard_ms;
use super::record::PeerNote;
use super::{Rows, RowsError, Shelf, is_hub, seen_of};

/// Every session ends with a new life: a peer that says so again and again is believed once in a run of the program and in
/// this time. Who brings back an older copy starts the program anew.
const BELIEVED_ONCE_IN_MS: u64 = 86_400_000;

impl<S: Shelf> Rows<S> {
    /// What this node says first to a peer. `hub`: the hub, where this is a relay that has met it.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn hello(&mut self, peer: &RowPeer, hub: Option<NodeId>) -> Result<RowHello, RowsError> {
        let (of_you, of_hub) = self.look(|look| {
            let of_you = PeerNote::read(look, peer.node)?;
            let of_hub = hub.map_or(Ok(None), |hub| seen_of(look, hub))?;
            Ok((of_you, of_hub))
        })?;
        let facts = self.facts();
        Ok(RowHello {
            epoch: facts.epoch,
            start: facts.start,
            last: facts.last,
            seen_of_you: of_you.as_ref().filter(|note| note.epoch != 0).map(PeerNote::seen),
            seen_of_hub: of_hub.filter(|seen: &Seen| seen.epoch != 0),
            // What began again has nothing that could come back, and fetches all from the first change on.
            empty: facts.empty || self.life.fresh != [false; 2],
            unsure: !of_you.is_some_and(|note| note.sure),
            recovering: facts.recovering,
        })
    }

    /// Carries out one wish that concerns the store; none for those that do not. A wish of [`RowWish::Reborn`] or
    /// [`RowWish::BeginAgain`] has no answer: end every session.
    ///
    /// # Errors
    /// When the store could not; say [`RowInput::Failed`]. After [`RowsError::NewLife`] end every session.
    pub fn carry_out(&mut self, peer: &RowPeer, wish: &RowWish, stamp: Stamp) -> Result<Option<RowInput>, RowsError> {
        Ok(Some(match wish {
            RowWish::Send(..) | RowWish::Close(_) => return Ok(None),
            RowWish::Recall(hello) => RowInput::Recalled(self.recall(peer, hello, stamp)?),
            RowWish::Serve(ask, hello) => RowInput::Served(self.serve(peer, hello, ask)?),
            RowWish::Apply(give, hello) => RowInput::Applied(self.apply(peer, hello, give, stamp)?),
            RowWish::Keep(entries, hello) => RowInput::Applied(self.keep(peer, hello, entries, stamp)?),
            RowWish::Digest => RowInput::Digested(self.digest(peer)?),
            RowWish::Fetch(keys, hello) => RowInput::Fetched(self.fetch(peer, hello, keys)?),
            RowWish::Settle(at, hello) => {
                self.settle(peer, hello, *at, stamp)?;
                RowInput::Settled
            }
            // What is forgotten does not wait for agents, which have nothing but their own.
            RowWish::Passed(_) if peer.role == Role::Agent => RowInput::Passed,
            RowWish::Passed(ask) => {
                self.passed(peer, ask, stamp)?;
                RowInput::Passed
            }
            RowWish::Reborn => {
                self.believed.insert(peer.node, heard_ms(stamp, &self.clock));
                self.begin_new_life(super::NewLife::SeenElsewhere)?;
                return Ok(None);
            }
            RowWish::BeginAgain => {
                self.begin_again(stays)?;
                return Ok(None);
            }
        }))
    }

    pub(super) fn recall(&mut self, peer: &RowPeer, hello: &RowHello, stamp: Stamp) -> Result<Recalled, RowsError> {
        let now_ms = heard_ms(stamp, &self.clock);
        // An agent that lies could make every life of a relay the last; whoever else knows this node finds out all the same.
        // And of a relay one such word is enough: what it says of the life that ended by it is in the past.
        let lately = self.believed.get(&peer.node).is_some_and(|at| now_ms.saturating_sub(*at) < BELIEVED_ONCE_IN_MS);
        let believed = hello.seen_of_you.filter(|_| peer.role != Role::Agent && !lately);
        let i_was_restored = believed.is_some_and(|seen| !self.recognises(&seen));
        let me: &Self = self;
        let mut found = None;
        me.shelf.look(&mut |look| {
            let note = PeerNote::read(look, peer.node)?.unwrap_or_default();
            found = Some((note, me.begins_again(look, peer, hello)?));
            Ok(())
        })?;
        let (note, begins_again) = found.unwrap_or_default();
        let compared_ms_ago = note.compared_ms.map(|at| now_ms.saturating_sub(at));
        // A hub does not begin again: it has nobody to fetch everything from.
        let peer_begins_again = begins_again && !is_hub(peer.role);
        if !i_was_restored && note.is_hub != is_hub(peer.role) {
            self.change(|change| {
                let mut note = PeerNote::read(change, peer.node)?.unwrap_or_default();
                note.is_hub = is_hub(peer.role);
                note.write(change, peer.node)
            })?;
        }
        Ok(Recalled { cursors: note.cursors(hello.epoch), compared_ms_ago, i_was_restored, peer_begins_again })
    }

    /// Whether a peer was met before, and its rows were in another life then.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn met_in_another_life(&mut self, peer: &RowPeer, hello: &RowHello) -> Result<bool, RowsError> {
        let note = self.look(|look| PeerNote::read(look, peer.node))?;
        Ok(note.is_some_and(|note| note.epoch != 0 && note.epoch != hello.epoch))
    }

    /// The hub that this node has met, if it has.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn hub(&mut self) -> Result<Option<NodeId>, RowsError> {
        if self.owner.who.role == Role::Hub {
            return Ok(None);
        }
        self.look(|look| {
            for (node, _) in look.range(super::tables::PEERS, b"", b"", 1_024)? {
                let Ok(node) = <[u8; 16]>::try_from(node.as_slice()).map(NodeId::from_bytes) else { continue };
                if PeerNote::read(look, node)?.is_some_and(|note| note.is_hub) {
                    return Ok(Some(node));
                }
            }
            Ok(None)
        })
    }
}

/// What only this site writes stays when its relay begins again; what others write too is fetched from them.
fn stays(key: &vigie_merge::Key) -> bool {
    use vigie_merge::Kind;
    match key.kind() {
        Kind::Presence | Kind::Fact | Kind::Alert | Kind::About | Kind::Comment | Kind::Audit => {
            key.writer() == vigie_merge::Writer::Site
        }
        Kind::Rule
        | Kind::Maintenance
        | Kind::Ack
        | Kind::Route
        | Kind::Grant
        | Kind::Held
        | Kind::Budget
        | Kind::Tag
        | Kind::Other(_) => false,
    }
}
