//! Who may say what of which row?
//!
//! The place comes from the certificate, never from the row: a peer gets, and may give, rows of its own site, its client's
//! and everybody's; what only the hub writes is taken from the hub alone.

use vigie_codec::wire::rows::RowRefusal;
use vigie_merge::{Actor, AdmitError, Key, Row, Writer};
use vigie_model::Role;

use super::keep::RowPeer;

/// Whether a node may write a row of this key itself.
pub fn may_write(role: Role, key: &Key) -> bool {
    match (role, key.writer()) {
        (Role::Hub, _) | (Role::Relay, Writer::Site) => true,
        (Role::Relay, Writer::Hub) | (Role::Agent, _) => false,
    }
}

/// Whether a peer may get a row.
pub fn may_see(peer: &RowPeer, key: &Key) -> bool {
    peer.role != Role::Agent && peer.view.sees(&key.scope())
}

/// Whether a row may be taken from a peer. `recovering`: this node is a hub that takes back what it lost.
///
/// # Errors
/// When it may not, and why.
pub fn may_give(peer: &RowPeer, me: &RowPeer, key: &Key, recovering: bool) -> Result<(), RowRefusal> {
    if peer.role == Role::Agent || !peer.view.sees(&key.scope()) || !me.view.sees(&key.scope()) {
        return Err(RowRefusal::NotYours);
    }
    let taken_back = recovering && me.role == Role::Hub;
    if may_write(peer.role, key) || taken_back { Ok(()) } else { Err(RowRefusal::HubOnly) }
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
