//! What state does a node keep that others may change as well?
//!
//! Rows by key, and beside each the place of its last change in this store's own sequence: a peer asks what changed since a
//! place, and each changed row is told once, however often it changed. A row that arrives and brings nothing new changes
//! nothing and goes nowhere; one that is now exactly what a peer sent is not sent back to it.
//!
//! Dots and places are only right while nobody gives them twice. So a store that is found to be an older copy, or to live
//! twice, or to have lost a row, begins a new life: a new epoch, under which its places mean nothing, and a new actor.

mod apply;
mod caps;
mod carry;
mod changed;
mod desk;
mod forget;
mod life;
mod memory;
mod of_client;
mod pen;
mod places;
mod reach;
mod record;
mod serve;
mod shelf;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_codec::wire::rows::Seen;
use vigie_merge::{Actor, Hlc, HybridClock, Key, Row, Urgency};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_sync::rows::{RowFacts, RowPeer};

pub use caps::{MACHINE_ROWS, SITE_ROWS};
pub use carry::{RowsWait, Unheard};
pub use changed::Changed;
pub use forget::{Collected, FORGET_AFTER_MS, RETIRE_AFTER_MS};
pub use life::NewLife;
pub use memory::MemoryShelf;
pub use of_client::{STATE_TABLES, is_of_client, of_kind};
pub use pen::{Pen, WriteError};
pub use reach::Reaching;
pub use shelf::{Change, Look, Shelf};

use crate::errors::{CommitError, ReadError};
use crate::rows::places::{Done, Places};
use crate::rows::record::Life;
use crate::rows::shelf::tables;

/// Where random numbers come from.
pub type Random = Box<dyn FnMut() -> u64 + Send>;

/// Says which actors are enrolled.
pub type Knows = Arc<dyn Fn(Actor) -> bool + Send + Sync>;

/// Whose rows these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The node, what it may do, and what it may see.
    pub who: RowPeer,
    /// Its number, given at enrolment: all its actors have it.
    pub number: u16,
    /// Nothing was written before this moment: when the program was built, or the last commit known otherwise.
    pub floor: Hlc,
    /// It is the hub, and has lost its store: what only it may write it takes back from its relays.
    pub recovering: bool,
}

/// The rows of a node.
pub struct Rows<S> {
    shelf: S,
    owner: Owner,
    knows: Knows,
    random: Random,
    clock: HybridClock,
    life: Life,
    /// The last change of each urgency; more than there is does no harm.
    newest: [u64; 2],
    last: u64,
    empty: bool,
    changed: Changed,
    /// Peers at whose word these rows began a new life, and when, in milliseconds since 2025.
    believed: BTreeMap<NodeId, u64>,
    /// This life of the rows began since they were opened.
    born_in_this_run: bool,
    /// How many rows there are of sites whose relays have brought new ones.
    counts: caps::Counts,
}

impl<S: std::fmt::Debug> std::fmt::Debug for Rows<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { shelf, owner, life, last, .. } = self;
        f.debug_struct("Rows")
            .field("shelf", shelf)
            .field("owner", owner)
            .field("life", life)
            .field("last", last)
            .finish_non_exhaustive()
    }
}

/// A change that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// Nothing of it is durable for certain; try again.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Nothing can be read now.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The mark beside the store could not be written; try again.
    #[error("the mark beside the rows could not be written")]
    Witness(#[source] std::io::Error),
    /// A row was lost, so the rows have begun a new life: end every session, then try again.
    #[error("a row was damaged; the rows began a new life")]
    NewLife,
}

impl<S: Shelf> Rows<S> {
    /// What is known of these rows.
    pub fn facts(&self) -> RowFacts {
        RowFacts {
            epoch: self.life.epoch,
            start: self.life.start(),
            last: self.last,
            newest: self.newest,
            empty: self.empty,
            recovering: self.owner.recovering,
        }
    }

    /// Who writes here in this life.
    pub fn actor(&self) -> Actor {
        self.life.actor
    }

    /// Whose they are.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The store is known to be an older copy, and this is the hub: from the next session on it takes back what only it may
    /// write from those who have it.
    pub fn take_back(&mut self) {
        self.owner.recovering = true;
    }

    /// What is beneath.
    pub fn shelf(&self) -> &S {
        &self.shelf
    }

