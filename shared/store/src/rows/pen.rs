//! How is a row written here?
//!
//! In a transaction that reads first: who decides on what was read elsewhere brings along what had been seen, and is refused
//! where it is not so any more. What is written in one transaction travels together, each urgency for itself, where it fits.

use std::collections::BTreeMap;

use vigie_codec::wire::rows::RowRefusal;
use vigie_merge::{
    CausalLength, Context, Grow, HybridClock, Key, Last, Many, Marker, Members, RangeSet, Ranges, Row, Value,
};
use vigie_sync::rows::{RowPeer, Stamp, guard};

use super::record::{self, Body};
use super::{Change, Done, Places, Rows, RowsError, Shelf};
use crate::state::TxError;

/// A write that did not happen; nothing of its transaction did.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Someone changed the row since it was read: show it again.
    #[error("someone changed this meanwhile; look at it again")]
    Stale,
    /// Not for this node to write: the hub's alone, or another place's.
    #[error("{0} is not written here")]
    NotOurs(Key),
    /// Rows of this kind are of another type: the program is wrong.
    #[error("rows like {0} are of another type")]
    OtherType(Key),
    /// More than one row may hold.
    #[error("{0} would hold more than a row may")]
    TooMuch(Key),
    /// The store could not.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

/// What one may do in a transaction, and what was done.
pub struct Pen<'c> {
    change: &'c mut dyn Change,
    who: &'c RowPeer,
    actor: vigie_merge::Actor,
    stamp: Stamp,
    clock: HybridClock,
    staged: BTreeMap<Key, Row>,
    /// In the order in which rows were first written.
    order: Vec<Key>,
    broke: Option<TxError>,
}

impl std::fmt::Debug for Pen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pen").field("staged", &self.staged).finish_non_exhaustive()
    }
}

impl<S: Shelf> Rows<S> {
    /// Writes rows, in one transaction. When it returns, they are durable.
    ///
    /// # Errors
    /// When `work` fails, or the store: then nothing was written.
    pub fn write<T>(
        &mut self,
        stamp: Stamp,
        work: impl FnOnce(&mut Pen<'_>) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let (who, actor, clock) = (self.owner.who.clone(), self.life.actor, self.clock.clone());
        let mut out = Err(WriteError::Stale);
        let done = self.change(|change| {
            let mut pen =
                Pen { change, who: &who, actor, stamp, clock, staged: BTreeMap::new(), order: Vec::new(), broke: None };
            out = work(&mut pen);
            match (pen.broke.take(), &out) {
                (Some(broke), _) => Err(broke),
                (None, Ok(_)) => pen.put().map(Some),
                (None, Err(_)) => Ok(None),
            }
        })?;
        if let Some(done) = done {
            self.note_commit(done);
        }
        out
    }
}

impl Pen<'_> {
    /// A row as it is in this transaction.
    ///
    /// # Errors
    /// When it can not be read.
    pub fn get(&mut self, key: &Key) -> Result<Option<Row>, WriteError> {
        if let Some(row) = self.staged.get(key) {
            return Ok(Some(row.clone()));
        }
        match record::of(self.change, key) {
            Ok(record) => Ok(record.and_then(|record| record.row())),
            Err(broke) => {
                self.broke = Some(broke);
                // Replaced by what broke when the transaction ends.
                Err(WriteError::Stale)
            }
        }
    }

    /// Writes a row of which the last write counts.
    ///
    /// # Errors
    /// When it may not, or can not.
    pub fn last(&mut self, key: &Key, value: Value) -> Result<(), WriteError> {
        let found = self.get(key)?;
        let marker = self.marker(found.as_ref());
        let fresh = || Row::Last(Last::new(None, Marker::default()));
        self.edit(key, found, fresh, |row| match row {
            Row::Last(last) => {
                last.write(value, marker);
                Ok(())
            }
            _ => Err(None),
        })
    }

    /// As [`Pen::last`], if it still bears the marker that was seen; none where nothing was there.
    ///
    /// # Errors
    /// As [`Pen::last`], and when it does not.
    pub fn last_if(&mut self, key: &Key, seen: Option<Marker>, value: Value) -> Result<(), WriteError> {
        let is = self.get(key)?.and_then(|row| row.marker());
        if is == seen { self.last(key, value) } else { Err(WriteError::Stale) }
    }

    /// Writes a row whose values stand side by side, over all that was seen.
    ///
    /// # Errors
    /// When it may not, or can not, or more is there than was seen.
    pub fn many(&mut self, key: &Key, seen: &Context, value: Value) -> Result<(), WriteError> {
        let found = self.get(key)?;
        let marker = self.marker(found.as_ref());
        self.edit(
            key,
            found,
            || Row::Many(Many::new()),
            |row| match row {
                Row::Many(many) => many.write(value, marker, seen).map_err(|_| Some(WriteError::Stale)),
                _ => Err(None),
            },
        )
    }

