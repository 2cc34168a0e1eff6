//! Many consecutive ticks of one stream, laid out by series: what a block becomes where questions are asked of it.
//!
//! A [`block`](crate::block) is read from its beginning, all series at once; here a reader takes the one series it wants.
//! The layout is lossless down to the order of samples, so the blocks that agents signed can be made again from it, byte
//! for byte ([`Head::ticks`]): a day of a machine keeps its signatures and costs no more than the segments it replaces.
//!
//! It is in two kinds of records. The [`Head`] has what all series share: numbers, both clocks, and which series stood
//! together in a tick. The leaves have the values, some series to a leaf, so that one series of a thousand is one small
//! read. Values are coded by [pcodec](https://github.com/pcodec/pcodec), or as runs where they rarely change.
//!
//! Never on the wire: what is decoded here was written by this node and has passed its checksum.

mod column;
mod head;
mod layouts;
pub mod short;

use vigie_model::{SeriesIx, Tick};

use crate::block::MAX_SERIES;
pub use head::{Head, Place};
use layouts::Layouts;

/// Ticks in one set of columns: a day at ten seconds, and a little.
pub const MAX_TICKS: usize = 10_000;

/// Samples in one set of columns: what is held in memory when ticks are made of them again, 16 MiB.
pub const MAX_SAMPLES: usize = 2 << 20;

/// Bytes of a leaf, unless one column is larger. Just under a power of two with room for key and checksum, because redb
/// keeps values in pages of powers of two.
pub const LEAF_BYTES: usize = 16_300;

/// Ticks laid out by series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// What all series share; read by [`Head::read`].
    pub head: Vec<u8>,
    /// The values.
    pub leaves: Vec<Vec<u8>>,
}

/// Ticks that can not be laid out, or bytes that are no columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// No ticks, more than [`MAX_TICKS`], more than [`MAX_SAMPLES`], numbers with holes, or a series beyond
    /// [`MAX_SERIES`].
    #[error("columns are of consecutive ticks, at most {MAX_TICKS} and {MAX_SAMPLES} samples")]
    NotARun,
    /// The head says something else than the leaves hold.
    #[error("the columns contradict their head")]
    Contradiction,
}

impl Columns {
    /// Lays out ticks whose numbers follow one another.
    ///
    /// # Errors
    /// When they do not, or are too many.
    pub fn encode(ticks: &[Tick]) -> Result<Self, ColumnsError> {
        let follows = ticks.windows(2).all(|pair| pair[0].seq.next() == pair[1].seq);
        let samples: usize = ticks.iter().map(|tick| tick.samples.len()).sum();
        let widest = ticks.iter().filter_map(|tick| tick.samples.last()).map(|last| last.series.0).max();
        let too_wide = widest.is_some_and(|widest| widest >= MAX_SERIES);
        if ticks.is_empty() || ticks.len() > MAX_TICKS || samples > MAX_SAMPLES || !follows || too_wide {
            return Err(ColumnsError::NotARun);
        }
        let mut values: Vec<Vec<i64>> = vec![Vec::new(); widest.map_or(0, |widest| widest as usize + 1)];
        for sample in ticks.iter().flat_map(|tick| &tick.samples) {
            values[sample.series.0 as usize].push(sample.value);
        }
        let (places, leaves) = fill(&values);
        let head = Head::of(ticks, Layouts::of(ticks), places).write();
        Ok(Self { head, leaves })
    }
}

/// Puts the columns into leaves, the largest first and each where it fills most: what a leaf leaves empty takes room too.
fn fill(values: &[Vec<i64>]) -> (Vec<(SeriesIx, Place)>, Vec<Vec<u8>>) {
    let mut columns: Vec<(SeriesIx, Vec<u8>)> = (0u32..)
        .zip(values)
        .filter(|(_, values)| !values.is_empty())
        .map(|(ix, values)| (SeriesIx(ix), column::encode(values)))
        .collect();
    columns.sort_by_key(|(_, column)| std::cmp::Reverse(column.len()));
    let (mut places, mut leaves) = (Vec::with_capacity(columns.len()), vec![Vec::new()]);
    for (ix, column) in columns {
        let fits = |leaf: &Vec<u8>| leaf.is_empty() || leaf.len() + column.len() <= LEAF_BYTES;
        let fullest = (0..leaves.len()).filter(|leaf| fits(&leaves[*leaf])).max_by_key(|leaf| leaves[*leaf].len());
        let leaf = fullest.unwrap_or_else(|| {
            leaves.push(Vec::new());
            leaves.len() - 1
        });
        // A column of MAX_TICKS values is a few hundred kilobytes at most.
        let place = Place { leaf: leaf as u32, at: leaves[leaf].len() as u32, bytes: column.len() as u32 };
        leaves[leaf].extend(column);
        places.push((ix, place));
    }
    places.sort_unstable_by_key(|(ix, _)| *ix);
    (places, leaves)
}