    /// Which rows changed here since this was last asked, whoever changed them.
    pub fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// A row, as it is now.
    ///
    /// # Errors
    /// When nothing can be read, or it was damaged.
    pub fn get(&mut self, key: &Key) -> Result<Option<Row>, RowsError> {
        let found = self.look(|look| Ok(record::of(look, key)?.and_then(|record| record.row())))?;
        Ok(found)
    }

    /// All rows whose keys begin so, in order.
    ///
    /// # Errors
    /// When nothing can be read, or something was damaged.
    pub fn scan(&mut self, prefix: &str) -> Result<Vec<(Key, Row)>, RowsError> {
        self.look(|look| {
            let mut found = Vec::new();
            record::each(look, prefix.as_bytes(), &mut |key, record| {
                found.extend(record.row().map(|row| (key.clone(), row)));
            })?;
            Ok(found)
        })
    }

    /// As [`Rows::scan`], each with when its last change was learnt here.
    ///
    /// # Errors
    /// When nothing can be read, or something was damaged.
    pub fn scan_learnt(&mut self, prefix: &str) -> Result<Vec<(Key, Row, UtcMs)>, RowsError> {
        self.look(|look| {
            let mut found = Vec::new();
            record::each(look, prefix.as_bytes(), &mut |key, record| {
                let learnt = Hlc::of(record.at_ms, 0).utc();
                found.extend(record.row().map(|row| (key.clone(), row, learnt)));
            })?;
            Ok(found)
        })
    }

    /// The bytes of all rows: equal where the rows are.
    ///
    /// # Errors
    /// When nothing can be read, or something was damaged.
    pub fn dump(&mut self) -> Result<Vec<(Key, Vec<u8>)>, RowsError> {
        self.look(|look| {
            let mut found = Vec::new();
            record::each(look, b"", &mut |key, record| {
                found.extend(record.bytes().map(|bytes| (key.clone(), bytes.to_vec())));
            })?;
            Ok(found)
        })
    }

    /// Reads. A row that is lost ends this life: what it held may have been told, and would be given again.
    fn look<T>(&mut self, work: impl FnOnce(&mut dyn Look) -> Result<T, crate::TxError>) -> Result<T, RowsError> {
        let mut work = Some(work);
        let mut out = None;
        let mut damaged = false;
        self.shelf.look(&mut |look| {
            if let Some(work) = work.take() {
                out = Some(work(look)?);
            }
            damaged = look.met_damage();
            Ok(())
        })?;
        self.whole(out, damaged)
    }

    /// Changes, in one commit.
    fn change<T>(&mut self, work: impl FnOnce(&mut dyn Change) -> Result<T, crate::TxError>) -> Result<T, RowsError> {
        let mut work = Some(work);
        let mut out = None;
        let mut damaged = false;
        self.shelf.change(&mut |change| {
            if let Some(work) = work.take() {
                out = Some(work(change)?);
            }
            damaged = change.met_damage();
            // What was done beside a lost row was done without knowing it.
            Ok(!damaged)
        })?;
        self.whole(out, damaged)
    }

    fn whole<T>(&mut self, out: Option<T>, damaged: bool) -> Result<T, RowsError> {
        if damaged {
            // Which rows went is not known by key.
            self.changed.join(&Changed { all: true, ..Changed::default() });
            self.begin_new_life(NewLife::Damaged)?;
            return Err(RowsError::NewLife);
        }
        out.ok_or(RowsError::NewLife)
    }

    /// The time of a write over a row, durable with it.
    fn note_commit(&mut self, done: Done) {
        self.last = self.last.max(done.next.last);
        self.empty &= !done.filled;
        for urgency in 0..2 {
            if done.touched[urgency] {
                self.newest[urgency] = done.next.last;
            }
        }
        self.counts.add(done.counted, &done.fresh);
        self.clock.pass(done.clock.last());
        self.clock.reserve(done.next.reserved);
        self.changed.add(done.keys);
    }
}

/// What a node remembers of another.
fn seen_of(look: &mut dyn Look, node: NodeId) -> Result<Option<Seen>, crate::TxError> {
    Ok(record::PeerNote::read(look, node)?.map(|note| note.seen()))
}

fn is_hub(role: Role) -> bool {
    role == Role::Hub
}

const BOTH: [Urgency; 2] = Urgency::ALL;
