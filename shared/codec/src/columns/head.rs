//! What all series of some ticks share, and where the values of each are.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use vigie_model::{Boot, Moment, Sample, Seq, SeriesIx, Tick, UtcMs};

use super::layouts::Layouts;
use super::{ColumnsError, LEAF_BYTES, MAX_SAMPLES, MAX_TICKS, column};

/// Where the values of one series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// In which leaf they begin.
    pub leaf: u32,
    /// From which byte of it.
    pub at: u32,
    /// So many bytes, in the leaves behind it too where it ends before them.
    pub bytes: u32,
}

impl Place {
    /// The leaves behind this one, which they begin in, that they go on in.
    pub fn goes_on_in(&self, leaf: &[u8]) -> Range<u32> {
        let here = leaf.len().saturating_sub(self.at as usize);
        let more = (self.bytes as usize).saturating_sub(here).div_ceil(LEAF_BYTES);
        // Fewer than the bytes, which have 32 bits.
        let next = self.leaf.saturating_add(1);
        next..next.saturating_add(more as u32)
    }

    /// What is theirs of the leaf that they begin in; all of it where they go on in none.
    pub fn of_leaf<'l>(&self, leaf: &'l [u8]) -> &'l [u8] {
        let from = leaf.get(self.at as usize..).unwrap_or_default();
        from.get(..self.bytes as usize).unwrap_or(from)
    }

    /// What is theirs of all leaves; nothing where one is missing.
    fn of<'l, L: AsRef<[u8]>>(&self, leaves: &'l [L]) -> Option<Cow<'l, [u8]>> {
        let leaf = leaves.get(self.leaf as usize)?.as_ref();
        let (begin, on) = (self.of_leaf(leaf), self.goes_on_in(leaf));
        if on.is_empty() {
            return Some(Cow::Borrowed(begin));
        }
        let mut whole = begin.to_vec();
        leaves.get(on.start as usize..on.end as usize)?.iter().for_each(|leaf| whole.extend_from_slice(leaf.as_ref()));
        whole.truncate(self.bytes as usize);
        Some(Cow::Owned(whole))
    }
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

/// When each tick was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Clocks {
    utc: Vec<i64>,
    /// Ticks through which both clocks went on side by side.
    runs: Vec<Abreast>,
}

/// Ticks of one boot that follow one another with the wall clock always as far from the boot clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Abreast {
    /// The place of the first.
    from: u32,
    boot_no: u32,
    /// The wall clock less the boot clock.
    offset: i64,
}

impl Abreast {
    fn of(from: usize, boot_no: u32, offset: i64) -> Self {
        // There are at most MAX_TICKS.
        Self { from: from as u32, boot_no, offset }
    }

    fn goes_on_with(&self, other: &Self) -> bool {
        (self.boot_no, self.offset) == (other.boot_no, other.offset)
    }

    fn moment(&self, utc: i64) -> Moment {
        let ms = utc.wrapping_sub(self.offset).cast_unsigned();
        Moment { utc: UtcMs(utc), boot: Boot { no: self.boot_no, ms } }
    }
}

impl Clocks {
    /// From what each tick says of both clocks.
    fn new(utc: Vec<i64>, each: impl Iterator<Item = Abreast>) -> Self {
        let mut runs: Vec<Abreast> = Vec::new();
        for one in each {
            if !runs.last().is_some_and(|last| last.goes_on_with(&one)) {
                runs.push(one);
            }
        }
        Self { utc, runs }
    }

    /// Each run with its places: from, and up to but not including.
    fn abreast(&self) -> impl Iterator<Item = (&Abreast, usize, usize)> + '_ {
        let ends = self.runs.iter().skip(1).map(|next| next.from as usize).chain([self.utc.len()]);
        self.runs.iter().zip(ends).map(|(run, end)| (run, run.from as usize, end))
    }
}

impl Head {
    pub(super) fn of(ticks: &[Tick], layouts: Layouts, places: Vec<(SeriesIx, Place)>) -> Self {
        let first = ticks.first().map_or(Seq::FIRST, |tick| tick.seq);
        let counts = counts_of(&layouts, &places);
        let abreast = |(at, tick): (usize, &Tick)| {
            let Moment { utc, boot } = tick.at;
            Abreast::of(at, boot.no, utc.0.wrapping_sub(boot.ms.cast_signed()))
        };
        let utc = ticks.iter().map(|tick| tick.at.utc.0).collect();
        let clocks = Clocks::new(utc, ticks.iter().enumerate().map(abreast));
        Self { first, clocks, layouts, places, counts }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let column = |of: fn(&Abreast) -> i64| {
            let runs = self.clocks.abreast();
            let values: Vec<i64> = runs.flat_map(|(run, from, to)| std::iter::repeat_n(of(run), to - from)).collect();
            column::encode(&values)
        };
        let head = HeadV1 {
            first: self.first,
            layouts: self.layouts.clone(),
            boot_no: column(|run| i64::from(run.boot_no)),
            utc: column::encode(&self.clocks.utc),
            offset: column(|run| run.offset),
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
        let (boot_no, offset) = (column(&head.boot_no)?, column(&head.offset)?);
        if boot_no.iter().any(|no| u32::try_from(*no).is_err()) {
            return Err(wrong);
        }
        let each = boot_no.iter().zip(&offset).enumerate();
        // Just checked: a boot's number has 32 bits.
        let each = each.map(|(at, (boot_no, offset))| Abreast::of(at, *boot_no as u32, *offset));
        let clocks = Clocks::new(column(&head.utc)?, each);
        if !head.places.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(wrong);
        }
        let counts = counts_of(&head.layouts, &head.places);
        if counts.contains(&0) || counts.iter().sum::<usize>() > MAX_SAMPLES {
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
        let mut runs = self.clocks.abreast().peekable();
        self.clocks.utc.iter().enumerate().map(move |(at, utc)| {
            while runs.next_if(|(_, _, to)| *to <= at).is_some() {}
            // The last run ends with the last tick, and so none is behind them all.
            runs.peek().map_or(Moment { utc: UtcMs(*utc), boot: Boot { no: 0, ms: 0 } }, |(run, ..)| run.moment(*utc))
        })
    }

    /// When each tick was measured by the machine's wall clock, in ms since 1970 UTC.
    pub fn utc_ms(&self) -> &[i64] {
        &self.clocks.utc
    }

    /// Ticks that follow one another within one boot: its number, from which place, and up to but not including.
    pub fn boots(&self) -> impl Iterator<Item = (u32, usize, usize)> + '_ {
        let mut runs = self.clocks.abreast().peekable();
        std::iter::from_fn(move || {
            let (run, from, mut to) = runs.next()?;
            while let Some((_, _, until)) = runs.next_if(|(next, ..)| next.boot_no == run.boot_no) {
                to = until;
            }
            Some((run.boot_no, from, to))
        })
    }

