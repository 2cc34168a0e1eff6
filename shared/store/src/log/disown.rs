//! How do streams go from a log wholly, as if they had never been here?
//!
//! First what makes them known goes, all of it in one transaction with a note of each stream: from that moment on nobody can ask
//! for them, and whatever stops the program, the note is there. Then their records go, some at a time, and the note with the
//! last of them. Unlike what is let go of for its age or for lack of room, nothing stays known of them: neither that they were
//! here, nor that the hub signed for them.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use redb::{ReadOnlyTable, ReadableDatabase, ReadableTable};
use vigie_model::StreamId;

use super::Log;
use super::pen::{Bytes, Pen};
use super::shelf::{STREAM_BYTES, Shelf, all_of, stream_of};
use crate::errors::{CommitError, ReadError, Trouble};

/// Where records of a stream stand beside what makes it known.
const HELD: [Shelf; 8] = [
    Shelf::Tick,
    Shelf::Seal,
    Shelf::Body,
    Shelf::Statement,
    Shelf::Series,
    Shelf::Columns,
    Shelf::Leaf,
    Shelf::Rollup,
];

/// Records deleted in one transaction: as for what is too old, a commit that others wait a moment for.
const ROWS_AT_ONCE: usize = 4_096;

/// The same in bytes.
const BYTES_AT_ONCE: u64 = 8 << 20;

/// What the note of a stream begins with; its sixteen and eight bytes follow.
const MARK: &[u8] = b"disowned ";

/// How far the records of disowned streams have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Bytes that went with this step.
    pub bytes: u64,
    /// Streams of which there are still records.
    pub left: usize,
}

impl Log {
    /// Streams are no longer known, all of them from one moment on; their records go by [`Log::sweep_disowned`], also those of
    /// one that is not known any more. Nobody may bring them at the same time: a stream that is introduced again begins anew, and what then
    /// comes would be swept.
    ///
    /// # Errors
    /// As [`Log::commit`]; nothing was changed.
    pub fn disown(&mut self, streams: &BTreeSet<StreamId>) -> Result<(), CommitError> {
        let known: Vec<StreamId> = streams.iter().filter(|stream| !self.disowned.contains(stream)).copied().collect();
        if known.is_empty() {
            return Ok(());
        }
        self.transact(|pen| known.iter().try_for_each(|stream| pen.disown(*stream)))?;
        for stream in &known {
            let gone = self.streams.remove(stream);
            self.record_bytes -= gone.map_or(0, |facts| facts.bytes.total());
        }
        self.disowned.extend(known.iter().copied());
        // Where they lay is remembered here and there, for all streams alike; it is read again.
        self.index.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.hot.forget_all();
        self.unfolded.forget();
        let agenda = self.agenda.get_mut().unwrap_or_else(PoisonError::into_inner);
        known.iter().for_each(|stream| agenda.gone(*stream));
        let losses = self.losses.get_mut().unwrap_or_else(PoisonError::into_inner);
        losses.retain(|loss| !known.contains(&loss.stream()));
        self.damage.retain(|(stream, _)| !known.contains(stream));
        Ok(())
    }

    /// Deletes records of disowned streams, in one transaction of some megabytes; call it until none is left. After a start there
    /// may be some that were disowned before it.
    ///
    /// # Errors
    /// As [`Log::commit`]; what went before stays gone.
    pub fn sweep_disowned(&mut self) -> Result<Swept, CommitError> {
        let Some(stream) = self.disowned.first().copied() else { return Ok(Swept::default()) };
        let (bytes, is_done) = self.transact(|pen| pen.sweep_disowned(stream))?;
        if is_done {
            self.disowned.remove(&stream);
        }
        Ok(Swept { bytes, left: self.disowned.len() })
    }

    /// How many streams are disowned, and have records left.
    pub fn disowned(&self) -> usize {
        self.disowned.len()
    }

