//! What all series of some ticks share, and where the values of each are.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use vigie_model::{Boot, Moment, Sample, Seq, SeriesIx, Tick, UtcMs};

use super::layouts::Layouts;
use super::{ColumnsError, MAX_SAMPLES, MAX_TICKS, column};

/// Where the values of one series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// In which leaf.
    pub leaf: u32,
    /// From which byte of it.
    pub at: u32,
    /// So many bytes.
    pub bytes: u32,
}

/// The shape of version 1.
#[derive(Debug, Serialize, Deserialize)]
struct HeadV1 {
    first: Seq,
    layouts: Layouts,
    /// Columns of the boot's number, the wall clock, and the wall clock less the boot clock.
    #[serde(with = "crate::segment::bytes")]
    boot_no: Vec<u8>,
    #[serde(with = "crate::segment::bytes")]
    utc: Vec<u8>,
    #[serde(with = "crate::segment::bytes")]
    offset: Vec<u8>,
    /// Sorted by series.
    places: Vec<(SeriesIx, Place)>,
}

/// What all series of some ticks share, and where the values of each are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    first: Seq,
    clocks: Clocks,
    layouts: Layouts,
    places: Vec<(SeriesIx, Place)>,
    /// Samples of each series, by its place in `places`.
    counts: Vec<usize>,
}

/// When each tick was measured, column by column.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Clocks {
    boot_no: Vec<i64>,
    utc: Vec<i64>,
    /// The wall clock less the boot clock.
    offset: Vec<i64>,
}

impl Clocks {
    fn at(&self, at: usize) -> Moment {
        let utc = self.utc[at];
        let ms = utc.wrapping_sub(self.offset[at]).cast_unsigned();
        // Checked when it was read.
        let no = u32::try_from(self.boot_no[at]).unwrap_or(u32::MAX);
        Moment { utc: UtcMs(utc), boot: Boot { no, ms } }
    }
}

impl Head {
    pub(super) fn of(ticks: &[Tick], layouts: Layouts, places: Vec<(SeriesIx, Place)>) -> Self {
        let first = ticks.first().map_or(Seq::FIRST, |tick| tick.seq);
        let counts = counts_of(&layouts, &places);
        let column = |of: fn(&Moment) -> i64| ticks.iter().map(|tick| of(&tick.at)).collect();
        let clocks = Clocks {
            boot_no: column(|at| i64::from(at.boot.no)),
            utc: column(|at| at.utc.0),
            offset: column(|at| at.utc.0.wrapping_sub(at.boot.ms.cast_signed())),
        };
        Self { first, clocks, layouts, places, counts }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let head = HeadV1 {
            first: self.first,
            layouts: self.layouts.clone(),
            boot_no: column::encode(&self.clocks.boot_no),
            utc: column::encode(&self.clocks.utc),
            offset: column::encode(&self.clocks.offset),
            places: self.places.clone(),
        };
        // Writing to memory does not fail; an empty head is refused when read.
        postcard::to_stdvec(&head).unwrap_or_default()
    }

    /// Reads what [`Columns::encode`](super::Columns::encode) wrote as `head`.
    ///
    /// # Errors
    /// When it is no head.
    pub fn read(bytes: &[u8]) -> Result<Self, ColumnsError> {
        let wrong = ColumnsError::Contradiction;
        let head: HeadV1 = postcard::from_bytes(bytes).map_err(|_| wrong)?;
        let ticks = head.layouts.ticks().filter(|ticks| (1..=MAX_TICKS).contains(ticks)).ok_or(wrong)?;
        head.first.0.checked_add(ticks as u64).ok_or(wrong)?;
        let column = |bytes: &[u8]| {
            let mut values = vec![0; ticks];
            column::decode(bytes, &mut values).map(|()| values)
        };
        let clocks = Clocks { boot_no: column(&head.boot_no)?, utc: column(&head.utc)?, offset: column(&head.offset)? };
        if clocks.boot_no.iter().any(|no| u32::try_from(*no).is_err()) {
            return Err(wrong);
        }
        let counts = counts_of(&head.layouts, &head.places);
        let sorted = head.places.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if !sorted || counts.contains(&0) || counts.iter().sum::<usize>() > MAX_SAMPLES {
            return Err(wrong);
        }
        Ok(Self { first: head.first, clocks, layouts: head.layouts, places: head.places, counts })
    }