    /// Ticks of one boot through which the wall clock went on beside the boot clock: the first moment and the last, from
    /// which place, and up to but not including. Whoever believes the wall clock for one of them believes it for all.
    pub fn abreast(&self) -> impl Iterator<Item = (Moment, Moment, usize, usize)> + '_ {
        let utc = &self.clocks.utc;
        self.clocks.abreast().map(|(run, from, to)| (run.moment(utc[from]), run.moment(utc[to - 1]), from, to))
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        let clocks = self.clocks.utc.len() * 8 + self.clocks.runs.len() * 16;
        clocks + self.layouts.bytes() + self.places.len() * 24
    }

    /// All samples.
    pub fn samples(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many leaves something begins in, at least: the last may go on in more.
    pub fn leaves(&self) -> u32 {
        self.places.iter().map(|(_, place)| place.leaf + 1).max().unwrap_or(1)
    }

    /// Where the values of a series are, if any tick has it.
    pub fn place(&self, series: SeriesIx) -> Option<Place> {
        self.found(series).map(|at| self.places[at].1)
    }

    /// The ticks that have a series, as runs of their places from 0: from, and up to but not including.
    pub fn having(&self, series: SeriesIx) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.layouts.having(series)
    }

    /// The values of a series, one for each tick that has it, from the bytes at its [`Place`], and maybe more behind them.
    ///
    /// # Errors
    /// When they are not those that belong to this head.
    pub fn column(&self, series: SeriesIx, bytes: &[u8]) -> Result<Vec<i64>, ColumnsError> {
        let mut values = Vec::new();
        self.column_into(series, bytes, &mut values)?;
        Ok(values)
    }

    /// As [`Self::column`], in place of what stands in `values`: who reads many columns needs the room for one.
    ///
    /// # Errors
    /// When they are not those that belong to this head; what stands in `values` then says nothing.
    pub fn column_into(&self, series: SeriesIx, bytes: &[u8], values: &mut Vec<i64>) -> Result<(), ColumnsError> {
        let Some(at) = self.found(series) else {
            values.clear();
            return Ok(());
        };
        let column = bytes.get(..self.places[at].1.bytes as usize).ok_or(ColumnsError::Contradiction)?;
        // All of it is written over.
        values.resize(self.counts[at], 0);
        column::decode(column, values)
    }

    /// The ticks as they were, from all leaves in order.
    ///
    /// # Errors
    /// When the leaves are not those that belong to this head.
    pub fn ticks<L: AsRef<[u8]>>(&self, leaves: &[L]) -> Result<Vec<Tick>, ColumnsError> {
        let mut columns = Vec::with_capacity(self.places.len());
        for (series, place) in &self.places {
            let bytes = place.of(leaves).ok_or(ColumnsError::Contradiction)?;
            columns.push(self.column(*series, &bytes)?.into_iter());
        }
        // Where the column of each series of each set is, looked up once and not for each tick.
        let placed = |series: &SeriesIx| Some((*series, self.found(*series)?));
        let sets = self.layouts.sets().iter().map(|set| set.iter().map(placed).collect::<Option<Vec<_>>>());
        let sets: Vec<Vec<(SeriesIx, usize)>> = sets.collect::<Option<_>>().ok_or(ColumnsError::Contradiction)?;
        let mut next = |(series, at): &(SeriesIx, usize)| {
            let value = columns[*at].next().ok_or(ColumnsError::Contradiction)?;
            Ok(Sample { series: *series, value })
        };
        let numbered = (self.first.0..).zip(self.moments()).zip(self.layouts.each());
        let tick = |((number, at), set): ((u64, Moment), usize)| {
            let mut samples = Vec::with_capacity(sets[set].len());
            for series in &sets[set] {
                samples.push(next(series)?);
            }
            Ok(Tick { seq: Seq(number), at, samples })
        };
        numbered.map(tick).collect()
    }

    fn found(&self, series: SeriesIx) -> Option<usize> {
        self.places.binary_search_by_key(&series, |(series, _)| *series).ok()
    }
}

fn counts_of(layouts: &Layouts, places: &[(SeriesIx, Place)]) -> Vec<usize> {
    layouts.counts(places.iter().map(|(series, _)| *series))
}
