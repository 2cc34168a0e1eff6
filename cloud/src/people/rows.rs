//! How do people stand in the hub's state?
//!
//! A row is JSON, as the hub's other rows are: an operator may have to read it. Nothing in it opens anything: of secrets
//! there are hashes, of passwords what proves them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::error;
use vigie_node::Failed;
use vigie_people::{Change, Directory};
use vigie_store::{ReadError, State, StateTx, TxError};

const BEGUN: &str = "people.begun";
const PERSON: &str = "people.person";
const ROLE: &str = "people.role";
const INVITATION: &str = "people.invitation";
const TOKEN: &str = "people.token";
const SESSION: &str = "people.session";
const TAKEN: &str = "people.taken";

/// Everybody that the state knows of. A row that a later version wrote and that can not be read is left where it is, and
/// opens nothing.
pub(crate) fn read(state: &State) -> Result<Directory, ReadError> {
    let mut directory = Directory::default();
    each(state, BEGUN, |row| directory.apply(&Change::Begun(row)))?;
    each(state, ROLE, |row| directory.apply(&Change::Role(row)))?;
    each(state, PERSON, |row| directory.apply(&Change::Person(Box::new(row))))?;
    each(state, INVITATION, |row| directory.apply(&Change::Invitation(Box::new(row))))?;
    each(state, TOKEN, |row| directory.apply(&Change::Token(Box::new(row))))?;
    each(state, SESSION, |row| directory.apply(&Change::Session(Box::new(row))))?;
    each(state, TAKEN, |row| directory.apply(&Change::Taken(row)))?;
    Ok(directory)
}

/// Ends every session, where nobody holds them in memory.
pub(crate) fn forget_sessions(state: &State) -> Result<(), Failed> {
    for (key, _) in state.scan(SESSION, b"")? {
        state.remove(SESSION, &key)?;
    }
    Ok(())
}

fn each<T: DeserializeOwned>(state: &State, table: &str, mut take: impl FnMut(T)) -> Result<(), ReadError> {
    for (_, bytes) in state.scan(table, b"")? {
        match serde_json::from_slice(&bytes) {
            Ok(row) => take(row),
            Err(error) => error!(table, %error, "a row of people can not be read; it opens nothing"),
        }
    }
    Ok(())
}

/// Writes what changed.
pub(crate) fn write(tx: &mut StateTx<'_>, change: &Change) -> Result<(), TxError> {
    match change {
        Change::Begun(begun) => put(tx, BEGUN, "begun", begun),
        Change::Person(person) => put(tx, PERSON, person.id.as_str(), person),
        Change::PersonGone(id) => gone(tx, PERSON, id.as_str()),
        Change::Role(role) => put(tx, ROLE, role.name.as_str(), role),
        Change::RoleGone(name) => gone(tx, ROLE, name.as_str()),
        Change::Invitation(invitation) => put(tx, INVITATION, invitation.id.as_str(), invitation),
        Change::InvitationGone(id) => gone(tx, INVITATION, id.as_str()),
        Change::Token(token) => put(tx, TOKEN, token.id.as_str(), token),
        Change::TokenGone(id) => gone(tx, TOKEN, id.as_str()),
        Change::Session(session) => put(tx, SESSION, session.id.as_str(), session),
        Change::SessionGone(id) => gone(tx, SESSION, id.as_str()),
        Change::Taken(taken) => put(tx, TAKEN, &String::from(taken.kept), taken),
        Change::TakenGone(kept) => gone(tx, TAKEN, &String::from(*kept)),
    }
}

fn put<T: Serialize>(tx: &mut StateTx<'_>, table: &str, key: &str, row: &T) -> Result<(), TxError> {
    // These rows are plain structs with string keys: writing them to memory does not fail.
    let bytes = serde_json::to_vec(row).unwrap_or_default();
    tx.put(table, key.as_bytes(), &bytes)
}

fn gone(tx: &mut StateTx<'_>, table: &str, key: &str) -> Result<(), TxError> {
    tx.remove(table, key.as_bytes()).map(drop)
}