    /// The number of the first tick.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// The number of the last tick.
    pub fn last(&self) -> Seq {
        Seq(self.first.0 + (self.clocks.utc.len() as u64 - 1))
    }

    /// When each tick was measured, in order of their numbers.
    pub fn moments(&self) -> impl ExactSizeIterator<Item = Moment> + '_ {
        (0..self.clocks.utc.len()).map(|at| self.clocks.at(at))
    }

    /// When each tick was measured by the machine's wall clock, in ms since 1970 UTC.
    pub fn utc_ms(&self) -> &[i64] {
        &self.clocks.utc
    }

    /// Ticks that follow one another within one boot: its number, from which place, and up to but not including.
    pub fn boots(&self) -> impl Iterator<Item = (u32, usize, usize)> + '_ {
        let mut next = 0;
        self.clocks.boot_no.chunk_by(|a, b| a == b).map(move |run| {
            let from = next;
            next += run.len();
            (self.clocks.at(from).boot.no, from, next)
        })
    }

    /// All samples.
    pub fn samples(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many leaves there are.
    pub fn leaves(&self) -> u32 {
        self.places.last().map_or(1, |(_, place)| place.leaf + 1)
    }

    /// Where the values of a series are, if any tick has it.
    pub fn place(&self, series: SeriesIx) -> Option<Place> {
        self.found(series).map(|at| self.places[at].1)
    }

    /// The ticks that have a series, as runs of their places from 0: from, and up to but not including.
    pub fn having(&self, series: SeriesIx) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.layouts.having(series)
    }

    /// The values of a series, one for each tick that has it, from the leaf of its [`Place`].
    ///
    /// # Errors
    /// When the leaf is not the one that belongs to this head.
    pub fn column(&self, series: SeriesIx, leaf: &[u8]) -> Result<Vec<i64>, ColumnsError> {
        let Some(at) = self.found(series) else { return Ok(Vec::new()) };
        let Place { at: from, bytes, .. } = self.places[at].1;
        let (from, bytes) = (from as usize, bytes as usize);
        let column = leaf.get(from..from.saturating_add(bytes)).ok_or(ColumnsError::Contradiction)?;
        let mut values = vec![0; self.counts[at]];
        column::decode(column, &mut values)?;
        Ok(values)
    }

    /// The ticks as they were, from all leaves in order.
    ///
    /// # Errors
    /// When the leaves are not those that belong to this head.
    pub fn ticks<L: AsRef<[u8]>>(&self, leaves: &[L]) -> Result<Vec<Tick>, ColumnsError> {
        let mut columns = HashMap::with_capacity(self.places.len());
        for (series, place) in &self.places {
            let leaf = leaves.get(place.leaf as usize).ok_or(ColumnsError::Contradiction)?;
            columns.insert(*series, self.column(*series, leaf.as_ref())?.into_iter());
        }
        let mut next = |series| {
            let value = columns.get_mut(&series).and_then(Iterator::next).ok_or(ColumnsError::Contradiction)?;
            Ok(Sample { series, value })
        };
        let numbered = (self.first.0..).zip(self.moments()).zip(self.layouts.each());
        let tick = |((number, at), layout): ((u64, Moment), Vec<SeriesIx>)| {
            let samples = layout.into_iter().map(&mut next).collect::<Result<_, ColumnsError>>()?;
            Ok(Tick { seq: Seq(number), at, samples })
        };
        numbered.map(tick).collect()
    }

    fn found(&self, series: SeriesIx) -> Option<usize> {
        self.places.binary_search_by_key(&series, |(series, _)| *series).ok()
    }
}

fn counts_of(layouts: &Layouts, places: &[(SeriesIx, Place)]) -> Vec<usize> {
    let counts = layouts.counts();
    places.iter().map(|(series, _)| counts.get(series).copied().unwrap_or(0)).collect()
}