    /// How many records there are of some streams, whether these are known or not, and how many bytes they take. Walks over all
    /// of them: for who asks whether they are gone.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn records_of(&self, streams: &BTreeSet<StreamId>) -> Result<(u64, u64), ReadError> {
        self.at_database(|db| {
            let read = db.begin_read()?;
            let (mut rows, mut bytes) = (0, 0);
            for shelf in HELD.into_iter().chain([Shelf::Intro, Shelf::Facts]) {
                let table = read.open_table(shelf.table())?;
                for stream in streams {
                    let (low, high) = all_of(*stream);
                    for row in table.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
                        let (key, row) = row?;
                        rows += 1;
                        bytes += (key.value().len() + row.value().len()) as u64;
                    }
                }
            }
            for row in read.open_table(Shelf::Quarantine.table())?.iter()? {
                let (key, row) = row?;
                if set_aside_of(key.value()).is_some_and(|stream| streams.contains(&stream)) {
                    rows += 1;
                    bytes += (key.value().len() + row.value().len()) as u64;
                }
            }
            Ok((rows, bytes))
        })
    }
}

impl Pen<'_> {
    /// What makes a stream known goes, and a note comes.
    fn disown(&mut self, stream: StreamId) -> Result<(), Trouble> {
        self.forget(stream);
        let (key, note) = (mark(stream), stream.to_bytes());
        self.put(Shelf::Note, &key, &Shelf::Note.wrap(&key, &[]))?;
        self.remove(Shelf::Intro, &note)?;
        self.remove(Shelf::Facts, &note)?;
        Ok(())
    }

    /// Some records of a disowned stream go; says how many bytes, and whether all are gone.
    fn sweep_disowned(&mut self, stream: StreamId) -> Result<(u64, bool), Trouble> {
        let (mut rows, mut bytes) = (0, 0);
        for shelf in HELD {
            let (low, high) = all_of(stream);
            let Some(end) = self.end_of_some(shelf, (&low, &high), &mut rows, bytes)? else { continue };
            bytes += self.remove_range(shelf, &low, &end, |_, _| {})?.unsigned_abs();
            if rows >= ROWS_AT_ONCE || bytes >= BYTES_AT_ONCE {
                return Ok((bytes, false));
            }
        }
        bytes += self.forget_quarantined(stream)?;
        self.remove(Shelf::Note, &mark(stream))?;
        Ok((bytes, true))
    }

    /// The last record that goes with this transaction; nothing where there is none.
    fn end_of_some(
        &mut self,
        shelf: Shelf,
        (low, high): (&[u8], &[u8]),
        rows: &mut usize,
        mut bytes: u64,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let mut end = None;
        for row in self.table(shelf)?.range::<&[u8]>(low..=high)? {
            let (key, row) = row?;
            bytes += (key.value().len() + row.value().len()) as u64;
            *rows += 1;
            end = Some(key.value().to_vec());
            if *rows >= ROWS_AT_ONCE || bytes >= BYTES_AT_ONCE {
                break;
            }
        }
        Ok(end)
    }

    fn forget_quarantined(&mut self, stream: StreamId) -> Result<u64, Trouble> {
        let mut theirs = Vec::new();
        for row in self.table(Shelf::Quarantine)?.iter()? {
            let (key, _) = row?;
            if set_aside_of(key.value()) == Some(stream) {
                theirs.push(key.value().to_vec());
            }
        }
        theirs.iter().try_fold(0, |bytes, key| Ok(bytes + self.remove(Shelf::Quarantine, key)?.unsigned_abs()))
    }
}

/// The streams whose records are still to go, as the notes say.
pub(crate) fn noted(notes: &ReadOnlyTable<Bytes, Bytes>) -> Result<BTreeSet<StreamId>, Trouble> {
    let mut streams = BTreeSet::new();
    for row in notes.range::<&[u8]>(MARK..)? {
        let (key, _) = row?;
        let Some(stream) = key.value().strip_prefix(MARK) else { break };
        streams.extend(stream_of(stream));
    }
    Ok(streams)
}

fn mark(stream: StreamId) -> Vec<u8> {
    [MARK, &stream.to_bytes()].concat()
}

/// Whose a record was that was set aside: its shelf stands before its key.
fn set_aside_of(key: &[u8]) -> Option<StreamId> {
    stream_of(key.get(1..1 + STREAM_BYTES)?)
}
