//! Many consecutive ticks of one stream, laid out by series: what a block becomes where questions are asked of it.
//!
//! A [`block`](crate::block) is read from its beginning, all series at once; here a reader takes the one series it wants.
//! The layout is lossless down to the order of samples, so the blocks that agents signed can be made again from it, byte
//! for byte ([`Head::ticks`]): a day of a machine keeps its signatures and costs no more than the segments it replaces.
//!
//! It is in two kinds of records. The [`Head`] has what all series share: numbers, both clocks, and which series stood
//! together in a tick. The leaves have the values, series after series in pieces of one size, so that one series of a
//! thousand is a small read or two and nothing stands empty. Values are coded by [pcodec](https://github.com/pcodec/pcodec), or as runs where they rarely change.
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

/// Bytes of a leaf, but of the last: part of the format. With its key and checksum it fills a page of redb, which keeps what
/// is larger in pages of the next powers of two, and they leave holes in a file that nothing else fits into.
///
/// Leaves that were written before series went on from one into the next hold some series each, and may be larger.
pub const LEAF_BYTES: usize = 4_012;

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

/// Puts the columns one after the other, and cuts that into leaves.
fn fill(values: &[Vec<i64>]) -> (Vec<(SeriesIx, Place)>, Vec<Vec<u8>>) {
    let (mut places, mut bytes) = (Vec::new(), Vec::new());
    for (ix, values) in (0u32..).zip(values).filter(|(_, values)| !values.is_empty()) {
        let (from, column) = (bytes.len(), column::encode(values));
        // MAX_SAMPLES values are some tens of megabytes at most.
        let [leaf, at, length] = [from / LEAF_BYTES, from % LEAF_BYTES, column.len()].map(|number| number as u32);
        places.push((SeriesIx(ix), Place { leaf, at, bytes: length }));
        bytes.extend(column);
    }
    let leaves: Vec<Vec<u8>> = bytes.chunks(LEAF_BYTES).map(<[u8]>::to_vec).collect();
    (places, if leaves.is_empty() { vec![Vec::new()] } else { leaves })
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
    fn what_does_not_fit_into_a_leaf_goes_on_in_the_next() {
        let ticks = ticks();
        let Columns { head, leaves } = Columns::encode(&ticks).expect("a run");
        let head = Head::read(&head).expect("own bytes");
        let (last, others) = leaves.split_last().expect("40,000 bytes and little more");
        assert!(others.iter().all(|leaf| leaf.len() == LEAF_BYTES) && last.len() <= LEAF_BYTES);
        assert_eq!(head.ticks(&leaves).expect("own leaves"), ticks);
        let place = head.place(SeriesIx(0)).expect("in each tick");
        assert_eq!(place.goes_on_in(&leaves[0]), 1..10, "the noise alone is 40,000 bytes and some");
    }

    #[test]
    fn leaves_that_are_missing_or_too_many_are_a_contradiction() {
        let Columns { head, leaves } = Columns::encode(&ticks()).expect("a run");
        let head = Head::read(&head).expect("own bytes");
        let begin = head.place(SeriesIx(0)).expect("in each tick").of_leaf(&leaves[0]);
        assert_eq!((begin, head.column(SeriesIx(0), begin)), (&leaves[0][..], Err(ColumnsError::Contradiction)));
        assert_eq!(head.ticks(&leaves[..leaves.len() - 1]), Err(ColumnsError::Contradiction));
        assert_eq!(head.ticks::<&[u8]>(&[]), Err(ColumnsError::Contradiction));
    }

    #[test]
    fn a_column_that_stands_whole_in_a_large_leaf_is_read_as_before() {
        let values: Vec<i64> = ticks().iter().map(|tick| tick.samples[0].value).collect();
        let of_noise = |tick: Tick| Tick { samples: tick.samples[..1].to_vec(), ..tick };
        let ticks: Vec<Tick> = ticks().into_iter().map(of_noise).collect();
        let column = column::encode(&values);
        let place = Place { leaf: 0, at: 0, bytes: column.len() as u32 };
        let head = Head::of(&ticks, Layouts::of(&ticks), vec![(SeriesIx(0), place)]).write();
        let head = Head::read(&head).expect("own bytes");
        assert_eq!(head.ticks(&[column]).expect("own leaf"), ticks);
    }
}
