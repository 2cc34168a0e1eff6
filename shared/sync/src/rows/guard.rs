//! Who may say what of which row?
//!
//! The place comes from the certificate, never from the row: a relay gets, and may give, rows of its own site, its client's
//! and everybody's, but for alerts of the hub itself, as far as it may write them; an agent what is about its own machine and
//! nothing else; what only the hub writes is taken from the hub alone. What no line here allows is refused.

use vigie_codec::wire::rows::RowRefusal;
use vigie_merge::{Actor, AdmitError, Key, Kind, Row, Writer};
use vigie_model::Role;

use super::keep::RowPeer;

/// The kinds of rows that an agent has, all of its own machine.
pub const OF_AGENTS: [Kind; 1] = [Kind::Fact];

/// Whether a node may write a row of this key itself.
pub fn may_write(who: &RowPeer, key: &Key) -> bool {
    match (who.role, key.writer()) {
        (Role::Hub, _) => true,
        (Role::Relay, Writer::Site) => key.scope() == who.view,
        (Role::Agent, Writer::Site) => is_own(who, key),
        (Role::Relay | Role::Agent, Writer::Hub) => false,
    }
}

/// Whether a peer may get a row.
pub fn may_see(peer: &RowPeer, key: &Key) -> bool {
    match peer.role {
        Role::Hub => peer.view.sees(&key.scope()),
        Role::Relay => peer.view.sees(&key.scope()) && !key.is_hubs_own(),
        Role::Agent => is_own(peer, key),
    }
}

/// Whether a row may be taken from a peer. `recovering`: this node is a hub that takes back what it lost.
///
/// # Errors
/// When it may not, and why.
pub fn may_give(peer: &RowPeer, me: &RowPeer, key: &Key, recovering: bool) -> Result<(), RowRefusal> {
    if !may_see(peer, key) || !may_see(me, key) {
        return Err(RowRefusal::NotYours);
    }
    let taken_back = recovering && me.role == Role::Hub && peer.role == Role::Relay;
    if may_write(peer, key) || taken_back { Ok(()) } else { Err(RowRefusal::HubOnly) }
}

/// Whether a row is an agent's own: of its site, and about its machine.
fn is_own(agent: &RowPeer, key: &Key) -> bool {
    OF_AGENTS.contains(&key.kind()) && key.scope() == agent.view && key.machine() == Some(agent.node)
}

/// The row in what a peer gave, if it is one of its kind.
///
/// # Errors
/// When it is not, and why.
pub fn admit(key: &Key, bytes: &[u8], knows: impl Fn(Actor) -> bool) -> Result<Row, RowRefusal> {
    let row = Row::admit(bytes, knows).map_err(|error| match error {
        AdmitError::TooLong(_) | AdmitError::Garbled => RowRefusal::Garbled,
        AdmitError::UnknownActor(_) => RowRefusal::UnknownActor,
    })?;
    match (row.row_type(), key.kind().row_type()) {
        (Some(is), Some(should)) if is != should => Err(RowRefusal::OtherType),
        _ => Ok(row),
    }
}
