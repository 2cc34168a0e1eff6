//! Many consecutive ticks of one stream, laid out by series: what a block becomes where questions are asked of it.
//!
//! A [`block`](crate::block) is read from its beginning, all series at once; here a reader takes the one series it wants.
//! The layout is lossless down to the order of samples, so the blocks that agents signed can be made again from it, byte
//! for byte ([`Head::ticks`]): a day of a machine keeps its signatures and costs no more than the segments it replaces.
//!
//! It is in two kinds of records. The [`Head`] has what all series share: numbers, both clocks, and which series stood
//! together in a tick. The leaves have the values, some series to a leaf, so that one series of a thousand is one small
//! read; a series that no leaf is large enough for fills some and ends in another. Values are coded by [pcodec](https://github.com/pcodec/pcodec), or as runs where they rarely change.
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

/// Bytes of a leaf at most. Just under a power of two with room for key and checksum, because redb keeps values in pages of
/// powers of two. Leaves that were written before columns were parted are larger, where one column was.
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
    let (mut places, mut leaves) = (Vec::with_capacity(columns.len()), Vec::<Vec<u8>>::new());
    for (ix, column) in columns {
        let (whole, end) = column.split_at(leaves_before(column.len()) * LEAF_BYTES);
        leaves.extend(whole.chunks(LEAF_BYTES).map(<[u8]>::to_vec));
        let fits = |leaf: &Vec<u8>| leaf.len() + end.len() <= LEAF_BYTES;
        let fullest = (0..leaves.len()).filter(|leaf| fits(&leaves[*leaf])).max_by_key(|leaf| leaves[*leaf].len());
        // The end of one that was parted stands right behind its other leaves.
        let leaf = fullest.filter(|_| whole.is_empty()).unwrap_or_else(|| {
            leaves.push(Vec::new());
            leaves.len() - 1
        });
        // A column of MAX_TICKS values is a few hundred kilobytes at most.
        let place = Place { leaf: leaf as u32, at: leaves[leaf].len() as u32, bytes: column.len() as u32 };
        leaves[leaf].extend(end);
        places.push((ix, place));
    }
    leaves.resize(leaves.len().max(1), Vec::new());
    places.sort_unstable_by_key(|(ix, _)| *ix);
    (places, leaves)
}

/// How many leaves a column of so many bytes fills before the one that it ends in.
fn leaves_before(bytes: usize) -> usize {
    bytes.saturating_sub(1) / LEAF_BYTES
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Moment, Sample, Seq, UtcMs};

    use super::*;

    /// Ticks of three series: one as hard to code as values can be, one easy, one that stands still.
    fn ticks() -> Vec<Tick> {
        let noise = |seq: u64| {
            i64::from_le_bytes(*blake3::hash(&seq.to_le_bytes()).as_bytes().first_chunk().expect("32 bytes"))
        };
        let tick = |seq: u64| Tick {
            seq: Seq(seq),
            at: Moment { utc: UtcMs(seq as i64 * 10_000), boot: Boot { no: 1, ms: seq * 10_000 } },
            samples: (0..)
                .zip([noise(seq), seq as i64 / 7, 5])
                .map(|(ix, value)| Sample { series: SeriesIx(ix), value })
                .collect(),
        };
        (1..=5_000).map(tick).collect()
    }

    #[test]
    fn a_column_that_no_leaf_is_large_enough_for_is_parted() {
        let ticks = ticks();
        let Columns { head, leaves } = Columns::encode(&ticks).expect("a run");
        let head = Head::read(&head).expect("own bytes");
        assert_eq!(leaves.len(), 3, "40,000 bytes and little more");
        assert!(leaves[..2].iter().all(|leaf| leaf.len() == LEAF_BYTES) && leaves[2].len() <= LEAF_BYTES);
        assert_eq!(head.leaves(), 3);
        assert_eq!(head.ticks(&leaves).expect("own leaves"), ticks);
        let place = head.place(SeriesIx(0)).expect("in each tick");
        assert_eq!(place.begins_in(&leaves[2]), 0..2);
        let values = head.column(SeriesIx(0), &leaves[..2], &leaves[2]).expect("own leaves");
        assert!(values.iter().eq(ticks.iter().map(|tick| &tick.samples[0].value)));
        let other = head.place(SeriesIx(1)).expect("in each tick");
        assert_eq!((other.leaf, other.begins_in(&leaves[2])), (2, 2..2), "what is small stands whole in one");
    }

    #[test]
    fn leaves_that_are_missing_or_too_many_are_a_contradiction() {
        let Columns { head, leaves } = Columns::encode(&ticks()).expect("a run");
        let head = Head::read(&head).expect("own bytes");
        for begin in [&leaves[..0], &leaves[..1], &leaves[..3]] {
            assert_eq!(head.column(SeriesIx(0), begin, &leaves[2]), Err(ColumnsError::Contradiction));
        }
        assert_eq!(head.ticks(&leaves[..2]), Err(ColumnsError::Contradiction));
    }

    #[test]
    fn a_column_that_stands_whole_in_a_leaf_of_its_own_is_read_as_before() {
        let values: Vec<i64> = ticks().iter().map(|tick| tick.samples[0].value).collect();
        let of_noise = |tick: Tick| Tick { samples: tick.samples[..1].to_vec(), ..tick };
        let ticks: Vec<Tick> = ticks().into_iter().map(of_noise).collect();
        let column = column::encode(&values);
        let place = Place { leaf: 0, at: 0, bytes: column.len() as u32 };
        let head = Head::of(&ticks, Layouts::of(&ticks), vec![(SeriesIx(0), place)]).write();
        let head = Head::read(&head).expect("own bytes");
        assert_eq!(head.leaves(), 1);
        assert_eq!(head.ticks(&[column]).expect("own leaf"), ticks);
    }
}
