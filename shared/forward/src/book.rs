//! What was sent, written down.
//!
//! Rows of the node's small state: one for each target, with its counters, and one for each stream of it, with the numbers
//! that arrived. A row that can not be read is as one that was never written: its numbers are sent again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vigie_merge::RangeSet;
use vigie_model::StreamId;
use vigie_store::{CommitError, ReadError, State};

const TARGETS: &str = "forward-target";
/// The state's table of what each target was sent, stream by stream.
pub const SENT: &str = "forward-sent";

/// The shape of both rows; another would be another number.
const VERSION: u8 = 1;

/// What a target has been sent since it was first named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// When it was first named, in ms since 1970 UTC.
    pub(crate) begun_ms: i64,
    pub(crate) ticks: u64,
    pub(crate) samples: u64,
    pub(crate) refused: u64,
}

/// The rows of one target.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    state: Arc<State>,
    target: String,
}

impl Book {
    pub(crate) fn new(state: Arc<State>, target: &str) -> Self {
        Self { state, target: target.to_owned() }
    }

    /// What the target has been sent; nothing when it is named for the first time.
    pub(crate) fn counts(&self) -> Result<Option<Counts>, ReadError> {
        let row = self.state.get(TARGETS, self.target.as_bytes())?;
        Ok(row.and_then(|row| postcard::from_bytes(row.strip_prefix(&[VERSION])?).ok()))
    }

    /// The numbers that arrived, by stream.
    pub(crate) fn sent(&self) -> Result<Vec<(StreamId, RangeSet)>, ReadError> {
        let prefix = self.key(&[]);
        let rows = self.state.scan(SENT, &prefix)?;
        let read = |(key, row): (Vec<u8>, Vec<u8>)| {
            let stream = StreamId::from_bytes(key.strip_prefix(prefix.as_slice())?.try_into().ok()?);
            Some((stream, postcard::from_bytes(row.strip_prefix(&[VERSION])?).ok()?))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Writes down what arrived, all of it durable when this returns.
    pub(crate) fn note(&self, counts: &Counts, sent: &[(StreamId, RangeSet)]) -> Result<(), CommitError> {
        let counts = row(counts);
        self.state.transact(|tx| {
            for (stream, numbers) in sent {
                tx.put(SENT, &self.key(&stream.to_bytes()), &row(numbers))?;
            }
            tx.put(TARGETS, self.target.as_bytes(), &counts)
        })
    }

    /// No target's name holds a zero byte, so none is the beginning of another's keys.
    fn key(&self, stream: &[u8]) -> Vec<u8> {
        [self.target.as_bytes(), &[0], stream].concat()
    }
}

/// Of which stream a key of [`SENT`] is.
pub fn sent_of(key: &[u8]) -> Option<StreamId> {
    Some(StreamId::from_bytes(*key.last_chunk()?))
}

fn row<T: Serialize>(of: &T) -> Vec<u8> {
    // Numbers and lists of numbers: writing them to memory does not fail.
    [vec![VERSION], postcard::to_stdvec(of).unwrap_or_default()].concat()
}