    /// Adds a member to a set.
    ///
    /// # Errors
    /// When it may not, or can not.
    pub fn add(&mut self, key: &Key, member: Vec<u8>) -> Result<(), WriteError> {
        let (found, actor) = (self.get(key)?, self.actor);
        self.edit(
            key,
            found,
            || Row::Members(Members::new()),
            |row| match row {
                Row::Members(members) => {
                    members.add(member, actor);
                    Ok(())
                }
                _ => Err(None),
            },
        )
    }

    /// Removes a member as far as it was seen; says whether it is gone.
    ///
    /// # Errors
    /// When it may not, or can not, or more was seen than is here yet.
    pub fn remove(&mut self, key: &Key, member: &[u8], seen: &Context) -> Result<bool, WriteError> {
        let (found, mut gone) = (self.get(key)?, false);
        self.edit(
            key,
            found,
            || Row::Members(Members::new()),
            |row| match row {
                Row::Members(members) => {
                    gone = members.remove(member, seen).map_err(|_| Some(WriteError::Stale))?;
                    Ok(())
                }
                _ => Err(None),
            },
        )?;
        Ok(gone)
    }

    /// Adds a member to a set that only grows.
    ///
    /// # Errors
    /// When it may not, or can not.
    pub fn grow(&mut self, key: &Key, member: Vec<u8>) -> Result<(), WriteError> {
        let found = self.get(key)?;
        self.edit(
            key,
            found,
            || Row::Grow(Grow::new()),
            |row| match row {
                Row::Grow(grow) => {
                    grow.add(member);
                    Ok(())
                }
                _ => Err(None),
            },
        )
    }

    /// Lets something be there or not.
    ///
    /// # Errors
    /// When it may not, or can not.
    pub fn set(&mut self, key: &Key, present: bool) -> Result<(), WriteError> {
        let found = self.get(key)?;
        self.edit(
            key,
            found,
            || Row::Length(CausalLength::ABSENT),
            |row| match row {
                Row::Length(length) => {
                    length.set(present);
                    Ok(())
                }
                _ => Err(None),
            },
        )
    }

    /// Adds numbers.
    ///
    /// # Errors
    /// When it may not, or can not.
    pub fn ranges(&mut self, key: &Key, more: &RangeSet) -> Result<(), WriteError> {
        let found = self.get(key)?;
        self.edit(
            key,
            found,
            || Row::Ranges(Ranges::default()),
            |row| match row {
                Row::Ranges(ranges) => {
                    ranges.add(more);
                    Ok(())
                }
                _ => Err(None),
            },
        )
    }

    /// Puts what `make` makes of a row as it is and of a marker later than it: for whoever knows the row's types itself.
    ///
    /// # Errors
    /// When it may not, or can not; what `make` refused comes back as the inner error, and nothing was staged for the key.
    pub fn put_made<E>(
        &mut self,
        key: &Key,
        make: impl FnOnce(Option<Row>, Marker) -> Result<Row, E>,
    ) -> Result<Result<(), E>, WriteError> {
        let found = self.get(key)?;
        let marker = self.marker(found.as_ref());
        let made = match make(found, marker) {
            Ok(row) => row,
            Err(refused) => return Ok(Err(refused)),
        };
        self.edit(key, Some(made), || Row::Many(Many::new()), |_| Ok(())).map(Ok)
    }

    fn marker(&mut self, over: Option<&Row>) -> Marker {
        let over = over.and_then(Row::marker).map(|marker| marker.hlc);
        Marker { hlc: self.clock.stamp(self.stamp.mono_ms, self.stamp.trusted, over), actor: self.actor }
    }

    /// Changes a row that is there, or a fresh one. A row that holds copies which can not be read is not written over.
    fn edit(
        &mut self,
        key: &Key,
        found: Option<Row>,
        fresh: impl FnOnce() -> Row,
        edit: impl FnOnce(&mut Row) -> Result<(), Option<WriteError>>,
    ) -> Result<(), WriteError> {
        if !guard::may_write(self.who, key) {
            return Err(WriteError::NotOurs(key.clone()));
        }
        let mut row = found.unwrap_or_else(fresh);
        edit(&mut row).map_err(|error| error.unwrap_or_else(|| WriteError::OtherType(key.clone())))?;
        match guard::admit(key, &row.encode(), |_| true) {
            Ok(_) => {}
            Err(RowRefusal::OtherType) => return Err(WriteError::OtherType(key.clone())),
            Err(_) => return Err(WriteError::TooMuch(key.clone())),
        }
        if self.staged.insert(key.clone(), row).is_none() {
            self.order.push(key.clone());
        }
        Ok(())
    }

    fn put(self) -> Result<Done, TxError> {
        let Self { change, stamp, clock, mut staged, order, .. } = self;
        let mut places = Places::begin(change, stamp, &clock)?;
        for key in order {
            let Some(row) = staged.remove(&key) else { continue };
            let (old, bytes) = (record::of(change, &key)?, row.encode());
            if old.as_ref().and_then(record::Record::bytes) != Some(bytes.as_slice()) {
                places.put(change, &key, old.as_ref(), Body::Row(bytes), None)?;
            }
        }
        places.end(change, clock)
    }
}
