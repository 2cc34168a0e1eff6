//! The telemetry of a node: ticks, segments, statements, definitions, and what is known of each stream.

mod agenda;
mod answer;
mod ask;
mod columns;
mod commit;
mod disown;
mod expire;
mod facts;
mod fold;
mod foreign;
mod gaps;
mod give_back;
mod hot;
mod index;
mod keep_schema;
mod keep_segment;
mod keep_statement;
mod keep_ticks;
mod keep_word;
mod load;
mod loader;
mod loss;
mod offer;
pub(crate) mod open;
mod options;
mod overflow;
mod packed;
mod pen;
mod query;
mod read;
mod rebuild;
mod reclock;
mod reseal;
mod rolled;
mod rolls;
mod room;
pub(crate) mod shelf;
mod sweep;
mod thin;
mod tiers;
mod times;
mod usage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use vigie_merge::RangeSet;
use vigie_model::StreamId;

pub use ask::{Column, Moments};
pub use disown::Swept;
pub use fold::{Folded, ToFold};
pub use open::OpenReport;
pub use options::{LayOut, Options, Rollups};
pub use reseal::{Gathered, LaidOut, Unfit};
pub use rolled::Rolled;
pub use room::{Evicted, Pressure};
pub use usage::{ShelfUsage, Usage};

use crate::engine::Db;
use crate::errors::ReadError;
use crate::medium::Medium;
use crate::snapshot::{Snapshot, Which};
use crate::types::StreamFacts;
use agenda::Agenda;
use columns::LastUnfolded;
use hot::Hot;
use index::Index;
use loss::Loss;

/// The telemetry log of one node: one file, one writer.
///
/// What [`Log::commit`] has returned is durable. What is known of each stream is held in memory and on disk alike.
/// Blocking: call it from a thread of its own.
#[derive(Debug)]
pub struct Log {
    medium: Box<dyn Medium>,
    options: Options,
    state: Standing,
    /// The disk was full, and no room has been made since.
    starved: bool,
    epoch: u64,
    streams: BTreeMap<StreamId, StreamFacts>,
    /// What the records of all streams take together: asked after each commit.
    record_bytes: u64,
    /// Records that proved damaged while reading, and wait for the next commit.
    losses: Mutex<Vec<Loss>>,
    /// A reader found the structure of the file wrong.
    suspect: AtomicBool,
    /// Damage that was noted and not yet taken.
    damage: Vec<(StreamId, RangeSet)>,
    index: Mutex<Index>,
    agenda: Mutex<Agenda>,
    unfolded: LastUnfolded,
    /// What was still free in the file after it last gave back.
    kept_free_bytes: Option<u64>,
    hot: Hot,
    /// What was measured before this has been let go of for its age, as far as it may go.
    thinned_to_ms: Option<i64>,
    /// Streams that are no longer known, and of which there are still records.
    disowned: BTreeSet<StreamId>,
}

/// Whether the file is open.
#[derive(Debug)]
enum Standing {
    Open(Db),
    /// Closed because the disk is full.
    Full,
    /// Closed because the disk refused.
    Refused,
    /// Closed because its structure is damaged.
    Damaged(String),
}

impl Log {
    /// All of it as it is now, for a backup.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn snapshot(&self) -> Result<Snapshot, ReadError> {
        self.at_database(|db| Snapshot::of(Which::Log, db))
    }

    /// From now on what is sealed is folded so. What was folded before stays as it is.
    pub fn fold_into(&mut self, rollups: Rollups) {
        self.options.rollups = rollups;
    }

    /// The life of this log file: another number means that what it had may be gone.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// What is known of each stream, as of the last commit.
    pub fn streams(&self) -> &BTreeMap<StreamId, StreamFacts> {
        &self.streams
    }

    /// What is known of some streams, to be handed to another thread. A stream that is not here is left out.
    pub fn facts_of(&self, streams: impl IntoIterator<Item = StreamId>) -> BTreeMap<StreamId, Arc<StreamFacts>> {
        let facts = |stream| Some((stream, Arc::new(self.streams.get(&stream)?.clone())));
        streams.into_iter().filter_map(facts).collect()
    }

    /// What is known of every stream, to be handed to another thread.
    pub fn all_facts(&self) -> BTreeMap<StreamId, Arc<StreamFacts>> {
        self.facts_of(self.streams.keys().copied())
    }

    /// How it was opened.
    pub fn options(&self) -> &Options {
        &self.options
    }
}

impl Log {
    /// Closes the file, so that the next opening finds it in order although others still hold the log. Reads fail from
    /// now on; a further commit opens it again.
    pub fn close(&mut self) {
        if let Standing::Open(_) = std::mem::replace(&mut self.state, Standing::Refused) {
            // The file is closed by now; a mark that stays costs a check at the next opening.
            self.medium.note_closed();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}
